// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IParticipantListener} from "../../interfaces/IParticipantListener.sol";
import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {IMarginHolder} from "../../interfaces/IVenue.sol";

/// @title The participants' accounts at a contract that holds margin
/// @notice One word per participant: number, free margin, status, demand factor and roles, so that a call reads nothing elsewhere.
/// @dev Account word, from the lowest bit: participant id 32 | margin micro 96 | status 8 | demand factor 1/10,000 16 | roles 8 |
/// free for the venue's own use 96.
abstract contract VenueAccounts is IMarginHolder, IParticipantListener {
    /* TYPES */

    /// @dev One word, see above; a struct so that a change finds its slot once.
    struct Account {
        uint256 word;
    }

    /* CONSTANTS */

    uint256 internal constant METER = 8;
    uint256 internal constant OPERATOR = 16;
    uint256 internal constant FULL_FACTOR_BPS = 10_000;

    uint256 private constant _MARGIN_SHIFT = 32;
    uint256 private constant _STATUS_SHIFT = 128;
    uint256 private constant _FACTOR_SHIFT = 136;
    uint256 private constant _ROLES_SHIFT = 152;
    /// @dev Status and demand factor of an account in good standing.
    uint256 private constant _GOOD_STANDING = FULL_FACTOR_BPS << (_FACTOR_SHIFT - _STATUS_SHIFT);

    /* IMMUTABLES */

    address public immutable registry;
    ITradeSettlement public immutable house;

    /* STORAGE */

    mapping(address owner => Account account) internal _accounts;
    mapping(uint32 participantId => address account) internal _ownerOf;

    /* CONSTRUCTOR */

    constructor(address registry_, ITradeSettlement house_) {
        registry = registry_;
        house = house_;
    }

    /* MODIFIERS */

    modifier onlyHouse() {
        _requireHouse();
        _;
    }

    modifier onlyRole(uint256 role) {
        _accountWith(role);
        _;
    }

    /* PUSHED STATE */

    /// @inheritdoc IParticipantListener
    function onParticipant(address account, uint32 participantId, uint256 roles) external {
        require(msg.sender == registry, Venue_NotRegistry(msg.sender));
        uint256 word = _accounts[account].word;
        if (word == 0) {
            word = participantId | (FULL_FACTOR_BPS << _FACTOR_SHIFT);
            _ownerOf[participantId] = account;
        }
        _accounts[account].word = (word & ~(uint256(0xff) << _ROLES_SHIFT)) | (roles << _ROLES_SHIFT);
    }

    /* MARGIN */

    /// @inheritdoc IMarginHolder
    function creditMargin(uint32 participantId, uint256 amountMicro) external onlyHouse {
        address account = _ownerOf[participantId];
        require(account != address(0), Venue_NotRegistered(account));
        _accounts[account].word = _withMargin(_accounts[account].word, amountMicro);
        emit MarginDeposited(participantId, amountMicro);
    }

    /// @inheritdoc IMarginHolder
    function withdrawMargin(uint256 amountMicro) external {
        uint256 word = _knownAccount(msg.sender);
        _accounts[msg.sender].word = _withoutMargin(word, amountMicro);
        emit MarginWithdrawn(_idIn(word), amountMicro);
        house.creditFromVenue(_idIn(word), amountMicro);
    }

    /// @inheritdoc IMarginHolder
    function marginOf(uint32 participantId) external view returns (uint256 amountMicro) {
        return _marginIn(_accounts[_ownerOf[participantId]].word);
    }

    /* INTERNAL: CALLERS */

    /// @dev The caller's word, if it has a role.
    function _accountWith(uint256 role) internal view returns (uint256 word) {
        word = _accounts[msg.sender].word;
        require((word >> _ROLES_SHIFT) & role != 0, Venue_MissingRole(msg.sender, role));
    }

    function _requireHouse() private view {
        require(msg.sender == address(house), Venue_NotHouse(msg.sender));
    }

    /* INTERNAL: THE ACCOUNT WORD */

    function _knownAccount(address account) internal view returns (uint256 word) {
        word = _accounts[account].word;
        require(word != 0, Venue_NotRegistered(account));
    }

    /// @dev A participant's slot and its word, so that a change finds the slot once.
    function _knownSlot(address account) internal view returns (Account storage slot, uint256 word) {
        slot = _accounts[account];
        word = slot.word;
        if (word == 0) revert Venue_NotRegistered(account);
    }

    /// @dev What of an account is not as most are: 0 for a registered one with status 0 and the full demand factor.
    function _irregularities(uint256 word) internal pure returns (uint256) {
        return uint24(word >> _STATUS_SHIFT) ^ _GOOD_STANDING;
    }

    function _idIn(uint256 word) internal pure returns (uint32) {
        return uint32(word);
    }

    function _marginIn(uint256 word) internal pure returns (uint256) {
        return uint96(word >> _MARGIN_SHIFT);
    }

    function _statusIn(uint256 word) internal pure returns (uint8) {
        return uint8(word >> _STATUS_SHIFT);
    }

    function _factorIn(uint256 word) internal pure returns (uint256) {
        return uint16(word >> _FACTOR_SHIFT);
    }

    /// @dev Adds to the free margin. Safe: the house holds at most the token's supply, which is far below 2^96 micro-units; the house
    /// refuses deposits beyond that.
    function _withMargin(uint256 word, uint256 amountMicro) internal pure returns (uint256) {
        unchecked {
            return word + (amountMicro << _MARGIN_SHIFT);
        }
    }

    /// @dev Takes from the free margin or reverts.
    function _withoutMargin(uint256 word, uint256 amountMicro) internal pure returns (uint256) {
        uint256 available = _marginIn(word);
        require(amountMicro <= available, Venue_InsufficientMargin(_idIn(word), amountMicro, available));
        return _charged(word, amountMicro);
    }

    /// @dev Takes from a free margin that was found to hold it.
    function _charged(uint256 word, uint256 amountMicro) internal pure returns (uint256) {
        unchecked {
            return word - (amountMicro << _MARGIN_SHIFT);
        }
    }

    function _withStatus(uint256 word, uint8 status) internal pure returns (uint256) {
        return (word & ~(uint256(0xff) << _STATUS_SHIFT)) | (uint256(status) << _STATUS_SHIFT);
    }

    function _withFactor(uint256 word, uint16 factorBps) internal pure returns (uint256) {
        return (word & ~(uint256(0xffff) << _FACTOR_SHIFT)) | (uint256(factorBps) << _FACTOR_SHIFT);
    }
}
