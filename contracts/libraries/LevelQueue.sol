// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title First in, first out at one price, with replenished iceberg slices in their place
/// @dev Level word, from the lowest bit: next 24 | tail 24 | replenished next 24 | replenished tail 24 | traded Wh 40 | taken Wh 32. Arrivals need
/// no queue entry: their number is their place. Only a replenished slice is written down, eight to a word, as index 16 | mark 16, where the mark
/// is the number of arrivals that stood before it; it is served as soon as all of those are (B1). All operations are O(1).
///
/// Taken is what trades took from the plain order whose turn it is among the arrivals (number `next`) and its own word still has: the level is
/// written by a trade anyway, the order is then not. It is less than that word shows. An arrival that is taken from stays at the head until
/// it is served or cancelled, since slices that wait wait for it; both clear the field, which is 0 with every other order at the head.
library LevelQueue {
    /// @notice Most arrivals that a level can number.
    uint256 internal constant MAX_ARRIVALS = 65_535;

    uint256 private constant _MASK_24 = 0xffffff;
    uint256 private constant _TAIL_SHIFT = 24;
    uint256 private constant _REPLENISHED_NEXT_SHIFT = 48;
    uint256 private constant _REPLENISHED_TAIL_SHIFT = 72;
    uint256 private constant _TRADED_SHIFT = 96;
    uint256 private constant _TRADED_MASK = (1 << 40) - 1;
    uint256 private constant _TAKEN_SHIFT = 136;
    /// @dev The traded energy's bits from 2^32 on.
    uint256 private constant _TRADED_TOO_MUCH = (_TRADED_MASK >> 32) << (_TRADED_SHIFT + 32);
    uint256 private constant _CURSORS = (1 << _TRADED_SHIFT) - 1;
    uint256 private constant _ALL_BUT_TAKEN = (1 << _TAKEN_SHIFT) - 1;
    /// @dev One Wh traded and taken from the head at once.
    uint256 private constant _TAKEN_WH = (1 << _TRADED_SHIFT) | (1 << _TAKEN_SHIFT);
    uint256 private constant _BOTH_NEXT = _MASK_24 | (_MASK_24 << _REPLENISHED_NEXT_SHIFT);
    /// @dev A level's key: tick 8 | side 8 | frame 32.
    uint256 private constant _SIDE_AND_TICK = 0xffff;
    uint256 private constant _FRAME_SHIFT = 16;

    /// @dev One word; a struct so that a change finds its slot once.
    struct Level {
        uint256 word;
    }

    /// @dev Levels by key and the ring of replenished slices. The ring's words are used again when it has come round, when the frame before
    /// is final: entries are written before they are read, so what an older frame left there does no harm.
    struct State {
        mapping(uint256 levelKey => Level level) levels;
        mapping(uint256 slot => uint256 entries) ring;
    }

    /// @dev Arrivals served.
    function next(uint256 level) internal pure returns (uint256) {
        return level & _MASK_24;
    }

    /// @dev Arrivals.
    function tail(uint256 level) internal pure returns (uint256) {
        return (level >> _TAIL_SHIFT) & _MASK_24;
    }

    /// @dev Replenished slices served.
    function replenishedNext(uint256 level) internal pure returns (uint256) {
        return (level >> _REPLENISHED_NEXT_SHIFT) & _MASK_24;
    }

    /// @dev Replenished slices.
    function replenishedTail(uint256 level) internal pure returns (uint256) {
        return (level >> _REPLENISHED_TAIL_SHIFT) & _MASK_24;
    }

    /// @dev Energy traded since the level opened [Wh].
    function tradedWh(uint256 level) internal pure returns (uint256) {
        return (level >> _TRADED_SHIFT) & _TRADED_MASK;
    }

    /// @dev What the arrival whose turn it is has traded less than its word says [Wh].
    function takenWh(uint256 level) internal pure returns (uint256) {
        return level >> _TAKEN_SHIFT;
    }

    /// @dev The same of any arrival of the level: 0 for those whose turn it is not.
    function takenWhOf(uint256 level, uint256 index) internal pure returns (uint256) {
        return index == next(level) ? takenWh(level) : 0;
    }

    /// @dev Whether it has traded more than 32 bits tell.
    function hasTradedTooMuch(uint256 level) internal pure returns (bool) {
        return level & _TRADED_TOO_MUCH != 0;
    }

    /// @dev Whether nothing is queued.
    function isEmpty(uint256 level) internal pure returns (bool) {
        return (level ^ (level >> _TAIL_SHIFT)) & _BOTH_NEXT == 0;
    }

    /// @dev Whether something is queued and no replenished slice is.
    function hasArrivalsOnly(uint256 level) internal pure returns (bool) {
        uint256 differences = (level ^ (level >> _TAIL_SHIFT)) & _BOTH_NEXT;
        // Above the arrivals' difference there is none; without any it wraps to the highest number.
        unchecked {
            return differences - 1 < _MASK_24;
        }
    }

    /// @dev The level after one more arrival; the caller has checked {MAX_ARRIVALS}.
    function withArrival(uint256 level) internal pure returns (uint256) {
        // tail < 65,535.
        unchecked {
            return level + (1 << _TAIL_SHIFT);
        }
    }

    /// @dev The level with its head served.
    function withoutHead(uint256 level, bool replenished) internal pure returns (uint256) {
        // A cursor never passes its tail.
        unchecked {
            return (level & _ALL_BUT_TAKEN) + (replenished ? 1 << _REPLENISHED_NEXT_SHIFT : 1);
        }
    }

    /// @dev The level after all that was left of the plain arrival at its head traded, or nothing of one that was cancelled.
    function withServed(uint256 level, uint256 energyWh) internal pure returns (uint256) {
        // A cursor never passes its tail. Traded energy stays below 2^33: what a level keeps was checked to be below 2^32, as one order is.
        unchecked {
            return (level & _ALL_BUT_TAKEN) + (energyWh << _TRADED_SHIFT) + 1;
        }
    }

    /// @dev The level after a part of what was left of the plain arrival at its head traded: its word may stay as it is.
    function withTaken(uint256 level, uint256 energyWh) internal pure returns (uint256) {
        // Less than an order of 32 bits is taken, and for traded energy see {withServed}.
        unchecked {
            return level + energyWh * _TAKEN_WH;
        }
    }

    /// @dev The level with more energy traded, by an order that writes its own word; see {withServed}.
    function withTraded(uint256 level, uint256 energyWh) internal pure returns (uint256) {
        unchecked {
            return level + (energyWh << _TRADED_SHIFT);
        }
    }

    /// @dev The level with nothing taken from the arrival whose turn it is.
    function withoutTaken(uint256 level) internal pure returns (uint256) {
        return level & _ALL_BUT_TAKEN;
    }

    /// @dev A level whose last order has left, with its traded energy taken out.
    function withoutTraded(uint256 level) internal pure returns (uint256) {
        return level & _CURSORS;
    }

    /// @dev Who is served next at a level that is not empty.
    /// @param ringFrames Frames of the ring.
    /// @return index Arrival number of the order.
    /// @return replenished Whether it stands there with a replenished slice.
    function head(State storage self, uint256 levelKey, uint256 level, uint256 ringFrames)
        internal
        view
        returns (uint256 index, bool replenished)
    {
        uint256 number = replenishedNext(level);
        uint256 arrival = next(level);
        if (number != replenishedTail(level)) {
            uint256 entry = self.ring[_slot(levelKey, number, ringFrames)] >> ((number & 7) << 5);
            if ((entry >> 16) & 0xffff <= arrival) return (entry & 0xffff, true);
        }
        return (arrival, false);
    }

    /// @dev Queues a replenished slice behind everything that stands at the level.
    /// @param ringFrames Frames of the ring.
    /// @return The level after it. Its count cannot overflow: 65,535 orders have at most 33 slices each, below 2^24.
    function replenish(State storage self, uint256 levelKey, uint256 level, uint256 index, uint256 ringFrames)
        internal
        returns (uint256)
    {
        uint256 number = replenishedTail(level);
        uint256 slot = _slot(levelKey, number, ringFrames);
        uint256 shift = (number & 7) << 5;
        uint256 entry = index | (tail(level) << 16);
        self.ring[slot] = (self.ring[slot] & ~(uint256(0xffffffff) << shift)) | (entry << shift);
        unchecked {
            return level + (1 << _REPLENISHED_TAIL_SHIFT);
        }
    }

    /// @dev From the lowest bit: word of the slices 21 | tick 8 | side 8 | frame's place in the ring.
    function _slot(uint256 levelKey, uint256 number, uint256 ringFrames) private pure returns (uint256) {
        uint256 place = (levelKey >> _FRAME_SHIFT) % ringFrames;
        return (((place << _FRAME_SHIFT) | (levelKey & _SIDE_AND_TICK)) << 21) | (number >> 3);
    }
}
