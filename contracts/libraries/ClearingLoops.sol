// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// solhint-disable no-inline-assembly, function-max-lines

/// @title The loops of a clear, in assembly: the one library that has any
/// @notice Compiled from Solidity these loops spill their locals to memory and check what their callers have checked; they run for every word,
/// slice and record of a frame. All else of a clear is in {AuctionClearing}.
/// @dev Memory of a clear: the state (8 words, then a word a position), then an entry a position. Layouts: state {IFrameAuction-clearChunk};
/// entry: word 128 | origin frame 32 | index 16 | has effect 1 | rolls 1 | ends though it might roll 1. Everything lies beyond the free
/// memory pointer's former value; callers pass bounds that they have checked. Results named `ok` are false where the data supplied is wrong.
library ClearingLoops {
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

    /// @notice What the records are made with.
    struct Account {
        uint256 tickMicro;
        uint256 feeTicks;
        /// Price of all fills, or 255 for the values in the state.
        uint256 uniformTick;
        /// 1 unless no order rolls because the frame is voided.
        uint256 rolling;
    }

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

    /// @dev Copies a state over the one in memory.
    function restore(bytes calldata from, uint256 state) internal pure {
        assembly ("memory-safe") {
            calldatacopy(state, from.offset, from.length)
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

    /// @dev Chains the words of a frame and enters them at `to`; `tag` is the first one's origin frame and index, shifted into place.
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

    /// @dev Enters the carried words at `to`.
    function loadCarried(bytes calldata carried, uint256 to) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            calldatacopy(to, carried.offset, carried.length)
            digest := keccak256(to, carried.length)
        }
    }

    /// @dev Checks that the positions are all there, by participant and position, and marks the orders with effect.
    /// @return ok Whether they are.
    /// @return cancels Count of cancels.
    function walk(Setup memory setup, bytes calldata participants) internal pure returns (bool ok, uint256 cancels) {
        assembly ("memory-safe") {
            let entries := mload(add(setup, 0x40))
            let n := mload(setup)
            let end := add(participants.offset, shl(1, n))
            let floor := 0
            let id := 0
            let orders := 0
            ok := 1
            for { let from := participants.offset } lt(from, end) { from := add(from, 2) } {
                let position := shr(240, calldataload(from))
                if iszero(lt(position, n)) {
                    ok := 0
                    break
                }
                let at := add(entries, shl(5, position))
                let entry := mload(at)
                let owner := and(entry, 0xffffffff)
                let key := or(shl(16, owner), position)
                if lt(key, floor) {
                    ok := 0
                    break
                }
                floor := add(key, 1)
                if xor(owner, id) {
                    id := owner
                    orders := 0
                }
                switch and(shr(106, entry), 1)
                case 0 {
                    orders := add(orders, 1)
                    if lt(orders, 65) { mstore(at, or(entry, shl(176, 1))) }
                }
                default { cancels := add(cancels, 1) }
            }
        }
    }

    /// @dev Sums of the offers with effect around a tick, and the ticks that they have.
    /// @return demand Demand at the tick 128 | at the tick below it 128.
    /// @return supply The same of the supply.
    /// @return bids A bit for each tick of a bid.
    /// @return asks A bit for each tick of an ask.
    function sums(Setup memory setup, uint256 crossing)
        internal
        pure
        returns (uint256 demand, uint256 supply, uint256 bids, uint256 asks)
    {
        assembly ("memory-safe") {
            let slices := mload(add(setup, 0xe0))
            let at := mload(add(setup, 0x40))
            let end := add(at, shl(5, mload(setup)))
            for {} lt(at, end) { at := add(at, 0x20) } {
                let entry := mload(at)
                if and(shr(176, entry), 1) {
                    let offer := and(shr(32, entry), 0xffffff)
                    if slices {
                        let shown := mul(slices, and(shr(56, entry), 0xffffff))
                        if and(gt(shown, 0), lt(shown, offer)) { offer := shown }
                    }
                    let tick := and(shr(80, entry), 0xff)
                    switch and(shr(104, entry), 1)
                    case 0 {
                        bids := or(bids, shl(tick, 1))
                        if gt(add(tick, 2), crossing) {
                            if gt(add(tick, 1), crossing) { demand := add(demand, offer) }
                            demand := add(demand, shl(128, offer))
                        }
                    }
                    default {
                        asks := or(asks, shl(tick, 1))
                        if iszero(gt(tick, crossing)) {
                            if lt(tick, crossing) { supply := add(supply, shl(128, offer)) }
                            supply := add(supply, offer)
                        }
                    }
                }
            }
        }
    }

    /// @dev Gives the eligible orders their first keys (A4): bids at `price` or above, asks at it or below. `bids` and `asks` have a bit for each
    /// tick of an order with effect.
    function rank(Setup memory setup, uint256 price, uint256 bids, uint256 asks) internal pure {
        assembly ("memory-safe") {
            function ones(bits) -> count {
                let x :=
                    sub(bits, and(shr(1, bits), 0x5555555555555555555555555555555555555555555555555555555555555555))
                x := add(
                    and(x, 0x3333333333333333333333333333333333333333333333333333333333333333),
                    and(shr(2, x), 0x3333333333333333333333333333333333333333333333333333333333333333)
                )
                x := and(add(x, shr(4, x)), 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f)
                count := shr(248, mul(x, 0x0101010101010101010101010101010101010101010101010101010101010101))
            }
            let n := mload(setup)
            let state := mload(add(setup, 0x20))
            let entries := mload(add(setup, 0x40))
            let alpha := mload(add(setup, 0x60))
            let beta := mload(add(setup, 0x80))
            let slices := mload(add(setup, 0xe0))
            // Time ranks given to a side so far, and whose order it had last: one word a side.
            let bidder := 0
            let asker := 0
            for { let position := 0 } lt(position, n) { position := add(position, 1) } {
                let entry := mload(add(entries, shl(5, position)))
                if and(shr(176, entry), 1) {
                    let tick := and(shr(80, entry), 0xff)
                    let owner := and(entry, 0xffffffff)
                    let time := 0
                    let priceRank := 0
                    switch and(shr(104, entry), 1)
                    case 0 {
                        if lt(tick, price) { continue }
                        if xor(and(bidder, 0xffffffff), owner) {
                            bidder := or(shl(32, add(shr(32, bidder), 1)), owner)
                        }
                        time := sub(shr(32, bidder), 1)
                        priceRank := ones(shr(add(tick, 1), bids))
                    }
                    default {
                        if gt(tick, price) { continue }
                        if xor(and(asker, 0xffffffff), owner) {
                            asker := or(shl(32, add(shr(32, asker), 1)), owner)
                        }
                        time := sub(shr(32, asker), 1)
                        priceRank := ones(and(asks, sub(shl(tick, 1), 1)))
                    }
                    let offer := and(shr(32, entry), 0xffffff)
                    if slices {
                        let shown := mul(slices, and(shr(56, entry), 0xffffff))
                        if and(gt(shown, 0), lt(shown, offer)) { offer := shown }
                    }
                    let f := add(mul(alpha, priceRank), mul(beta, time))
                    let key := or(or(shl(16, priceRank), position), shl(24, f))
                    key := or(key, shl(80, and(shr(105, entry), 1)))
                    mstore(
                        add(add(state, 0x100), shl(5, position)),
                        or(or(shl(56, offer), shl(80, time)), shl(175, key))
                    )
                }
            }
            mstore(add(state, 0x20), shr(32, bidder))
            mstore(add(state, 0x40), shr(32, asker))
        }
    }

    /// @dev Serves slices against each other in the order supplied (A4, A5) until nothing is left to match or `limit` fills are made.
    /// @return ok Whether both orders of service were increasing in their keys, had pending slices only and were used up.
    /// @return fills Where the packed fills begin.
    /// @return length Their bytes.
    function serve(Setup memory setup, bytes calldata bidService, bytes calldata askService, uint256 limit)
        internal
        pure
        returns (bool ok, uint256 fills, uint256 length)
    {
        assembly ("memory-safe") {
            // Begins the next slice of a side: `side` is its number, `next` where its position stands.
            function begin(setup_, side, next, end_) -> slice, pending, tick, position {
                if lt(next, end_) {
                    position := shr(240, calldataload(next))
                    let state := mload(add(setup_, 0x20))
                    let floorAt := add(add(state, 0xa0), shl(5, side))
                    if lt(position, mload(setup_)) {
                        let entry := mload(add(mload(add(setup_, 0x40)), shl(5, position)))
                        pending := mload(add(add(state, 0x100), shl(5, position)))
                        let key := shr(175, pending)
                        if iszero(or(xor(and(shr(104, entry), 1), side), lt(key, mload(floorAt)))) {
                            mstore(floorAt, add(key, 1))
                            slice := and(shr(56, pending), 0xffffff)
                            let peak := and(shr(56, entry), 0xffffff)
                            if and(gt(peak, 0), lt(peak, slice)) { slice := peak }
                            tick := and(shr(80, entry), 0xff)
                        }
                    }
                }
            }
            // Ends a slice: the order's next one, if there is one, queues with the side's next time rank.
            function finish(setup_, side, pending, position) {
                let state := mload(add(setup_, 0x20))
                if and(shr(56, pending), 0xffffff) {
                    let timesAt := add(add(state, 0x20), shl(5, side))
                    let time := mload(timesAt)
                    mstore(timesAt, add(time, 1))
                    let f :=
                        add(
                            mul(mload(add(setup_, 0x60)), and(shr(191, pending), 0xff)),
                            mul(mload(add(setup_, 0x80)), time)
                        )
                    // All but f stays.
                    pending := or(and(pending, not(shl(199, 0xffffffffffffff))), shl(199, f))
                }
                mstore(add(add(state, 0x100), shl(5, position)), pending)
            }
            // Goes on with a slice that an earlier chunk began.
            function resume(setup_, at) -> slice, pending, tick, position {
                let served := mload(at)
                position := and(served, 0xffff)
                slice := shr(16, served)
                if slice {
                    pending := mload(add(add(mload(add(setup_, 0x20)), 0x100), shl(5, position)))
                    tick := and(shr(80, mload(add(mload(add(setup_, 0x40)), shl(5, position)))), 0xff)
                }
            }
            let state := mload(add(setup, 0x20))
            let left := mload(state)
            let nextBid := bidService.offset
            let nextAsk := askService.offset
            let bidLeft, bid, bidTick, bidPosition := resume(setup, add(state, 0x60))
            let askLeft, ask, askTick, askPosition := resume(setup, add(state, 0x80))
            fills := mload(0x40)
            let to := fills
            let bound := add(to, shl(3, limit))
            for {} and(gt(left, 0), lt(to, bound)) {} {
                if iszero(bidLeft) {
                    bidLeft, bid, bidTick, bidPosition :=
                        begin(setup, 0, nextBid, add(bidService.offset, bidService.length))
                    nextBid := add(nextBid, 2)
                    if iszero(bidLeft) { break }
                }
                if iszero(askLeft) {
                    askLeft, ask, askTick, askPosition :=
                        begin(setup, 1, nextAsk, add(askService.offset, askService.length))
                    nextAsk := add(nextAsk, 2)
                    if iszero(askLeft) { break }
                }
                let energy := bidLeft
                if lt(askLeft, energy) { energy := askLeft }
                let tick := 0
                switch mload(add(setup, 0xc0))
                case 0 {
                    let weight := mload(add(setup, 0xa0))
                    tick := div(add(mul(weight, bidTick), mul(sub(10000, weight), askTick)), 10000)
                    mstore(to, shl(192, or(tick, or(shl(8, energy), or(shl(32, askPosition), shl(48, bidPosition))))))
                }
                default {
                    mstore(to, shl(192, or(255, or(shl(8, energy), or(shl(32, askPosition), shl(48, bidPosition))))))
                }
                to := add(to, 8)
                // More value, more filled, less left of the offer: all in one product.
                let change := mul(energy, sub(add(tick, shl(32, 1)), shl(56, 1)))
                bid := add(bid, change)
                ask := add(ask, change)
                left := sub(left, energy)
                bidLeft := sub(bidLeft, energy)
                askLeft := sub(askLeft, energy)
                if iszero(bidLeft) { finish(setup, 0, bid, bidPosition) }
                if iszero(askLeft) { finish(setup, 1, ask, askPosition) }
            }
            ok := or(iszero(left), eq(to, bound))
            ok := and(ok, eq(nextBid, add(bidService.offset, bidService.length)))
            ok := and(ok, eq(nextAsk, add(askService.offset, askService.length)))
            mstore(state, left)
            let services := add(state, 0x100)
            mstore(add(state, 0x60), 0)
            mstore(add(state, 0x80), 0)
            if bidLeft {
                mstore(add(services, shl(5, bidPosition)), bid)
                mstore(add(state, 0x60), or(bidPosition, shl(16, bidLeft)))
            }
            if askLeft {
                mstore(add(services, shl(5, askPosition)), ask)
                mstore(add(state, 0x80), or(askPosition, shl(16, askLeft)))
            }
            length := sub(to, fills)
            // Zeros after the last fill, which wrote 24 of them itself.
            mstore(to, 0)
            mstore(0x40, and(add(to, 0x3f), not(0x1f)))
        }
    }

    /// @dev Writes a record for each participant (A9).
    /// @return ok Whether no pending slice comes before one that was served, and every order that must roll does.
    /// @return records Where they begin.
    /// @return count How many.
    /// @return lockedWhTicks Locks of all orders and parts of orders that do not roll on.
    function account(Setup memory setup, bytes calldata participants, Account memory terms)
        internal
        pure
        returns (bool ok, uint256 records, uint256 count, uint256 lockedWhTicks)
    {
        assembly ("memory-safe") {
            records := mload(0x40)
            let to := records
            let state := mload(add(setup, 0x20))
            let entries := mload(add(setup, 0x40))
            let end := add(participants.offset, shl(1, mload(setup)))
            let tickMicro := mload(terms)
            let record := 0
            ok := 1
            for { let from := participants.offset } lt(from, end) { from := add(from, 2) } {
                let place := shl(5, shr(240, calldataload(from)))
                let entry := mload(add(entries, place))
                if and(xor(entry, record), 0xffffffff) {
                    if record {
                        mstore(to, record)
                        to := add(to, 0x20)
                    }
                    record := and(entry, 0xffffffff)
                }
                // A cancel has no money.
                if and(shr(106, entry), 1) { continue }
                let rest := and(shr(32, entry), 0xffffff)
                let lockTicks := and(shr(88, entry), 0xff)
                let service := mload(add(add(state, 0x100), place))
                if service {
                    let side := and(shr(104, entry), 1)
                    if and(shr(56, service), 0xffffff) {
                        let floor := mload(add(add(state, 0xa0), shl(5, side)))
                        if lt(add(shr(175, service), 1), floor) { ok := 0 }
                    }
                    let filled := and(shr(32, service), 0xffffff)
                    if filled {
                        rest := sub(rest, filled)
                        let value := and(service, 0xffffffff)
                        let uniform := mload(add(terms, 0x40))
                        if lt(uniform, 255) { value := mul(filled, uniform) }
                        let locked := mul(filled, lockTicks)
                        lockedWhTicks := add(lockedWhTicks, locked)
                        switch side
                        case 0 {
                            let left := sub(sub(locked, value), mul(filled, mload(add(terms, 0x20))))
                            record := add(record, shl(32, filled))
                            record := add(record, mul(tickMicro, or(shl(96, value), shl(216, left))))
                        }
                        default {
                            record := add(record, shl(64, filled))
                            record := add(record, mul(tickMicro, or(shl(136, value), shl(176, locked))))
                        }
                    }
                }
                if rest {
                    // With effect, rolls left, and the frame not voided: it rolls or is marked as ending.
                    if and(and(shr(176, entry), gt(and(shr(96, entry), 0xff), 0)), mload(add(terms, 0x60))) {
                        if and(shr(177, entry), 1) { continue }
                        if iszero(and(shr(178, entry), 1)) { ok := 0 }
                    }
                    let locked := mul(rest, lockTicks)
                    lockedWhTicks := add(lockedWhTicks, locked)
                    record := add(record, shl(216, mul(tickMicro, locked)))
                }
            }
            if record {
                mstore(to, record)
                to := add(to, 0x20)
            }
            count := shr(5, sub(to, records))
            mstore(0x40, to)
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

    /* WORDS IN MEMORY AND POSITIONS IN CALLDATA */

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

    /// @dev Room for words.
    function reserve(uint256 words) internal pure returns (uint256 at) {
        assembly ("memory-safe") {
            at := mload(0x40)
            mstore(0x40, add(at, shl(5, words)))
        }
    }

    function hash(uint256 from, uint256 length) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            digest := keccak256(from, length)
        }
    }

    /// @dev Position number `i` of a sequence that has it.
    function positionAt(bytes calldata positions, uint256 i) internal pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := shr(240, calldataload(add(positions.offset, shl(1, i))))
        }
    }
}
