// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {IMarginHolder} from "../../interfaces/IVenue.sol";
import {AccountWord} from "./AccountWord.sol";

/// @title The money of the clearing house: participants' balances and venues' holdings
/// @dev Venues are contracts that the supervisor chose. The token is foreign: it is called by {deposit} and {withdraw} alone.
abstract contract HouseAccounts is ITradeSettlement, ReentrancyGuard {
    using AccountWord for uint256;
    using SafeERC20 for IERC20;

    /* CONSTANTS */

    uint256 internal constant METER = 8;
    uint256 internal constant OPERATOR = 16;
    /// @dev Kind of a venue that only holds margin, and of one whose results are roots; between them, stored positions.
    uint8 internal constant MARGIN_ONLY = 0;
    uint8 internal constant ROOTS = 2;

    uint256 private constant _MAX_VENUES = 8;
    uint256 private constant _MONEY_LIMIT = (1 << 95) - 1;
    uint256 internal constant _ROLES_SHIFT = 32;
    uint256 private constant _KIND_SHIFT = 8;
    uint256 private constant _HELD_SHIFT = 16;

    /* IMMUTABLES */

    /// @notice The registry that pushes participants here; its owner is the supervisor.
    address public immutable registry;
    /// @inheritdoc ITradeSettlement
    address public immutable token;

    /* STORAGE */

    /// @dev From the lowest bit: participant id 32 | roles 8 | has a copy of the policy 8 | zero 16 | the policy 96, see {HouseRatings}.
    mapping(address account => uint256 word) internal _identities;
    mapping(uint256 participantId => AccountWord.Account account) internal _participants;
    /// @dev From the lowest bit: index + 1 8 | kind 8 | held micro 96.
    mapping(address venue => uint256 word) private _venues;
    /// @dev Of fixed length, so that an entry is one read.
    address[_MAX_VENUES] internal _venueList;
    uint256 internal _venueCount;

    /// @inheritdoc ITradeSettlement
    uint256 public accountedMicro;

    /* CONSTRUCTOR */

    constructor(address registry_, address token_) {
        registry = registry_;
        token = token_;
    }

    /* MODIFIERS */

    modifier onlySupervisor() {
        require(msg.sender == Ownable(registry).owner(), Settlement_NotSupervisor(msg.sender));
        _;
    }

    modifier onlyRole(uint256 role) {
        require((_identities[msg.sender] >> _ROLES_SHIFT) & role != 0, Settlement_MissingRole(msg.sender, role));
        _;
    }

    /* EXTERNAL: SET-UP */

    /// @inheritdoc ITradeSettlement
    function addVenue(address venue, uint8 kind) external onlySupervisor returns (uint8 index) {
        require(_venues[venue] == 0, Settlement_VenueExists(venue));
        require(venue.code.length != 0, Settlement_NotVenue(venue));
        require(_venueCount < _MAX_VENUES, Settlement_TooManyVenues(_MAX_VENUES));
        require(kind <= ROOTS, Settlement_InvalidRecord(kind));
        // At most 8 venues.
        index = uint8(_venueCount);
        _venueList[index] = venue;
        _venueCount = uint256(index) + 1;
        _venues[venue] = (uint256(index) + 1) | (uint256(kind) << _KIND_SHIFT);
        emit VenueAdded(venue, index, kind);
    }

    /* EXTERNAL: MONEY */

    /// @inheritdoc ITradeSettlement
    function deposit(uint256 amountMicro) external nonReentrant {
        (uint32 id, uint256 word) = _caller();
        require(amountMicro != 0, Settlement_ZeroAmount());
        uint256 room = _MONEY_LIMIT - accountedMicro;
        require(amountMicro <= room, Settlement_MoneyLimit(amountMicro, room));
        accountedMicro += amountMicro;
        _participants[id].word = word.credited(amountMicro);
        emit Deposited(id, amountMicro);
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amountMicro);
        uint256 present = IERC20(token).balanceOf(address(this));
        uint256 received = present > before ? present - before : 0;
        require(received == amountMicro, Settlement_TokenAmountMismatch(amountMicro, received));
    }

    /// @inheritdoc ITradeSettlement
    function withdraw(uint256 amountMicro) external nonReentrant {
        (uint32 id, uint256 word) = _caller();
        _participants[id].word = _debited(id, word, amountMicro);
        accountedMicro -= amountMicro;
        emit Withdrawn(id, amountMicro);
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransfer(msg.sender, amountMicro);
        uint256 present = IERC20(token).balanceOf(address(this));
        uint256 sent = before > present ? before - present : 0;
        require(sent == amountMicro, Settlement_TokenAmountMismatch(amountMicro, sent));
    }

    /// @inheritdoc ITradeSettlement
    function moveToVenue(address venue, uint256 amountMicro) external {
        (uint32 id, uint256 word) = _caller();
        uint256 venueWord = _venues[venue];
        require(venueWord != 0, Settlement_NotVenue(venue));
        _participants[id].word = _debited(id, word, amountMicro);
        // All money of the house is below 2^95.
        _venues[venue] = venueWord + (amountMicro << _HELD_SHIFT);
        emit MovedToVenue(id, venue, amountMicro);
        IMarginHolder(venue).creditMargin(id, amountMicro);
    }

    /// @inheritdoc ITradeSettlement
    function creditFromVenue(uint32 participantId, uint256 amountMicro) external {
        require(_venues[msg.sender] != 0, Settlement_NotVenue(msg.sender));
        uint256 word = _knownParticipant(participantId);
        _release(msg.sender, amountMicro);
        _participants[participantId].word = word.credited(amountMicro);
        emit MovedFromVenue(participantId, msg.sender, amountMicro);
    }

    /* EXTERNAL: VIEWS */

    /// @inheritdoc ITradeSettlement
    function heldByVenue(address venue) external view returns (uint256 amountMicro) {
        return _venues[venue] >> _HELD_SHIFT;
    }

    /* INTERNAL */

    function _caller() private view returns (uint32 id, uint256 word) {
        id = uint32(_identities[msg.sender]);
        require(id != 0, Settlement_NotRegistered(msg.sender));
        word = _participants[id].word;
    }

    function _knownParticipant(uint32 id) internal view returns (uint256 word) {
        word = _participants[id].word;
        require(word != 0, Settlement_NotRegistered(address(0)));
    }

    function _debited(uint32 id, uint256 word, uint256 amountMicro) private pure returns (uint256) {
        require(amountMicro != 0, Settlement_ZeroAmount());
        uint256 balance = word.balanceMicro();
        require(amountMicro <= balance, Settlement_InsufficientBalance(id, amountMicro, balance));
        return word.debited(amountMicro);
    }

    function _credit(uint32 id, uint256 amountMicro) internal {
        if (amountMicro != 0) _participants[id].word = _participants[id].word.credited(amountMicro);
    }

    /// @dev Index and kind of a venue that trades.
    function _tradingVenue(address venue) internal view returns (uint256 index, uint8 kind) {
        uint256 word = _venues[venue];
        kind = _kindIn(word);
        require(kind != MARGIN_ONLY, Settlement_NotVenue(venue));
        // The index is the lowest byte, counted from 1.
        index = uint8(word) - 1;
    }

    function _kindOf(address venue) internal view returns (uint8) {
        return _kindIn(_venues[venue]);
    }

    function _kindIn(uint256 venueWord) private pure returns (uint8) {
        return uint8(venueWord >> _KIND_SHIFT);
    }

    /// @dev Takes money out of a venue's holdings.
    function _release(address venue, uint256 amountMicro) internal {
        uint256 word = _venues[venue];
        uint256 held = word >> _HELD_SHIFT;
        require(amountMicro <= held, Settlement_VenueOverdrawn(venue, amountMicro, held));
        _venues[venue] = word - (amountMicro << _HELD_SHIFT);
    }

    function _within(uint256 value, uint256 minimum, uint256 maximum) internal pure {
        require(value >= minimum && value <= maximum, Settlement_InvalidPolicy(value, maximum));
    }
}
