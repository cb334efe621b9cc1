// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The arithmetic of a settled position (M4, M5, M9)
/// @notice Pure, so that every venue's results settle alike, however it keeps them.
library SettlementRule {
    uint8 internal constant NOT_POSTED = 255;

    /// @dev What a shortfall costs (M5): per Wh the fallback price or the own average sale price rounded up, whichever is more; never more
    /// than sale value and lock together. Safe: energies are below 2^40, money is below 2^57.
    /// @param soldWh Energy sold before netting, above 0 [Wh].
    /// @param saleMicro Value of what was sold [micro].
    /// @param heldMicro Sale value and lock [micro].
    /// @param shortfallWh Energy not delivered, at most what was owed [Wh].
    /// @param fallbackMicroPerWh Fallback price [micro/Wh].
    /// @return costMicro Taken from the seller [micro].
    /// @return fallbackMicro Part of it that pays the fallback supplier [micro].
    function shortfallCost(
        uint256 soldWh,
        uint256 saleMicro,
        uint256 heldMicro,
        uint256 shortfallWh,
        uint256 fallbackMicroPerWh
    ) internal pure returns (uint256 costMicro, uint256 fallbackMicro) {
        unchecked {
            uint256 averageUp = (saleMicro + soldWh - 1) / soldWh;
            costMicro = shortfallWh * (averageUp > fallbackMicroPerWh ? averageUp : fallbackMicroPerWh);
            if (costMicro > heldMicro) costMicro = heldMicro;
            fallbackMicro = shortfallWh * fallbackMicroPerWh;
            if (fallbackMicro > costMicro) fallbackMicro = costMicro;
        }
    }

    /// @dev What a seller without a reading forgoes in a frame that was read (M9): its sale value, so that it is neither paid nor in debt.
    /// @param saleMicro Value of what was sold [micro].
    /// @param owedWh What had to be delivered [Wh].
    /// @param fallbackMicroPerWh Fallback price [micro/Wh].
    /// @return costMicro The sale value; 0 if nothing was owed [micro].
    /// @return fallbackMicro Part of it that pays the fallback supplier [micro].
    function unreadCost(uint256 saleMicro, uint256 owedWh, uint256 fallbackMicroPerWh)
        internal
        pure
        returns (uint256 costMicro, uint256 fallbackMicro)
    {
        if (owedWh == 0) return (0, 0);
        costMicro = saleMicro;
        fallbackMicro = owedWh * fallbackMicroPerWh;
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
