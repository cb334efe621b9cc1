// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IFrameAuction} from "../../interfaces/IFrameAuction.sol";
import {AuctionFrames} from "./AuctionFrames.sol";
import {AuctionRules} from "./AuctionRules.sol";
import {AuctionWord} from "./AuctionWord.sol";
import {ClearingLoops} from "./ClearingLoops.sol";
import {ClearingMemory} from "./ClearingMemory.sol";
import {FrameChain} from "./FrameChain.sol";
import {RecordTree} from "./RecordTree.sol";

/// @title Clearing and voiding: the words of a frame become records under a root
/// @notice Rules A1-A7, A9, M7. The caller supplies data in the right order; all of it is checked, so that only one outcome is possible.
/// @dev No sorting: a slice's key (supplier, f, price rank, position) is above the key of the slice that its order had before, so that slices
/// are served by priority if and only if the keys of those served increase and no slice that is left has a key below the last one served.
abstract contract AuctionClearing is AuctionFrames {
    using ClearingLoops for uint256;
    using FrameChain for uint256;

    /* TYPES */

    /// @dev Where the price came out.
    struct Crossing {
        uint256 price;
        uint256 matchedWh;
    }

    /* CONSTANTS */

    uint256 private constant _MAX_POSITIONS = 1024;
    uint256 private constant _CHUNK_FILLS = 8192;
    uint256 private constant _NO_LIMIT = 1 << 32;
    uint256 private constant _POSITION_BYTES = 2;
    uint256 private constant _CARRIED_BYTES = 32;
    uint256 private constant _FILL_BYTES = 8;
    uint256 private constant _FRAME_WORD = 7 * 32;
    uint8 private constant _NO_TICK = 255;

    /* EXTERNAL */

    /// @inheritdoc IFrameAuction
    function clear(uint32 frame, Clearing calldata clearing) external {
        // Without chunks no state is read.
        _clear(frame, clearing, clearing.rolled);
    }

    /// @inheritdoc IFrameAuction
    function clearChunk(uint32 frame, Clearing calldata clearing, bytes calldata state) external {
        _clear(frame, clearing, state);
    }

    /// @inheritdoc IFrameAuction
    function voidFrame(uint32 frame, bytes calldata words, bytes calldata carried, bytes calldata participants)
        external
    {
        ClearingMemory.Setup memory setup = _setup(frame, carried.length);
        uint256 deadline = _gateClosure(frame) + _clearingSeconds;
        require(block.timestamp >= deadline, Auction_BeforeClearingDeadline(frame, deadline, block.timestamp));
        _load(setup, words, carried);
        _requireLength(setup, participants);
        ClearingMemory.Account memory terms;
        terms.tickMicro = _tickMicroPerWh;
        terms.records = ClearingLoops.reserve(0) + 32;
        ClearingLoops.account(setup, participants, terms);
        require(terms.wrong == 0, Auction_WrongParticipants(frame));
        (bytes32 root, uint256 records) = _decide(setup, terms, 0, true);
        if (_checkpoints[frame] != 0) delete _checkpoints[frame];
        emit FrameVoided(frame, root, records);
    }

    /* PRIVATE */

    function _clear(uint32 frame, Clearing calldata clearing, bytes calldata state) private {
        // Not an argument, for whose two values the compiler would make all of this twice.
        bool inChunks = msg.sig == IFrameAuction.clearChunk.selector;
        ClearingMemory.Setup memory setup = _setup(frame, clearing.carried.length);
        _requireClearable(setup, inChunks);
        bytes32 checkpoint;
        if (inChunks) {
            checkpoint = _checkpoints[frame];
            require(checkpoint == 0 ? state.length == 0 : keccak256(state) == checkpoint, Auction_WrongState(frame));
        }
        // What a clear needs to the end lies before the table, which fills replace.
        Crossing memory crossing;
        ClearingMemory.Run memory run;
        _load(setup, clearing.words, clearing.carried);
        _requireLength(setup, clearing.participants);
        // No record is written before the last chunk, which would check them.
        if (inChunks) _requireAll(setup, clearing.participants);
        _cross(setup, clearing, crossing);
        _locate(setup, clearing, run, inChunks ? _CHUNK_FILLS : _NO_LIMIT);
        // A loop with two calls stays a function of its own, which needs less room on the stack.
        if (checkpoint == 0) {
            setup.state.store(crossing.matchedWh);
            (setup.state + _FRAME_WORD).store(frame);
            if (crossing.matchedWh != 0) ClearingLoops.rank(setup);
            ClearingLoops.serve(setup, run);
        } else {
            // Of the same frame, hence of as many positions.
            ClearingLoops.copyAt(ClearingLoops.offsetOf(state), setup.state, state.length);
            AuctionRules.unpack(setup);
            ClearingLoops.serve(setup, run);
        }
        _requireServed(setup, clearing, run);
        if (setup.state.load() != 0) {
            require(clearing.rolled.length == 0, Auction_WrongService(frame));
            _check(setup);
            return;
        }
        if (checkpoint != 0) delete _checkpoints[frame];
        _conclude(setup, clearing, crossing);
    }

    /* PRIVATE: WHAT IS SUPPLIED */

    /// @dev A frame without a result, and the positions that it has if the carried words are right.
    function _setup(uint32 frame, uint256 carriedBytes) private view returns (ClearingMemory.Setup memory setup) {
        setup.frame = frame;
        setup.word = _undecided(frame);
        setup.positions = setup.word.count() + carriedBytes / _CARRIED_BYTES;
    }

    function _requireClearable(ClearingMemory.Setup memory setup, bool inChunks) private view {
        uint256 opens = _gateClosure(setup.frame);
        uint256 closes = opens + _clearingSeconds;
        require(
            block.timestamp >= opens && block.timestamp < closes,
            Auction_OutsideClearingWindow(setup.frame, opens, closes, block.timestamp)
        );
        require((setup.positions > _MAX_POSITIONS) == inChunks, Auction_WrongChunk(setup.frame, setup.positions));
    }

    function _requireLength(ClearingMemory.Setup memory setup, bytes calldata participants) private pure {
        require(participants.length == setup.positions * _POSITION_BYTES, Auction_WrongParticipants(setup.frame));
    }

    /// @dev Brings the words into memory in the order of their positions and checks their digests.
    function _load(ClearingMemory.Setup memory setup, bytes calldata words, bytes calldata carried) private view {
        uint256 count = setup.word.count();
        bool anyCarried = setup.word & FrameChain.CARRIED != 0;
        require(
            words.length == count * AuctionWord.WORD_BYTES && (anyCarried || carried.length == 0),
            Auction_WrongWords(setup.frame)
        );
        // Lexicographic priority is the same sum with a price rank that no time rank reaches.
        setup.alpha = _alpha;
        if (setup.alpha == 0) (setup.alpha, setup.beta) = (uint256(1) << 40, 1);
        else setup.beta = _beta;
        setup.priceWeightBps = _priceWeightBps;
        setup.uniformPrice = _uniformPrice ? 1 : 0;
        setup.slicesPerFrame = _slicesPerFrame;
        // Room is made for the positions.
        unchecked {
            setup.entries = ClearingLoops.reserve(setup.positions);
            setup.state = ClearingLoops.reserve(AuctionRules.STATE_WORDS + setup.positions);
            setup.table = ClearingLoops.reserve(2 * ClearingLoops.ASKS / 32);
            ClearingLoops.clear(setup.state, setup.table - setup.state + 2 * ClearingLoops.ASKS);
            uint256 chainAt = setup.entries;
            if (anyCarried) {
                bool first = _rollKeepsRank;
                uint256 carriedAt = first ? chainAt : chainAt + count * 32;
                ClearingLoops.copyAt(ClearingLoops.offsetOf(carried), carriedAt, carried.length);
                require(
                    ClearingLoops.hash(carriedAt, carried.length) == _carried[_slot(setup.frame)],
                    Auction_WrongWords(setup.frame)
                );
                if (first) chainAt += carried.length;
            }
            uint256 digest = ClearingLoops.loadWords(
                FrameChain.open(setup.frame, 0, 0),
                words,
                AuctionWord.entry(0, setup.frame, 0) - (chainAt << 155),
                chainAt,
                setup.table,
                setup.slicesPerFrame
            );
            require(bytes28(bytes32(digest)) == setup.word.digest(), Auction_WrongWords(setup.frame));
        }
    }

    /// @dev Which words have an effect (A1, A8), and the crossing price (A3). The sums of {ClearingLoops-loadWords} do if it saw all words and all
    /// have an effect.
    function _cross(ClearingMemory.Setup memory setup, Clearing calldata clearing, Crossing memory crossing)
        private
        view
    {
        bool unusual = AuctionRules.isUnusual(setup, clearing.participants);
        if (unusual) {
            _requireAll(setup, clearing.participants);
            AuctionRules.mark(setup, clearing.participants);
            AuctionRules.cancelNamed(setup, clearing.participants);
        }
        if (unusual || clearing.carried.length != 0) AuctionRules.sums(setup);
        bool ok;
        (ok, crossing.price, crossing.matchedWh) = AuctionRules.cross(setup, clearing.crossing);
        if (ok) return;
        _requireAll(setup, clearing.participants);
        revert Auction_WrongCrossing(setup.frame, clearing.crossing);
    }

    /// @dev {ClearingLoops-account} checks the participants on its way; before another error is reported this is.
    function _requireAll(ClearingMemory.Setup memory setup, bytes calldata participants) private pure {
        require(AuctionRules.areAll(setup, participants), Auction_WrongParticipants(setup.frame));
    }

    function _requireService(bool ok, ClearingMemory.Setup memory setup, bytes calldata participants) private pure {
        if (ok) return;
        _requireAll(setup, participants);
        revert Auction_WrongService(setup.frame);
    }

    /* PRIVATE: MATCHING */

    /// @dev Where the order of the matching (A2, A4, A5) was supplied, where fills go and where they stop.
    function _locate(
        ClearingMemory.Setup memory setup,
        Clearing calldata clearing,
        ClearingMemory.Run memory run,
        uint256 limit
    ) private pure {
        run.nextBid = ClearingLoops.offsetOf(clearing.bidService);
        run.nextAsk = ClearingLoops.offsetOf(clearing.askService);
        // Room for what comes before the fills in their log.
        unchecked {
            run.first = setup.table + 64;
            run.fills = run.first;
            run.bound = run.first + limit * _FILL_BYTES;
        }
    }

    /// @dev Checks that the matching came to its end with all that was supplied, and emits the fills.
    function _requireServed(
        ClearingMemory.Setup memory setup,
        Clearing calldata clearing,
        ClearingMemory.Run memory run
    ) private {
        bool ok = (setup.state.load() == 0 || run.fills == run.bound)
            && run.nextBid == ClearingLoops.offsetOf(clearing.bidService) + clearing.bidService.length
            && run.nextAsk == ClearingLoops.offsetOf(clearing.askService) + clearing.askService.length;
        _requireService(ok, setup, clearing.participants);
        if (run.fills != run.first) {
            ClearingLoops.logBytes(Fills.selector, setup.frame, run.first, run.fills - run.first);
        }
    }

    /// @dev Stores the digest of the state for the next chunk and emits it, with what comes before it in place of the last entries.
    function _check(ClearingMemory.Setup memory setup) private {
        AuctionRules.pack(setup);
        uint256 length = setup.table - setup.state;
        bytes32 digest = ClearingLoops.hash(setup.state, length);
        _checkpoints[setup.frame] = digest;
        uint256 data = setup.state - 96;
        data.store(uint256(digest));
        (data + 32).store(64);
        (data + 64).store(length);
        ClearingLoops.log(Checkpoint.selector, setup.frame, data, 96 + length);
    }

    /* PRIVATE: THE RESULT */

    /// @dev Rolls rests on, writes the records and decides the frame.
    function _conclude(ClearingMemory.Setup memory setup, Clearing calldata clearing, Crossing memory crossing)
        private
    {
        if (clearing.rolled.length != 0) _roll(setup, clearing);
        bool uniform = setup.uniformPrice != 0 && crossing.matchedWh != 0;
        uint256 uniformTick = uniform ? AuctionRules.uniformTick(setup) : 0;
        ClearingMemory.Account memory terms = ClearingMemory.Account({
            tickMicro: _tickMicroPerWh,
            feeTicks: setup.word.feeTicks(),
            uniformTick: uniformTick,
            rolling: 1,
            lockedWhTicks: 0,
            wrong: 0,
            records: 0
        });
        terms.records = ClearingLoops.reserve(0) + 32;
        ClearingLoops.account(setup, clearing.participants, terms);
        _requireService(terms.wrong == 0, setup, clearing.participants);
        (bytes32 root, uint256 records) = _decide(setup, terms, crossing.matchedWh, false);
        // Ticks are at most 255.
        emit FrameCleared(
            setup.frame,
            root,
            records,
            crossing.matchedWh,
            uint8(crossing.price),
            uniform ? uint8(uniformTick) : _NO_TICK
        );
    }

    /// @dev Lets the rests enter the next frame, which is open: an order is placed only where all its frames are (A6).
    function _roll(ClearingMemory.Setup memory setup, Clearing calldata clearing) private {
        (bool ok, AuctionRules.Rolling memory rolling) = AuctionRules.roll(setup, clearing.rolled);
        _requireService(ok, setup, clearing.participants);
        uint32 next = setup.frame + 1;
        bytes32 digest = ClearingLoops.hash(rolling.carried, rolling.count * _CARRIED_BYTES);
        _frames[next] |= FrameChain.CARRIED;
        _carried[_slot(next)] = digest;
        emit Rolled(next, digest, rolling.count);
    }

    /// @dev Stores the result.
    function _decide(
        ClearingMemory.Setup memory setup,
        ClearingMemory.Account memory terms,
        uint256 tradedWh,
        bool voided
    ) private returns (bytes32 root, uint256 count) {
        count = (ClearingLoops.reserve(0) - terms.records) / 32;
        root = RecordTree.root(RecordTree.leavesOf(terms.records, count));
        // All locks that do not roll on are in the records but the fees: what buyers paid is what sellers are owed.
        uint256 owedMicro = (terms.lockedWhTicks - tradedWh * terms.feeTicks) * terms.tickMicro;
        _frames[setup.frame] = setup.word.decided(tradedWh, count, owedMicro, voided);
        if (count != 0) _roots[_slot(setup.frame)] = root;
    }
}
