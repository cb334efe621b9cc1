// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {OrderWord} from "./OrderWord.sol";
import {TickBitmap} from "./TickBitmap.sol";

/// @title One word for a frame of the continuous book
/// @dev From the lowest bit: levels 192 (a bit per tick with queued orders) | asksFrom 8 | traded Wh 40 | cap tick 8 | fee ticks 4 |
/// flags 4.
/// Bids and asks share the bits: ticks from `asksFrom` on are asks, those below bids. A cancelled order stays queued until a sweep meets
/// it, so a set bit means "perhaps", a clear one "certainly not".
library FrameWord {
    /// @notice Ticks that a frame has.
    uint256 internal constant LEVELS = 192;

    /// @notice No level: what {crossing} gives when nothing crosses.
    uint256 internal constant NONE = 256;

    uint256 internal constant OPEN = 1 << 252;
    uint256 internal constant PAUSED = 1 << 253;
    /// @dev The levels' traded energy is in this word already.
    uint256 internal constant FOLDED = 1 << 254;

    uint256 private constant _LEVELS = (1 << 192) - 1;
    uint256 private constant _ASKS_FROM_SHIFT = 192;
    uint256 private constant _TRADED_SHIFT = 200;
    uint256 private constant _TRADED_MASK = ((1 << 40) - 1) << _TRADED_SHIFT;
    uint256 private constant _CAP_SHIFT = 240;
    uint256 private constant _FEE_SHIFT = 248;
    uint256 private constant _FLAGS_SHIFT = 252;

    /// @dev A fresh open frame: no levels, all ticks on the bid side.
    function open(uint256 capTick, uint256 fees) internal pure returns (uint256) {
        return
            OPEN | ((OrderWord.HIGHEST_TICK + 1) << _ASKS_FROM_SHIFT) | (capTick << _CAP_SHIFT) | (fees << _FEE_SHIFT);
    }

    /// @dev Whether orders may be placed: open, not paused, and not yet closed.
    function isTradable(uint256 word) internal pure returns (bool) {
        return word >> _FLAGS_SHIFT == OPEN >> _FLAGS_SHIFT;
    }

    /// @dev One bit per tick that may hold orders.
    function levels(uint256 word) internal pure returns (uint192) {
        return uint192(word);
    }

    /// @dev First tick of the ask side.
    function asksFrom(uint256 word) internal pure returns (uint8) {
        return uint8(word >> _ASKS_FROM_SHIFT);
    }

    /// @dev Energy traded at levels that have emptied since, or everywhere once folded [Wh].
    function tradedWh(uint256 word) internal pure returns (uint256) {
        return (word & _TRADED_MASK) >> _TRADED_SHIFT;
    }

    /// @dev Highest fallback price [ticks].
    function cap(uint256 word) internal pure returns (uint8) {
        return uint8(word >> _CAP_SHIFT);
    }

    /// @dev Grid and platform fee together [ticks].
    function feeTicks(uint256 word) internal pure returns (uint8) {
        return uint8((word >> _FEE_SHIFT) & 0xf);
    }

    /// @dev The word with another traded energy, which is below 2^40.
    function withTraded(uint256 word, uint256 energyWh) internal pure returns (uint256) {
        return (word & ~_TRADED_MASK) | (energyWh << _TRADED_SHIFT);
    }

    /// @dev Lock per Wh of an order (M2) [ticks].
    function lockTicks(uint256 word, uint256 side, uint256 tick) internal pure returns (uint256) {
        // Ticks, fees and caps are below 256.
        unchecked {
            if (side == OrderWord.BID) return tick + feeTicks(word);
            uint256 capTick = cap(word);
            return capTick > tick + 1 ? capTick - tick : 1;
        }
    }

    /// @dev Levels of one side.
    function sideLevels(uint256 word, uint256 side) internal pure returns (uint256) {
        uint256 bidMask = (1 << asksFrom(word)) - 1;
        return side == OrderWord.BID ? word & bidMask & _LEVELS : word & ~bidMask & _LEVELS;
    }

    /// @dev The best level that an incoming order of `side` with limit `tick` may trade with: the lowest ask at or below it, the highest bid at
    /// or above it, or {NONE}. Most often it is at the border of the sides, and found without a search.
    function crossing(uint256 word, uint256 side, uint256 tick) internal pure returns (uint256 best) {
        uint256 from = asksFrom(word);
        // Shifts by at most 192; a bid that crosses lies below the border.
        unchecked {
            if (side == OrderWord.BID) {
                if (tick < from) return NONE;
                uint256 asks = word >> from;
                if (asks & 1 != 0) return from;
                asks &= (2 << (tick - from)) - 1;
                return asks == 0 ? NONE : from + TickBitmap.lowest(asks);
            }
            if (tick >= from) return NONE;
            if ((word >> (from - 1)) & 1 != 0) return from - 1;
            uint256 bids = (word & ((1 << from) - 1)) >> tick;
            return bids == 0 ? NONE : tick + TickBitmap.highest(bids);
        }
    }

    /// @dev The word with a level of `side` at `tick`. The side moves its border if need be; the caller has made sure that no level of
    /// the other side is in the way.
    function withLevel(uint256 word, uint256 side, uint256 tick) internal pure returns (uint256) {
        uint256 from = asksFrom(word);
        uint256 border = from;
        if (side == OrderWord.BID) {
            if (tick >= from) border = tick + 1;
        } else if (tick < from) {
            border = tick;
        }
        return (word & ~(uint256(0xff) << _ASKS_FROM_SHIFT)) | (border << _ASKS_FROM_SHIFT) | (1 << tick);
    }

    /// @dev Whether the bit of a tick is set.
    function hasLevel(uint256 word, uint256 tick) internal pure returns (bool) {
        return (word >> tick) & 1 != 0;
    }

    /// @dev The word without the level at `tick`.
    function withoutLevel(uint256 word, uint256 tick) internal pure returns (uint256) {
        return word & ~(1 << tick);
    }
}
