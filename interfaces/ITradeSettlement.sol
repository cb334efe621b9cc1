// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The clearing house: escrow, frames, metered delivery, settlement, fees, rating
/// @notice Rules M1-M10 and M13. The house is the central counterparty; all payments are pulled. Energy in Wh, money in micro-units
/// of the settlement token, prices in ticks (`tickMicroPerWh` micro-units per Wh and tick).
interface ITradeSettlement {
    /// @notice Times and price grain, fixed at deployment (M2, M7).
    /// @param frameSeconds Length of a frame [s], 60..86,400.
    /// @param tickMicroPerWh Money per Wh and tick [micro], 1..65,535.
    /// @param gateClosureLeadSeconds Seconds before delivery at which trading ends.
    /// @param refusalLeadSeconds Seconds before delivery at which refusals end; below the gate closure's lead.
    /// @param meteringWindowSeconds Seconds after delivery's end within which readings are taken, at least 1.
    /// @param ringFrames Frames whose state lies side by side (T2), at least 2 and 28,800 s, at most 512.
    struct Params {
        uint32 frameSeconds;
        uint256 tickMicroPerWh;
        uint32 gateClosureLeadSeconds;
        uint32 refusalLeadSeconds;
        uint32 meteringWindowSeconds;
        uint32 ringFrames;
    }

    /// @notice How delivery is rated (M10).
    /// @param toleranceBps Shortfall above this share of the obligation rates -1 [1/10,000].
    /// @param minimumRatedWh Obligations below are not rated.
    /// @param bindingFrames Rated frames from which the threshold binds: the score is compared at this one and at every bad one after it.
    /// @param probationFrames The same while on probation, where it is compared at every rating from this one on.
    /// @param thresholdBps Score below which a participant is suspended, in 1/10,000 of a score in [-1, 1].
    struct CreditPolicy {
        uint16 toleranceBps;
        uint32 minimumRatedWh;
        uint16 bindingFrames;
        uint16 probationFrames;
        int16 thresholdBps;
    }

    /// @notice Tokens came in.
    event Deposited(uint32 indexed participantId, uint256 amountMicro);
    /// @notice Tokens went out.
    event Withdrawn(uint32 indexed participantId, uint256 amountMicro);
    /// @notice Money went from a balance to a venue.
    event MovedToVenue(uint32 indexed participantId, address indexed venue, uint256 amountMicro);
    /// @notice Money came back from a venue.
    event MovedFromVenue(uint32 indexed participantId, address indexed venue, uint256 amountMicro);
    /// @notice A frame was opened for a venue. Tick 255 = tariff not posted.
    event FrameOpened(
        uint32 indexed frame,
        address indexed venue,
        uint8 capTick,
        uint8 gridTick,
        uint8 retailerTick,
        uint8 gridFeeTicks,
        uint8 platformFeeTicks
    );
    /// @notice Deliveries were settled: 16 bytes a record, high byte first, from the lowest bit: paid micro 56 (more shows as 2^56 - 1) | participant id
    /// 32 | delivered Wh 40. Delivered is the reading as given; without one it is 0 if somebody else was read, and what was owed if nobody was.
    /// Shortfall and rating follow from it and the position. Not emitted for a batch without records.
    event DeliveriesSettled(uint32 indexed frame, bytes records);
    /// @notice One delivery was settled, a record as in {DeliveriesSettled}.
    event DeliverySettled(uint32 indexed frame, uint256 record);
    /// @notice An entry of a batch was passed over: reason 1 settled already, 2 no position, 3 not registered.
    event SettlementSkipped(uint32 indexed frame, uint32 indexed participantId, uint8 reason);
    /// @notice All of a frame is settled and its fees are paid.
    event FrameFinalised(
        uint32 indexed frame,
        uint256 tradedWh,
        uint256 gridFeesMicro,
        uint256 platformFeesMicro,
        uint256 fallbackMicro,
        uint256 shortfallSurplusMicro
    );
    /// @notice Ratings entered from outside a settlement (records as in {rate}).
    event Rated(uint256[] records);
    /// @notice One rating entered from outside a settlement (a record as in {rate}).
    event RatedOne(uint256 record);
    /// @notice A participant may place orders (0) or not (bit 0 supervisor, bit 1 credit).
    event StatusChanged(uint32 indexed participantId, uint8 status);
    /// @notice A venue holds margin from now on; the kind is that of {addVenue}.
    event VenueAdded(address indexed venue, uint8 index, uint8 kind);
    /// @notice The rating policy changed.
    event CreditPolicyChanged(CreditPolicy policy);

    /// @notice A venue could not take over a participant's status or demand factor; {syncVenue} makes up for it.
    event VenueNotTold(address indexed venue, uint32 indexed participantId);

    error Settlement_NotRegistry(address caller);
    error Settlement_NotRegistered(address caller);
    error Settlement_MissingRole(address caller, uint256 role);
    /// @notice The caller is not the supervisor (owner of the registry).
    error Settlement_NotSupervisor(address caller);
    error Settlement_NotVenue(address caller);
    error Settlement_NotCredit(address caller);
    error Settlement_ZeroAmount();
    error Settlement_InsufficientBalance(uint32 participantId, uint256 neededMicro, uint256 availableMicro);
    /// @notice The house takes at most 2^95 - 1 micro-units in all, so that no 96-bit word overflows.
    error Settlement_MoneyLimit(uint256 amountMicro, uint256 roomMicro);
    /// @notice The token moved another amount into or out of the house than asked (fee on transfer, rebasing).
    error Settlement_TokenAmountMismatch(uint256 expectedMicro, uint256 receivedMicro);
    error Settlement_VenueOverdrawn(address venue, uint256 neededMicro, uint256 heldMicro);
    error Settlement_TooManyVenues(uint256 maximum);
    error Settlement_VenueExists(address venue);
    error Settlement_AlreadyConfigured();
    /// @notice Accounts of grid, retailer and platform are not set.
    error Settlement_NotConfigured();
    error Settlement_FrameExists(uint32 frame);
    error Settlement_FrameNotOpen(uint32 frame);
    /// @notice The gate of the frame has closed already, so it cannot open.
    error Settlement_TooLateToOpen(uint32 frame, uint256 gateClosure, uint256 timestamp);
    /// @notice The frame lies more than `ringFrames` ahead (`olderFrame` is then the one so many before), or the frame that last used its
    /// position slots (`olderFrame`, a multiple of `ringFrames` before) is not final.
    error Settlement_RingOccupied(uint32 frame, uint32 olderFrame);
    /// @notice Tariffs above the cap, fees above 15 ticks together, a cap of 0 or of 255.
    error Settlement_InvalidTariff(
        uint32 frame, uint8 capTick, uint8 gridTick, uint8 retailerTick, uint8 gridFeeTicks, uint8 platformFeeTicks
    );
    /// @notice Readings are taken after delivery and before the metering deadline only.
    error Settlement_OutsideMeteringWindow(uint32 frame, uint256 opens, uint256 closes, uint256 timestamp);
    /// @notice Unmetered participants settle after the metering deadline only.
    error Settlement_BeforeMeteringDeadline(uint32 frame, uint256 deadline, uint256 timestamp);
    error Settlement_FrameFinal(uint32 frame);
    /// @notice The frame's venue keeps its results in the other way: stored positions, or a root over records.
    error Settlement_OtherResults(uint32 frame);
    /// @notice The records are not consecutive whole chunks of those that the frame's root was made of.
    error Settlement_WrongRecords(uint32 frame);
    /// @notice Until the refusal deadline trades may still be taken out of the records.
    error Settlement_BeforeRefusalDeadline(uint32 frame, uint256 deadline, uint256 timestamp);
    /// @notice Not all records of the frame are settled.
    error Settlement_RecordsUnsettled(uint32 frame, uint256 records, uint256 settled);
    /// @notice Not all sold energy of the frame is settled.
    error Settlement_Unsettled(uint32 frame, uint256 tradedWh, uint256 settledWh);
    /// @notice A parameter is out of its range, of which the maximum is told; a negative threshold is told by its magnitude.
    error Settlement_InvalidPolicy(uint256 value, uint256 maximum);
    /// @notice A suspended participant comes back after a day's frames only, and only from a suspension by credit.
    error Settlement_StillSuspended(uint32 participantId, uint32 untilFrame, uint32 currentFrame);
    error Settlement_NotSuspended(uint32 participantId);
    error Settlement_InvalidRecord(uint256 record);

    /// @notice Sets the house accounts of grid, retailer and platform, once.
    /// @dev Checks in this order: `Settlement_NotSupervisor`, `Settlement_AlreadyConfigured`, each registered
    /// (`Settlement_NotRegistered(address(0))`), all different (`Settlement_InvalidRecord` of the one given twice).
    function configure(uint32 gridId, uint32 retailerId, uint32 platformId) external;

    /// @notice Lets a contract hold margin (at most 8).
    /// @dev Emits {VenueAdded}. Checks in this order: `Settlement_NotSupervisor`, `Settlement_VenueExists`, `Settlement_NotVenue` (no code
    /// there), `Settlement_TooManyVenues`, `Settlement_InvalidRecord` (kind above 2).
    /// @param venue The contract.
    /// @param kind 0 holds margin only; 1 trades, with stored positions ({IVenue}); 2 trades, with roots over records ({IRootVenue}). Trading
    /// venues get frames, and what is pushed about participants.
    /// @return index Count of venues added before.
    function addVenue(address venue, uint8 kind) external returns (uint8 index);

    /// @notice Moves tokens from the caller into its balance. The caller approves the house first.
    /// @dev Emits {Deposited}. Checks in this order: `Settlement_NotRegistered`, `Settlement_ZeroAmount`, `Settlement_MoneyLimit`, then the
    /// token's own, `Settlement_TokenAmountMismatch`.
    function deposit(uint256 amountMicro) external;

    /// @notice Moves tokens from the caller's balance to the caller. Never paused.
    /// @dev Emits {Withdrawn}. Checks in this order: `Settlement_NotRegistered`, `Settlement_ZeroAmount`, `Settlement_InsufficientBalance`, then
    /// the token's own, `Settlement_TokenAmountMismatch` (the house parts with exactly the amount).
    function withdraw(uint256 amountMicro) external;

    /// @notice Moves money from the caller's balance to its margin at a venue.
    /// @dev Emits {MovedToVenue}. Checks in this order: `Settlement_NotRegistered`, `Settlement_NotVenue`, `Settlement_ZeroAmount`,
    /// `Settlement_InsufficientBalance`.
    function moveToVenue(address venue, uint256 amountMicro) external;

    /// @notice Takes margin back into a balance.
    /// @dev Emits {MovedFromVenue}. Checks in this order: `Settlement_NotVenue`, `Settlement_NotRegistered(address(0))`,
    /// `Settlement_VenueOverdrawn`.
    function creditFromVenue(uint32 participantId, uint256 amountMicro) external;

    /// @notice Opens frames with their tariffs, fixed from then on.
    /// @dev Emits {FrameOpened} per frame. Tariff word, from the lowest bit: cap tick 8 | grid tick 8 | retailer tick 8 | grid fee ticks 8 |
    /// platform fee ticks 8; tick 255 = not posted; higher bits 0. Checks in this order: `Settlement_MissingRole` (operator),
    /// `Settlement_NotConfigured`, `Settlement_NotVenue` (unknown or not trading); then per frame `Settlement_InvalidRecord` (high bits),
    /// `Settlement_FrameExists`, `Settlement_TooLateToOpen` (timestamp >= gate closure, told as 0 where it lies before 1970),
    /// `Settlement_RingOccupied`, `Settlement_InvalidTariff`.
    /// @param firstFrame First frame; entry i is for `firstFrame + i`.
    function openFrames(address venue, uint32 firstFrame, uint256[] calldata tariffs) external;

    /// @notice Takes metered deliveries and settles them.
    /// @dev Emits {SettlementSkipped} and {StatusChanged} in the order of entries, then {DeliveriesSettled}. Reading, from the lowest bit: participant id 32 | delivered Wh 40; higher
    /// bits 0. Delivered is the metered net export, less what went into storage, plus what came out, counted once, not below 0.
    /// Let S sold, B bought, V sale value, L lock, owed = max(0, S - B), shortfall = owed - min(delivered, owed), fallback price = the
    /// cheaper posted tariff of grid and retailer (the grid's on a tie; the cap when none was posted), cost = shortfall x max(fallback
    /// price, V / S rounded up), at most V + L. The participant gets V + L - cost; shortfall x fallback price goes to the fallback supplier at
    /// finalisation (the grid when none was posted), the rest of the cost to the platform.
    /// Rated -1 when shortfall x 10,000 > owed x toleranceBps, else +1, weight owed, if owed > 0 and owed >= minimumRatedWh (see {rate}).
    /// A frame counts as read as soon as one position was settled by a reading.
    /// Checks in this order: `Settlement_MissingRole` (meter), `Settlement_FrameNotOpen`, `Settlement_FrameFinal`,
    /// `Settlement_OtherResults` (a root venue's frame), `Settlement_OutsideMeteringWindow` (unless delivery end <= now < metering deadline), `Settlement_InvalidRecord` (high bits).
    /// Skipped: settled already (1), not registered (3), no position (2).
    function reportDelivery(uint32 frame, uint256[] calldata readings) external;

    /// @notice Settles participants that were not read, after the metering deadline; anyone may call.
    /// @dev If any participant of the frame was read, one with owed > 0 gets its lock only (of its sale value, owed x fallback price, at
    /// most the value, goes to the fallback supplier, the rest to the platform); one with owed = 0 gets V + L. If nothing was read
    /// everyone gets V + L. Nobody is rated. Emits and skips as {reportDelivery}. Checks in this order: `Settlement_FrameNotOpen`,
    /// `Settlement_FrameFinal`, `Settlement_OtherResults`, `Settlement_BeforeMeteringDeadline`.
    function settleUnmetered(uint32 frame, uint32[] calldata participantIds) external;

    /// @notice Takes metered deliveries of a root venue's frame and settles them.
    /// @dev As {reportDelivery}, the position being that of the record less what was refused of it; the record's refund is paid with it and is part
    /// of `paid` in the log. With the first records settled, whatever the call, the frame takes over what the venue tells as owed to all of
    /// them ({IRootVenue-resultOf}) from the venue's holdings, and pays from it. A participant without a reading is passed over silently; one
    /// that is settled already is skipped (1).
    /// Checks in this order: `Settlement_MissingRole` (meter), `Settlement_FrameNotOpen`, `Settlement_FrameFinal`, `Settlement_OtherResults` (a frame with
    /// stored positions), `Settlement_OutsideMeteringWindow`, `Settlement_InvalidRecord` (the length of the readings), `Settlement_VenueOverdrawn`,
    /// `Settlement_WrongRecords`.
    /// @param frame Delivery frame.
    /// @param firstChunk Number of the first chunk.
    /// @param records Records of consecutive whole chunks.
    /// @param proof Nodes of the tree from the leaves up: at each level the left sibling of the range, then the right one, where there is one.
    /// @param readings Delivered Wh as in {reportDelivery}, 5 bytes a record, high byte first; 0xffffffffff = not read.
    function reportDeliveryFromRoot(
        uint32 frame,
        uint256 firstChunk,
        uint256[] calldata records,
        bytes32[] calldata proof,
        bytes calldata readings
    ) external;

    /// @notice Takes the metered delivery of one record of a root venue's frame and settles it.
    /// @dev As {reportDeliveryFromRoot} for the one record, with less data and {DeliverySettled} in place of {DeliveriesSettled}; every delivery is a
    /// reading. Emits {SettlementSkipped} (1) if it is settled already. Checks in this order: those of {reportDeliveryFromRoot}, where
    /// `Settlement_InvalidRecord` is for high bits of the reading.
    /// @param reading From the lowest bit: frame 32 | number of the record, counted from 0, 16 | delivered Wh 40; higher bits 0.
    /// @param shown The eight records of its chunk (fewer in the last one), then the siblings of the tree from the leaf up, where there are any.
    function reportRecord(uint256 reading, uint256[] calldata shown) external;

    /// @notice Settles records of a root venue's frame that were not read, after the metering deadline; anyone may call.
    /// @dev As {settleUnmetered} with the refund paid too. What is settled already is passed over silently. Checks in this order:
    /// `Settlement_FrameNotOpen`, `Settlement_FrameFinal`, `Settlement_OtherResults`, `Settlement_BeforeMeteringDeadline`, `Settlement_VenueOverdrawn`,
    /// `Settlement_WrongRecords`.
    function settleUnmeteredFromRoot(
        uint32 frame,
        uint256 firstChunk,
        uint256[] calldata records,
        bytes32[] calldata proof
    ) external;

    /// @notice Settles records that sold nothing, or of which refusals left nothing sold, after the refusal deadline; anyone may call (M13).
    /// @dev They are paid lock and refund, never rated, and logged as delivering nothing. Other records, and what is settled already, are passed over
    /// silently. Checks in this order: `Settlement_FrameNotOpen`, `Settlement_FrameFinal`, `Settlement_OtherResults`,
    /// `Settlement_BeforeRefusalDeadline`, `Settlement_VenueOverdrawn`, `Settlement_WrongRecords`.
    function releaseFromRoot(uint32 frame, uint256 firstChunk, uint256[] calldata records, bytes32[] calldata proof)
        external;

    /// @notice Pays the frame's fees and shortfall money once all sold energy is settled; anyone may call.
    /// @dev Emits {FrameFinalised}. Checks in this order: `Settlement_FrameNotOpen`, `Settlement_FrameFinal`,
    /// `Settlement_OutsideMeteringWindow(frame, delivery end, 2^256 - 1, timestamp)` before delivery's end, `Settlement_Unsettled` (the sold
    /// Wh settled so far differ from the venue's traded Wh), `Settlement_RecordsUnsettled` (of a root venue: not every record is settled).
    function finaliseFrame(uint32 frame) external;

    /// @notice Enters ratings that come from outside a settlement (a paid or unpaid charging session, Cui eq. 2).
    /// @dev Emits {StatusChanged} where the threshold is crossed, then {Rated}. Record, from the lowest bit: participant id 32 | weight Wh 40 |
    /// good 8 (1 good, 0 bad); higher bits 0. Requirements: meter role; registered id and good <= 1 (`Settlement_InvalidRecord`).
    /// A rating adds 1 to the count (which stops at 65,535), its weight to the sum of weights and, if good, to the good sum; if the sum
    /// would reach 2^48 both sums are first halved, rounded down. Then the score is compared if the count is `bindingFrames`, or above it and the
    /// rating bad; on probation, if the count is at least `probationFrames`. If (2 x good - sum) x 10,000 < thresholdBps x sum, a participant not
    /// suspended by credit yet is so until the current frame + 86,400 / frameSeconds (down); else probation ends once the count is at least
    /// `bindingFrames`.
    function rate(uint256[] calldata records) external;

    /// @notice Enters one rating, as {rate} does for a batch of one, with less data.
    /// @dev Emits {StatusChanged} where the threshold is crossed, then {RatedOne}. Requirements: those of {rate}, in the same order.
    function rateOne(uint256 record) external;

    /// @notice Sets or lifts the supervisor's suspension; it affects placing only.
    /// @dev Emits {StatusChanged}, pushes to the trading venues ({VenueNotTold} of one that refuses), also when nothing changed. Checks in this order:
    /// `Settlement_NotSupervisor`, `Settlement_NotRegistered(address(0))`.
    function setSuspended(uint32 participantId, bool suspended) external;

    /// @notice Brings a participant suspended by credit back on probation after a day's frames; anyone may call.
    /// @dev Its ratings start anew at 0, `suspendedUntil` becomes 0, and the threshold binds after `probationFrames` until `bindingFrames` are
    /// rated. Emits {StatusChanged} and pushes. Checks in this order: `Settlement_NotSuspended`, `Settlement_StillSuspended`.
    function startProbation(uint32 participantId) external;

    /// @notice Tells the trading venues how much of a consumer's demand may be met (RET).
    /// @dev A venue that refuses does not stop the others: {VenueNotTold}. Requirements: caller is the credit contract (`Settlement_NotCredit`).
    /// @param factorBps 0..10,000.
    function pushDemandFactor(uint32 participantId, uint16 factorBps) external;

    /// @notice Tells a trading venue the status and the demand factor of participants `firstId` to `lastId`: one that was added later, or could not be
    /// told; anyone may call.
    /// @dev Checks in this order: `Settlement_NotVenue` (unknown or not trading); then per participant `Settlement_NotRegistered(address(0))`, and
    /// what the venue itself refuses.
    function syncVenue(address venue, uint32 firstId, uint32 lastId) external;

    /// @notice Replaces the rating policy.
    /// @dev Of a participant off probation whose count is at least the new `bindingFrames`, the next bad rating is the first that is compared with the
    /// new threshold; no status changes at once. Emits {CreditPolicyChanged}. Requirements: caller is the credit contract; tolerance at most 10,000, threshold within
    /// -10,000..10,000 (`Settlement_InvalidPolicy`).
    function setCreditPolicy(CreditPolicy calldata policy) external;

    /// @notice A participant's account.
    /// @return balanceMicro Free money.
    /// @return ratedFrames Count of ratings since the record started.
    /// @return ratedWh Sum of weights.
    /// @return goodWh Sum of weights rated +1.
    /// @return status Bit 0 supervisor, bit 1 credit.
    /// @return onProbation Whether the probation count binds.
    /// @return suspendedUntil First frame in which {startProbation} may be called.
    function accountOf(uint32 participantId)
        external
        view
        returns (
            uint256 balanceMicro,
            uint16 ratedFrames,
            uint48 ratedWh,
            uint48 goodWh,
            uint8 status,
            bool onProbation,
            uint32 suspendedUntil
        );

    /// @notice Score (2 x goodWh - ratedWh) / ratedWh in WAD, rounded toward zero, in [-1e18, 1e18]; 0 without ratings.
    function scoreWad(uint32 participantId) external view returns (int256);

    /// @notice A frame's record. Of a root venue's frame the surplus contains also what is owed to records that are not settled yet.
    function frameOf(uint32 frame)
        external
        view
        returns (
            address venue,
            uint8 capTick,
            uint8 gridTick,
            uint8 retailerTick,
            uint8 gridFeeTicks,
            uint8 platformFeeTicks,
            bool anyRead,
            bool finalised,
            uint256 settledSoldWh,
            uint256 fallbackMicro,
            uint256 surplusMicro
        );

    /// @notice Whether a participant's stored position in a frame is settled; true for everybody once the frame is final: nothing is left to settle.
    function isSettled(uint32 frame, uint32 participantId) external view returns (bool);

    /// @notice Whether a record of a root venue's frame is settled.
    /// @param index Number of the record, counted from 0.
    function isRecordSettled(uint32 frame, uint256 index) external view returns (bool);

    /// @notice How many records a root venue's frame has, and how many of them are settled; 0 before the first one is.
    function recordsOf(uint32 frame) external view returns (uint256 records, uint256 settled);

    /// @notice Money that a venue holds.
    function heldByVenue(address venue) external view returns (uint256 amountMicro);

    /// @notice Tokens deposited and not withdrawn: balances + venues' holdings + fees due (M1).
    function accountedMicro() external view returns (uint256);

    /// @notice The rating policy in force.
    function creditPolicy() external view returns (CreditPolicy memory);

    /// @notice Accounts of grid, retailer and platform.
    function suppliers() external view returns (uint32 gridId, uint32 retailerId, uint32 platformId);

    /// @notice The settlement token (ERC-20, 6 decimals).
    function token() external view returns (address);
    /// @notice Length of a frame [s].
    function frameSeconds() external view returns (uint32);
    /// @notice Money per Wh and tick [micro].
    function tickMicroPerWh() external view returns (uint256);
    /// @notice Seconds before delivery at which trading ends.
    function gateClosureLeadSeconds() external view returns (uint32);
    /// @notice Seconds before delivery at which refusals end; below the gate closure's lead.
    function refusalLeadSeconds() external view returns (uint32);
    /// @notice Seconds after delivery's end within which readings are taken.
    function meteringWindowSeconds() external view returns (uint32);
    /// @notice Frames whose state lies side by side (T2): so many frames ahead can be opened, and a frame waits for the one so many before.
    function ringFrames() external view returns (uint32);
}
