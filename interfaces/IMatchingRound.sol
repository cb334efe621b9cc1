// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMandates} from "./IMandates.sol";
import {IPositionVenue} from "./IPositionVenue.sol";

/// @title Rounds: request lists by exchanges, offers by sellers, the best verified allocation by any solver
/// @notice Rules R1-R9, M2, M3, M6, M7, M8, M11, M13 of the specification. Energy in Wh, prices in ticks, money in micro-units.
/// @dev A round is for a span of frames that opened here; a frame belongs to at most one round. Its times are half open:
/// collecting until `collectionEnds`, submitting from there until `submissionEnds`, applying from there until `applicationEnds`, then closed; it
/// is closed from `submissionEnds` on when nobody submitted, and from the last applied trade on.
/// An entry is a request (side 0) or an offer (side 1); its id is `round << 16 | index`, index = arrival number in the round.
/// Entry word, from the lowest bit: participant id 32 | quantity Wh 32 | limit tick 8 | first frame 8 | last frame 8 | feeder 8; higher bits 0;
/// frames are counted from the span's first one, both ends included.
/// Trade word, from the lowest bit: request index 16 | offer index 16 | frame 8 | tick 8 | energy Wh 32; higher bits 0.
interface IMatchingRound is IMandates, IPositionVenue {
    /// @notice What the operator posts when a round opens.
    /// @param firstFrame First delivery frame of the span.
    /// @param frames Frames of the span, 1..48.
    /// @param objective 0 welfare: sum of (request's limit - offer's limit) x Wh [ticks x Wh]; 1 fulfilled energy [Wh].
    /// @param storageId Participant whose entries are the storage's, 0 for none.
    /// @param chargeWh What the storage may buy per frame [Wh].
    /// @param dischargeWh What the storage may sell per frame [Wh].
    /// @param collectionEnds End of requests and offers [unix s].
    /// @param submissionEnds End of allocations [unix s].
    /// @param applicationEnds End of the winner's application [unix s].
    struct RoundTerms {
        uint32 firstFrame;
        uint8 frames;
        uint8 objective;
        uint32 storageId;
        uint40 chargeWh;
        uint40 dischargeWh;
        uint40 collectionEnds;
        uint40 submissionEnds;
        uint40 applicationEnds;
    }

    /// @notice A frame opened here.
    event FrameOpened(uint32 indexed frame, uint8 capTick, uint8 feeTicks);
    /// @notice A round opened. Feeder limit word: import Wh 40 | export Wh 40.
    event RoundOpened(uint32 indexed round, RoundTerms terms, uint256[] feederLimits);
    /// @notice A request or offer entered (from the lowest bit: entry id 48 | participant id 32 | quantity Wh 32 | limit tick 8 |
    /// first frame 8 | last frame 8 | feeder 8 | side 8 | lock ticks 16). The quantity is that after a penalised consumer's cut.
    event EntryPlaced(uint256 placement);
    /// @notice An exchange's request was passed over, see {requestFor} for the reasons.
    event RequestSkipped(uint32 indexed round, uint32 indexed exchangeId, uint256 request, uint8 reason);
    /// @notice An entry left, by its owner or released, and its lock returned (from the lowest bit: entry id 48 | energy Wh 32).
    event EntryClosed(uint256 closing);
    /// @notice An allocation is the best one so far.
    event AllocationAccepted(
        uint32 indexed round, uint32 indexed solverId, uint256 score, uint256 trades, bytes32 commitment
    );
    /// @notice A chunk of the winner's trades became positions (trade words as submitted).
    event TradesApplied(uint32 indexed round, uint256[] trades);
    /// @notice The last chunk was applied.
    event RoundFinalised(uint32 indexed round, uint32 indexed solverId, uint256 score);

    /// @notice The frame is not open here.
    error Round_FrameNotOpen(uint32 frame);
    /// @notice The frame is open here already.
    error Round_FrameAlreadyOpen(uint32 frame);
    /// @notice The frame belongs to another round.
    error Round_FrameTaken(uint32 frame, uint32 round);
    /// @notice A span has 1..48 frames.
    error Round_InvalidSpan(uint32 firstFrame, uint256 frames, uint256 maximum);
    /// @notice The objective is neither 0 nor 1.
    error Round_InvalidObjective(uint256 objective);
    /// @notice A round has 1..32 feeders.
    error Round_InvalidFeeders(uint256 feeders, uint256 maximum);
    /// @notice Not now < collectionEnds < submissionEnds < applicationEnds, or collection ends after the gate closure of the first frame,
    /// or application after its refusal deadline.
    error Round_InvalidDeadlines(
        uint256 timestamp,
        uint256 collectionEnds,
        uint256 submissionEnds,
        uint256 applicationEnds,
        uint256 gateClosure,
        uint256 refusalDeadline
    );
    /// @notice There is no such round.
    error Round_Unknown(uint32 round);
    /// @notice The call belongs to another time of the round.
    error Round_OutsidePhase(uint32 round, uint256 opens, uint256 closes, uint256 timestamp);
    /// @notice Only entries of a closed round can be released.
    error Round_NotClosed(uint32 round);
    /// @notice Bits of the word that mean nothing are set, its participant is not the caller, or a trade has no energy.
    error Round_InvalidRecord(uint256 record);
    /// @notice The participant may not place entries.
    error Round_Suspended(uint32 participantId, uint8 status);
    /// @notice The first frame is after the last one, or that is outside the span.
    error Round_InvalidWindow(uint256 first, uint256 last, uint256 frames);
    /// @notice The round has no such feeder.
    error Round_UnknownFeeder(uint256 feeder, uint256 feeders);
    /// @notice The tick is above the highest one (191).
    error Round_TickOutOfRange(uint256 tick, uint256 maximum);
    /// @notice The quantity is below the minimum or above 2^28 - 1 Wh.
    error Round_QuantityOutOfRange(uint256 quantityWh, uint256 minimumWh, uint256 maximumWh);
    /// @notice The lock is below the minimum or above 2^36 - 1 micro.
    error Round_LockOutOfRange(uint256 lockMicro, uint256 minimumMicro, uint256 maximumMicro);
    /// @notice A participant has as many offers in the round as it may.
    error Round_TooManyOffers(uint32 participantId, uint256 maximum);
    /// @notice The round holds 4,096 entries.
    error Round_Full(uint32 round, uint256 maximum);
    /// @notice There is no such live entry of that side (never placed, closed or used up).
    error Round_NoEntry(uint64 entryId, uint8 side);
    /// @notice The entry is not the caller's.
    error Round_NotOwner(uint64 entryId, uint32 ownerId, uint32 callerId);
    /// @notice The score is not above the best one so far.
    error Round_NotBetter(uint32 round, uint256 score, uint256 best);
    /// @notice The trades' score is not the one that was claimed.
    error Round_WrongScore(uint32 round, uint256 claimed, uint256 score);
    /// @notice Buyer and seller are the same participant.
    error Round_SelfTrade(uint256 trade, uint32 participantId);
    /// @notice The trade's frame is outside the entry's window.
    error Round_OutsideWindow(uint256 trade, uint64 entryId, uint256 first, uint256 last);
    /// @notice The price is below the offer's limit or above the request's.
    error Round_PriceOutsideLimits(uint256 trade, uint256 lowest, uint256 highest);
    /// @notice The trades take more of an entry than it has.
    error Round_QuantityExceeded(uint256 trade, uint64 entryId, uint256 leftWh);
    /// @notice After a chunk a feeder's net import (or export) in a frame is above its limit.
    error Round_FeederOverloaded(uint32 frame, uint256 feeder, bool exporting, uint256 netWh, uint256 limitWh);
    /// @notice After a chunk the storage buys (or sells) more in a frame than it may.
    error Round_StorageOverloaded(uint32 frame, bool discharging, uint256 energyWh, uint256 limitWh);
    /// @notice There is nothing (left) to apply.
    error Round_NothingToApply(uint32 round);
    /// @notice The trades are not the next chunk of the best allocation.
    error Round_WrongAllocation(uint32 round, bytes32 expected, bytes32 given);

    /* THE OPERATOR */

    /// @notice Opens a round over frames that opened here.
    /// @dev Emits {RoundOpened}. Feeder limit word, from the lowest bit: net import Wh 40 | net export Wh 40, per frame; higher bits 0; word i is
    /// feeder i's. Checks in this order: `Venue_MissingRole` (operator), `Round_InvalidSpan`, `Round_InvalidObjective`, `Round_InvalidFeeders`,
    /// `Round_InvalidRecord` (feeder word by feeder word), `Venue_NotRegistered(address(0))` (storage), `Round_InvalidDeadlines`; per frame
    /// `Round_FrameNotOpen`, `Round_FrameTaken`.
    /// @return round Its number, from 1 on.
    function openRound(RoundTerms calldata terms, uint256[] calldata feederLimits) external returns (uint32 round);

    /* REQUESTS AND OFFERS */

    /// @notice Adds to the calling exchange's list of requests; the list may come in parts.
    /// @dev Emits {EntryPlaced} or {RequestSkipped} per entry, in order. A request locks quantity x (limit + highest fees of its window) of its
    /// consumer's margin. Consumers ascend strictly over all parts of a list: one request a consumer. A penalised consumer's quantity is cut to quantity x
    /// factor / 10,000, down, before it is checked. The k-th good request is taken if the exchange's quota of k (k x factor / 10,000,
    /// down) is above the count taken so far, so that a list in parts fares like a whole one.
    /// Checks in this order: `Venue_MissingRole` (exchange), `Round_Unknown`, `Round_OutsidePhase`. Then an entry is passed over for the first reason
    /// that holds: 1 high bits set; 2 consumer not above the last good one of the list; 3 consumer did not name this
    /// exchange; 4 suspended; 5 window; 6 feeder; 7 tick above 191; 8 quantity, tick (the limit of a bid) or last frame beyond
    /// what the consumer allows; 9 quantity after
    /// the cut out of range; 10 lock out of range; 11 margin; 12 round full; 13 cut by the exchange's quota. "Good" is what 1 to 12 pass.
    /// @return taken Requests that entered.
    function requestFor(uint32 round, uint256[] calldata requests) external returns (uint256 taken);

    /// @notice Offers energy of the caller's.
    /// @dev Emits {EntryPlaced}. An offer locks quantity x max(1, highest cap of its window - limit). At most eight offers per participant and round.
    /// Checks in this order: `Venue_NotRegistered`, `Round_Unknown`, `Round_OutsidePhase`, `Round_InvalidRecord` (high bits, participant not the caller),
    /// `Round_Suspended`, `Round_InvalidWindow`, `Round_UnknownFeeder`, `Round_TickOutOfRange`, `Round_QuantityOutOfRange`, `Round_LockOutOfRange`,
    /// `Venue_InsufficientMargin`, `Round_Full`, `Round_TooManyOffers`.
    /// @return entryId Its id.
    function offer(uint32 round, uint256 entry) external returns (uint64 entryId);

    /// @notice Takes back the caller's entry while the round collects; its lock returns to the caller's margin.
    /// @dev Emits {EntryClosed}. Checks in this order: `Venue_NotRegistered`, `Round_Unknown`, `Round_OutsidePhase`, `Round_NoEntry` (with the side 255),
    /// `Round_NotOwner`. An exchange's list is not reopened.
    function cancel(uint64 entryId) external;

    /* ALLOCATIONS */

    /// @notice Submits an allocation; it becomes the best if it is valid and its score above the best one's so far.
    /// @dev Emits {AllocationAccepted}. Any registered participant is a solver. Nothing else changes: a refused call costs its sender only, and of equal
    /// scores the earliest stands. Limits of feeders and storage hold after every chunk of 64 trades, so any part that is applied is feasible.
    /// Commitment: with c(1)..c(n) the chunks' Keccak-256 of their words, r(n) = 0, r(i - 1) = Keccak-256(c(i) ‖ r(i)); it is r(0).
    /// Checks in this order: `Venue_NotRegistered`, `Round_Unknown`, `Round_OutsidePhase`, `Round_NotBetter` (the claimed score); then trade by trade
    /// `Round_InvalidRecord` (high bits, frame outside the span, no energy), `Round_NoEntry` (request, then offer), `Round_SelfTrade`, `Round_OutsideWindow`
    /// (request, then offer), `Round_PriceOutsideLimits`, `Round_QuantityExceeded` (request, then offer); at the end of each chunk trade by trade
    /// `Round_FeederOverloaded` (request's feeder, then offer's), `Round_StorageOverloaded` (charging, then discharging); at the end `Round_WrongScore`.
    function submit(uint32 round, uint256 score, uint256[] calldata trades) external;

    /// @notice Applies the next chunk of the best allocation; anyone may call, with what the winner submitted.
    /// @dev Emits {TradesApplied}, after the last chunk {RoundFinalised}. Value and fees move from the buyer's lock into the frame's pot, the rest of that lock returns
    /// to its margin; the seller's lock moves to its position. What was accepted cannot fail here, unless a position outgrows its word. Checks in this
    /// order: `Round_Unknown`, `Round_OutsidePhase`, `Round_NothingToApply`, `Round_WrongAllocation`; trade by trade `Venue_PositionOverflow` (buyer, seller).
    /// @param trades The chunk: 64 trade words, the last one what is left.
    /// @param rest Commitment of the chunks behind it, 0 with the last one.
    function finalise(uint32 round, uint256[] calldata trades, bytes32 rest) external;

    /// @notice Returns the locks of what was not matched in closed rounds to the owners' margins; anyone may call.
    /// @dev Emits {EntryClosed} per entry; entries that do not stand are skipped. Reverts: `Round_Unknown`, `Round_NotClosed` for an entry whose round
    /// is not closed.
    function release(uint64[] calldata entryIds) external;

    /* VIEWS */

    /// @notice Rounds ever opened.
    function roundCount() external view returns (uint32);

    /// @notice A round's terms; all zero when there is none.
    function termsOf(uint32 round) external view returns (RoundTerms memory);

    /// @notice A round's feeder limits.
    function feederLimitsOf(uint32 round) external view returns (uint256[] memory);

    /// @notice Where a round stands. Phase: 0 unknown, 1 collecting, 2 submitting, 3 applying, 4 closed.
    /// @return phase See above.
    /// @return entries Requests and offers ever entered.
    /// @return score The best allocation's score, 0 when there is none.
    /// @return solverId Who submitted it.
    /// @return commitment What of it is left to apply.
    function stateOf(uint32 round)
        external
        view
        returns (uint8 phase, uint16 entries, uint256 score, uint32 solverId, bytes32 commitment);

    /// @notice A standing entry; all zero when it does not stand. Frames are absolute.
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
        );

    /// @notice An exchange's list in a round: its last good consumer, its good requests and those taken.
    function listOf(uint32 round, uint32 exchangeId)
        external
        view
        returns (uint32 lastConsumerId, uint32 good, uint32 taken);

    /// @notice Offers that a participant made in a round.
    function offersOf(uint32 round, uint32 participantId) external view returns (uint256);

    /// @notice A frame here; round 0 when it belongs to none.
    function frameOf(uint32 frame)
        external
        view
        returns (bool open, uint8 capTick, uint8 feeTicks, uint32 round, uint256 tradedWh);
}
