// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMatchingRound} from "../interfaces/IMatchingRound.sol";
import {IPositionVenue} from "../interfaces/IPositionVenue.sol";
import {ITradeSettlement} from "../interfaces/ITradeSettlement.sol";
import {ITradingVenue} from "../interfaces/IVenue.sol";
import {EntryWord} from "./libraries/EntryWord.sol";
import {PositionWord} from "./libraries/PositionWord.sol";
import {RoundTrade} from "./libraries/RoundTrade.sol";
import {RoundViews} from "./libraries/RoundViews.sol";

/// @title Rounds: request lists by exchanges, offers by sellers, the best verified allocation by any solver
/// @notice Rules R1-R9, M2, M3, M6, M7, M8, M11, M13. What the functions promise stands in {IMatchingRound}.
contract MatchingRound is RoundViews {
    /* CONSTANTS */

    uint256 private constant _MAX_FRAMES = 48;
    uint256 private constant _MAX_FEEDERS = 32;
    uint256 private constant _FEEDER_BITS = 80;
    /// @dev Names no side in an error: the caller gave an entry, not a side.
    uint8 private constant _ANY_SIDE = 255;

    /* CONSTRUCTOR */

    /// @param registry_ Pushes participants and roles.
    /// @param house_ The clearing house, whose clock and tick the rounds take over.
    /// @param creditScoring_ Tells exchanges' quotas.
    /// @param minimumQuantityWh_ Least quantity of an entry, above 0 [Wh].
    /// @param minimumLockMicro_ Least lock of an entry [micro].
    constructor(
        address registry_,
        ITradeSettlement house_,
        address creditScoring_,
        uint32 minimumQuantityWh_,
        uint64 minimumLockMicro_
    ) RoundViews(registry_, house_, creditScoring_, minimumQuantityWh_, minimumLockMicro_) {}

    /* EXTERNAL: THE OPERATOR */

    /// @inheritdoc IMatchingRound
    function openRound(RoundTerms calldata terms, uint256[] calldata feederLimits)
        external
        onlyRole(OPERATOR)
        returns (uint32 round)
    {
        _requireTerms(terms, feederLimits);
        round = ++roundCount;
        for (uint256 i; i < terms.frames; ++i) {
            // The frames are open, so they have 32 bits.
            uint32 frame = uint32(terms.firstFrame + i);
            Frame memory record = _frames[frame];
            require(record.open, Round_FrameNotOpen(frame));
            require(record.round == 0, Round_FrameTaken(frame, record.round));
            _frames[frame].round = round;
        }
        Round storage opened = _rounds[round];
        opened.terms = terms;
        // At most 32.
        opened.feeders = uint8(feederLimits.length);
        opened.feederLimits = feederLimits;
        emit RoundOpened(round, terms, feederLimits);
    }

    /// @inheritdoc IPositionVenue
    function refuseTrades(uint32 frame, uint256[] calldata entries) external onlyRole(OPERATOR) {
        Frame memory record = _frames[frame];
        require(record.open, Round_FrameNotOpen(frame));
        // Below zero is impossible: no more is refused than positions held, and those held what was traded.
        _frames[frame].tradedWh = uint40(record.tradedWh - _refuse(frame, entries, record.capTick, record.feeTicks));
    }

    /* EXTERNAL: ENTRIES */

    /// @inheritdoc IMatchingRound
    function cancel(uint64 entryId) external {
        uint32 callerId = _idIn(_knownAccount(msg.sender));
        uint32 round = _roundOf(entryId);
        _requirePhase(round, 0, _known(round).terms.collectionEnds);
        uint256 entry = _entries[entryId];
        require(entry != 0, Round_NoEntry(entryId, _ANY_SIDE));
        uint32 ownerId = EntryWord.participantId(entry);
        require(ownerId == callerId, Round_NotOwner(entryId, ownerId, callerId));
        _close(entryId, entry);
    }

    /// @inheritdoc IMatchingRound
    function release(uint64[] calldata entryIds) external {
        for (uint256 i; i < entryIds.length; ++i) {
            uint32 round = _roundOf(entryIds[i]);
            require(_phaseOf(_known(round)) == PHASE_CLOSED, Round_NotClosed(round));
            uint256 entry = _entries[entryIds[i]];
            if (entry != 0) _close(entryIds[i], entry);
        }
    }

    /* EXTERNAL: ALLOCATIONS */

    /// @inheritdoc IMatchingRound
    function submit(uint32 round, uint256 score, uint256[] calldata trades) external {
        uint32 solverId = _idIn(_knownAccount(msg.sender));
        Round storage record = _known(round);
        _requirePhase(round, record.terms.collectionEnds, record.terms.submissionEnds);
        require(score > record.score, Round_NotBetter(round, score, record.score));
        uint256 found = _verified(round, record, trades);
        require(found == score, Round_WrongScore(round, score, found));
        bytes32 commitment = RoundTrade.commitment(trades);
        // All requests together have less than 2^40 Wh, at 191 ticks at most.
        record.score = uint96(score);
        record.solverId = solverId;
        record.commitment = commitment;
        emit AllocationAccepted(round, solverId, score, trades.length, commitment);
    }

    /// @inheritdoc IMatchingRound
    function finalise(uint32 round, uint256[] calldata trades, bytes32 rest) external {
        Round storage record = _known(round);
        _requirePhase(round, record.terms.submissionEnds, record.terms.applicationEnds);
        bytes32 expected = record.commitment;
        require(expected != 0, Round_NothingToApply(round));
        bytes32 given = RoundTrade.link(trades, rest);
        require(given == expected, Round_WrongAllocation(round, expected, given));
        record.commitment = rest;
        uint32 firstFrame = record.terms.firstFrame;
        for (uint256 i; i < trades.length; ++i) {
            _apply(round, firstFrame, trades[i]);
        }
        emit TradesApplied(round, trades);
        if (rest == 0) emit RoundFinalised(round, record.solverId, record.score);
    }

    /* EXTERNAL: PUSHED STATE */

    /// @inheritdoc ITradingVenue
    function openFrame(uint32 frame, uint8 capTick, uint8 feeTicks) external onlyHouse {
        require(!_frames[frame].open, Round_FrameAlreadyOpen(frame));
        _frames[frame] = Frame({open: true, capTick: capTick, feeTicks: feeTicks, round: 0, tradedWh: 0});
        emit FrameOpened(frame, capTick, feeTicks);
    }

    /// @inheritdoc ITradingVenue
    function closeFrame(uint32 frame) external view onlyHouse returns (uint256 tradedWh) {
        return _frames[frame].tradedWh;
    }

    /* PRIVATE: ROUNDS */

    function _requireTerms(RoundTerms calldata terms, uint256[] calldata feederLimits) private view {
        uint32 firstFrame = terms.firstFrame;
        require(
            terms.frames != 0 && terms.frames <= _MAX_FRAMES && uint256(firstFrame) + terms.frames <= type(uint32).max,
            Round_InvalidSpan(firstFrame, terms.frames, _MAX_FRAMES)
        );
        require(terms.objective < 2, Round_InvalidObjective(terms.objective));
        require(
            feederLimits.length != 0 && feederLimits.length <= _MAX_FEEDERS,
            Round_InvalidFeeders(feederLimits.length, _MAX_FEEDERS)
        );
        for (uint256 i; i < feederLimits.length; ++i) {
            require(feederLimits[i] >> _FEEDER_BITS == 0, Round_InvalidRecord(feederLimits[i]));
        }
        if (terms.storageId != 0) _knownOwner(terms.storageId);
        uint256 gateClosure = _gateClosure(firstFrame);
        // A frame with a gate closure above 0 starts later than any lead; without one no deadline is met.
        uint256 refusalDeadline = gateClosure == 0 ? 0 : _refusalDeadline(firstFrame);
        require(
            block.timestamp < terms.collectionEnds && terms.collectionEnds < terms.submissionEnds
                && terms.submissionEnds < terms.applicationEnds && terms.collectionEnds <= gateClosure
                && terms.applicationEnds <= refusalDeadline,
            Round_InvalidDeadlines(
                block.timestamp,
                terms.collectionEnds,
                terms.submissionEnds,
                terms.applicationEnds,
                gateClosure,
                refusalDeadline
            )
        );
    }

    function _roundOf(uint64 entryId) private pure returns (uint32) {
        uint64 round = entryId >> 16;
        // What is wider names no round.
        return round > type(uint32).max ? 0 : uint32(round);
    }

    /// @dev Takes an entry out and returns its lock.
    function _close(uint64 entryId, uint256 entry) private {
        uint256 left = EntryWord.quantityWh(entry);
        _entries[entryId] = 0;
        _credit(EntryWord.participantId(entry), _lockMicro(entry, left));
        emit EntryClosed(entryId | (left << 48));
    }

    /* PRIVATE: POSITIONS */

    /// @dev Turns a trade into positions (M3). It was verified when it was submitted, and entries have not changed since.
    function _apply(uint32 round, uint32 firstFrame, uint256 trade) private {
        uint32 frame = uint32(firstFrame + RoundTrade.frame(trade));
        uint256 energyWh = RoundTrade.energyWh(trade);
        uint256 base = uint256(round) << 16;
        uint256 request = _used(base | RoundTrade.requestIndex(trade), energyWh);
        uint256 offered = _used(base | RoundTrade.offerIndex(trade), energyWh);
        uint256 valueMicro = energyWh * RoundTrade.tick(trade) * _tickMicroPerWh;
        Frame memory record = _frames[frame];
        uint256 spentMicro = valueMicro + energyWh * record.feeTicks * _tickMicroPerWh;
        uint32 buyerId = EntryWord.participantId(request);
        _credit(buyerId, _lockMicro(request, energyWh) - spentMicro);
        _book(frame, buyerId, PositionWord.purchase(energyWh, valueMicro));
        _book(
            frame,
            EntryWord.participantId(offered),
            PositionWord.sale(energyWh, valueMicro, _lockMicro(offered, energyWh))
        );
        // All requests of a round together have less than 2^40 Wh.
        _frames[frame].tradedWh = uint40(record.tradedWh + energyWh);
    }

    /// @dev Takes energy off an entry; a used up one is gone.
    /// @return entry Its word before.
    function _used(uint256 entryId, uint256 energyWh) private returns (uint256 entry) {
        entry = _entries[entryId];
        _entries[entryId] = EntryWord.quantityWh(entry) == energyWh ? 0 : EntryWord.without(entry, energyWh);
    }
}
