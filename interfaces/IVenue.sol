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

/// @title What the clearing house asks of a trading venue
interface IVenue is IMarginHolder {
    /// @notice Opens a frame for trading.
    /// @dev Requirements: caller is the house.
    /// @param frame Delivery frame (unix time / frame seconds).
    /// @param capTick Highest fallback price of the frame, in ticks.
    /// @param feeTicks Grid fee plus platform fee, in ticks, 0..15.
    function openFrame(uint32 frame, uint8 capTick, uint8 feeTicks) external;

    /// @notice Ends the accounting of a frame and tells what it traded.
    /// @dev Requirements: caller is the house. Folds the traded energy of all levels into the frame's word. Idempotent.
    /// @return tradedWh Energy traded and not refused.
    function closeFrame(uint32 frame) external returns (uint256 tradedWh);

    /// @notice Position words of participants in a frame, 0 where there is none.
    /// @dev Word, from the lowest bit: bought Wh 40 | sold Wh 40 | purchase value micro 56 | sale value micro 56 | seller's lock micro 48 |
    /// tag 16, where the tag is `frame / 512 + 1` truncated to 16 bits.
    function positionsOf(uint32 frame, uint32[] calldata participantIds) external view returns (uint256[] memory words);

    /// @notice Takes over whether a participant may place orders.
    /// @dev Requirements: caller is the house.
    /// @param status 0 active, bit 0 suspended by the supervisor, bit 1 suspended by credit.
    function setStatus(uint32 participantId, uint8 status) external;
}
