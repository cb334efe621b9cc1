// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Who may act as what
/// @notice Numbers participants, grants roles and pushes both to every contract that listens.
/// @dev The supervisor is the owner (two-step handover: `transferOwnership`, then `acceptOwnership` by the successor).
///
/// Role bits: 1 prosumer, 2 station, 4 exchange, 8 meter, 16 operator, 32 supplier.
interface IRegistry {
    /// @notice A participant was registered.
    event ParticipantRegistered(address indexed account, uint32 indexed participantId, uint256 roles);
    /// @notice A participant's roles changed.
    event RolesChanged(address indexed account, uint32 indexed participantId, uint256 roles);
    /// @notice A contract listens from now on.
    event ListenerAdded(address indexed listener);
    /// @notice A contract no longer listens.
    event ListenerRemoved(address indexed listener);

    /// @notice The account has a number already.
    error Registry_AlreadyRegistered(address account, uint32 participantId);
    /// @notice The account has no number.
    error Registry_NotRegistered(address account);
    /// @notice The zero address was given where an account was expected.
    error Registry_ZeroAddress();
    /// @notice A role bit outside 1..63 was given, or none at all.
    error Registry_UnknownRoles(uint256 roles);
    /// @notice No more listeners fit (the list is bounded, so that a push always ends).
    error Registry_TooManyListeners(uint256 maximum);
    /// @notice The contract listens already.
    error Registry_AlreadyListening(address listener);
    /// @notice The contract does not listen, or there is none at the address.
    error Registry_NotListener(address listener);

    /// @notice Registers an account; its number is the count of participants so far plus one.
    /// @dev Emits {ParticipantRegistered} and pushes to every listener. Requirements: caller is the supervisor
    /// (`OwnableUnauthorizedAccount`), account not zero, not registered, roles within 1..63, checked in this order.
    /// @param account The participant's address.
    /// @param roles Union of role bits.
    /// @return participantId The number given.
    function register(address account, uint256 roles) external returns (uint32 participantId);

    /// @notice Registers many accounts with the same roles, in the given order.
    /// @dev As {register} for each.
    function registerMany(address[] calldata accounts, uint256 roles) external;

    /// @notice Replaces an account's roles; 0 revokes them all, the number stays.
    /// @dev Emits {RolesChanged} and pushes. Requirements: caller is the supervisor, account registered, roles within 0..63, checked in this
    /// order.
    function setRoles(address account, uint256 roles) external;

    /// @notice Adds a contract to the listeners (at most 8).
    /// @dev Emits {ListenerAdded}. Participants registered earlier reach it by {sync}. Checks in this order: caller is the supervisor, not
    /// zero, not listening, fewer than 8 listeners (`Registry_TooManyListeners`), a contract (`Registry_NotListener`).
    function addListener(address listener) external;

    /// @notice Takes a contract off the listeners, so that one added by mistake cannot stop registrations.
    /// @dev Emits {ListenerRemoved}. The last listener takes its place in the list. Requirements: caller is the supervisor, listening
    /// (`Registry_NotListener`).
    function removeListener(address listener) external;

    /// @notice Pushes the state of participants `firstId .. lastId` to all listeners again; anyone may call.
    /// @dev Requirements: `firstId` is at least 1 and `lastId` not above the count (`Registry_NotRegistered(address(0))`); an empty span does
    /// nothing.
    function sync(uint32 firstId, uint32 lastId) external;

    /// @notice Number of an account, 0 when not registered.
    function idOf(address account) external view returns (uint32);

    /// @notice Account of a number, zero when not given out.
    function accountOf(uint32 participantId) external view returns (address);

    /// @notice Role bits of an account.
    function rolesOf(address account) external view returns (uint256);

    /// @notice Count of registered participants.
    function participantCount() external view returns (uint32);

    /// @notice Listener number `index` (from 0).
    function listenerAt(uint256 index) external view returns (address);

    /// @notice Count of listeners.
    function listenerCount() external view returns (uint256);
}
