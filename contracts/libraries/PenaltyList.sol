// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A RET penalty list of at most 8 entries in one word (Liang 2024, eqs 4.1-4.4)
/// @dev Entry i, oldest first, at bits 16 i [1/10,000]; the count at bits 128..135. The paper's lists grow without bound;
/// here the oldest entry drops out, so that a product is always eight multiplications at most.
library PenaltyList {
    uint256 internal constant MAXIMUM_ENTRIES = 8;
    uint256 internal constant FULL_BPS = 10_000;

    uint256 private constant _ENTRY_BITS = 16;
    uint256 private constant _COUNT_SHIFT = 128;

    /// @dev Count of entries.
    function length(uint256 list) internal pure returns (uint256) {
        return list >> _COUNT_SHIFT;
    }

    /// @dev Entry `index`, oldest first.
    function at(uint256 list, uint256 index) internal pure returns (uint16) {
        return uint16(list >> (index * _ENTRY_BITS));
    }

    /// @dev The list after a round (eqs 4.1 and 4.3 and the text below them). pct = practical x 10,000 / theoretical down;
    /// below 10,000 - risk the entry pct + risk is appended, else the newest entry goes.
    /// Requirements (the caller checks them): 0 < theoretical, practical <= theoretical < 2^40, risk < 10,000.
    function afterRound(uint256 list, uint256 theoretical, uint256 practical, uint256 riskBps)
        internal
        pure
        returns (uint256 changedList, bool changed)
    {
        uint256 fulfilledBps = practical * FULL_BPS / theoretical;
        if (fulfilledBps < FULL_BPS - riskBps) return (_appended(list, fulfilledBps + riskBps), true);
        if (length(list) == 0) return (list, false);
        return (_withoutNewest(list), true);
    }

    /// @dev Product of the entries (eqs 4.2 and 4.4): multiplied one by one, oldest first, each product divided by 10,000
    /// down; 10,000 for an empty list. Safe: every entry is below 10,000.
    function factorBps(uint256 list) internal pure returns (uint16) {
        uint256 factor = FULL_BPS;
        uint256 count = length(list);
        for (uint256 i = 0; i < count; ++i) {
            factor = factor * at(list, i) / FULL_BPS;
        }
        return uint16(factor);
    }

    function _appended(uint256 list, uint256 entryBps) private pure returns (uint256) {
        uint256 count = length(list);
        uint256 entries = uint128(list);
        if (count == MAXIMUM_ENTRIES) {
            entries >>= _ENTRY_BITS;
            --count;
        }
        return entries | (entryBps << (count * _ENTRY_BITS)) | ((count + 1) << _COUNT_SHIFT);
    }

    function _withoutNewest(uint256 list) private pure returns (uint256) {
        uint256 left = length(list) - 1;
        return (list & ((1 << (left * _ENTRY_BITS)) - 1)) | (left << _COUNT_SHIFT);
    }
}
