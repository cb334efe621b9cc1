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
    using FrameChain for uint256;

    /* TYPES */

    /// @dev Where the price came out.
    struct Crossing {
        uint256 price;
        uint256 eligible;
        uint256 matchedWh;
    }

    /* CONSTANTS */

    uint256 private constant _MAX_POSITIONS = 1024;
    uint256 private constant _CHUNK_FILLS = 8192;
    uint256 private constant _NO_LIMIT = 1 << 32;
    uint256 private constant _POSITION_BYTES = 2;
    uint256 private constant _WORD_BYTES = 16;
    uint256 private constant _CARRIED_BYTES = 32;
    uint256 private constant _FILL_BYTES = 8;
    uint256 private constant _FRAME_WORD = 7 * 32;
    uint256 private constant _ROLL_MASK = 0xff << 96;
    uint8 private constant _NO_TICK = 255;

    /* EXTERNAL */

    /// @inheritdoc IFrameAuction
    function clear(uint32 frame, Clearing calldata clearing) external {
        (uint256 word, uint256 positions) = _clearable(frame, clearing.carried.length);
        require(positions <= _MAX_POSITIONS, Auction_WrongChunk(frame, positions));
        ClearingMemory.Book memory book;
        book.crossing = clearing.crossing;
        ClearingMemory.Setup memory setup = _load(frame, word, positions, clearing.words, clearing.carried, book);
        Crossing memory crossing = _cross(frame, setup, book, _walk(frame, setup, clearing.participants));
        ClearingLoops.store(setup.state, crossing.matchedWh);
        if (crossing.matchedWh != 0) _rank(setup, crossing, book);
        ClearingMemory.Run memory run = _run(clearing, _NO_LIMIT);
        ClearingLoops.serve(setup, run);
        _served(frame, setup, clearing, run);
        _conclude(frame, word, setup, clearing, crossing);
    }

    /// @inheritdoc IFrameAuction
    function clearChunk(uint32 frame, Clearing calldata clearing, bytes calldata state) external {
        (uint256 word, uint256 positions) = _clearable(frame, clearing.carried.length);
        require(positions > _MAX_POSITIONS, Auction_WrongChunk(frame, positions));
        bytes32 checkpoint = _checkpoints[frame];
        require(checkpoint == 0 ? state.length == 0 : keccak256(state) == checkpoint, Auction_WrongState(frame));
        ClearingMemory.Book memory book;
        book.crossing = clearing.crossing;
        ClearingMemory.Setup memory setup = _load(frame, word, positions, clearing.words, clearing.carried, book);
        Crossing memory crossing = _cross(frame, setup, book, _walk(frame, setup, clearing.participants));
        if (checkpoint == 0) {
            ClearingLoops.store(setup.state, crossing.matchedWh);
            if (crossing.matchedWh != 0) _rank(setup, crossing, book);
            ClearingLoops.store(setup.state + _FRAME_WORD, frame);
        } else {
            // Of the same frame, hence of as many positions.
            ClearingLoops.copy(state, setup.state);
            AuctionRules.unpack(setup);
        }
        ClearingMemory.Run memory run = _run(clearing, _CHUNK_FILLS);
        ClearingLoops.serve(setup, run);
        _served(frame, setup, clearing, run);
        if (ClearingLoops.load(setup.state) != 0) {
            require(clearing.rolled.length == 0, Auction_WrongService(frame));
            AuctionRules.pack(setup);
            _checkpoints[frame] = ClearingLoops.hash(setup.state, setup.entries - setup.state);
            ClearingLoops.logCheckpoint(Checkpoint.selector, frame, setup.state, setup.entries - setup.state);
            return;
        }
        if (checkpoint != 0) delete _checkpoints[frame];
        _conclude(frame, word, setup, clearing, crossing);
    }

    /// @inheritdoc IFrameAuction
    function voidFrame(uint32 frame, bytes calldata words, bytes calldata carried, bytes calldata participants)
        external
    {
        uint256 word = _undecided(frame);
        uint256 deadline = _gateClosure(frame) + _clearingSeconds;
        require(block.timestamp >= deadline, Auction_BeforeClearingDeadline(frame, deadline, block.timestamp));
        uint256 positions = word.count() + carried.length / _CARRIED_BYTES;
        ClearingMemory.Book memory book;
        ClearingMemory.Setup memory setup = _load(frame, word, positions, words, carried, book);
        _walk(frame, setup, participants);
        ClearingMemory.Account memory terms;
        terms.tickMicro = _tickMicroPerWh;
        terms.records = ClearingLoops.reserve(0) + 32;
        ClearingLoops.account(setup, participants, terms);
        (bytes32 root, uint256 records) = _decide(frame, word, terms, 0, true);
        if (_checkpoints[frame] != 0) delete _checkpoints[frame];
        emit FrameVoided(frame, root, records);
    }

    /* PRIVATE: WHAT IS SUPPLIED */

    /// @dev The word of a frame that may be cleared now, and the positions that it has if the carried words are right.
    function _clearable(uint32 frame, uint256 carriedBytes) private view returns (uint256 word, uint256 positions) {
        word = _undecided(frame);
        uint256 opens = _gateClosure(frame);
        uint256 closes = opens + _clearingSeconds;
        require(
            block.timestamp >= opens && block.timestamp < closes,
            Auction_OutsideClearingWindow(frame, opens, closes, block.timestamp)
        );
        positions = word.count() + carriedBytes / _CARRIED_BYTES;
    }

    /// @dev Brings the words into memory in the order of their positions and checks their digests.
    function _load(
        uint32 frame,
        uint256 word,
        uint256 positions,
        bytes calldata words,
        bytes calldata carried,
        ClearingMemory.Book memory book
    ) private view returns (ClearingMemory.Setup memory setup) {
        uint256 count = word.count();
        bool anyCarried = word & FrameChain.CARRIED != 0;
        require(words.length == count * _WORD_BYTES && (anyCarried || carried.length == 0), Auction_WrongWords(frame));
        setup.positions = positions;
        // Lexicographic priority is the same sum with a price rank that no time rank reaches.
        (setup.alpha, setup.beta) = _alpha == 0 ? (uint256(1) << 40, uint256(1)) : (_alpha, _beta);
        setup.priceWeightBps = _priceWeightBps;
        setup.uniformPrice = _uniformPrice ? 1 : 0;
        setup.slicesPerFrame = _slicesPerFrame;
        (setup.state, setup.entries) = ClearingLoops.allocate(positions);
        // Room for the positions was made.
        unchecked {
            uint256 chainAt = setup.entries;
            if (anyCarried) {
                uint256 carriedAt = _rollKeepsRank ? chainAt : chainAt + count * 32;
                ClearingLoops.copy(carried, carriedAt);
                require(
                    ClearingLoops.hash(carriedAt, carried.length) == _carried[_slot(frame)], Auction_WrongWords(frame)
                );
                if (_rollKeepsRank) chainAt += carried.length;
            }
            uint256 digest = ClearingLoops.loadWords(
                FrameChain.open(frame, 0, 0), words, AuctionWord.entry(chainAt, frame, 0), book
            );
            require(bytes28(bytes32(digest)) == word.digest(), Auction_WrongWords(frame));
        }
    }

    /// @dev Goes through the participants: sorted and complete, and which of their words have an effect (A1, A8).
    /// @return whole Whether all words are orders with effect.
    function _walk(uint32 frame, ClearingMemory.Setup memory setup, bytes calldata participants)
        private
        pure
        returns (bool whole)
    {
        require(participants.length == setup.positions * _POSITION_BYTES, Auction_WrongParticipants(frame));
        (bool ok, bool unusual) = ClearingLoops.walk(setup, participants);
        require(ok, Auction_WrongParticipants(frame));
        if (unusual) {
            AuctionRules.mark(setup, participants);
            AuctionRules.cancelNamed(setup, participants);
        }
        return !unusual;
    }

    /// @dev Finds the crossing price (A3). The sums of {ClearingLoops-loadWords} do if it saw all words and these are orders offered whole.
    function _cross(uint32 frame, ClearingMemory.Setup memory setup, ClearingMemory.Book memory book, bool whole)
        private
        view
        returns (Crossing memory crossing)
    {
        bool summed = whole && setup.slicesPerFrame == 0 && _frames[frame] & FrameChain.CARRIED == 0;
        if (!summed) AuctionRules.sums(setup, book);
        bool ok;
        (ok, crossing.price, crossing.eligible, crossing.matchedWh) = AuctionRules.priceAt(book);
        require(ok, Auction_WrongCrossing(frame, book.crossing));
    }

    /* PRIVATE: MATCHING */

    /// @dev Gives the eligible orders their services (A2, A4).
    function _rank(ClearingMemory.Setup memory setup, Crossing memory crossing, ClearingMemory.Book memory book)
        private
        pure
    {
        ClearingLoops.rank(setup, crossing.eligible, book);
        if (setup.slicesPerFrame != 0) AuctionRules.limitOffers(setup);
    }

    /// @dev Prepares the matching in the order supplied (A2, A4, A5). Fills begin at the end of what is used of the memory.
    function _run(Clearing calldata clearing, uint256 limit) private view returns (ClearingMemory.Run memory run) {
        run.nextBid = ClearingLoops.offsetOf(clearing.bidService);
        run.nextAsk = ClearingLoops.offsetOf(clearing.askService);
        if (_uniformPrice) run.shownTick = _NO_TICK;
        else (run.bidWeight, run.askWeight) = (_priceWeightBps, BPS - _priceWeightBps);
        run.first = ClearingLoops.reserve(0);
        run.fills = run.first;
        run.bound = run.first + limit * _FILL_BYTES;
    }

    /// @dev Checks that the matching came to its end with all that was supplied, and emits the fills.
    function _served(
        uint32 frame,
        ClearingMemory.Setup memory setup,
        Clearing calldata clearing,
        ClearingMemory.Run memory run
    ) private {
        require(
            (ClearingLoops.load(setup.state) == 0 || run.fills == run.bound)
                && run.nextBid == ClearingLoops.offsetOf(clearing.bidService) + clearing.bidService.length
                && run.nextAsk == ClearingLoops.offsetOf(clearing.askService) + clearing.askService.length,
            Auction_WrongService(frame)
        );
        if (run.fills != run.first) ClearingLoops.logBytes(Fills.selector, frame, run.first, run.fills - run.first);
    }

    /* PRIVATE: THE RESULT */

    /// @dev Rolls rests on, writes the records and decides the frame.
    function _conclude(
        uint32 frame,
        uint256 word,
        ClearingMemory.Setup memory setup,
        Clearing calldata clearing,
        Crossing memory crossing
    ) private {
        if (clearing.rolled.length != 0) _roll(frame, setup, clearing.rolled);
        bool uniform = _uniformPrice && crossing.matchedWh != 0;
        uint256 uniformTick = uniform ? AuctionRules.uniformTick(setup) : 0;
        ClearingMemory.Account memory terms = ClearingMemory.Account({
            tickMicro: _tickMicroPerWh,
            feeTicks: word.feeTicks(),
            uniformTick: uniformTick,
            rollMask: _ROLL_MASK,
            lockedWhTicks: 0,
            wrong: 0,
            records: 0
        });
        terms.records = ClearingLoops.reserve(0) + 32;
        ClearingLoops.account(setup, clearing.participants, terms);
        require(terms.wrong == 0, Auction_WrongService(frame));
        (bytes32 root, uint256 records) = _decide(frame, word, terms, crossing.matchedWh, false);
        // Ticks are at most 255.
        emit FrameCleared(
            frame, root, records, crossing.matchedWh, uint8(crossing.price), uniform ? uint8(uniformTick) : _NO_TICK
        );
    }

    /// @dev Lets the rests enter the next frame, which is open: an order is placed only where all its frames are (A6).
    function _roll(uint32 frame, ClearingMemory.Setup memory setup, bytes calldata rolled) private {
        (bool ok, AuctionRules.Rolling memory rolling) = AuctionRules.roll(setup, rolled);
        require(ok, Auction_WrongService(frame));
        uint32 next = frame + 1;
        bytes32 digest = ClearingLoops.hash(rolling.carried, rolling.count * _CARRIED_BYTES);
        _frames[next] |= FrameChain.CARRIED;
        _carried[_slot(next)] = digest;
        emit Rolled(next, digest, rolling.count);
    }

    /// @dev Stores the result.
    function _decide(uint32 frame, uint256 word, ClearingMemory.Account memory terms, uint256 tradedWh, bool voided)
        private
        returns (bytes32 root, uint256 count)
    {
        count = (ClearingLoops.reserve(0) - terms.records) / 32;
        root = RecordTree.root(ClearingLoops.leavesOf(terms.records, count));
        // All locks that do not roll on are in the records but the fees: what buyers paid is what sellers are owed.
        uint256 owedMicro = (terms.lockedWhTicks - tradedWh * terms.feeTicks) * terms.tickMicro;
        _frames[frame] = word.decided(tradedWh, count, owedMicro, voided);
        if (count != 0) _roots[_slot(frame)] = root;
    }
}
