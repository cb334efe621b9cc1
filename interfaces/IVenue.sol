// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What the clearing house asks of a contract that holds margin
/// @notice Margin is money that a participant set aside at a venue; the house records how much each venue holds in total.
/// All amounts are micro-units of the settlement token.
interface IMarginHolder {
    /// @notice Margin came in from the house.
    event MarginDeposited(uint32 indexed participantId, uint256 amountMicro);
    /// @notice Margin went back to the house.
    event MarginWithdrawn(uint32 indexed participantId, uint256 amountMicro);

    /// @notice The caller is not the clearing house.
    error Venue_NotHouse(address caller);
    /// @notice The caller is not the registry.
    error Venue_NotRegistry(address caller);
    /// @notice The caller is not registered.
    error Venue_NotRegistered(address caller);
    /// @notice The caller lacks the role that the call needs.
    error Venue_MissingRole(address caller, uint256 role);
    /// @notice Free margin is below what is needed.
    error Venue_InsufficientMargin(uint32 participantId, uint256 neededMicro, uint256 availableMicro);

    /// @notice Credits margin.
    /// @dev Emits {MarginDeposited}. Requirements: caller is the house, participant known here.
    function creditMargin(uint32 participantId, uint256 amountMicro) external;

    /// @notice Sends the caller's free margin back to its house balance.
    /// @dev Emits {MarginWithdrawn}. Requirements: caller registered, `amountMicro` not above the free margin. Never paused.
    function withdrawMargin(uint256 amountMicro) external;

    /// @notice Free margin of a participant.
    function marginOf(uint32 participantId) external view returns (uint256 amountMicro);
}

/// @title What the clearing house asks of every trading venue
interface ITradingVenue is IMarginHolder {
    /// @notice Opens a frame for trading.
    /// @dev Requirements: caller is the house.
    /// @param frame Delivery frame (unix time / frame seconds).
    /// @param capTick Highest fallback price of the frame, in ticks.
    /// @param feeTicks Grid fee plus platform fee, in ticks, 0..15.
    function openFrame(uint32 frame, uint8 capTick, uint8 feeTicks) external;

    /// @notice Ends the accounting of a frame and tells what it traded.
    /// @dev Requirements: caller is the house; a venue that clears frames by a root has a result for it, or nothing to clear. Idempotent.
    /// @return tradedWh Energy traded and not refused.
    function closeFrame(uint32 frame) external returns (uint256 tradedWh);

    /// @notice Takes over whether a participant may place orders.
    /// @dev Requirements: caller is the house.
    /// @param status 0 active, bit 0 suspended by the supervisor, bit 1 suspended by credit.
    function setStatus(uint32 participantId, uint8 status) external;

    /// @notice Takes over how much of a penalised consumer's demand may be met (RET).
    /// @dev Requirements: caller is the house, participant known here (`Venue_NotRegistered(address(0))`).
    /// @param factorBps 0..10,000.
    function setDemandFactor(uint32 participantId, uint16 factorBps) external;
}

/// @title A trading venue whose results are stored positions
interface IVenue is ITradingVenue {
    /// @notice Position words of participants in a frame, 0 where there is none.
    /// @param entries Their numbers in the lowest 32 bits; higher bits mean nothing here, so that a meter's readings can be handed on as they are.
    /// @dev Word, from the lowest bit: bought Wh 40 | sold Wh 40 | purchase value micro 56 | sale value micro 56 | seller's lock micro 48 |
    /// tag 16, where the tag is `frame / ring + 1` truncated to 16 bits.
    function positionsOf(uint32 frame, uint256[] calldata entries) external view returns (uint256[] memory words);
}

/// @title A trading venue whose results are roots over records
/// @dev Record, from the lowest bit: participant id 32 | bought Wh 32 | sold Wh 32 | purchase value micro 40 | sale value micro 40 | lock micro 40 |
/// refund micro 40. One record a participant, sorted by id; chunks of eight are the leaves of the tree (see {IFrameAuction-clear}).
interface IRootVenue is ITradingVenue {
    /// @notice A chunk of records with its proof.
    /// @param index Number of the chunk.
    /// @param records Its records, eight, fewer in the last chunk.
    /// @param proof Siblings from the leaf up, where there are any.
    struct RecordChunk {
        uint256 index;
        uint256[] records;
        bytes32[] proof;
    }

    /// @notice A frame's result. After the refusal deadline it does not change any more; the root does once a frame has a result that lies
    /// whole rings after (T2), when this one is final and nothing is left to settle.
    /// @return root Root over its records; 0 without any, or without a result.
    /// @return records Count of records.
    /// @return anyRefused Whether trades were refused, so that {refusedOf} must be asked.
    /// @return owedMicro Sale values, locks and refunds of all records together, less the sale values of what was refused: what the house takes
    /// over from the venue's holdings when it settles the first of them. Fees are not in it.
    function resultOf(uint32 frame)
        external
        view
        returns (bytes32 root, uint256 records, bool anyRefused, uint256 owedMicro);

    /// @notice What was refused of participants' records in a frame: position words as in {IVenue-positionsOf}, lock 0, without a tag; 0 for nothing.
    function refusedOf(uint32 frame, uint32[] calldata participantIds) external view returns (uint256[] memory words);
}
