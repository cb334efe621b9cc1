// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A contract that keeps its own copy of who may act
/// @notice The registry pushes every change, so that no hot path has to ask another contract.
interface IParticipantListener {
    /// @notice Takes over a participant's identity and roles.
    /// @dev Requirements: the caller is the registry. Idempotent.
    /// @param account The participant's address.
    /// @param participantId The participant's number, from 1.
    /// @param roles The union of the role bits of {IRegistry}; 0 when all were revoked.
    function onParticipant(address account, uint32 participantId, uint256 roles) external;
}
