// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The arithmetic of a settled position (M4, M5, M9)
/// @notice Pure, so that every venue's positions settle alike.
/// @dev Position word, from the lowest bit: bought Wh 40 | sold Wh 40 | purchase value micro 56 | sale value micro 56 | lock micro 48 |
/// tag 16.
library SettlementRule {
    uint8 internal constant NOT_POSTED = 255;

    /// @dev Energy sold, before netting [Wh].
    function soldWh(uint256 position) internal pure returns (uint256) {
        return uint40(position >> 40);
    }

    /// @dev What the participant must deliver: its net sale (M4) [Wh].
    function owedWh(uint256 position) internal pure returns (uint256) {
        uint256 bought = uint40(position);
        uint256 sold = soldWh(position);
        unchecked {
            return sold > bought ? sold - bought : 0;
        }
    }

    /// @dev Value of what was sold [micro].
    function saleMicro(uint256 position) internal pure returns (uint256) {
        return uint56(position >> 136);
    }

    /// @dev Sale value and lock: what the venue held for the seller [micro].
    function heldMicro(uint256 position) internal pure returns (uint256) {
        // Safe: 56 and 48 bits.
        unchecked {
            return saleMicro(position) + uint48(position >> 192);
        }
    }

    /// @dev What a shortfall costs (M5): per Wh the fallback price or the own average sale price rounded up, whichever is more; never more
    /// than sale value and lock together.
    /// @param position Position word.
    /// @param shortfallWh Energy not delivered, at most what was owed [Wh].
    /// @param fallbackMicroPerWh Fallback price [micro/Wh].
    /// @return costMicro Taken from the seller [micro].
    /// @return fallbackMicro Part of it that pays the fallback supplier [micro].
    function shortfallCost(uint256 position, uint256 shortfallWh, uint256 fallbackMicroPerWh)
        internal
        pure
        returns (uint256 costMicro, uint256 fallbackMicro)
    {
        if (shortfallWh == 0) return (0, 0);
        // A shortfall needs a sale, so the divisor is not zero.
        uint256 sold = soldWh(position);
        uint256 averageUp = (saleMicro(position) + sold - 1) / sold;
        costMicro = shortfallWh * (averageUp > fallbackMicroPerWh ? averageUp : fallbackMicroPerWh);
        uint256 held = heldMicro(position);
        if (costMicro > held) costMicro = held;
        fallbackMicro = shortfallWh * fallbackMicroPerWh;
        if (fallbackMicro > costMicro) fallbackMicro = costMicro;
    }

    /// @dev What a seller without a reading forgoes in a frame that was read (M9): its sale value, so that it is neither paid nor in debt.
    /// @return costMicro The sale value [micro].
    /// @return fallbackMicro Part of it that pays the fallback supplier [micro].
    function unreadCost(uint256 position, uint256 owed, uint256 fallbackMicroPerWh)
        internal
        pure
        returns (uint256 costMicro, uint256 fallbackMicro)
    {
        if (owed == 0) return (0, 0);
        costMicro = saleMicro(position);
        fallbackMicro = owed * fallbackMicroPerWh;
        if (fallbackMicro > costMicro) fallbackMicro = costMicro;
    }

    /// @dev The cheaper posted tariff of grid and retailer, the grid's on a tie; the cap, at the grid, when none was posted.
    /// @return tick Fallback price [ticks].
    /// @return fromRetailer Whether the retailer supplies the shortfall.
    function fallbackTick(uint256 capTick, uint256 gridTick, uint256 retailerTick)
        internal
        pure
        returns (uint256 tick, bool fromRetailer)
    {
        // A tariff not posted is 255, above every tick, so that comparing is enough.
        if (retailerTick < gridTick) return (retailerTick, true);
        return (gridTick == NOT_POSTED ? capTick : gridTick, false);
    }
}
