// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccountWord} from "./AccountWord.sol";
import {ClearingMemory} from "./ClearingMemory.sol";

// solhint-disable no-inline-assembly, function-max-lines
/// @title The loops of a clear and of its settlement, in assembly: the one library that has any
/// @notice Compiled from Solidity these loops spill their locals to memory and check what their callers have checked; they run for every word,
/// slice and record of a frame. All else of a clear is in {AuctionClearing} and {AuctionRules}, of a settlement in {RootSettlement}.
/// @dev Memory of a clear: an entry a position, the state (8 words, then a service a position), a word for each of 256 ticks of bids and of asks.
/// Layouts: state {IFrameAuction-clearChunk}, but a service: value Wh x ticks 32 | filled Wh 24 | first time rank 16 | tick x weight 22 | zero 32 | rest of
/// the offer Wh 24 | peak Wh 24 | position 16 | price rank 8 | f 56 | supplier 1 | ask 1; entry: word 128 | origin frame 32 | index 16 | no effect 1 | rolls 1 |
/// ends though it might roll 1 | zero 13 | withheld Wh 24 | zero 24 | offset of its tick 16. All lies beyond the former free memory; callers pass
/// bounds that they have checked.
library ClearingLoops {
    /// @dev Bytes from a tick of bids to the same of asks.
    uint256 internal constant ASKS = 256 * 32;

    /// @dev Digest of a chain after one more word; a digest's lowest 32 bits mean nothing. The word is written at a place in memory that has 32 bytes
    /// left, or at 0, where nobody looks.
    function enter(uint256 digest, uint256 word, uint256 at) internal pure returns (uint256 next) {
        assembly ("memory-safe") {
            mstore(0, digest)
            word := shl(128, word)
            mstore(28, word)
            next := keccak256(0, 44)
            mstore(at, word)
        }
    }

    /// @dev Emits what lies in memory as the data of an event of a frame.
    function log(bytes32 topic, uint256 frame, uint256 from, uint256 length) internal {
        assembly ("memory-safe") {
            log2(from, length, topic, frame)
        }
    }

    /// @dev Emits {IFrameAuction-Fills} or {IFrameAuction-WordsChained}: bytes, zeros up to a whole word of them, and an indexed value. What belongs
    /// before them in the log is written to the two words there.
    function logBytes(bytes32 topic, uint256 indexed_, uint256 from, uint256 length) internal {
        assembly ("memory-safe") {
            mstore(sub(from, 0x40), 0x20)
            mstore(sub(from, 0x20), length)
            log2(sub(from, 0x40), add(0x40, and(add(length, 0x1f), not(0x1f))), topic, indexed_)
        }
    }

    /// @dev Chains the words of a frame, enters them with what they withhold (A2), and sums up the offers by side and tick as if all were orders with
    /// effect. A cancel shows in the sum of bids at tick 0 from bit 74 on.
    /// @param tag Origin frame and index of the first one, shifted into place, less what its place adds: an index for every word.
    /// @param slices Peaks that an iceberg offers at most, or 0 for all it has.
    /// @return last Digest of the chain.
    function loadWords(uint256 digest, bytes calldata words, uint256 tag, uint256 to, uint256 table, uint256 slices)
        internal
        pure
        returns (uint256 last)
    {
        assembly ("memory-safe") {
            let from := words.offset
            let end := add(from, mul(words.length, iszero(slices)))
            mstore(0, digest)
            for {} lt(from, end) { from := add(from, 16) } {
                let word := calldataload(from)
                mstore(28, word)
                mstore(0, keccak256(0, 44))
                let at := or(and(shr(203, word), 0x1fe0), and(shr(219, word), 0x2000))
                mstore(to, add(add(shr(128, word), add(tag, shl(155, to))), shl(240, at)))
                at := add(table, at)
                mstore(at, add(mload(at), and(shr(160, word), or(shl(74, 1), 0xffffff))))
                to := add(to, 0x20)
            }
            // The same where icebergs withhold.
            end := add(words.offset, words.length)
            for {} lt(from, end) { from := add(from, 16) } {
                let word := calldataload(from)
                mstore(28, word)
                mstore(0, keccak256(0, 44))
                let at := or(and(shr(203, word), 0x1fe0), and(shr(219, word), 0x2000))
                let withheld := and(shr(160, word), 0xffffff)
                let shown := mul(slices, and(shr(184, word), 0xffffff))
                // None if nothing or all is shown.
                withheld := mul(sub(withheld, shown), gt(withheld, sub(shown, 1)))
                mstore(to, add(add(shr(128, word), add(tag, shl(155, to))), add(shl(240, at), shl(192, withheld))))
                at := add(table, at)
                mstore(at, add(mload(at), sub(and(shr(160, word), or(shl(74, 1), 0xffffff)), withheld)))
                to := add(to, 0x20)
            }
            last := mload(0)
        }
    }

    /// @dev Puts in the place of a side's offers, tick by tick up to the one before `end`, what services at that tick begin with, and sums them up
    /// in the lowest 40 bits, which are free in the last of those.
    function grade(ClearingMemory.Side memory side, uint256 end) internal pure {
        assembly ("memory-safe") {
            let at := mload(side)
            let step := mload(add(side, 0x20))
            let weight := mload(add(side, 0x60))
            let last := mload(add(side, 0x80))
            // Four at once without any offer; a step times the way there is above 0 either way.
            for {} gt(mul(sub(end, at), step), 0xfff) { at := add(at, shl(2, step)) } {
                let third := add(at, add(step, step))
                if or(or(mload(at), mload(add(at, step))), or(mload(third), mload(add(third, step)))) { break }
            }
            for {} xor(at, end) { at := add(at, step) } {
                let offers := mload(at)
                if offers {
                    last := add(add(last, offers), mload(add(side, 0x40)))
                    mstore(at, add(and(last, not(0xffffffffff)), mul(at, weight)))
                }
            }
            mstore(side, at)
            mstore(add(side, 0x80), last)
        }
    }

    /// @dev Gives the orders whose tick has a rank their services with the first keys (A4).
    function rank(ClearingMemory.Setup memory setup) internal pure {
        assembly ("memory-safe") {
            let table := mload(add(setup, 0x100))
            let at := mload(add(setup, 0x40))
            let end := add(at, shl(5, mload(setup)))
            let toServices := sub(add(mload(add(setup, 0x20)), 0x100), at)
            let time := add(shl(198, mload(add(setup, 0x80))), shl(56, 1))
            // By side: the participant of the last order, and what the time ranks so far add; less what the sum below has too much.
            mstore(0, sub(0, add(add(shl(169, at), time), add(shl(198, mload(add(setup, 0x60))), shl(190, 1)))))
            mstore(0x20, mload(0))
            for {} lt(at, end) { at := add(at, 0x20) } {
                let entry := mload(at)
                let service := mload(add(table, shr(240, entry)))
                if service {
                    let side := shl(5, shr(255, service))
                    let times := mload(side)
                    let other := and(xor(times, entry), 0xffffffff)
                    times := add(xor(times, other), mul(time, gt(other, 0)))
                    mstore(side, times)
                    service := add(add(service, shl(169, at)), sub(times, and(entry, 0xffffffff)))
                    // Quantity less what is withheld, and peak; supplier.
                    service := add(service, shl(126, and(sub(shr(32, entry), shr(192, entry)), 0xffffffffffff)))
                    mstore(add(at, toServices), add(service, and(shl(149, entry), shl(254, 1))))
                }
            }
            at := mload(add(setup, 0x20))
            mstore(add(at, 0x20), and(add(shr(56, mload(0)), 1), 0xffff))
            mstore(add(at, 0x40), and(add(shr(56, mload(0x20)), 1), 0xffff))
        }
    }

    /// @dev Serves slices against each other in the order supplied (A4, A5) until nothing is left to match or `run.bound` is reached, or a
    /// position is not the next one: then neither is the case afterwards. `run.fills` moves on to where the fills end. A slice that is used up
    /// at the end has not made room for its order's next one: see {AuctionRules-pack}.
    /// The word of free memory and the zero word serve as room for two more words while it runs.
    function serve(ClearingMemory.Setup memory setup, ClearingMemory.Run memory run) internal pure {
        assembly ("memory-safe") {
            let positions := shl(240, mload(setup))
            let services := add(mload(add(setup, 0x20)), 0x100)
            let left := mload(sub(services, 0x100))
            let to := mload(add(run, 0x20))
            mstore(add(run, 0xa0), shl(198, mload(add(setup, 0x60))))
            mstore(add(run, 0xc0), shl(198, mload(add(setup, 0x80))))
            mstore(add(run, 0xe0), mul(mload(add(run, 0xc0)), mload(sub(services, 0xe0))))
            mstore(add(run, 0x100), mul(mload(add(run, 0xc0)), mload(sub(services, 0xc0))))
            // By side: the service served last as it was before, or all bits below its key. While one is served its rest gets less, so that whatever
            // is above that, the ask bit included, has a higher key.
            mstore(0, sub(shl(174, mload(sub(services, 0x60))), gt(mload(sub(services, 0x60)), 0)))
            mstore(0x20, sub(shl(174, mload(sub(services, 0x40))), gt(mload(sub(services, 0x40)), 0)))
            mstore(0x20, add(mload(0x20), shl(255, 1)))
            mstore(0x40, mload(add(run, 0x40)))
            mstore(0x60, mload(add(run, 0x60)))
            // Of the slices being served: rest, service, and position in the fill's place with the weighted tick. Before the first: free memory.
            let bidLeft := shr(16, mload(sub(services, 0xa0)))
            let bid := 0
            let bidder := shl(235, sub(to, services))
            let askLeft := shr(16, mload(sub(services, 0x80)))
            let ask := 0
            let asker := shl(219, sub(to, services))
            if bidLeft {
                bidder := shl(240, mload(sub(services, 0xa0)))
                bid := mload(add(services, shr(235, bidder)))
                bidder := or(bidder, and(shr(72, bid), 0x3fffff))
            }
            if askLeft {
                asker := shr(16, shl(240, mload(sub(services, 0x80))))
                ask := mload(add(services, shr(219, asker)))
                asker := or(asker, and(shr(72, ask), 0x3fffff))
            }
            for {} mul(left, lt(to, mload(run))) {} {
                // The slice before goes back. The next one of a side: a position of the frame, of this side, its key above the last one.
                if iszero(bidLeft) {
                    if and(bid, shl(126, 0xffffff)) {
                        // There is more of its order, which queues with the side's next time rank.
                        let next := mul(mload(add(run, 0xa0)), and(shr(190, bid), 0xff))
                        bid := add(add(and(bid, not(shl(198, 0xffffffffffffff))), next), mload(add(run, 0xe0)))
                        mstore(add(run, 0xe0), add(mload(add(run, 0xe0)), mload(add(run, 0xc0))))
                    }
                    mstore(add(services, shr(235, bidder)), bid)
                    let place := mload(0x40)
                    mstore(0x40, add(place, 2))
                    place := calldataload(place)
                    bid := mload(add(services, and(shr(235, place), 0x3ffe0)))
                    if iszero(and(sgt(bid, mload(0)), lt(place, positions))) { break }
                    mstore(0, bid)
                    bidder := or(and(place, shl(240, 0xffff)), and(shr(72, bid), 0x3fffff))
                    bidLeft := and(shr(126, bid), 0xffffff)
                    let peak := sub(and(shr(150, bid), 0xffffff), 1)
                    if lt(peak, bidLeft) { bidLeft := add(peak, 1) }
                }
                if iszero(askLeft) {
                    if and(ask, shl(126, 0xffffff)) {
                        let next := mul(mload(add(run, 0xa0)), and(shr(190, ask), 0xff))
                        ask := add(add(and(ask, not(shl(198, 0xffffffffffffff))), next), mload(add(run, 0x100)))
                        mstore(add(run, 0x100), add(mload(add(run, 0x100)), mload(add(run, 0xc0))))
                    }
                    mstore(add(services, shr(219, asker)), ask)
                    let place := mload(0x60)
                    mstore(0x60, add(place, 2))
                    place := calldataload(place)
                    ask := mload(add(services, and(shr(235, place), 0x3ffe0)))
                    if iszero(and(gt(ask, mload(0x20)), lt(place, positions))) { break }
                    mstore(0x20, ask)
                    asker := or(and(shr(16, place), shl(224, 0xffff)), and(shr(72, ask), 0x3fffff))
                    askLeft := and(shr(126, ask), 0xffffff)
                    let peak := sub(and(shr(150, ask), 0xffffff), 1)
                    if lt(peak, askLeft) { askLeft := add(peak, 1) }
                }
                let energy := bidLeft
                if lt(askLeft, energy) { energy := askLeft }
                let change := add(bidder, asker)
                let tick := div(and(change, 0xffffffff), 10000)
                // What is beyond the eight bytes of the fill is overwritten.
                mstore(to, add(change, shl(192, add(tick, shl(8, energy)))))
                to := add(to, 8)
                // More value, more filled, less left of the offer: all in one product.
                change := mul(energy, sub(tick, sub(shl(126, 1), shl(32, 1))))
                bid := add(bid, change)
                ask := add(ask, change)
                left := sub(left, energy)
                bidLeft := sub(bidLeft, energy)
                askLeft := sub(askLeft, energy)
            }
            mstore(add(services, shr(235, bidder)), bid)
            mstore(add(services, shr(219, asker)), ask)
            mstore(add(run, 0x20), to)
            mstore(add(run, 0x40), mload(0x40))
            mstore(add(run, 0x60), mload(0x60))
            mstore(sub(services, 0x100), left)
            mstore(sub(services, 0xe0), div(mload(add(run, 0xe0)), mload(add(run, 0xc0))))
            mstore(sub(services, 0xc0), div(mload(add(run, 0x100)), mload(add(run, 0xc0))))
            mstore(sub(services, 0xa0), mul(gt(bidLeft, 0), or(shr(240, bidder), shl(16, bidLeft))))
            mstore(sub(services, 0x80), mul(gt(askLeft, 0), or(shr(224, asker), shl(16, askLeft))))
            mstore(sub(services, 0x60), add(shr(174, mload(0)), gt(mload(0), 0)))
            ask := shl(1, mload(0x20))
            mstore(sub(services, 0x40), add(shr(175, ask), gt(ask, 0)))
            // Zeros after the last fill.
            mstore(to, 0)
            mstore(0x40, and(add(to, 0x3f), not(0x1f)))
            mstore(0x60, 0)
        }
    }

    /// @dev Writes a record for each participant (A9) from the word after the free memory on, and sums up in `terms`. Checks that the positions, as
    /// many as there are, are all of them, by participant and position.
    /// The word of free memory and the zero word serve as room for two more words while it runs.
    function account(
        ClearingMemory.Setup memory setup,
        bytes calldata participants,
        ClearingMemory.Account memory terms
    ) internal pure {
        assembly ("memory-safe") {
            let positions := shl(240, mload(setup))
            let entries := mload(add(setup, 0x40))
            let toServices := sub(add(mload(add(setup, 0x20)), 0x100), entries)
            let to := mload(0x40)
            // What adds to a record, a bid's and an ask's: a value, a Wh filled. Locks come to it.
            mstore(0, mul(mload(terms), sub(shl(96, 1), shl(216, 1))))
            mstore(0x20, shl(136, mload(terms)))
            let filled := sub(shl(32, 1), shl(216, mul(mload(terms), mload(add(terms, 0x20)))))
            mstore(0x40, add(filled, mul(mload(add(terms, 0x40)), mload(0))))
            mstore(0x60, add(shl(64, 1), mul(mload(add(terms, 0x40)), mload(0x20))))
            let record := 0
            let locked := 0
            let last := 0
            let end := add(participants.offset, shr(239, positions))
            for { let from := participants.offset } lt(from, end) { from := add(from, 2) } {
                let service := calldataload(from)
                // No frame has as many positions as the mask lets through; a wrong one does not read far away.
                let entry := add(entries, and(shr(235, service), 0x3ffe0))
                let inside := lt(service, positions)
                // Owner, position: each is above the one before.
                let key := or(shl(224, mload(entry)), shr(240, service))
                if iszero(gt(mul(inside, key), last)) { mstore(add(terms, 0xa0), 1) }
                if shr(224, xor(key, last)) {
                    to := add(to, 0x20)
                    record := shr(224, key)
                }
                last := key
                service := mload(add(entry, toServices))
                entry := mload(entry)
                filled := and(shr(32, service), 0xffffff)
                // What does not roll on: its lock is released.
                let whole := and(shr(32, entry), 0xffffff)
                if and(entry, or(shl(106, 1), shl(96, 0xff))) {
                    if and(entry, shl(106, 1)) { whole := 0 }
                    // With a rest and effect, and the frame not voided, it rolls on or is marked as ending.
                    if and(gt(whole, filled), gt(mload(add(terms, 0x60)), and(shr(178, entry), 1))) {
                        switch and(shr(176, entry), 3)
                        case 0 { mstore(add(terms, 0xa0), 1) }
                        case 2 { whole := filled }
                    }
                }
                let lock := and(shr(88, entry), 0xff)
                locked := add(locked, mul(whole, lock))
                // The lock of what was sold, and of the rest.
                let sold := mul(filled, shr(255, service))
                lock := mul(mul(lock, mload(terms)), add(shl(216, sub(whole, sold)), shl(176, sold)))
                let side := and(shr(250, service), 0x20)
                filled := add(lock, mul(filled, mload(add(0x40, side))))
                record := add(record, add(filled, mul(and(service, 0xffffffff), mload(side))))
                mstore(to, record)
                // The key of what is left is at least that of the side's slice served last, which is the state's word less 1.
                if and(service, shl(126, 0xffffff)) {
                    side := mload(add(sub(add(entries, toServices), 0x60), side))
                    if lt(add(shr(175, shl(1, service)), 1), side) { mstore(add(terms, 0xa0), 1) }
                }
            }
            mstore(add(terms, 0x80), locked)
            mstore(0x40, add(to, 0x20))
            mstore(0x60, 0)
        }
    }

    /// @dev Writes zeros, which is what calldata has beyond its end.
    function clear(uint256 at, uint256 length) internal pure {
        assembly ("memory-safe") {
            calldatacopy(at, calldatasize(), length)
        }
    }

    function load(uint256 at) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(at)
        }
    }

    function store(uint256 at, uint256 word) internal pure {
        assembly ("memory-safe") {
            mstore(at, word)
        }
    }

    function hash(uint256 from, uint256 length) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            digest := keccak256(from, length)
        }
    }

    function offsetOf(bytes calldata data) internal pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := data.offset
        }
    }

    /// @dev Where free memory begins, and room for words from there on.
    function reserve(uint256 words) internal pure returns (uint256 at) {
        assembly ("memory-safe") {
            at := mload(0x40)
            mstore(0x40, add(at, shl(5, words)))
        }
    }

    function offsetOf(uint256[] calldata words) internal pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := words.offset
        }
    }

    function offsetOf(bytes32[] calldata words) internal pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := words.offset
        }
    }

    /// @dev Where the words of an array begin.
    function wordsOf(uint256[] memory words) internal pure returns (uint256 at) {
        assembly ("memory-safe") {
            at := add(words, 0x20)
        }
    }

    function wordsOf(bytes32[] memory words) internal pure returns (uint256 at) {
        assembly ("memory-safe") {
            at := add(words, 0x20)
        }
    }

    /// @dev Word of calldata; zeros lie beyond its end.
    function wordAt(uint256 offset) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(offset)
        }
    }

    /// @dev Copies calldata to memory; zeros lie beyond its end.
    function copyAt(uint256 offset, uint256 to, uint256 length) internal pure {
        assembly ("memory-safe") {
            calldatacopy(to, offset, length)
        }
    }

    /// @dev Settles records by readings until `run.stop`, where a zero word lies, or one that was short, or must be rated and bought too, has more than
    /// 38 bits of money in a part, or a rating that takes more than adding. Checked before: the records, and that as many readings follow, 5 bytes
    /// each, all ones if not read. The log runs after the records: `run.to` is a word before the first of them, and moves by 16 bytes where `run.from`
    /// moves by 32. Sums keep to 64 bits: a record is paid less than 2^42 and sold less than 2^32, balances are below 2^95, an account that is not
    /// unusual has less than 2^15 ratings and 2^47 rated Wh. The word of free memory and the zero word have two terms while it runs.
    function settle(ClearingMemory.Settlement memory run) internal {
        assembly ("memory-safe") {
            let free := mload(0x40)
            let from := mload(run)
            let reading := mload(add(run, 0x20))
            let to := mload(add(run, 0x40))
            let sums := mload(add(run, 0x60))
            // Of a participant's number and the slot of the accounts 28 bytes each are zero, which numbers are written over.
            mstore(0, 0)
            mstore(0x20, mload(add(run, 0xe0)))
            mstore(0x40, mload(add(run, 0x100)))
            mstore(0x60, mload(add(run, 0x120)))
            for {} 1 {
                from := add(from, 0x20)
                reading := add(reading, 5)
            } {
                let record := mload(from)
                let given := calldataload(reading)
                // Energies stand 64 bits up. As a signed number a reading that is none lies below all sales.
                let sold := and(record, shl(64, 0xffffffff))
                let unusual := and(record, 0xc000000000c000000000c000000000000000000000000000ffffffff00000000)
                unusual := or(unusual, slt(sar(152, given), sold))
                // Nothing unusual is a zero, and less than the one of a sale that is rated.
                if iszero(lt(unusual, gt(sold, mload(0x40)))) {
                    if eq(from, mload(add(run, 0x80))) { break }
                    if iszero(shr(216, not(given))) {
                        let bit := shl(shr(5, sub(from, mload(add(run, 0xa0)))), 1)
                        mstore(add(run, 0xc0), or(mload(add(run, 0xc0)), bit))
                        continue
                    }
                    // Too little to be rated.
                    unusual := and(shl(32, record), shl(64, 0xffffffff))
                    unusual := mul(gt(sold, unusual), sub(sold, unusual))
                    if or(lt(given, shl(152, unusual)), gt(unusual, mload(0x40))) { break }
                    unusual := add(and(shr(136, record), 0xffffffffff), and(shr(176, record), 0xffffffffff))
                    unusual := add(unusual, shr(216, record))
                    if unusual {
                        mstore(0x1c, shl(224, record))
                        let slot := keccak256(0, 0x40)
                        sstore(slot, add(sload(slot), unusual))
                    }
                    mstore(to, given)
                    mstore(add(to, 5), or(shl(224, record), shl(168, unusual)))
                    sums := add(sums, add(sold, unusual))
                    to := add(to, 0x10)
                    continue
                }
                // The sum of three digits to the base 2^40, which is below 2^40 - 1.
                let paid := mod(shr(136, record), 0xffffffffff)
                let id := shl(224, record)
                mstore(0x1c, id)
                let slot := keccak256(0, 0x40)
                let word := add(sload(slot), paid)
                let rated := add(add(word, shl(96, 1)), mul(sold, or(shl(96, 1), shl(48, 1))))
                // Suspended or on probation, the count or the sum are large, or the threshold begins to bind and the score is below it.
                let care := or(shl(209, 0x41), or(shl(159, 1), shl(111, 1)))
                if and(or(word, add(xor(rated, mload(0x60)), shl(96, 1))), care) {
                    let ratedWh := and(shr(112, rated), 0xffffffffffff)
                    let good := mul(and(shr(160, rated), 0xffffffffffff), 20000)
                    if or(and(word, care), lt(good, mul(ratedWh, mload(add(run, 0x140))))) { break }
                }
                sstore(slot, rated)
                mstore(to, given)
                mstore(add(to, 5), or(id, shl(168, paid)))
                sums := add(sums, add(sold, paid))
                to := add(to, 0x10)
            }
            mstore(run, from)
            mstore(add(run, 0x20), reading)
            mstore(add(run, 0x40), to)
            mstore(add(run, 0x60), sums)
            mstore(0x40, free)
            mstore(0x60, 0)
        }
    }

    function slotOf(mapping(uint256 => AccountWord.Account) storage accounts) internal pure returns (uint256 slot) {
        assembly ("memory-safe") {
            slot := accounts.slot
        }
    }
}
