// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {AuctionWord} from "./AuctionWord.sol";
import {ClearingLoops} from "./ClearingLoops.sol";
import {ClearingMemory} from "./ClearingMemory.sol";

/// @title The parts of a clear that are not hot: cancels, crossing, uniform price, rolling
/// @notice Points 1, 3, 6 and 7 of {IFrameAuction-clear}; rules A1, A3, A5, A6. Entries and services in memory: see {ClearingLoops}.
library AuctionRules {
    using ClearingLoops for uint256;

    /// @notice What rolls on.
    struct Rolling {
        /// Where the carried words begin, and how many there are.
        uint256 carried;
        uint256 count;
        /// By side: how many, and the key of the last one plus 1.
        uint256[2] counts;
        uint256[2] lasts;
    }

    /// @dev Most orders of a side that roll.
    uint256 internal constant MAX_ROLLED = 512;

    uint256 private constant _NO_EFFECT = 1 << 176;
    /// @dev No effect, and a tick without a rank.
    uint256 private constant _CANCELLED = _NO_EFFECT | (0xff << 80);
    uint256 private constant _ROLLS = 1 << 177;
    uint256 private constant _ENDS = 1 << 178;
    uint256 private constant _CANCEL = 1 << 106;
    uint256 private constant _NAME_MASK = (1 << 48) - 1;
    uint256 private constant _MAX_ORDERS = 64;
    uint256 private constant _MAX_CANCELS = 64;
    uint256 private constant _NOT_ELIGIBLE = 1 << 90;
    uint256 private constant _HALF = (1 << 128) - 1;
    /// @dev Fields of a service that are in the state too: value, filled and rest; the key.
    uint256 private constant _STATED = ((1 << 80) - 1) | (((1 << 81) - 1) << 175);
    /// @dev Those that an entry has, 24 bits lower: peak and tick; side.
    uint256 private constant _FROM_ENTRY = (0xffffffff << 80) | (1 << 128);

    /* CANCELS */

    /// @dev Takes the effect from cancels and from each participant's orders after the first 64 (A8).
    function mark(ClearingMemory.Setup memory setup, bytes calldata participants) internal pure {
        uint256 id;
        uint256 orders;
        // Sums of positions.
        unchecked {
            for (uint256 i; i < setup.positions; ++i) {
                uint256 at = setup.entries + ClearingLoops.positionAt(participants, i) * 32;
                uint256 entry = at.load();
                if (uint32(entry) != id) (id, orders) = (uint32(entry), 0);
                bool isCancel = entry & _CANCEL != 0;
                if (isCancel || ++orders > _MAX_ORDERS) at.store(entry | _CANCELLED);
            }
        }
    }

    /// @dev Takes the effect from orders that one of the first 64 cancels of the same participant names (A1).
    function cancelNamed(ClearingMemory.Setup memory setup, bytes calldata participants) internal pure {
        uint256[] memory names = new uint256[](_MAX_CANCELS);
        // Sums of positions.
        unchecked {
            for (uint256 from; from < setup.positions;) {
                uint256 id = uint32(_entryAt(setup, participants, from));
                uint256 next = from;
                uint256 count;
                for (; next < setup.positions; ++next) {
                    uint256 entry = _entryAt(setup, participants, next);
                    if (uint32(entry) != id) break;
                    if (entry & _CANCEL != 0 && count < _MAX_CANCELS) {
                        // Index and origin stand the other way round in an order's name.
                        names[count++] = uint32(entry >> 48) | (uint256(uint16(entry >> 32)) << 32);
                    }
                }
                if (count != 0) _cancelIn(setup, participants, from, next, names, count);
                from = next;
            }
        }
    }

    function _cancelIn(
        ClearingMemory.Setup memory setup,
        bytes calldata participants,
        uint256 from,
        uint256 to,
        uint256[] memory names,
        uint256 count
    ) private pure {
        unchecked {
            for (uint256 i = from; i < to; ++i) {
                uint256 at = setup.entries + ClearingLoops.positionAt(participants, i) * 32;
                uint256 entry = at.load();
                if (entry & _NO_EFFECT != 0) continue;
                uint256 name = (entry >> AuctionWord.ORIGIN_SHIFT) & _NAME_MASK;
                for (uint256 j; j < count; ++j) {
                    if (names[j] == name) at.store(entry | _CANCELLED);
                }
            }
        }
    }

    function _entryAt(ClearingMemory.Setup memory setup, bytes calldata participants, uint256 i)
        private
        pure
        returns (uint256)
    {
        unchecked {
            return (setup.entries + ClearingLoops.positionAt(participants, i) * 32).load();
        }
    }

    /* CROSSING */

    /// @dev Sums of the offers with effect around the crossing, and the ticks that they have.
    function sums(ClearingMemory.Setup memory setup, ClearingMemory.Book memory book) internal pure {
        (book.demand, book.supply, book.bids, book.asks) = (0, 0, 0, 0);
        uint256 crossing = book.crossing;
        // Offers have 24 bits and ticks of orders 8.
        unchecked {
            for (uint256 at = setup.entries; at < setup.entries + setup.positions * 32; at += 32) {
                uint256 entry = at.load();
                if (entry & _NO_EFFECT != 0) continue;
                uint256 offerWh = AuctionWord.quantityOf(entry);
                uint256 shownWh = setup.slicesPerFrame * uint24(entry >> 56);
                if (shownWh != 0 && shownWh < offerWh) offerWh = shownWh;
                uint256 tick = AuctionWord.tickOf(entry);
                if (AuctionWord.sideOf(entry) == AuctionWord.BID) {
                    book.bids |= 1 << tick;
                    if (tick >= crossing) book.demand += offerWh;
                    if (tick + 1 >= crossing) book.demand += offerWh << 128;
                } else {
                    book.asks |= 1 << tick;
                    if (tick <= crossing) book.supply += offerWh;
                    if (tick < crossing) book.supply += offerWh << 128;
                }
            }
        }
    }

    /// @dev The crossing price (A3) from the sums around the tick that was supplied.
    /// @return ok Whether that is the lowest tick at which the supply is at least the demand.
    /// @return price The price; the ticks from it to the one returned as `eligible` have the same demand and supply.
    /// @return eligible Tick that decides who is eligible.
    /// @return matchedWh Energy that is matched.
    function priceAt(ClearingMemory.Book memory book)
        internal
        pure
        returns (bool ok, uint256 price, uint256 eligible, uint256 matchedWh)
    {
        uint256 crossing = book.crossing;
        (uint256 demandAt, uint256 supplyAt) = (book.demand & _HALF, book.supply & _HALF);
        (price, eligible, matchedWh) = (crossing, crossing, demandAt);
        if (crossing > AuctionWord.HIGHEST_TICK + 1 || supplyAt < demandAt) return (false, 0, 0, 0);
        if (crossing == 0) return (true, price, eligible, matchedWh);
        (uint256 demandBelow, uint256 supplyBelow) = (book.demand >> 128, book.supply >> 128);
        if (supplyBelow >= demandBelow) return (false, 0, 0, 0);
        ok = true;
        if (supplyBelow > demandAt || (supplyBelow == demandAt && demandBelow - supplyBelow <= supplyAt - demandAt)) {
            (eligible, matchedWh) = (crossing - 1, supplyBelow);
            // The lowest tick above all lower bids and not below the highest ask: demand and supply are the same there.
            uint256 bids = book.bids & ((uint256(1) << eligible) - 1);
            uint256 asks = book.asks & ((uint256(1) << crossing) - 1);
            price = bids == 0 ? 0 : Math.log2(bids) + 1;
            if (asks != 0 && Math.log2(asks) > price) price = Math.log2(asks);
        }
    }

    /// @dev The one price of all fills, if there are any (A5).
    function uniformTick(ClearingMemory.Setup memory setup) internal pure returns (uint256) {
        (uint256 bid, uint256 ask) = (AuctionWord.HIGHEST_TICK, 0);
        for (uint256 position; position < setup.positions; ++position) {
            if (_filledWh(_service(setup, position).load()) == 0) continue;
            uint256 entry = (setup.entries + position * 32).load();
            uint256 tick = AuctionWord.tickOf(entry);
            if (AuctionWord.sideOf(entry) == AuctionWord.BID) {
                if (tick < bid) bid = tick;
            } else if (tick > ask) {
                ask = tick;
            }
        }
        return (setup.priceWeightBps * bid + (10_000 - setup.priceWeightBps) * ask) / 10_000;
    }

    /* SERVICES */

    /// @dev Limits the offers of icebergs to so many peaks (A2).
    function limitOffers(ClearingMemory.Setup memory setup) internal pure {
        // Offers have 24 bits, as peaks, and slices 8.
        unchecked {
            for (uint256 position; position < setup.positions; ++position) {
                uint256 service = _service(setup, position).load();
                uint256 offerWh = uint24(service >> 56);
                uint256 shownWh = setup.slicesPerFrame * uint24(service >> 80);
                if (shownWh == 0 || shownWh >= offerWh) continue;
                _service(setup, position).store(service - ((offerWh - shownWh) << 56));
            }
        }
    }

    /// @dev Brings services into the form of the state, without what the entries have.
    function pack(ClearingMemory.Setup memory setup) internal pure {
        for (uint256 position; position < setup.positions; ++position) {
            uint256 service = _service(setup, position).load();
            _service(setup, position).store((service & _STATED) | (uint256(uint16(service >> 112)) << 80));
        }
    }

    /// @dev Brings services of the state into the form that {ClearingLoops-rank} gives them.
    function unpack(ClearingMemory.Setup memory setup) internal pure {
        for (uint256 position; position < setup.positions; ++position) {
            uint256 service = _service(setup, position).load();
            if (service == 0) continue;
            uint256 entry = (setup.entries + position * 32).load();
            uint256 added = ((entry << 24) & _FROM_ENTRY) | (uint256(uint16(service >> 80)) << 112);
            _service(setup, position).store((service & _STATED) | added);
        }
    }

    /* ROLLING */

    /// @dev Checks the orders that roll on, marks them and writes their carried words (A6).
    /// @return ok Whether they may roll, are in their order, and no side has too many.
    function roll(ClearingMemory.Setup memory setup, bytes calldata rolled)
        internal
        pure
        returns (bool ok, Rolling memory rolling)
    {
        rolling.count = rolled.length / 2;
        if (rolled.length % 2 != 0 || rolling.count > 2 * MAX_ROLLED) return (false, rolling);
        rolling.carried = ClearingLoops.reserve(rolling.count);
        uint256 side;
        for (uint256 i; i < rolling.count; ++i) {
            uint256 position = ClearingLoops.positionAt(rolled, i);
            if (position >= setup.positions) return (false, rolling);
            uint256 at = setup.entries + position * 32;
            uint256 entry = at.load();
            uint256 filled = _filledWh(_service(setup, position).load());
            if (!_mayRoll(entry, filled) || AuctionWord.sideOf(entry) < side) return (false, rolling);
            side = AuctionWord.sideOf(entry);
            uint256 key = _firstKey(setup, position) + 1;
            if (key <= rolling.lasts[side] || ++rolling.counts[side] > MAX_ROLLED) return (false, rolling);
            rolling.lasts[side] = key;
            at.store(entry | _ROLLS);
            (rolling.carried + i * 32).store(AuctionWord.carried(entry, filled));
        }
        for (side = 0; side < 2; ++side) {
            if (rolling.counts[side] == MAX_ROLLED) _endBeyond(setup, side, rolling.lasts[side]);
        }
        return (true, rolling);
    }

    /// @dev Marks the orders of a full side that come after the last one as ending: they may roll, but there is no room.
    function _endBeyond(ClearingMemory.Setup memory setup, uint256 side, uint256 last) private pure {
        for (uint256 position; position < setup.positions; ++position) {
            uint256 at = setup.entries + position * 32;
            uint256 entry = at.load();
            if (AuctionWord.sideOf(entry) == side && _firstKey(setup, position) >= last) at.store(entry | _ENDS);
        }
    }

    /// @dev With effect, rolls left, and a rest.
    function _mayRoll(uint256 entry, uint256 filledWh) private pure returns (bool) {
        return entry & _NO_EFFECT == 0 && AuctionWord.rollsOf(entry) != 0 && AuctionWord.quantityOf(entry) > filledWh;
    }

    /// @dev Key of an order's first slice; of one that is not eligible, beyond all those, its position.
    function _firstKey(ClearingMemory.Setup memory setup, uint256 position) private pure returns (uint256) {
        uint256 service = _service(setup, position).load();
        if (service == 0) return _NOT_ELIGIBLE | position;
        // 8 bits times at most 41, 16 bits times 16; the key's place in the state is 175, f has its bits 24 to 79.
        unchecked {
            uint256 priceRank = uint8(service >> 191);
            uint256 f = setup.alpha * priceRank + setup.beta * uint16(service >> 112);
            return (service >> 255 << 80) | (f << 24) | (priceRank << 16) | position;
        }
    }

    function _service(ClearingMemory.Setup memory setup, uint256 position) private pure returns (uint256) {
        unchecked {
            return setup.state + (ClearingLoops.STATE_WORDS + position) * 32;
        }
    }

    function _filledWh(uint256 service) private pure returns (uint256) {
        return uint24(service >> 32);
    }
}
