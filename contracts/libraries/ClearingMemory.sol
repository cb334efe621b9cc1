// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What the loops of a clear are told and tell, in memory
/// @dev {ClearingLoops} reads the fields by their place: their order is part of it.
library ClearingMemory {
    /// @notice What a clear goes by; fields are read by their place.
    struct Setup {
        uint256 positions;
        uint256 state;
        uint256 entries;
        uint256 alpha;
        uint256 beta;
        uint256 priceWeightBps;
        uint256 uniformPrice;
        uint256 slicesPerFrame;
    }

    /// @notice What the records are made with, and what comes of them.
    struct Account {
        uint256 tickMicro;
        uint256 feeTicks;
        /// Price of all fills, or 0 where the state has their values.
        uint256 uniformTick;
        /// Bits of an order's rolls; 0 if none may roll because the frame is voided.
        uint256 rollMask;
        /// Locks of all orders and parts of orders that do not roll on.
        uint256 lockedWhTicks;
        /// 1 where a pending slice comes before one that was served, or an order that must roll does not.
        uint256 wrong;
        /// Where they begin.
        uint256 records;
    }

    /// @notice A run of {serve}: where fills go to and where they stop, where the next positions of both sides stand in the calldata, weights of a
    /// bid's and an ask's tick, and 255 with a uniform price, where both weights are 0 for want of the price.
    struct Run {
        uint256 bound;
        uint256 fills;
        uint256 nextBid;
        uint256 nextAsk;
        uint256 bidWeight;
        uint256 askWeight;
        uint256 shownTick;
        /// Where the fills began.
        uint256 first;
        /// Of {serve} itself: the positions, what a price rank and what a time rank add to a service.
        uint256 positions;
        uint256 tier;
        uint256 time;
    }

    /// @notice Offers with effect around a tick: sums have those at the tick in the lower half, those at the tick below it in the upper one; ticks
    /// have a bit for each tick of an order.
    struct Book {
        uint256 crossing;
        uint256 demand;
        uint256 supply;
        uint256 bids;
        uint256 asks;
    }
}
