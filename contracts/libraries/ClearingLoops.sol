// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ClearingMemory} from "./ClearingMemory.sol";

// solhint-disable no-inline-assembly, function-max-lines
/// @title The loops of a clear, in assembly: the one library that has any
/// @notice Compiled from Solidity these loops spill their locals to memory and check what their callers have checked; they run for every word,
/// slice and record of a frame. All else of a clear is in {AuctionClearing}.
/// @dev Memory of a clear: the state (8 words, then a service a position), then an entry a position. Layouts: state {IFrameAuction-clearChunk}, but
/// a service: value Wh x ticks 32 | filled Wh 24 | rest of the offer Wh 24 | peak Wh 24 | tick 8 | first time rank 16 | ask 1 | zero 1 | time
/// rank if not the first 16 | zero 29 | key 81 as in the state; entry: word 128 | origin frame 32 | index 16 | no effect 1 | rolls 1 | ends though it might roll 1. Everything lies beyond the free
/// memory pointer's former value; callers pass bounds that they have checked. Results named `ok` are false where the data supplied is wrong.
library ClearingLoops {
    uint256 internal constant STATE_WORDS = 8;

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

    /// @dev An entry of a call; `index` is below the count of them.
    function entryAt(uint256[] calldata entries, uint256 index) internal pure returns (uint256 entry) {
        assembly ("memory-safe") {
            entry := calldataload(add(entries.offset, shl(5, index)))
        }
    }

    /// @dev Room for so many bytes, with two words before them that {logBytes} needs.
    function room(uint256 length) internal pure returns (uint256 from) {
        assembly ("memory-safe") {
            from := add(mload(0x40), 0x40)
            mstore(0x40, add(from, length))
        }
    }

    /// @dev Room for a state and entries, all zeros, which is what calldata has beyond its end.
    function allocate(uint256 positions) internal pure returns (uint256 state, uint256 entries) {
        assembly ("memory-safe") {
            state := mload(0x40)
            entries := add(state, add(0x100, shl(5, positions)))
            mstore(0x40, add(entries, shl(5, positions)))
            calldatacopy(state, calldatasize(), sub(entries, state))
        }
    }

    /// @dev Emits {IFrameAuction-Fills} or {IFrameAuction-WordsChained}: bytes, zeros up to a whole word of them, and an indexed value. The two words
    /// before them come back.
    function logBytes(bytes32 topic, uint256 indexed_, uint256 from, uint256 length) internal {
        assembly ("memory-safe") {
            let head := sub(from, 0x40)
            let first := mload(head)
            let second := mload(add(head, 0x20))
            mstore(head, 0x20)
            mstore(add(head, 0x20), length)
            log2(head, add(0x40, and(add(length, 0x1f), not(0x1f))), topic, indexed_)
            mstore(head, first)
            mstore(add(head, 0x20), second)
        }
    }

    /// @dev Emits {IFrameAuction-Checkpoint} for a state, whose length is one of whole words; its last word in memory is the last use of it.
    function logCheckpoint(bytes32 topic, uint32 frame, uint256 state, uint256 length) internal {
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, keccak256(state, length))
            mstore(add(data, 0x20), 0x40)
            mstore(add(data, 0x40), length)
            let to := add(data, 0x60)
            for { let i := 0 } lt(i, length) { i := add(i, 0x20) } { mstore(add(to, i), mload(add(state, i))) }
            log2(data, add(0x60, length), topic, frame)
        }
    }

    /// @dev Chains the words of a frame, enters them, and sums them up as {AuctionRules-sums} does, as if all were orders with effect, offered whole.
    /// @param tag Origin frame and index of the first one, shifted into place, and where it is entered in the lowest bits.
    /// @return last Digest of the chain.
    function loadWords(uint256 digest, bytes calldata words, uint256 tag, ClearingMemory.Book memory book)
        internal
        pure
        returns (uint256 last)
    {
        assembly ("memory-safe") {
            // Lowest bits first, 64 each: demand at the crossing, below it, supply at it, below it.
            let volumes := 0
            let bids := 0
            let asks := 0
            let end := add(words.offset, words.length)
            mstore(0, digest)
            for { let from := words.offset } lt(from, end) { from := add(from, 16) } {
                let word := calldataload(from)
                mstore(28, word)
                mstore(0, keccak256(0, 44))
                word := shr(128, word)
                let tick := and(tag, 0xffffffff)
                mstore(tick, add(word, sub(tag, tick)))
                tag := add(tag, add(shl(160, 1), 0x20))
                tick := and(shr(80, word), 0xff)
                switch and(word, shl(104, 1))
                case 0 {
                    bids := or(bids, shl(tick, 1))
                    tick := add(iszero(lt(tick, mload(book))), shl(64, gt(add(tick, 2), mload(book))))
                }
                default {
                    asks := or(asks, shl(tick, 1))
                    tick := add(shl(128, iszero(gt(tick, mload(book)))), shl(192, lt(tick, mload(book))))
                }
                volumes := add(volumes, mul(and(shr(32, word), 0xffffff), tick))
            }
            last := mload(0)
            let half := sub(shl(64, 1), 1)
            mstore(add(book, 0x20), or(and(volumes, half), shl(128, and(shr(64, volumes), half))))
            mstore(add(book, 0x40), or(and(shr(128, volumes), half), shl(128, shr(192, volumes))))
            mstore(add(book, 0x60), bids)
            mstore(add(book, 0x80), asks)
        }
    }

    /// @dev Copies calldata, carried words or a state, to room that was made for it.
    function copy(bytes calldata from, uint256 to) internal pure {
        assembly ("memory-safe") {
            calldatacopy(to, from.offset, from.length)
        }
    }

    /// @dev Checks that the positions are all there, by participant and position.
    /// @return ok Whether they are.
    /// @return unusual Whether there are cancels, or participants with so many words that not all may have an effect.
    function walk(ClearingMemory.Setup memory setup, bytes calldata participants)
        internal
        pure
        returns (bool ok, bool unusual)
    {
        assembly ("memory-safe") {
            let entries := mload(add(setup, 0x40))
            let n := mload(setup)
            let end := add(participants.offset, shl(1, n))
            let from := participants.offset
            let last := 0
            let all := 0
            for {} lt(from, end) { from := add(from, 2) } {
                let position := shr(240, calldataload(from))
                // No frame has as many positions as the mask lets through; a wrong one does not read far away.
                let entry := mload(add(entries, shl(5, and(position, 0x1fff))))
                all := or(all, entry)
                // Owner 32 | position 16: each key is above the one before.
                entry := or(shl(16, and(entry, 0xffffffff)), position)
                if iszero(and(lt(position, n), gt(entry, last))) { break }
                last := entry
            }
            ok := eq(from, end)
            unusual := and(shr(106, all), 1)
            // Whoever has more than 64 words has two that stand 32 apart, counted from the first of all in steps of 32.
            from := participants.offset
            last := 0
            for {} and(ok, lt(from, end)) { from := add(from, 0x40) } {
                let owner := and(mload(add(entries, shl(5, shr(240, calldataload(from))))), 0xffffffff)
                unusual := or(unusual, eq(owner, last))
                last := owner
            }
        }
    }

    /// @dev Price rank of each eligible tick plus 1, else 0: a byte each, asks 256 bytes after bids.
    function _priceRanks(uint256 price, ClearingMemory.Book memory book) private pure returns (uint256 table) {
        assembly ("memory-safe") {
            table := mload(0x40)
            mstore(0x40, add(table, 0x220))
            calldatacopy(table, calldatasize(), 0x220)
            // From the highest tick down: 191 is the bit that 64 places bring to the top.
            let bits := shl(add(64, price), shr(price, mload(add(book, 0x60))))
            let to := add(table, 191)
            let next := 0
            for {} and(gt(bits, 0), iszero(shr(224, bits))) { bits := shl(32, bits) } { to := sub(to, 32) }
            for {} bits { bits := shl(1, bits) } {
                next := add(next, shr(255, bits))
                mstore8(to, mul(next, shr(255, bits)))
                to := sub(to, 1)
            }
            bits := and(mload(add(book, 0x80)), sub(shl(add(price, 1), 1), 1))
            to := add(table, 0x100)
            next := 0
            for {} and(gt(bits, 0), iszero(and(bits, 0xffffffff))) { bits := shr(32, bits) } { to := add(to, 32) }
            for {} bits { bits := shr(1, bits) } {
                next := add(next, and(bits, 1))
                mstore8(to, mul(next, and(bits, 1)))
                to := add(to, 1)
            }
        }
    }

    /// @dev Gives the eligible orders their services with the first keys (A4): bids at `price` or above, asks at it or below.
    function rank(ClearingMemory.Setup memory setup, uint256 price, ClearingMemory.Book memory book) internal pure {
        uint256 table = _priceRanks(price, book);
        assembly ("memory-safe") {
            let at := mload(add(setup, 0x40))
            let end := add(at, shl(5, mload(setup)))
            let toServices := sub(add(mload(add(setup, 0x20)), 0x100), at)
            // What one time rank and one price rank add to a service.
            let time := add(shl(199, mload(add(setup, 0x80))), shl(112, 1))
            let tier := add(shl(199, mload(add(setup, 0x60))), shl(191, 1))
            // By side: the participant of the last order, and what the time ranks so far add; less what the sum below has too much.
            mstore(0, sub(0, add(shl(170, at), add(time, tier))))
            mstore(0x20, mload(0))
            for {} lt(at, end) { at := add(at, 0x20) } {
                let entry := mload(at)
                let priceRank := or(and(shr(80, entry), 0xff), and(shr(96, entry), 0x100))
                priceRank := byte(0, mload(add(table, priceRank)))
                if priceRank {
                    let side := and(shr(99, entry), 0x20)
                    let service := mload(side)
                    let other := and(xor(service, entry), 0xffffffff)
                    service := add(xor(service, other), mul(time, gt(other, 0)))
                    mstore(side, service)
                    service := add(sub(service, and(entry, 0xffffffff)), mul(priceRank, tier))
                    // Quantity, peak, tick and side; supplier; position.
                    service := add(service, and(shl(24, entry), or(shl(128, 1), shl(56, 0xffffffffffffff))))
                    service := add(service, and(shl(150, entry), shl(255, 1)))
                    mstore(add(at, toServices), add(service, shl(170, at)))
                }
            }
            at := mload(add(setup, 0x20))
            mstore(add(at, 0x20), and(add(shr(112, mload(0)), 1), 0xffff))
            mstore(add(at, 0x40), and(add(shr(112, mload(0x20)), 1), 0xffff))
        }
    }

    /// @dev Serves slices against each other in the order supplied (A4, A5) until nothing is left to match or `run.bound` is reached, or a
    /// position is not the next one: then neither is the case afterwards. `run.fills` moves on to where the fills end.
    /// The word of free memory and the zero word serve as room for two more words while it runs.
    function serve(ClearingMemory.Setup memory setup, ClearingMemory.Run memory run) internal pure {
        assembly ("memory-safe") {
            // What follows an order's slice that is used up: its next one, if there is one, queues with the side's next time rank.
            function requeued(service, run_, next) -> word {
                word := service
                if and(service, shl(56, 0xffffff)) {
                    word := and(service, not(or(shl(199, 0xffffffffffffff), shl(130, 0xffff))))
                    word := add(word, add(mload(next), mul(mload(add(run_, 0x120)), and(shr(191, service), 0xff))))
                    mstore(next, add(mload(next), mload(add(run_, 0x140))))
                }
            }
            let services := add(mload(add(setup, 0x20)), 0x100)
            let left := mload(sub(services, 0x100))
            let to := mload(add(run, 0x20))
            mstore(add(run, 0x100), mload(setup))
            mstore(add(run, 0x120), shl(199, mload(add(setup, 0x60))))
            mstore(add(run, 0x140), add(shl(199, mload(add(setup, 0x80))), shl(130, 1)))
            // By side: the service served last with all bits below its key, and what the next time rank adds to a key.
            mstore(0, sub(shl(175, mload(sub(services, 0x60))), gt(mload(sub(services, 0x60)), 0)))
            mstore(0x20, sub(shl(175, mload(sub(services, 0x40))), gt(mload(sub(services, 0x40)), 0)))
            mstore(0x40, mul(mload(add(run, 0x140)), mload(sub(services, 0xe0))))
            mstore(0x60, mul(mload(add(run, 0x140)), mload(sub(services, 0xc0))))
            // Of the slices being served: rest, service, and position in the fill's place, where the service is kept, weighted tick.
            let bidLeft := shr(16, mload(sub(services, 0xa0)))
            let bid := 0
            let bidder := shl(32, to)
            let askLeft := shr(16, mload(sub(services, 0x80)))
            let ask := 0
            let asker := shl(64, to)
            if bidLeft {
                let place := and(mload(sub(services, 0xa0)), 0xffff)
                bidder := add(services, shl(5, place))
                bid := mload(bidder)
                bidder := add(shl(240, place), shl(32, bidder))
                bidder := add(bidder, mul(mload(add(run, 0x80)), and(shr(104, bid), 0xff)))
            }
            if askLeft {
                let place := and(mload(sub(services, 0x80)), 0xffff)
                asker := add(services, shl(5, place))
                ask := mload(asker)
                asker := add(shl(224, place), shl(64, asker))
                asker := add(asker, mul(mload(add(run, 0xa0)), and(shr(104, ask), 0xff)))
            }
            for {} mul(left, lt(to, mload(run))) {} {
                // The slice before goes back. The next one of a side: a position of the frame, of this side, its key above the last one.
                if iszero(bidLeft) {
                    if and(bid, shl(56, 0xffffff)) {
                        // As `requeued`, whose call would cost more than what it does.
                        let next := add(mload(0x40), mul(mload(add(run, 0x120)), and(shr(191, bid), 0xff)))
                        bid := add(and(bid, not(or(shl(199, 0xffffffffffffff), shl(130, 0xffff)))), next)
                        mstore(0x40, add(mload(0x40), mload(add(run, 0x140))))
                    }
                    mstore(and(shr(32, bidder), 0xffffffff), bid)
                    let place := mload(add(run, 0x40))
                    mstore(add(run, 0x40), add(place, 2))
                    place := shr(240, calldataload(place))
                    bidder := add(services, shl(5, and(place, 0x1fff)))
                    bid := mload(bidder)
                    if iszero(and(gt(bid, mload(0)), lt(or(place, and(bid, shl(128, 1))), mload(add(run, 0x100))))) {
                        break
                    }
                    mstore(0, or(bid, sub(shl(175, 1), 1)))
                    bidder := add(shl(240, place), shl(32, bidder))
                    bidder := add(bidder, mul(mload(add(run, 0x80)), and(shr(104, bid), 0xff)))
                    bidLeft := and(shr(56, bid), 0xffffff)
                    place := sub(and(shr(80, bid), 0xffffff), 1)
                    if lt(place, bidLeft) { bidLeft := add(place, 1) }
                }
                if iszero(askLeft) {
                    if and(ask, shl(56, 0xffffff)) {
                        // As `requeued`, whose call would cost more than what it does.
                        let next := add(mload(0x60), mul(mload(add(run, 0x120)), and(shr(191, ask), 0xff)))
                        ask := add(and(ask, not(or(shl(199, 0xffffffffffffff), shl(130, 0xffff)))), next)
                        mstore(0x60, add(mload(0x60), mload(add(run, 0x140))))
                    }
                    mstore(and(shr(64, asker), 0xffffffff), ask)
                    let place := mload(add(run, 0x60))
                    mstore(add(run, 0x60), add(place, 2))
                    place := shr(240, calldataload(place))
                    asker := add(services, shl(5, and(place, 0x1fff)))
                    ask := mload(asker)
                    if iszero(
                        and(gt(ask, mload(0x20)), lt(or(place, and(not(ask), shl(128, 1))), mload(add(run, 0x100))))
                    ) {
                        break
                    }
                    mstore(0x20, or(ask, sub(shl(175, 1), 1)))
                    asker := add(shl(224, place), shl(64, asker))
                    asker := add(asker, mul(mload(add(run, 0xa0)), and(shr(104, ask), 0xff)))
                    askLeft := and(shr(56, ask), 0xffffff)
                    place := sub(and(shr(80, ask), 0xffffff), 1)
                    if lt(place, askLeft) { askLeft := add(place, 1) }
                }
                let energy := bidLeft
                if lt(askLeft, energy) { energy := askLeft }
                let change := add(bidder, asker)
                let tick := div(and(change, 0xffffffff), 10000)
                // What is beyond the eight bytes of the fill is overwritten.
                mstore(to, add(change, shl(192, add(tick, shl(8, energy)))))
                to := add(to, 8)
                // More value, more filled, less left of the offer: all in one product.
                change := mul(energy, add(tick, sub(shl(32, 1), shl(56, 1))))
                bid := add(bid, change)
                ask := add(ask, change)
                left := sub(left, energy)
                bidLeft := sub(bidLeft, energy)
                askLeft := sub(askLeft, energy)
            }
            if iszero(bidLeft) { bid := requeued(bid, run, 0x40) }
            if iszero(askLeft) { ask := requeued(ask, run, 0x60) }
            mstore(and(shr(32, bidder), 0xffffffff), bid)
            mstore(and(shr(64, asker), 0xffffffff), ask)
            mstore(add(run, 0x20), to)
            mstore(sub(services, 0x100), left)
            mstore(sub(services, 0xe0), and(shr(130, mload(0x40)), 0xffff))
            mstore(sub(services, 0xc0), and(shr(130, mload(0x60)), 0xffff))
            mstore(sub(services, 0xa0), mul(gt(bidLeft, 0), or(shr(240, bidder), shl(16, bidLeft))))
            mstore(sub(services, 0x80), mul(gt(askLeft, 0), or(shr(224, asker), shl(16, askLeft))))
            mstore(sub(services, 0x60), shr(175, add(mload(0), 1)))
            mstore(sub(services, 0x40), shr(175, add(mload(0x20), 1)))
            // Zeros after the last fill.
            mstore(to, 0)
            if mload(add(run, 0xc0)) {
                for { let at := mload(add(run, 0xe0)) } lt(at, to) { at := add(at, 8) } {
                    mstore8(add(at, 7), mload(add(run, 0xc0)))
                }
            }
            mstore(0x40, and(add(to, 0x3f), not(0x1f)))
            mstore(0x60, 0)
        }
    }

    /// @dev Writes a record for each participant (A9) from the word after the free memory on, and sums up in `terms`.
    /// The word of free memory and the zero word serve as room for two more words while it runs.
    function account(
        ClearingMemory.Setup memory setup,
        bytes calldata participants,
        ClearingMemory.Account memory terms
    ) internal pure {
        assembly ("memory-safe") {
            let from := participants.offset
            let end := add(from, shl(1, mload(setup)))
            let entries := mload(add(setup, 0x40))
            let toServices := sub(add(mload(add(setup, 0x20)), 0x100), entries)
            let tickMicro := mload(terms)
            let to := mload(0x40)
            // What adds to a record: a bid's value and a Wh filled, a Wh filled of an ask without and with a tick of lock.
            mstore(0, mul(tickMicro, sub(shl(96, 1), shl(216, 1))))
            mstore(0x20, sub(shl(32, 1), shl(216, mul(tickMicro, mload(add(terms, 0x20))))))
            mstore(0x20, add(mload(0x20), mul(mload(add(terms, 0x40)), mload(0))))
            mstore(0x40, add(shl(64, 1), shl(136, mul(tickMicro, mload(add(terms, 0x40))))))
            mstore(0x60, mul(tickMicro, sub(shl(176, 1), shl(216, 1))))
            let record := 0
            // The highest bit: wrong.
            let locked := 0
            for {} lt(from, end) { from := add(from, 2) } {
                let service := add(entries, shl(5, shr(240, calldataload(from))))
                let entry := mload(service)
                service := mload(add(service, toServices))
                if and(xor(record, entry), 0xffffffff) {
                    to := add(to, 0x20)
                    record := and(entry, 0xffffffff)
                }
                let filled := and(shr(32, service), 0xffffff)
                // What does not roll on: its lock is released.
                let whole := and(shr(32, entry), 0xffffff)
                if and(entry, or(shl(106, 1), shl(96, 0xff))) {
                    switch and(entry, shl(106, 1))
                    case 0 {
                        // With a rest and effect, and the frame not voided, it rolls on or is marked as ending.
                        if and(gt(whole, filled), iszero(or(shr(178, entry), iszero(mload(add(terms, 0x60)))))) {
                            switch and(shr(176, entry), 3)
                            case 0 { locked := or(locked, shl(255, 1)) }
                            case 2 { whole := filled }
                        }
                    }
                    default { whole := 0 }
                }
                whole := mul(whole, and(shr(88, entry), 0xff))
                locked := add(locked, whole)
                record := add(record, shl(216, mul(whole, tickMicro)))
                if service {
                    switch and(entry, shl(104, 1))
                    case 0 {
                        record := add(record, add(mul(and(service, 0xffffffff), mload(0)), mul(filled, mload(0x20))))
                    }
                    default {
                        whole := mul(filled, add(mload(0x40), mul(and(shr(88, entry), 0xff), mload(0x60))))
                        record := add(record, add(shl(136, mul(and(service, 0xffffffff), tickMicro)), whole))
                    }
                    // The key of what is left is at least that of the side's slice served last, which is the state's word less 1.
                    if and(service, shl(56, 0xffffff)) {
                        whole := sub(add(add(entries, toServices), shr(99, and(entry, shl(104, 1)))), 0x60)
                        if lt(add(shr(175, service), 1), mload(whole)) { locked := or(locked, shl(255, 1)) }
                    }
                }
                mstore(to, record)
            }
            mstore(add(terms, 0x80), shr(1, shl(1, locked)))
            mstore(add(terms, 0xa0), shr(255, locked))
            mstore(0x40, add(to, 0x20))
            mstore(0x60, 0)
        }
    }

    /// @dev Leaves of the tree over records: hashes of eight each, fewer in the last.
    function leavesOf(uint256 records, uint256 count) internal pure returns (bytes32[] memory leaves) {
        assembly ("memory-safe") {
            leaves := mload(0x40)
            let to := add(leaves, 0x20)
            let end := add(records, shl(5, count))
            for { let from := records } lt(from, end) { from := add(from, 0x100) } {
                let length := sub(end, from)
                if gt(length, 0x100) { length := 0x100 }
                mstore(to, keccak256(from, length))
                to := add(to, 0x20)
            }
            mstore(leaves, sub(shr(5, sub(to, leaves)), 1))
            mstore(0x40, to)
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

    /// @dev Position number `i` of a sequence that has it.
    function positionAt(bytes calldata positions, uint256 i) internal pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := shr(240, calldataload(add(positions.offset, shl(1, i))))
        }
    }
}
