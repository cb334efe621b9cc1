// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {IParticipantListener} from "../../interfaces/IParticipantListener.sol";
import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {IMarginHolder, ITradingVenue} from "../../interfaces/IVenue.sol";
import {AccountWord} from "./AccountWord.sol";
import {FrameClock} from "./FrameClock.sol";
import {RatingRule} from "./RatingRule.sol";

/// @title The accounts of the clearing house: money, venues' holdings, ratings and status
/// @dev Venues are contracts that the supervisor chose. The token is foreign: it is called by {deposit} and {withdraw} alone.
abstract contract HouseAccounts is ITradeSettlement, IParticipantListener, ReentrancyGuard {
    using AccountWord for uint256;
    using RatingRule for uint256;
    using SafeERC20 for IERC20;

    /* CONSTANTS */

    uint256 internal constant METER = 8;
    uint256 internal constant OPERATOR = 16;
    /// @dev Kind of a venue that only holds margin, and of one whose results are roots; between them, stored positions.
    uint8 internal constant MARGIN_ONLY = 0;
    uint8 internal constant ROOTS = 2;

    uint256 private constant _MAX_VENUES = 8;
    uint256 private constant _MONEY_LIMIT = (1 << 95) - 1;
    uint256 private constant _BPS = 10_000;
    uint256 private constant _DAY_SECONDS = 86_400;
    uint256 private constant _ROLES_SHIFT = 32;
    uint256 private constant _KIND_SHIFT = 8;
    uint256 private constant _HELD_SHIFT = 16;

    /* IMMUTABLES */

    /// @notice The registry that pushes participants here; its owner is the supervisor.
    address public immutable registry;
    /// @notice The contract that may set the rating policy.
    address public immutable creditScoring;
    /// @inheritdoc ITradeSettlement
    address public immutable token;
    /// @inheritdoc ITradeSettlement
    uint32 public immutable frameSeconds;

    /* STORAGE */

    /// @dev From the lowest bit: participant id 32 | roles 8.
    mapping(address account => uint256 word) private _identities;
    /// @dev See {AccountWord}.
    mapping(uint32 participantId => uint256 word) internal _participants;
    /// @dev From the lowest bit: index + 1 8 | kind 8 | held micro 96.
    mapping(address venue => uint256 word) private _venues;
    address[] internal _venueList;
    CreditPolicy internal _policy;

    /// @inheritdoc ITradeSettlement
    uint256 public accountedMicro;

    /* CONSTRUCTOR */

    constructor(
        address registry_,
        address token_,
        address creditScoring_,
        uint32 frameSeconds_,
        CreditPolicy memory policy
    ) {
        _within(frameSeconds_, 60, _DAY_SECONDS);
        registry = registry_;
        token = token_;
        creditScoring = creditScoring_;
        frameSeconds = frameSeconds_;
        _setPolicy(policy);
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

    /// @inheritdoc IParticipantListener
    function onParticipant(address account, uint32 participantId, uint256 roles) external {
        require(msg.sender == registry, Settlement_NotRegistry(msg.sender));
        _identities[account] = participantId | (roles << _ROLES_SHIFT);
        if (_participants[participantId] == 0) _participants[participantId] = AccountWord.opened();
    }

    /// @inheritdoc ITradeSettlement
    function addVenue(address venue, uint8 kind) external onlySupervisor returns (uint8 index) {
        require(_venues[venue] == 0, Settlement_VenueExists(venue));
        require(venue.code.length != 0, Settlement_NotVenue(venue));
        require(_venueList.length < _MAX_VENUES, Settlement_TooManyVenues(_MAX_VENUES));
        require(kind <= ROOTS, Settlement_InvalidRecord(kind));
        // At most 8 venues.
        index = uint8(_venueList.length);
        _venueList.push(venue);
        _venues[venue] = (uint256(index) + 1) | (uint256(kind) << _KIND_SHIFT);
        emit VenueAdded(venue, index, kind);
    }

    /// @inheritdoc ITradeSettlement
    function setCreditPolicy(CreditPolicy calldata policy) external {
        require(msg.sender == creditScoring, Settlement_NotCredit(msg.sender));
        _setPolicy(policy);
        emit CreditPolicyChanged(policy);
    }

    /* EXTERNAL: MONEY */

    /// @inheritdoc ITradeSettlement
    function deposit(uint256 amountMicro) external nonReentrant {
        (uint32 id, uint256 word) = _caller();
        require(amountMicro != 0, Settlement_ZeroAmount());
        uint256 room = _MONEY_LIMIT - accountedMicro;
        require(amountMicro <= room, Settlement_MoneyLimit(amountMicro, room));
        accountedMicro += amountMicro;
        _participants[id] = word.credited(amountMicro);
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
        _participants[id] = _debited(id, word, amountMicro);
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
        _participants[id] = _debited(id, word, amountMicro);
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
        _participants[participantId] = word.credited(amountMicro);
        emit MovedFromVenue(participantId, msg.sender, amountMicro);
    }

    /* EXTERNAL: RATING AND STATUS */

    /// @inheritdoc ITradeSettlement
    function rate(uint256[] calldata records) external onlyRole(METER) {
        CreditPolicy memory policy = _policy;
        for (uint256 i = 0; i < records.length; ++i) {
            uint256 record = records[i];
            uint32 id = uint32(record);
            uint256 word = _participants[id];
            require(record >> 73 == 0 && word != 0, Settlement_InvalidRecord(record));
            _participants[id] = _rated(id, word, policy, uint40(record >> 32), record >> 72 != 0);
        }
        emit Rated(records);
    }

    /// @inheritdoc ITradeSettlement
    function setSuspended(uint32 participantId, bool suspended) external onlySupervisor {
        uint256 word = _knownParticipant(participantId);
        uint8 status = word.status() & ~AccountWord.SUSPENDED_BY_SUPERVISOR;
        if (suspended) status |= AccountWord.SUSPENDED_BY_SUPERVISOR;
        _participants[participantId] = word.withStatus(status);
        _pushStatus(participantId, status);
    }

    /// @inheritdoc ITradeSettlement
    function startProbation(uint32 participantId) external {
        uint256 word = _participants[participantId];
        require(word.status() & AccountWord.SUSPENDED_BY_CREDIT != 0, Settlement_NotSuspended(participantId));
        uint32 current = FrameClock.current(frameSeconds);
        uint32 until = word.suspendedUntil();
        require(current >= until, Settlement_StillSuspended(participantId, until, current));
        word = word.startProbation();
        _participants[participantId] = word;
        _pushStatus(participantId, word.status());
    }

    /* EXTERNAL: VIEWS */

    /// @inheritdoc ITradeSettlement
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
        )
    {
        uint256 word = _participants[participantId];
        // The fields have these widths in the word.
        ratedFrames = uint16(word.ratedFrames());
        ratedWh = uint48(word.ratedWh());
        goodWh = uint48(word.goodWh());
        return
            (
                word.balanceMicro(),
                ratedFrames,
                ratedWh,
                goodWh,
                word.status(),
                word.onProbation(),
                word.suspendedUntil()
            );
    }

    /// @inheritdoc ITradeSettlement
    function scoreWad(uint32 participantId) external view returns (int256) {
        return _participants[participantId].scoreWad();
    }

    /// @inheritdoc ITradeSettlement
    function heldByVenue(address venue) external view returns (uint256 amountMicro) {
        return _venues[venue] >> _HELD_SHIFT;
    }

    /// @inheritdoc ITradeSettlement
    function creditPolicy() external view returns (CreditPolicy memory) {
        return _policy;
    }

    /* INTERNAL */

    function _caller() private view returns (uint32 id, uint256 word) {
        id = uint32(_identities[msg.sender]);
        require(id != 0, Settlement_NotRegistered(msg.sender));
        word = _participants[id];
    }

    function _knownParticipant(uint32 id) internal view returns (uint256 word) {
        word = _participants[id];
        require(word != 0, Settlement_NotRegistered(address(0)));
    }

    function _debited(uint32 id, uint256 word, uint256 amountMicro) private pure returns (uint256) {
        require(amountMicro != 0, Settlement_ZeroAmount());
        uint256 balance = word.balanceMicro();
        require(amountMicro <= balance, Settlement_InsufficientBalance(id, amountMicro, balance));
        return word.debited(amountMicro);
    }

    function _credit(uint32 id, uint256 amountMicro) internal {
        if (amountMicro != 0) _participants[id] = _participants[id].credited(amountMicro);
    }

    /// @dev Index and kind of a venue that trades.
    function _tradingVenue(address venue) internal view returns (uint256 index, uint8 kind) {
        uint256 word = _venues[venue];
        kind = _kindIn(word);
        require(kind != MARGIN_ONLY, Settlement_NotVenue(venue));
        // The index is the lowest byte, counted from 1.
        index = uint8(word) - 1;
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

    /// @dev Rates and, where the threshold is crossed, tells the venues. They are trusted and only store the status.
    function _rated(uint32 id, uint256 word, CreditPolicy memory policy, uint256 weightWh, bool good)
        internal
        returns (uint256 rated)
    {
        bool suspended;
        (rated, suspended) = word.rate(policy, weightWh, good);
        if (suspended) {
            rated = rated.withSuspendedUntil(uint32(block.timestamp / frameSeconds + _DAY_SECONDS / frameSeconds));
            _pushStatus(id, rated.status());
        }
    }

    function _pushStatus(uint32 id, uint8 status) private {
        emit StatusChanged(id, status);
        uint256 count = _venueList.length;
        for (uint256 i = 0; i < count; ++i) {
            address venue = _venueList[i];
            if (_kindIn(_venues[venue]) != MARGIN_ONLY) ITradingVenue(venue).setStatus(id, status);
        }
    }

    function _setPolicy(CreditPolicy memory policy) private {
        _within(policy.toleranceBps, 0, _BPS);
        int256 threshold = policy.thresholdBps;
        _within(uint256(threshold < 0 ? -threshold : threshold), 0, _BPS);
        _policy = policy;
    }

    function _within(uint256 value, uint256 minimum, uint256 maximum) internal pure {
        require(value >= minimum && value <= maximum, Settlement_InvalidPolicy(value, maximum));
    }
}
