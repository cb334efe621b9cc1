// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SettlementRule} from "./SettlementRule.sol";

/// @title A frame in the house: its venue, tariffs and how far it is settled, in one word
/// @dev From the lowest bit: venue index + 1 8 | cap tick 8 | grid tick 8 | retailer tick 8 | grid fee ticks 8 | platform fee ticks 8 |
/// flags 8 (1 read, 2 final) | settled sold Wh 40 | fallback micro 64 | surplus micro 64. Zero = never opened.
library FrameRecord {
    uint256 internal constant READ = 1 << 48;
    uint256 internal constant FINAL = 1 << 49;

    uint256 private constant _TARIFF_MASK = (uint256(1) << 40) - 1;
    uint256 private constant _MAX_FEE_TICKS = 15;
    uint256 private constant _SOLD_SHIFT = 56;
    uint256 private constant _FALLBACK_SHIFT = 96;
    uint256 private constant _SURPLUS_SHIFT = 160;

    /// @dev The record of a frame just opened.
    /// @param tariff cap 8 | grid 8 | retailer 8 | grid fee 8 | platform fee 8.
    function opened(uint256 venueIndex, uint256 tariff) internal pure returns (uint256) {
        return (venueIndex + 1) | (tariff << 8);
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

    /// @dev Adds what a batch settled. The sold Wh stay below 2^40, as the venue's traded Wh do; a shortfall costs at most 255 ticks of at most
    /// 2^16 - 1 micro-units per Wh, so that money stays below 2^64. Checked all the same: a venue is another contract.
    function withSettled(uint256 word, uint256 soldWh, uint256 fallback_, uint256 surplus)
        internal
        pure
        returns (uint256)
    {
        uint256 sold = settledSoldWh(word) + soldWh;
        fallback_ += fallbackMicro(word);
        surplus += surplusMicro(word);
        assert(sold <= type(uint40).max && fallback_ <= type(uint64).max && surplus <= type(uint64).max);
        return uint56(word) | (sold << _SOLD_SHIFT) | (fallback_ << _FALLBACK_SHIFT) | (surplus << _SURPLUS_SHIFT);
    }
}
