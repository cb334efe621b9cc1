// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IDelegation} from "./IDelegation.sol";
import {IMarketVenue} from "./IMarketVenue.sol";
import {ISignedOrders} from "./ISignedOrders.sol";
import {IRootVenue} from "./IVenue.sol";

/// @title Call auction per delivery frame, rank priority of Xiao & Hou (2022), cleared by whoever supplies the verified order
/// @notice Rules A1-A9, M2, M6-M8, M11, M13. Orders and cancels are 16-byte words of a hash chain per frame: calldata and a log keep them,
/// storage holds one digest. After gate closure anybody supplies the words again with the sequences in which they are served; the contract
/// checks all of it, so that the outcome is a function of the words and the settings alone.
/// @dev Energy in Wh, prices in ticks of `tickMicroPerWh` micro-units per Wh, money in micro-units of the settlement token.
///
/// Word of an order, from the lowest bit: participant id 32 | quantity Wh 24 | peak Wh 24 (0: no iceberg) | tick 8 | lock ticks per Wh 8 |
/// rolls 8 (further frames that the rest may enter) | side 1 (0 buy, 1 sell) | supplier 1 | cancel 1 (0) | zero 21. Word of a cancel:
/// participant id 32 | index 16 | origin frame 32 | zero 26 | cancel 1 (bit 106 as in an order's word) | zero 21.
///
/// An order's name is (origin frame, index): the frame it was placed in and its number in that frame's chain, counted from 0 over orders
/// and cancels together. Digest of a chain: 224 bits; it starts as the highest 224 bits of keccak256(abi.encodePacked(address(this),
/// uint32 frame)) and becomes, with each word, those of keccak256(abi.encodePacked(bytes28 digest, bytes16 word)).
///
/// A rest that rolls on is a carried word of 32 bytes: order word 128 | origin frame 32 | index 16 | zero 80, with what is left as quantity
/// and one roll less; the frame it enters keeps keccak256 of all carried words one after the other.
///
/// The sequence of a frame, whose places are called positions: the carried words, then the chain's if `rollKeepsRank`, else the chain's
/// words, then the carried ones. Bounds: a chain takes orders while it has less than 3,072 words and cancels while it has less than 4,096;
/// at most 512 orders of a side roll. So a frame has at most 5,120 positions, and one transaction can void any.
interface IFrameAuction is IDelegation, ISignedOrders, IRootVenue, IMarketVenue {
    /// @notice Settings, fixed at deployment.
    /// @param minimumQuantityWh Least quantity and least peak of an order, above 0 [Wh].
    /// @param minimumLockMicro Least lock of an order [micro].
    /// @param clearingSeconds Length of the clearing window from gate closure on [s], above 0; it ends before the refusal deadline and before
    /// the next frame's gate closure (M7).
    /// @param slicesPerFrame Slices that an order offers in a frame, 0 for all (A2).
    /// @param alpha Weight of the price rank; 0 for lexicographic price-time priority (A4).
    /// @param beta Weight of the time rank, above 0 unless alpha is 0.
    /// @param priceWeightBps Share of the bid in the price, in 1/10,000, at most 10,000 (A5).
    /// @param uniformPrice Whether all fills of a frame have one price (A5).
    /// @param rollKeepsRank Whether rests stand before the next frame's chain (A6).
    struct Params {
        uint32 minimumQuantityWh;
        uint64 minimumLockMicro;
        uint32 clearingSeconds;
        uint8 slicesPerFrame;
        uint16 alpha;
        uint16 beta;
        uint16 priceWeightBps;
        bool uniformPrice;
        bool rollKeepsRank;
    }

    /// @notice What whoever clears a frame supplies. Positions have two bytes, high byte first.
    /// @param words The chain's words in order, 16 bytes each, high byte first.
    /// @param carried The carried words that entered the frame, 32 bytes each.
    /// @param participants All positions, sorted by participant id, then by position.
    /// @param crossing The lowest tick at which the eligible supply is at least the demand, 0..192 (see {clear}).
    /// @param bidService Positions of the bids in the order in which their slices begin to be served, one entry a slice.
    /// @param askService The same of the asks.
    /// @param rolled Positions of the orders that roll on, in the order of {clear}'s point 7.
    struct Clearing {
        bytes words;
        bytes carried;
        bytes participants;
        uint256 crossing;
        bytes bidService;
        bytes askService;
        bytes rolled;
    }

    /// @notice The frame opened for orders.
    event FrameOpened(uint32 indexed frame, uint8 capTick, uint8 feeTicks);
    /// @notice A word entered a frame's chain: the 16-byte word | frame 32 | index 16, from the lowest bit.
    event WordChained(uint256 entry);
    /// @notice Words of one call entered a frame's chain one after the other: 16 bytes each, high byte first. `first` names the first one, from the
    /// lowest bit: frame 32 | index 16.
    event WordsChained(uint256 indexed first, bytes words);
    /// @notice Fills of a frame, or of a chunk, 8 bytes each, from the highest: buyer's position 16 | seller's position 16 | energy Wh 24 | price tick 8;
    /// with a uniform price the tick is 255 and {FrameCleared} tells it. Those of chunks have effect if {FrameCleared} follows.
    event Fills(uint32 indexed frame, bytes fills);
    /// @notice A frame has its result. Tick 255 of the uniform price: pair prices, or no fill.
    event FrameCleared(
        uint32 indexed frame, bytes32 root, uint256 records, uint256 tradedWh, uint8 crossingTick, uint8 uniformTick
    );
    /// @notice Rests entered `frame`, the one after the cleared one; the digest is that of its carried words.
    event Rolled(uint32 indexed frame, bytes32 carriedDigest, uint256 count);
    /// @notice A part of a large frame is cleared; {clearChunk} goes on from this state.
    event Checkpoint(uint32 indexed frame, bytes32 stateDigest, bytes state);
    /// @notice The clearing deadline passed without a result: all orders of the frame ended.
    event FrameVoided(uint32 indexed frame, bytes32 root, uint256 records);
    /// @notice The operator halted or allowed placing in a frame.
    event FramePaused(uint32 indexed frame, bool paused);
    /// @notice A trade was refused (M8).
    event TradeRefused(
        uint32 indexed frame, uint32 indexed buyerId, uint32 indexed sellerId, uint32 energyWh, uint8 tick
    );

    error Auction_InvalidRequest(uint256 request);
    error Auction_Suspended(uint32 participantId, uint8 status);
    error Auction_FrameNotOpen(uint32 frame);
    error Auction_FrameAlreadyOpen(uint32 frame);
    error Auction_FramePaused(uint32 frame);
    error Auction_GateClosed(uint32 frame, uint256 gateClosure, uint256 timestamp);
    error Auction_TickOutOfRange(uint256 tick, uint256 maximum);
    /// @notice The quantity is below the minimum or above what a record can carry.
    error Auction_QuantityOutOfRange(uint256 quantityWh, uint256 minimumWh, uint256 maximumWh);
    error Auction_InvalidPeak(uint256 peakWh, uint256 quantityWh, uint256 minimumWh);
    error Auction_LockBelowMinimum(uint256 lockMicro, uint256 minimumMicro);
    /// @notice The participant has chained too many words lately (A8): words of this call, and what is allowed to such a call, which is 32 less
    /// for orders than for cancels, but not below 0.
    error Auction_TooManyWords(uint32 participantId, uint256 neededWords, uint256 allowedWords);
    /// @notice The frame's chain takes no more orders (from 3,072 words on) or no more words at all (4,096).
    error Auction_FrameFull(uint32 frame);
    /// @notice Clearing happens from gate closure to the clearing deadline.
    error Auction_OutsideClearingWindow(uint32 frame, uint256 opens, uint256 closes, uint256 timestamp);
    /// @notice Voiding happens after the clearing deadline.
    error Auction_BeforeClearingDeadline(uint32 frame, uint256 deadline, uint256 timestamp);
    /// @notice The frame has a result already.
    error Auction_Decided(uint32 frame);
    /// @notice The frame has words or carried orders and no result yet.
    error Auction_Undecided(uint32 frame);
    /// @notice The words, or the carried ones, are not those of the frame.
    error Auction_WrongWords(uint32 frame);
    /// @notice The positions by participant are not all of them, or not sorted.
    error Auction_WrongParticipants(uint32 frame);
    /// @notice The tick is not the crossing.
    error Auction_WrongCrossing(uint32 frame, uint256 crossing);
    /// @notice Slices are missing, too many, or not in the order of their priority; or the rolled orders are.
    error Auction_WrongService(uint32 frame);
    /// @notice The state supplied is not that of the last checkpoint.
    error Auction_WrongState(uint32 frame);
    /// @notice A frame of this many positions is not cleared in this way.
    error Auction_WrongChunk(uint32 frame, uint256 positions);
    /// @notice A record is not part of the frame's result.
    error Auction_WrongRecord(uint32 frame);
    error Auction_OutsideRefusalWindow(uint32 frame, uint256 opens, uint256 closes, uint256 timestamp);
    error Auction_InvalidRefusal(uint32 frame, uint32 buyerId, uint32 sellerId, uint256 energyWh, uint256 tick);
    /// @notice A setting is out of its range.
    error Auction_InvalidSetting(uint256 value, uint256 maximum);

    /// @notice Places an order; its word enters the frame's chain.
    /// @dev Emits {WordChained}. Request, from the lowest bit: frame 32 | side 8 | tick 8 | quantity Wh 32 | peak Wh 32 | rolls 8; higher bits
    /// 0, and one of more than 144 bits, which is the type at every venue, reverts without data. Checks in this order: `Auction_InvalidRequest`
    /// (higher bits, side above 1), `Venue_NotRegistered`, `Auction_Suspended`, frame open
    /// (`Auction_FrameNotOpen`), `Auction_FramePaused`, `Auction_GateClosed`, `Auction_TickOutOfRange` (above 191); a penalised buyer's quantity is
    /// cut to quantity x factor / 10,000, its peak to at most that; `Auction_QuantityOutOfRange`, `Auction_InvalidPeak` (above the
    /// quantity, below the minimum, or peak x 32 < quantity), the frames up to `frame + rolls` open (`Auction_FrameNotOpen` of the first that is
    /// not), `Auction_LockBelowMinimum`, `Venue_InsufficientMargin`, `Auction_TooManyWords`, `Auction_FrameFull`.
    /// The lock is quantity x lock ticks x `tickMicroPerWh`: lock ticks are, for a buy, tick + the highest fee ticks, for a sell max(1, highest
    /// cap - tick), over the frames `frame .. frame + rolls` (M2). The order's word has supplier 1 if the owner has the role supplier.
    /// Words allowed (A8): an allowance that grows by 16 each frame of time that passes, to at most 256, which is what a
    /// participant begins with; a word takes 1; an order leaves at least 32, a cancel may use all.
    /// @return index The order's number in the frame's chain.
    function place(uint144 request) external returns (uint256 index);

    /// @notice Places several orders of the caller in one frame, all or none.
    /// @dev Emits one {WordsChained}. Checks in this order: `Venue_NotRegistered`, `Auction_InvalidRequest` (of 0) without any request,
    /// `Auction_Suspended`, `Auction_FrameNotOpen`, `Auction_FramePaused`, `Auction_GateClosed`; order by order `Auction_InvalidRequest` (as {place}, or
    /// of another frame), `Auction_TickOutOfRange` and what follows it in {place} up to `Auction_LockBelowMinimum`; then, for all together,
    /// `Venue_InsufficientMargin`, `Auction_TooManyWords`, `Auction_FrameFull` (if the last does not fit).
    /// @return firstIndex Number of the first; the others follow.
    function placeMany(uint32 frame, uint256[] calldata requests) external returns (uint256 firstIndex);

    /// @notice Enters a cancel of the caller's order in a frame's chain: the frame in which the order stands, or will stand, when it is cleared.
    /// @dev Emits {WordChained}. Works while the frame is paused and the caller suspended. Checks in this order: `Venue_NotRegistered`,
    /// `Auction_FrameNotOpen`, `Auction_GateClosed`, `Auction_TooManyWords`, `Auction_FrameFull`. Whether it names an order of the caller is seen when
    /// the frame is cleared (A1).
    /// @param frame Frame whose chain it enters.
    /// @param originFrame Frame that the order was placed in.
    /// @param index Its number there.
    function cancel(uint32 frame, uint32 originFrame, uint16 index) external;

    /// @notice Places orders of consumers who named the caller as their exchange (M11), in one frame.
    /// @dev Emits {EntrySkipped} for each entry that is bad, in their order, then one {WordsChained} if there are good ones. Entry, from the lowest
    /// bit: side 8 | tick 8 | quantity Wh 32 | peak Wh 32 | rolls 8 | address of the consumer 160; higher bits 0. Reverts in this order:
    /// `Venue_MissingRole` (exchange), `Auction_FrameNotOpen`, `Auction_FramePaused`, `Auction_GateClosed`. An entry is skipped, and
    /// changes nothing, for the first of: `Venue_QuotaExceeded` (its number is not below the exchange's quota, RET), `Auction_InvalidRequest` (as
    /// {place}), `Venue_NotMandated` (also of an account that is not registered), `Venue_OutsideMandate`, `Auction_Suspended`,
    /// `Auction_TickOutOfRange` and what follows it in {place}.
    function placeFor(uint32 frame, uint256[] calldata entries) external;

    /// @notice Places an order that its owner signed (EIP-712, domain of {ISignedOrders}); anyone may submit it, as anyone may pay for it.
    /// @dev Emits {WordChained}. Signed is Order(address owner,uint32 frame,uint8 side,uint8 tick,uint32 quantityWh,uint32 peakWh,uint8 rolls,uint256
    /// nonce,uint64 expiry). Checks in this order: `Venue_SignatureExpired` (timestamp > expiry), `Venue_NonceUsed`,
    /// `Venue_InvalidSignature`, then those of {place} for the owner; when one of them fails the nonce stays unused.
    /// @return index The order's number in the frame's chain.
    function placeSigned(uint144 request, address owner, uint256 nonce, uint64 expiry, bytes calldata signature)
        external
        returns (uint256 index);

    /// @notice Enters cancels of orders of consumers who named the caller as their exchange (M11), whatever limits they set, in one frame's chain.
    /// @dev Emits as {placeFor}. Entry, from the lowest bit: origin frame 32 | index 16 | address of the consumer 160; higher bits 0. Reverts in this
    /// order: `Venue_MissingRole` (exchange), `Auction_FrameNotOpen`, `Auction_GateClosed`. An entry is skipped for the first of:
    /// `Auction_InvalidRequest` (higher bits), `Venue_NotMandated`, `Auction_TooManyWords`, `Auction_FrameFull`.
    function cancelFor(uint32 frame, uint256[] calldata entries) external;

    /// @notice Clears a frame of at most 1,024 positions.
    /// @dev Emits {Fills} if there are any, {Rolled} if orders roll, {FrameCleared}. Checks in this order: `Auction_FrameNotOpen`,
    /// `Auction_Decided`, `Auction_OutsideClearingWindow` (unless gate closure <= now < gate closure + clearingSeconds), `Auction_WrongChunk` (more
    /// than 1,024 positions: the chain's words and as many carried ones as are supplied), `Auction_WrongWords`, `Auction_WrongParticipants`, `Auction_WrongCrossing`, `Auction_WrongService`.
    ///
    /// 1. Words with effect (A1, A8): of each participant, by position, the first 64 orders and the first 64 cancels. An order is cancelled if a
    /// cancel with effect of the same participant names it. Orders without effect and cancelled ones take no further part and are
    /// refunded.
    /// 2. Offers (A2): min(quantity, slicesPerFrame x peak), the quantity if slicesPerFrame or the peak is 0.
    /// 3. Crossing (A3): D(t) is the sum of offers of buys at t or above, S(t) that of sells at t or below. Let b be the lowest tick in 0..192
    /// with S(b) >= D(b) (`crossing`). The crossing price is b, or, if b > 0 and b - 1 has the larger matched quantity min(D, S) or the same and
    /// an imbalance |D - S| not larger, the lowest tick with the same D and S as b - 1. Nothing is matched there: no fills. Else buys at or above
    /// it and sells at or below it are eligible.
    /// 4. Priority (A4), by side, among its eligible orders: price rank 0, 1, ... of the distinct ticks, best first; time rank by position, the
    /// next one whenever the participant differs from that of the eligible order of the side before. f = alpha x price rank + beta x time rank (price
    /// rank x 2^40 + time rank when alpha is 0). An order of a supplier comes after all others; lower f first; ties by price rank, then position.
    /// 5. Service: a slice is min(peak, what is left of the offer), the whole offer without a peak. The first slices of both sides meet: the
    /// lesser of what is left of both is filled. A slice that is used up is followed, if its order's offer is not, by the
    /// order's next one, with the side's next time rank (the first new one is the number of time ranks given so far). Until one side has none left.
    /// 6. Price (A5): (priceWeightBps x bid + (10,000 - priceWeightBps) x ask) / 10,000, down, of each pair, or of the lowest filled bid and
    /// the highest filled ask if `uniformPrice`.
    /// 7. Rolling (A6): an order with effect whose rest (quantity less fills) and rolls are above 0 may enter the next frame. Those that may are
    /// ordered by side, each side first the eligible ones by the priority of their first slices, then the others by position; the first 512
    /// of a side enter.
    /// 8. Records (A9): one for each participant of the sequence, by id. From the lowest bit: participant id 32 | bought Wh 32 | sold Wh 32 |
    /// purchase value micro 40 | sale value micro 40 | lock of what was sold micro 40 | refund micro 40. An order that rolls keeps its
    /// rest's lock; any other gets it back. A buy's refund has also the lock of its fills less value and fees.
    /// The root is that of a binary tree over chunks of eight records: leaf i = keccak256 of the records 8i .. 8i + 7, 32 bytes each (fewer in the
    /// last); a node is keccak256(left ‖ right); a node without a right sibling moves up as it is. No record: root 0.
    function clear(uint32 frame, Clearing calldata clearing) external;

    /// @notice Clears the next chunk of a frame of more than 1,024 positions (A7).
    /// @dev A chunk ends after 8,192 fills, wherever more are to come; the result takes effect with the last one. Emits {Fills} of the chunk, then
    /// {Checkpoint}, or what {clear} emits. Checks as {clear}, `Auction_WrongState` after `Auction_WrongChunk` (1,024 positions or fewer).
    /// Words, carried words, participants and crossing are supplied and checked whole with every chunk; the service has the slices that begin
    /// in it; `rolled` is empty before the last chunk (else `Auction_WrongService`).
    ///
    /// State: words of 32 bytes, high byte first. 0: energy yet to match Wh | 1, 2: time ranks given to bids, to asks | 3, 4: the bid, the ask
    /// being served: position 16 | rest of its slice Wh 24, all 0 between two slices | 5, 6: key of the bid, the ask served last, plus 1, 0 for
    /// none | 7: frame 32; then a word a position, 0 unless eligible: value Wh x ticks 32 | filled Wh 24 | rest of the offer Wh 24 | first time
    /// rank 16 | zero 79 | key of the newest slice 81: position 16 | price rank 8 | f 56 | supplier 1. With a uniform price the values are 0.
    /// @param state The state of the last checkpoint, empty for the first chunk.
    function clearChunk(uint32 frame, Clearing calldata clearing, bytes calldata state) external;

    /// @notice Ends all orders of a frame that was not cleared in time: a root with refunds only; anyone may call (M7).
    /// @dev Emits {FrameVoided}. Checks in this order: `Auction_FrameNotOpen`, `Auction_Decided`, `Auction_BeforeClearingDeadline`, `Auction_WrongWords`,
    /// `Auction_WrongParticipants`. Orders do not roll.
    function voidFrame(uint32 frame, bytes calldata words, bytes calldata carried, bytes calldata participants) external;

    /// @notice Halts or allows placing in a frame; cancels and clearing go on.
    /// @dev Emits {FramePaused}. Checks in this order: `Venue_MissingRole` (operator), `Auction_FrameNotOpen`, `Auction_Decided`.
    function setFramePaused(uint32 frame, bool paused) external;

    /// @notice Takes a trade that the network cannot carry out of both positions (M8).
    /// @dev Emits {TradeRefused}. Entry, from the lowest bit: buyer id 32 | seller id 32 | energy Wh 32 | tick 8. Checks in this order:
    /// `Venue_MissingRole` (operator), `Auction_FrameNotOpen`, `Auction_Undecided`, `Auction_OutsideRefusalWindow` (from gate closure to the refusal
    /// deadline), `Auction_WrongRecord` (of the buyer, then the seller), `Auction_InvalidRefusal`: energy above 0, tick at most 191, two different
    /// participants whose records are those supplied, neither side's energy nor value below zero together with what was refused before, and sale value + lock of the
    /// seller's rest at least its sold Wh x cap. The buyer gets value and fees back as margin.
    /// @param buyer Chunk number, its records and the proof: see {recordsOf}.
    /// @param seller The same of the seller.
    function refuseTrade(uint32 frame, uint256 entry, RecordChunk calldata buyer, RecordChunk calldata seller) external;

    /// @notice A frame's state.
    /// @return digest Digest of the chain, 0 once there is a result.
    /// @return words Words in the chain.
    /// @return carriedDigest Digest of the carried words, 0 without any.
    /// @return decided Whether it was cleared or voided.
    /// @return voided Whether it was voided.
    /// @return paused Whether placing is halted.
    function frameOf(uint32 frame)
        external
        view
        returns (
            bytes28 digest,
            uint16 words,
            bytes32 carriedDigest,
            bool decided,
            bool voided,
            bool paused,
            uint8 capTick,
            uint8 feeTicks,
            uint256 tradedWh
        );

    /// @notice Digest of the state at the last checkpoint of a frame that is being cleared in chunks, 0 without one.
    function checkpointOf(uint32 frame) external view returns (bytes32);

    /// @notice Words that a participant may chain now (A8): cancels all of them, orders all but 32.
    function allowedWordsOf(uint32 participantId) external view returns (uint256 words);

    /// @notice The settings, in the order of {Params}.
    function params()
        external
        view
        returns (
            uint32 minimumQuantityWh,
            uint64 minimumLockMicro,
            uint32 clearingSeconds,
            uint8 slicesPerFrame,
            uint16 alpha,
            uint16 beta,
            uint16 priceWeightBps,
            bool uniformPrice,
            bool rollKeepsRank
        );

    /// @notice Largest quantity of an order [Wh]: 129,000,000 / (255 x tickMicroPerWh), down, so that no field of a record
    /// overflows: 8,448 orders of a participant (A8 over the largest ring, 512 frames) and 64 carried ones fit in its refund.
    function maximumQuantityWh() external view returns (uint256);
}
