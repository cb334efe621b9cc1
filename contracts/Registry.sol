// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IParticipantListener} from "../interfaces/IParticipantListener.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";

/// @title Who may act as what
/// @dev The participant's number comes from a count and only the supervisor registers, so that nobody can take a number ahead of another.
contract Registry is IRegistry, Ownable2Step {
    /* CONSTANTS */

    /// @notice Most listeners, so that a push always ends.
    uint256 public constant MAX_LISTENERS = 8;

    uint256 private constant _ALL_ROLES = 63;
    uint256 private constant _ROLES_SHIFT = 32;

    /* STORAGE */

    /// @dev From the lowest bit: participant id 32 | roles 8.
    mapping(address account => uint256 word) private _wordOf;
    mapping(uint32 participantId => address account) private _accountOf;
    address[] private _listeners;

    /// @inheritdoc IRegistry
    uint32 public participantCount;

    /* CONSTRUCTOR */

    /// @param supervisor First owner.
    constructor(address supervisor) Ownable(supervisor) {}

    /* EXTERNAL */

    /// @inheritdoc IRegistry
    function register(address account, uint256 roles) external onlyOwner returns (uint32 participantId) {
        return _register(account, roles);
    }

    /// @inheritdoc IRegistry
    function registerMany(address[] calldata accounts, uint256 roles) external onlyOwner {
        for (uint256 i = 0; i < accounts.length; ++i) {
            _register(accounts[i], roles);
        }
    }

    /// @inheritdoc IRegistry
    function setRoles(address account, uint256 roles) external onlyOwner {
        uint32 participantId = uint32(_wordOf[account]);
        require(participantId != 0, Registry_NotRegistered(account));
        require(roles <= _ALL_ROLES, Registry_UnknownRoles(roles));
        _wordOf[account] = participantId | (roles << _ROLES_SHIFT);
        emit RolesChanged(account, participantId, roles);
        _push(account, participantId, roles);
    }

    /// @inheritdoc IRegistry
    function addListener(address listener) external onlyOwner {
        require(listener != address(0), Registry_ZeroAddress());
        require(_listenerIndex(listener) == _listeners.length, Registry_AlreadyListening(listener));
        require(_listeners.length < MAX_LISTENERS, Registry_TooManyListeners(MAX_LISTENERS));
        require(listener.code.length != 0, Registry_NotListener(listener));
        _listeners.push(listener);
        emit ListenerAdded(listener);
    }

    /// @inheritdoc IRegistry
    function removeListener(address listener) external onlyOwner {
        uint256 index = _listenerIndex(listener);
        uint256 last = _listeners.length;
        require(index != last, Registry_NotListener(listener));
        _listeners[index] = _listeners[last - 1];
        _listeners.pop();
        emit ListenerRemoved(listener);
    }

    /// @inheritdoc IRegistry
    function sync(uint32 firstId, uint32 lastId) external {
        require(firstId != 0 && lastId <= participantCount, Registry_NotRegistered(address(0)));
        for (uint32 id = firstId; id <= lastId; ++id) {
            address account = _accountOf[id];
            _push(account, id, _wordOf[account] >> _ROLES_SHIFT);
        }
    }

    /// @inheritdoc IRegistry
    function idOf(address account) external view returns (uint32) {
        return uint32(_wordOf[account]);
    }

    /// @inheritdoc IRegistry
    function accountOf(uint32 participantId) external view returns (address) {
        return _accountOf[participantId];
    }

    /// @inheritdoc IRegistry
    function rolesOf(address account) external view returns (uint256) {
        return _wordOf[account] >> _ROLES_SHIFT;
    }

    /// @inheritdoc IRegistry
    function listenerAt(uint256 index) external view returns (address) {
        return _listeners[index];
    }

    /// @inheritdoc IRegistry
    function listenerCount() external view returns (uint256) {
        return _listeners.length;
    }

    /* PRIVATE */

    function _register(address account, uint256 roles) private returns (uint32 participantId) {
        require(account != address(0), Registry_ZeroAddress());
        participantId = uint32(_wordOf[account]);
        require(participantId == 0, Registry_AlreadyRegistered(account, participantId));
        require(roles != 0 && roles <= _ALL_ROLES, Registry_UnknownRoles(roles));
        participantId = ++participantCount;
        _wordOf[account] = participantId | (roles << _ROLES_SHIFT);
        _accountOf[participantId] = account;
        emit ParticipantRegistered(account, participantId, roles);
        _push(account, participantId, roles);
    }

    function _push(address account, uint32 participantId, uint256 roles) private {
        uint256 count = _listeners.length;
        for (uint256 i = 0; i < count; ++i) {
            IParticipantListener(_listeners[i]).onParticipant(account, participantId, roles);
        }
    }

    /// @dev Place in the list; the list's length when absent.
    function _listenerIndex(address listener) private view returns (uint256 index) {
        uint256 count = _listeners.length;
        while (index < count && _listeners[index] != listener) ++index;
    }
}
