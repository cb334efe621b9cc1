// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AuctionWord} from "./AuctionWord.sol";
import {ClearingLoops} from "./ClearingLoops.sol";
import {ClearingMemory} from "./ClearingMemory.sol";

/// @title The parts of a clear that are not hot: participants, cancels, crossing, uniform price, rolling
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

    /// @dev Words of the state before those of the positions.
    uint256 internal constant STATE_WORDS = 8;
    /// @dev Most orders of a side that roll.
    uint256 internal constant MAX_ROLLED = 512;

    uint256 private constant _NO_EFFECT = 1 << 176;
    /// @dev No effect, and a tick that has no rank.
    uint256 private constant _CANCELLED = _NO_EFFECT | (_PLACES << 240);
    uint256 private constant _ROLLS = 1 << 177;
    uint256 private constant _ENDS = 1 << 178;
    uint256 private constant _CANCEL = 1 << 106;
    uint256 private constant _NAME_MASK = (1 << 48) - 1;
    uint256 private constant _MAX_ORDERS = 64;
    uint256 private constant _MAX_CANCELS = 64;
    uint256 private constant _NOT_ELIGIBLE = 1 << 90;
    uint256 private constant _BPS = 10_000;
    /// @dev Offset of a side's tick 255, which no order has.
    uint256 private constant _PLACES = 255 * 32;
    /// @dev All of an entry but what is withheld and the offset of its tick.
    uint256 private constant _ENTRY_MASK = (1 << 179) - 1;
    /// @dev Value and filled, which stand in the state as in a service.
    uint256 private constant _SERVED = (1 << 56) - 1;
    /// @dev What a service has of its tick: the weighted tick and the side.
    uint256 private constant _OF_TICK = (0x3fffff << 72) | (1 << 255);
    /// @dev Tick of a fill at a uniform price.
    uint256 private constant _NO_TICK = 255;

    /* PARTICIPANTS */

    /// @dev Whether the positions are all there, by participant and position.
    function areAll(ClearingMemory.Setup memory setup, bytes calldata participants) internal pure returns (bool) {
        uint256 last;
        // Owner 32 | position 16: each key is above the one before.
        unchecked {
            for (uint256 i; i < setup.positions; ++i) {
                uint256 position = _positionAt(participants, i);
                if (position >= setup.positions) return false;
                uint256 key = (uint256(uint32((setup.entries + position * 32).load())) << 16) | position;
                if (key <= last) return false;
                last = key;
            }
        }
        return true;
    }

    /// @dev Whether some words may be without effect: there are cancels, or participants with more than 64 words, two of which stand 32 apart,
    /// counted from the first of all in steps of 32. Says nothing of participants that are not all.
    function isUnusual(ClearingMemory.Setup memory setup, bytes calldata participants) internal pure returns (bool) {
        if (setup.table.load() >> 74 != 0) return true;
        uint256 last;
        unchecked {
            for (uint256 i; i < setup.positions; i += 32) {
                uint256 owner = uint32(_entryAt(setup, participants, i));
                if (owner == last) return true;
                last = owner;
            }
        }
        return false;
    }

    /* CANCELS */

    /// @dev Takes the effect from cancels and from each participant's orders after the first 64 (A8).
    function mark(ClearingMemory.Setup memory setup, bytes calldata participants) internal pure {
        uint256 id;
        uint256 orders;
        // Sums of positions.
        unchecked {
            for (uint256 i; i < setup.positions; ++i) {
                uint256 at = setup.entries + _positionAt(participants, i) * 32;
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
                uint256 at = setup.entries + _positionAt(participants, i) * 32;
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
            // No frame has as many positions as the mask lets through; a wrong one does not read far away.
            return (setup.entries + (_positionAt(participants, i) & 0x1fff) * 32).load();
        }
    }

    /// @dev Position number `i` of a sequence that has it.
    function _positionAt(bytes calldata positions, uint256 i) private pure returns (uint256) {
        unchecked {
            return ClearingLoops.wordAt(ClearingLoops.offsetOf(positions) + 2 * i) >> 240;
        }
    }

    /* CROSSING */

    /// @dev Sums up the offers with effect by side and tick anew, and enters what is withheld (A2).
    function sums(ClearingMemory.Setup memory setup) internal pure {
        ClearingLoops.clear(setup.table, 2 * ClearingLoops.ASKS);
        // Offers have 24 bits and ticks of orders 8.
        unchecked {
            for (uint256 at = setup.entries; at < setup.entries + setup.positions * 32; at += 32) {
                uint256 entry = at.load();
                if (entry & _NO_EFFECT != 0) continue;
                uint256 offerWh = AuctionWord.quantityOf(entry);
                uint256 shownWh = setup.slicesPerFrame * uint24(entry >> 56);
                uint256 withheldWh = shownWh != 0 && shownWh < offerWh ? offerWh - shownWh : 0;
                uint256 place = AuctionWord.sideOf(entry) * ClearingLoops.ASKS + AuctionWord.tickOf(entry) * 32;
                at.store((entry & _ENTRY_MASK) | (withheldWh << 192) | (place << 240));
                (setup.table + place).store((setup.table + place).load() + offerWh - withheldWh);
            }
        }
    }

    /// @dev The crossing price (A3) from the offers by tick, in whose place the eligible ones get what their services begin with and all others 0.
    /// @return ok Whether `crossing` is the lowest tick at which the supply is at least the demand.
    /// @return price The price; the ticks from it to the one that decides who is eligible have the same demand and supply.
    /// @return matchedWh Energy that is matched.
    function cross(ClearingMemory.Setup memory setup, uint256 crossing)
        internal
        pure
        returns (bool ok, uint256 price, uint256 matchedWh)
    {
        if (crossing > AuctionWord.HIGHEST_TICK + 1) return (false, 0, 0);
        (ClearingMemory.Side memory bids, ClearingMemory.Side memory asks) = _sides(setup);
        // Places in memory, sums of 24 bits.
        unchecked {
            uint256 askAt = setup.table + ClearingLoops.ASKS + crossing * 32;
            uint256 bidBelow = setup.table + crossing * 32 - 32;
            ClearingLoops.grade(bids, bidBelow);
            ClearingLoops.grade(asks, askAt);
            // Demand at the crossing, supply at the tick below it.
            (uint256 demandAt, uint256 supplyBelow) = (uint40(bids.last), uint40(asks.last));
            uint256 supplyAt = supplyBelow + askAt.load();
            if (supplyAt < demandAt) return (false, 0, 0);
            (price, matchedWh) = (crossing, demandAt);
            uint256 eligible = crossing;
            if (crossing != 0) {
                uint256 demandBelow = demandAt + bidBelow.load();
                if (supplyBelow >= demandBelow) return (false, 0, 0);
                if (
                    supplyBelow > demandAt
                        || (supplyBelow == demandAt && demandBelow - supplyBelow <= supplyAt - demandAt)
                ) {
                    (eligible, matchedWh) = (crossing - 1, supplyBelow);
                    price = _lowestAlike(setup.table, eligible);
                }
            }
            if (eligible == crossing) ClearingLoops.grade(asks, askAt + 32);
            else ClearingLoops.grade(bids, bidBelow - 32);
            ClearingLoops.clear(setup.table, eligible * 32);
            ClearingLoops.clear(setup.table + ClearingLoops.ASKS + (eligible + 1) * 32, (255 - eligible) * 32);
        }
        ok = true;
    }

    /// @dev The lowest tick above all lower bids and not below the highest ask: demand and supply are the same there.
    function _lowestAlike(uint256 table, uint256 eligible) private pure returns (uint256 price) {
        price = eligible;
        unchecked {
            while (price != 0 && (table + price * 32 - 32).load() == 0) --price;
            uint256 ask = eligible;
            while (ask > price && (table + ClearingLoops.ASKS + ask * 32).load() == 0) --ask;
            return ask;
        }
    }

    /// @dev Both sides before their best tick. Price ranks are counted from 1 here, which {ClearingLoops-rank} takes off. Two ticks with their weights
    /// are 10,000 times that of a fill.
    function _sides(ClearingMemory.Setup memory setup)
        private
        pure
        returns (ClearingMemory.Side memory bids, ClearingMemory.Side memory asks)
    {
        // Sums of fields of a service, which are right whatever overflows on the way.
        unchecked {
            bids.at = setup.table + AuctionWord.HIGHEST_TICK * 32;
            asks.at = setup.table + ClearingLoops.ASKS;
            (bids.step, asks.step) = (uint256(0) - 32, 32);
            bids.tier = (setup.alpha << 198) | (1 << 190);
            asks.tier = bids.tier;
            asks.last = 1 << 255;
            if (setup.uniformPrice != 0) {
                bids.last = (_NO_TICK * _BPS) << 72;
            } else {
                bids.weight = setup.priceWeightBps << 67;
                asks.weight = (_BPS - setup.priceWeightBps) << 67;
                bids.last -= setup.table * bids.weight;
                asks.last -= asks.at * asks.weight;
            }
        }
    }

    /// @dev The one price of all fills, if there are any (A5); takes the values off, which are none.
    function uniformTick(ClearingMemory.Setup memory setup) internal pure returns (uint256) {
        (uint256 bid, uint256 ask) = (AuctionWord.HIGHEST_TICK, 0);
        for (uint256 position; position < setup.positions; ++position) {
            uint256 at = _service(setup, position);
            at.store(at.load() >> 32 << 32);
            if (_filledWh(at.load()) == 0) continue;
            uint256 entry = (setup.entries + position * 32).load();
            uint256 tick = AuctionWord.tickOf(entry);
            if (AuctionWord.sideOf(entry) == AuctionWord.BID) {
                if (tick < bid) bid = tick;
            } else if (tick > ask) {
                ask = tick;
            }
        }
        return (setup.priceWeightBps * bid + (_BPS - setup.priceWeightBps) * ask) / _BPS;
    }

    /* SERVICES */

    /// @dev Brings services into the form of the state, without what the entries have.
    function pack(ClearingMemory.Setup memory setup) internal pure {
        _queue(setup, AuctionWord.BID);
        _queue(setup, AuctionWord.ASK);
        // Fields of a service.
        unchecked {
            uint256 served = setup.uniformPrice == 0 ? _SERVED : _SERVED >> 32 << 32;
            for (uint256 position; position < setup.positions; ++position) {
                uint256 service = _service(setup, position).load();
                uint256 rest = (uint256(uint24(service >> 126)) << 56) | (uint256(uint16(service >> 56)) << 80);
                _service(setup, position).store((service & served) | rest | (service >> 174 << 175));
            }
        }
    }

    /// @dev Lets the next slice of the order that a side served last queue, if its slice is used up and the order is not.
    function _queue(ClearingMemory.Setup memory setup, uint256 side) private pure {
        // Words of the state; f as in {ClearingLoops-rank}.
        unchecked {
            uint256 ranks = setup.state + 32 + side * 32;
            uint256 last = (ranks + 4 * 32).load();
            if (last == 0 || (ranks + 2 * 32).load() != 0) return;
            uint256 at = _service(setup, uint16(last - 1));
            uint256 service = at.load();
            if (uint24(service >> 126) == 0) return;
            uint256 f = setup.alpha * uint8(service >> 190) + setup.beta * ranks.load();
            at.store((service & ~(uint256(type(uint56).max) << 198)) | (f << 198));
            ranks.store(ranks.load() + 1);
        }
    }

    /// @dev Brings services of the state into the form that {ClearingLoops-rank} gives them.
    function unpack(ClearingMemory.Setup memory setup) internal pure {
        // Fields of a service.
        unchecked {
            for (uint256 position; position < setup.positions; ++position) {
                uint256 service = _service(setup, position).load();
                if (service == 0) continue;
                uint256 entry = (setup.entries + position * 32).load();
                uint256 rest = (uint256(uint24(service >> 56)) << 126) | (uint256(uint16(service >> 80)) << 56);
                uint256 order =
                    ((setup.table + (entry >> 240)).load() & _OF_TICK) | (uint256(uint24(entry >> 56)) << 150);
                _service(setup, position).store((service & _SERVED) | rest | order | (service >> 175 << 174));
            }
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
            uint256 position = _positionAt(rolled, i);
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
        // 8 bits times at most 41, 16 bits times 16; the key's place in a service is 174, f has its bits 24 to 79.
        unchecked {
            uint256 priceRank = uint8(service >> 190);
            uint256 f = setup.alpha * priceRank + setup.beta * uint16(service >> 56);
            return (service << 1 >> 255 << 80) | (f << 24) | (priceRank << 16) | position;
        }
    }

    function _service(ClearingMemory.Setup memory setup, uint256 position) private pure returns (uint256) {
        unchecked {
            return setup.state + (STATE_WORDS + position) * 32;
        }
    }

    function _filledWh(uint256 service) private pure returns (uint256) {
        return uint24(service >> 32);
    }
}
