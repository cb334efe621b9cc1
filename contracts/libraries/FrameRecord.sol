// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SettlementRule} from "./SettlementRule.sol";

/// @title A frame in the house: its venue, tariffs and how far it is settled, in one word
/// @dev From the lowest bit: venue index + 1 8 | cap tick 8 | grid tick 8 | retailer tick 8 | grid fee ticks 8 | platform fee ticks 8 |
/// flags 8 (1 read, 2 final, 4 root venue, 8 result taken over, 16 root kept here, 32 trades refused) | settled sold Wh 40 | fallback micro 64 |
/// surplus micro 64 | settled records 16 | records 16. Zero = never opened. Fallback and surplus are money that the frame holds. A root venue's
/// surplus contains also what is owed to records that are not settled yet; its counts of records are 0 before the result is taken over, and
/// those of other venues always.
library FrameRecord {
    uint256 internal constant READ = 1 << 48;
    uint256 internal constant FINAL = 1 << 49;
    uint256 internal constant ROOTS = 1 << 50;
    uint256 internal constant TAKEN = 1 << 51;
    uint256 internal constant KEPT = 1 << 52;
    uint256 internal constant REFUSED = 1 << 53;

    uint256 private constant _TARIFF_MASK = (uint256(1) << 40) - 1;
    uint256 private constant _MAX_FEE_TICKS = 15;
    uint256 private constant _SOLD_SHIFT = 56;
    uint256 private constant _FALLBACK_SHIFT = 96;
    uint256 private constant _SURPLUS_SHIFT = 160;
    uint256 private constant _SETTLED_SHIFT = 224;
    uint256 private constant _RECORDS_SHIFT = 240;
    uint256 private constant _NOT_SUMS = ~(((uint256(1) << 168) - 1) << _SOLD_SHIFT);

    /// @dev A frame just opened at a venue, before its tariff is posted.
    function opened(uint256 venueIndex_, bool roots) internal pure returns (uint256) {
        return (venueIndex_ + 1) | (roots ? ROOTS : 0);
    }

    /// @dev The bits of a tariff: cap 8 | grid 8 | retailer 8 | grid fee 8 | platform fee 8.
    function posted(uint256 tariff) internal pure returns (uint256) {
        return tariff << 8;
    }

    /// @dev Whether a tariff word has only the bits that mean something.
    function isTariff(uint256 tariff) internal pure returns (bool) {
        return tariff <= _TARIFF_MASK;
    }

    /// @dev Cap 1..254, posted tariffs at most the cap, fees at most 15 ticks together.
    function isValid(uint256 word) internal pure returns (bool) {
        uint256 cap = capTick(word);
        if (cap == 0 || cap == SettlementRule.NOT_POSTED) return false;
        if (gridTick(word) > cap && gridTick(word) != SettlementRule.NOT_POSTED) return false;
        if (retailerTick(word) > cap && retailerTick(word) != SettlementRule.NOT_POSTED) return false;
        return feeTicks(word) <= _MAX_FEE_TICKS;
    }

    function venueIndex(uint256 word) internal pure returns (uint256) {
        return uint8(word) - 1;
    }

    function capTick(uint256 word) internal pure returns (uint8) {
        return uint8(word >> 8);
    }

    function gridTick(uint256 word) internal pure returns (uint8) {
        return uint8(word >> 16);
    }

    function retailerTick(uint256 word) internal pure returns (uint8) {
        return uint8(word >> 24);
    }

    function gridFeeTicks(uint256 word) internal pure returns (uint8) {
        return uint8(word >> 32);
    }

    function platformFeeTicks(uint256 word) internal pure returns (uint8) {
        return uint8(word >> 40);
    }

    /// @dev Grid's and platform's fees together [ticks].
    function feeTicks(uint256 word) internal pure returns (uint256) {
        return uint256(gridFeeTicks(word)) + platformFeeTicks(word);
    }

    function settledSoldWh(uint256 word) internal pure returns (uint256) {
        return uint40(word >> _SOLD_SHIFT);
    }

    function fallbackMicro(uint256 word) internal pure returns (uint256) {
        return uint64(word >> _FALLBACK_SHIFT);
    }

    function surplusMicro(uint256 word) internal pure returns (uint256) {
        return uint64(word >> _SURPLUS_SHIFT);
    }

    /// @dev Records of a root venue's frame that are settled.
    function settledRecords(uint256 word) internal pure returns (uint256) {
        return uint16(word >> _SETTLED_SHIFT);
    }

    /// @dev Records of a root venue's frame, once its result is taken over.
    function records(uint256 word) internal pure returns (uint256) {
        return word >> _RECORDS_SHIFT;
    }

    /// @dev The frame with a root venue's result: so many records, to which so much is owed. A frame of an auction has fewer than 2^16 records of
    /// less than 2^42 micro-units. Checked all the same: a venue is another contract.
    function withResult(uint256 word, uint256 records_, uint256 owedMicro, bool anyRefused)
        internal
        pure
        returns (uint256)
    {
        assert(records_ <= type(uint16).max && owedMicro <= type(uint64).max - surplusMicro(word));
        word |= (records_ << _RECORDS_SHIFT) | TAKEN;
        if (anyRefused) word |= REFUSED;
        return word + (owedMicro << _SURPLUS_SHIFT);
    }

    /// @dev Adds what a batch settled. The sold Wh stay below 2^40, as the venue's traded Wh do; a shortfall costs at most 255 ticks of at most
    /// 2^16 - 1 micro-units per Wh, so that money stays below 2^64. Checked all the same: a venue is another contract.
    /// @param soldWh Sold energy of what was settled [Wh].
    /// @param fallback_ Goes to the fallback supplier [micro].
    /// @param surplus New surplus [micro].
    function withSettled(uint256 word, uint256 soldWh, uint256 fallback_, uint256 surplus)
        internal
        pure
        returns (uint256)
    {
        // Summands are far below 2^255.
        unchecked {
            uint256 sold = settledSoldWh(word) + soldWh;
            fallback_ += fallbackMicro(word);
            assert((sold >> 40) | (fallback_ >> 64) | (surplus >> 64) == 0);
            return
                (word & _NOT_SUMS) | (sold << _SOLD_SHIFT) | (fallback_ << _FALLBACK_SHIFT)
                    | (surplus << _SURPLUS_SHIFT);
        }
    }

    /// @dev Counts settled records; the bits of the records keep it from exceeding their count.
    function withSettledRecords(uint256 word, uint256 count) internal pure returns (uint256) {
        unchecked {
            return word + (count << _SETTLED_SHIFT);
        }
    }
}
