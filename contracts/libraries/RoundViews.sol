// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMatchingRound} from "../../interfaces/IMatchingRound.sol";
import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {EntryWord} from "./EntryWord.sol";
import {RoundVerification} from "./RoundVerification.sol";

/// @title What the venue of rounds shows
/// @notice The views of {IMatchingRound}, and the phases of a round.
abstract contract RoundViews is RoundVerification {
    /* CONSTANTS */

    uint8 internal constant PHASE_COLLECTING = 1;
    uint8 internal constant PHASE_SUBMITTING = 2;
    uint8 internal constant PHASE_APPLYING = 3;
    uint8 internal constant PHASE_CLOSED = 4;

    /* CONSTRUCTOR */

    constructor(
        address registry_,
        ITradeSettlement house_,
        address creditScoring_,
        uint32 minimumQuantityWh_,
        uint64 minimumLockMicro_
    ) RoundVerification(registry_, house_, creditScoring_, minimumQuantityWh_, minimumLockMicro_) {}

    /* EXTERNAL */

    /// @inheritdoc IMatchingRound
    function termsOf(uint32 round) external view returns (RoundTerms memory) {
        return _rounds[round].terms;
    }

    /// @inheritdoc IMatchingRound
    function feederLimitsOf(uint32 round) external view returns (uint256[] memory) {
        return _rounds[round].feederLimits;
    }

    /// @inheritdoc IMatchingRound
    function stateOf(uint32 round)
        external
        view
        returns (uint8 phase, uint16 entries, uint256 score, uint32 solverId, bytes32 commitment)
    {
        Round storage record = _rounds[round];
        phase = _phaseOf(record);
        return (phase, record.entries, record.score, record.solverId, record.commitment);
    }

    /// @inheritdoc IMatchingRound
    function entryOf(uint64 entryId)
        external
        view
        returns (
            uint32 participantId,
            uint8 side,
            uint32 remainingWh,
            uint8 limitTick,
            uint32 firstFrame,
            uint32 lastFrame,
            uint8 feeder,
            uint16 lockTicks
        )
    {
        uint256 entry = _entries[entryId];
        if (entry == 0) return (0, 0, 0, 0, 0, 0, 0, 0);
        // Rounds have 32 bits, and a span lies within 32 bits.
        uint256 start = _rounds[uint32(entryId >> 16)].terms.firstFrame;
        firstFrame = uint32(start + EntryWord.first(entry));
        lastFrame = uint32(start + EntryWord.last(entry));
        participantId = EntryWord.participantId(entry);
        side = EntryWord.side(entry);
        // The field has 32 bits.
        remainingWh = uint32(EntryWord.quantityWh(entry));
        limitTick = EntryWord.tick(entry);
        feeder = EntryWord.feeder(entry);
        lockTicks = EntryWord.lockTicks(entry);
    }

    /// @inheritdoc IMatchingRound
    function listOf(uint32 round, uint32 exchangeId)
        external
        view
        returns (uint32 lastConsumerId, uint32 good, uint32 taken)
    {
        List memory list = _lists[(uint256(round) << 32) | exchangeId];
        return (list.lastConsumerId, list.good, list.taken);
    }

    /// @inheritdoc IMatchingRound
    function offersOf(uint32 round, uint32 participantId) external view returns (uint256) {
        return _offers[(uint256(round) << 32) | participantId];
    }

    /// @inheritdoc IMatchingRound
    function frameOf(uint32 frame)
        external
        view
        returns (bool open, uint8 capTick, uint8 feeTicks, uint32 round, uint256 tradedWh)
    {
        Frame memory record = _frames[frame];
        return (record.open, record.capTick, record.feeTicks, record.round, record.tradedWh);
    }

    /* INTERNAL */

    /// @dev 0 for a round that there is not.
    function _phaseOf(Round storage record) internal view returns (uint8) {
        RoundTerms memory terms = record.terms;
        if (terms.frames == 0) return 0;
        if (block.timestamp < terms.collectionEnds) return PHASE_COLLECTING;
        if (block.timestamp < terms.submissionEnds) return PHASE_SUBMITTING;
        if (block.timestamp < terms.applicationEnds && record.commitment != 0) return PHASE_APPLYING;
        return PHASE_CLOSED;
    }
}
