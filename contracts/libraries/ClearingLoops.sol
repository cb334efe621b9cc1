// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ClearingMemory} from "./ClearingMemory.sol";

// solhint-disable no-inline-assembly, function-max-lines

/// @title The loops of a clear, in assembly: the one library that has any
/// @notice Compiled from Solidity these loops spill their locals to memory and check what their callers have checked; they run for every word,
/// slice and record of a frame. All else of a clear is in {AuctionClearing}.
/// @dev Memory of a clear: the state (8 words, then a word a position), then an entry a position. Layouts: state {IFrameAuction-clearChunk};
/// entry: word 128 | origin frame 32 | index 16 | has effect 1 | rolls 1 | ends though it might roll 1. Everything lies beyond the free
/// memory pointer's former value; callers pass bounds that they have checked. Results named `ok` are false where the data supplied is wrong.
library ClearingLoops {
    uint256 internal constant STATE_WORDS = 8;

    /// @dev Digest of a chain after one more word; its lowest 32 bits mean nothing, as do those of `digest`.
    function link(uint256 digest, uint256 word) internal pure returns (uint256 next) {
        assembly ("memory-safe") {
            mstore(0, digest)
            mstore(28, shl(128, word))
            next := keccak256(0, 44)
        }
    }

    /// @dev Room for a state and entries.
    function allocate(uint256 positions) internal pure returns (uint256 state, uint256 entries) {
        assembly ("memory-safe") {
            state := mload(0x40)
            entries := add(state, add(0x100, shl(5, positions)))
            mstore(0x40, add(entries, shl(5, positions)))
            // Copying from beyond the calldata writes zeros.
            calldatacopy(state, calldatasize(), sub(entries, state))
        }
    }

    /// @dev Emits {IFrameAuction-Fills}; the fills lie at the end of what is used of the memory.
    function logFills(bytes32 topic, uint32 frame, uint256 from, uint256 length) internal {
        assembly ("memory-safe") {
            // The two words before them belong to the state's end or to entries that are needed still: they come back.
            let head := sub(from, 0x40)
            let first := mload(head)
            let second := mload(add(head, 0x20))
            mstore(head, 0x20)
            mstore(add(head, 0x20), length)
            log2(head, add(0x40, and(add(length, 0x1f), not(0x1f))), topic, frame)
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

    /// @dev Emits {IFrameAuction-WordsChained} for one entry.
    function logEntry(bytes32 topic, uint256 entry) internal {
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, 0x20)
            mstore(add(data, 0x20), 1)
            mstore(add(data, 0x40), entry)
            log1(data, 0x60, topic)
        }
    }

    /// @dev Chains the words of a frame and enters them at `to`.
    /// @param tag Origin frame and index of the first one, shifted into place.
    /// @return last Digest of the chain.
    function loadWords(uint256 digest, bytes calldata words, uint256 to, uint256 tag)
        internal
        pure
        returns (uint256 last)
    {
        assembly ("memory-safe") {
            let end := add(words.offset, words.length)
            for { let from := words.offset } lt(from, end) { from := add(from, 16) } {
                let word := calldataload(from)
                mstore(0, digest)
                mstore(28, word)
                digest := keccak256(0, 44)
                mstore(to, or(shr(128, word), tag))
                to := add(to, 0x20)
                tag := add(tag, shl(160, 1))
            }
            last := digest
        }
    }

    /// @dev Copies calldata, carried words or a state, to room that was made for it.
    function copy(bytes calldata from, uint256 to) internal pure {
        assembly ("memory-safe") {
            calldatacopy(to, from.offset, from.length)
        }
    }

    /// @dev Checks that the positions are all there, by participant and position, and marks the orders with effect.
    /// @return ok Whether they are.
    /// @return cancels Whether there are cancels.
    function walk(ClearingMemory.Setup memory setup, bytes calldata participants)
        internal
        pure
        returns (bool ok, bool cancels)
    {
        assembly ("memory-safe") {
            let entries := mload(add(setup, 0x40))
            let n := mload(setup)
            let end := add(participants.offset, shl(1, n))
            let floor := 0
            let orders := 0
            let seen := 0
            for { let from := participants.offset } lt(from, end) { from := add(from, 2) } {
                let position := shr(240, calldataload(from))
                let at := add(entries, shl(5, mul(position, lt(position, n))))
                let entry := mload(at)
                // Owner 32 | position 16: each key above the one before, which is `floor` less 1.
                let key := or(shl(16, and(entry, 0xffffffff)), position)
                let order := iszero(and(entry, shl(106, 1)))
                // Bit 0: cancels, bit 1: wrong.
                seen := or(seen, or(iszero(order), shl(1, or(iszero(lt(position, n)), lt(key, floor)))))
                orders := add(mul(orders, eq(shr(16, key), shr(16, floor))), order)
                floor := add(key, 1)
                mstore(at, or(entry, shl(176, and(order, lt(orders, 65)))))
            }
            ok := lt(seen, 2)
            cancels := and(seen, 1)
        }
    }

    /// @dev Sums of the offers with effect around the crossing, and the ticks that they have.
    function sums(ClearingMemory.Setup memory setup, ClearingMemory.Book memory book) internal pure {
        assembly ("memory-safe") {
            let demand := 0
            let supply := 0
            let bids := 0
            let asks := 0
            let at := mload(add(setup, 0x40))
            let end := add(at, shl(5, mload(setup)))
            let crossing := mload(book)
            for {} lt(at, end) { at := add(at, 0x20) } {
                let entry := mload(at)
                if and(entry, shl(176, 1)) {
                    let offer := and(shr(32, entry), 0xffffff)
                    if mload(add(setup, 0xe0)) {
                        let shown := mul(mload(add(setup, 0xe0)), and(shr(56, entry), 0xffffff))
                        if and(gt(shown, 0), lt(shown, offer)) { offer := shown }
                    }
                    let tick := and(shr(80, entry), 0xff)
                    switch and(entry, shl(104, 1))
                    case 0 {
                        bids := or(bids, shl(tick, 1))
                        tick := add(tick, 1)
                        demand := add(demand, mul(offer, add(gt(tick, crossing), shl(128, gt(add(tick, 1), crossing)))))
                    }
                    default {
                        asks := or(asks, shl(tick, 1))
                        supply := add(supply, mul(offer, add(iszero(gt(tick, crossing)), shl(128, lt(tick, crossing)))))
                    }
                }
            }
            mstore(add(book, 0x20), demand)
            mstore(add(book, 0x40), supply)
            mstore(add(book, 0x60), bids)
            mstore(add(book, 0x80), asks)
        }
    }

    /// @dev Price rank of each eligible tick: a byte each, asks 256 bytes after bids.
    function _priceRanks(uint256 price, ClearingMemory.Book memory book) private pure returns (uint256 table) {
        assembly ("memory-safe") {
            table := mload(0x40)
            mstore(0x40, add(table, 0x220))
            // From the highest tick down: 191 is the bit that 64 places bring to the top.
            let bits := shl(add(64, price), shr(price, mload(add(book, 0x60))))
            let to := add(table, 191)
            let next := 0
            for {} and(gt(bits, 0), iszero(shr(224, bits))) { bits := shl(32, bits) } { to := sub(to, 32) }
            for {} bits { bits := shl(1, bits) } {
                mstore8(to, next)
                next := add(next, shr(255, bits))
                to := sub(to, 1)
            }
            bits := and(mload(add(book, 0x80)), sub(shl(add(price, 1), 1), 1))
            to := add(table, 0x100)
            next := 0
            for {} and(gt(bits, 0), iszero(and(bits, 0xffffffff))) { bits := shr(32, bits) } { to := add(to, 32) }
            for {} bits { bits := shr(1, bits) } {
                mstore8(to, next)
                next := add(next, and(bits, 1))
                to := add(to, 1)
            }
        }
    }

    /// @dev Gives the eligible orders their first keys (A4): bids at `price` or above, asks at it or below.
    function rank(ClearingMemory.Setup memory setup, uint256 price, ClearingMemory.Book memory book) internal pure {
        uint256 table = _priceRanks(price, book);
        assembly ("memory-safe") {
            mstore(0, mload(add(setup, 0x40)))
            mstore(0x20, table)
            let at := mload(0)
            // Time ranks given to a side so far, above 32 bits of whose order it had last.
            let bidder := 0
            let asker := 0
            for {} lt(at, add(mload(0), shl(5, mload(setup)))) { at := add(at, 0x20) } {
                let entry := mload(at)
                let tick := and(shr(80, entry), 0xff)
                let time := and(entry, 0xffffffff)
                switch and(entry, shl(104, 1))
                case 0 {
                    if or(lt(tick, price), iszero(and(entry, shl(176, 1)))) { continue }
                    if and(xor(time, bidder), 0xffffffff) {
                        bidder := or(shl(32, add(shr(32, bidder), 1)), time)
                    }
                    time := sub(shr(32, bidder), 1)
                    tick := byte(0, mload(add(mload(0x20), tick)))
                }
                default {
                    if or(gt(tick, price), iszero(and(entry, shl(176, 1)))) { continue }
                    if and(xor(time, asker), 0xffffffff) { asker := or(shl(32, add(shr(32, asker), 1)), time) }
                    time := sub(shr(32, asker), 1)
                    tick := byte(0, mload(add(add(mload(0x20), 0x100), tick)))
                }
                let offer := and(shr(32, entry), 0xffffff)
                if mload(add(setup, 0xe0)) {
                    let shown := mul(mload(add(setup, 0xe0)), and(shr(56, entry), 0xffffff))
                    if and(gt(shown, 0), lt(shown, offer)) { offer := shown }
                }
                // The tick is a price rank now. Offer, time rank; position, price rank, f, supplier.
                offer := add(shl(56, offer), shl(80, time))
                time := add(mul(mload(add(setup, 0x60)), tick), mul(mload(add(setup, 0x80)), time))
                offer := add(offer, add(shl(199, time), shl(191, tick)))
                time := sub(at, mload(0))
                offer := add(offer, add(shl(170, time), and(shl(150, entry), shl(255, 1))))
                mstore(add(add(mload(add(setup, 0x20)), 0x100), time), offer)
            }
            at := mload(add(setup, 0x20))
            mstore(add(at, 0x20), shr(32, bidder))
            mstore(add(at, 0x40), shr(32, asker))
        }
    }

    /// @dev Serves slices against each other in the order supplied (A4, A5) until nothing is left to match or `run.bound` is reached, or a
    /// position is not the next one: then neither is the case afterwards. `run.fills` moves on to where the fills end.
    function serve(ClearingMemory.Setup memory setup, ClearingMemory.Run memory run) internal pure {
        assembly ("memory-safe") {
            let state := mload(add(setup, 0x20))
            let left := mload(state)
            let to := mload(run)
            // Of the slices being served: rest, service, and position in the fill's place with the weighted tick.
            let bidLeft := 0
            let bid := 0
            let bidder := 0
            let askLeft := 0
            let ask := 0
            let asker := 0
            if mload(add(state, 0x60)) {
                bidder := and(mload(add(state, 0x60)), 0xffff)
                bidLeft := shr(16, mload(add(state, 0x60)))
                bid := mload(add(add(state, 0x100), shl(5, bidder)))
                let tick := and(shr(80, mload(add(mload(add(setup, 0x40)), shl(5, bidder)))), 0xff)
                bidder := or(shl(240, bidder), mul(mload(add(run, 0x80)), tick))
            }
            if mload(add(state, 0x80)) {
                asker := and(mload(add(state, 0x80)), 0xffff)
                askLeft := shr(16, mload(add(state, 0x80)))
                ask := mload(add(add(state, 0x100), shl(5, asker)))
                let tick := and(shr(80, mload(add(mload(add(setup, 0x40)), shl(5, asker)))), 0xff)
                asker := or(shl(224, asker), mul(mload(add(run, 0xa0)), tick))
            }
            mstore(0, setup)
            mstore(0x20, run)
            for {} mul(left, lt(to, mload(add(mload(0x20), 0x20)))) {} {
                // The next slice of a side: a position of the frame, of this side, its key not below the floor, something of its offer left.
                if iszero(bidLeft) {
                    let place := mload(add(mload(0x20), 0x40))
                    mstore(add(mload(0x20), 0x40), add(place, 2))
                    place := shr(240, calldataload(place))
                    bid := mload(add(add(state, 0x100), shl(5, place)))
                    bidLeft := and(shr(56, bid), 0xffffff)
                    if or(
                        lt(shr(175, bid), mload(add(state, 0xa0))),
                        iszero(mul(bidLeft, lt(place, mload(mload(0)))))
                    ) {
                        break
                    }
                    mstore(add(state, 0xa0), add(shr(175, bid), 1))
                    bidder := shl(240, place)
                    place := mload(add(mload(add(mload(0), 0x40)), shl(5, place)))
                    if and(place, shl(104, 1)) { break }
                    bidder := or(bidder, mul(mload(add(mload(0x20), 0x80)), and(shr(80, place), 0xff)))
                    place := sub(and(shr(56, place), 0xffffff), 1)
                    if lt(place, bidLeft) { bidLeft := add(place, 1) }
                }
                if iszero(askLeft) {
                    let place := mload(add(mload(0x20), 0x60))
                    mstore(add(mload(0x20), 0x60), add(place, 2))
                    place := shr(240, calldataload(place))
                    ask := mload(add(add(state, 0x100), shl(5, place)))
                    askLeft := and(shr(56, ask), 0xffffff)
                    if or(
                        lt(shr(175, ask), mload(add(state, 0xc0))),
                        iszero(mul(askLeft, lt(place, mload(mload(0)))))
                    ) {
                        break
                    }
                    mstore(add(state, 0xc0), add(shr(175, ask), 1))
                    asker := shl(224, place)
                    place := mload(add(mload(add(mload(0), 0x40)), shl(5, place)))
                    if iszero(and(place, shl(104, 1))) { break }
                    asker := or(asker, mul(mload(add(mload(0x20), 0xa0)), and(shr(80, place), 0xff)))
                    place := sub(and(shr(56, place), 0xffffff), 1)
                    if lt(place, askLeft) { askLeft := add(place, 1) }
                }
                let energy := bidLeft
                if lt(askLeft, energy) { energy := askLeft }
                // Positions above, weighted ticks below.
                let change := add(bidder, asker)
                mstore(to, or(shl(224, shr(224, change)), shl(200, energy)))
                change := div(and(change, 0xffffffff), 10000)
                mstore8(add(to, 7), or(change, mload(add(mload(0x20), 0xc0))))
                to := add(to, 8)
                // More value, more filled, less left of the offer: all in one product.
                change := mul(energy, sub(add(change, shl(32, 1)), shl(56, 1)))
                bid := add(bid, change)
                ask := add(ask, change)
                left := sub(left, energy)
                bidLeft := sub(bidLeft, energy)
                askLeft := sub(askLeft, energy)
                // The end of a slice: the order's next one, if there is one, queues with the side's next time rank. In its key all but f stays.
                if iszero(bidLeft) {
                    if and(bid, shl(56, 0xffffff)) {
                        let f := mload(add(state, 0x20))
                        mstore(add(state, 0x20), add(f, 1))
                        f := mul(mload(add(mload(0), 0x80)), f)
                        f := add(f, mul(mload(add(mload(0), 0x60)), and(shr(191, bid), 0xff)))
                        bid := or(and(bid, not(shl(199, 0xffffffffffffff))), shl(199, f))
                    }
                    mstore(add(add(state, 0x100), shl(5, shr(240, bidder))), bid)
                }
                if iszero(askLeft) {
                    if and(ask, shl(56, 0xffffff)) {
                        let f := mload(add(state, 0x40))
                        mstore(add(state, 0x40), add(f, 1))
                        f := mul(mload(add(mload(0), 0x80)), f)
                        f := add(f, mul(mload(add(mload(0), 0x60)), and(shr(191, ask), 0xff)))
                        ask := or(and(ask, not(shl(199, 0xffffffffffffff))), shl(199, f))
                    }
                    mstore(add(add(state, 0x100), shl(5, shr(224, asker))), ask)
                }
            }
            mstore(mload(0x20), to)
            mstore(state, left)
            mstore(add(state, 0x60), 0)
            mstore(add(state, 0x80), 0)
            if bidLeft {
                mstore(add(add(state, 0x100), shl(5, shr(240, bidder))), bid)
                mstore(add(state, 0x60), or(shr(240, bidder), shl(16, bidLeft)))
            }
            if askLeft {
                mstore(add(add(state, 0x100), shl(5, shr(224, asker))), ask)
                mstore(add(state, 0x80), or(shr(224, asker), shl(16, askLeft)))
            }
            // Zeros after the last fill, which wrote 24 of them itself.
            mstore(to, 0)
            mstore(0x40, and(add(to, 0x3f), not(0x1f)))
        }
    }

    /// @dev Writes a record for each participant (A9) from the word after the free memory on, and sums up in `terms`.
    function account(
        ClearingMemory.Setup memory setup,
        bytes calldata participants,
        ClearingMemory.Account memory terms
    ) internal pure {
        assembly ("memory-safe") {
            mstore(0, add(participants.offset, shl(1, mload(setup))))
            mstore(0x20, setup)
            let from := participants.offset
            let to := mload(0x40)
            let energy := 0
            let money := 0
            for {} lt(from, mload(0)) { from := add(from, 2) } {
                let at := shl(5, shr(240, calldataload(from)))
                let entry := mload(add(mload(add(mload(0x20), 0x40)), at))
                if and(xor(entry, energy), 0xffffffff) {
                    mstore(to, add(energy, mul(money, mload(terms))))
                    to := add(to, 0x20)
                    energy := and(entry, 0xffffffff)
                    money := 0
                }
                if and(entry, shl(106, 1)) { continue }
                let rest := and(shr(32, entry), 0xffffff)
                let service := mload(add(add(mload(add(mload(0x20), 0x20)), 0x100), at))
                if service {
                    let filled := and(shr(32, service), 0xffffff)
                    rest := sub(rest, filled)
                    let value := add(and(service, 0xffffffff), mul(filled, mload(add(terms, 0x40))))
                    let locked := mul(filled, and(shr(88, entry), 0xff))
                    mstore(add(terms, 0x80), add(mload(add(terms, 0x80)), locked))
                    switch and(entry, shl(104, 1))
                    case 0 {
                        locked := sub(sub(locked, value), mul(filled, mload(add(terms, 0x20))))
                        money := add(money, add(shl(96, value), shl(216, locked)))
                        energy := add(energy, shl(32, filled))
                    }
                    default {
                        money := add(money, add(shl(136, value), shl(176, locked)))
                        energy := add(energy, shl(64, filled))
                    }
                    // The key of what is left is at least that of the side's slice served last, which is the floor less 1.
                    if and(service, shl(56, 0xffffff)) {
                        value := add(0xa0, shr(99, and(entry, shl(104, 1))))
                        value := mload(add(mload(add(mload(0x20), 0x20)), value))
                        if lt(add(shr(175, service), 1), value) { mstore(add(terms, 0xa0), 1) }
                    }
                }
                if rest {
                    // With rolls left and effect, and the frame not voided, it rolls on or is marked as ending.
                    if and(entry, mload(add(terms, 0x60))) {
                        if and(shr(177, entry), 1) { continue }
                        if and(shr(176, entry), iszero(and(shr(178, entry), 1))) { mstore(add(terms, 0xa0), 1) }
                    }
                    rest := mul(rest, and(shr(88, entry), 0xff))
                    mstore(add(terms, 0x80), add(mload(add(terms, 0x80)), rest))
                    money := add(money, shl(216, rest))
                }
            }
            mstore(to, add(energy, mul(money, mload(terms))))
            mstore(0x40, add(to, 0x20))
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
