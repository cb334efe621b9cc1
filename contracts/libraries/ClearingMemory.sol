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
        /// A word for each tick of bids, then of asks: offers in Wh, then what a service of an eligible tick begins with.
        uint256 table;
        uint32 frame;
        /// The frame's word, see {FrameChain}.
        uint256 word;
    }

    /// @notice What the records are made with, and what comes of them.
    struct Account {
        uint256 tickMicro;
        uint256 feeTicks;
        /// Price of all fills, or 0 where the state has their values.
        uint256 uniformTick;
        /// 1, or 0 if none may roll because the frame is voided.
        uint256 rolling;
        /// Locks of all orders and parts of orders that do not roll on.
        uint256 lockedWhTicks;
        /// 1 where the participants are not sorted and complete, a pending slice comes before one that was served, or an order that must roll does
        /// not.
        uint256 wrong;
        /// Where they begin.
        uint256 records;
    }

    /// @notice A run of {ClearingLoops-serve}: where fills go to and where they stop, where the next positions of both sides stand in the calldata.
    struct Run {
        uint256 bound;
        uint256 fills;
        uint256 nextBid;
        uint256 nextAsk;
        /// Where the fills began.
        uint256 first;
        /// Of {ClearingLoops-serve} itself: what a price rank and what a time rank add to a service, and all time ranks of bids and asks.
        uint256 tier;
        uint256 time;
        uint256 bidTime;
        uint256 askTime;
    }

    /// @notice A side's ticks on the way from its best one: where the next one is, and how far the one after it.
    struct Side {
        uint256 at;
        uint256 step;
        /// What a price rank adds to a service, and what a place in memory does, 32 of them being a tick.
        uint256 tier;
        uint256 weight;
        /// What services of the last tick with offers begin with, but for its weight, and in the lowest 40 bits the offers so far [Wh].
        uint256 last;
    }

    /// @notice A run of {settle}: records of a root venue's frame that are not settled yet.
    struct Settlement {
        /// Where the next record lies in memory, its reading in calldata, and its log goes in memory.
        uint256 from;
        uint256 reading;
        uint256 to;
        /// So far: paid micro 64 | sold Wh 64.
        uint256 sums;
        /// Where the records end.
        uint256 stop;
        /// Where the first record of the word of settled bits would lie, and the bits of those that were not read.
        uint256 origin;
        uint256 missed;
        /// The slot of the accounts, below 2^32.
        uint256 accounts;
        /// One less than the smallest obligation that is rated, which stands as energies do in a record.
        uint256 mostUnrated;
        /// See {AccountWord-bindingMark}.
        uint256 bindingMark;
        /// See {PolicyWord}.
        uint256 scale;
    }
}
