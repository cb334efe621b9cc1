// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICreditScoring} from "../../interfaces/ICreditScoring.sol";
import {IParticipantListener} from "../../interfaces/IParticipantListener.sol";
import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {ITradingVenue} from "../../interfaces/IVenue.sol";
import {AccountWord} from "./AccountWord.sol";
import {ClearingLoops} from "./ClearingLoops.sol";
import {FrameClock} from "./FrameClock.sol";
import {HouseAccounts} from "./HouseAccounts.sol";
import {PolicyWord} from "./PolicyWord.sol";
import {RatingRule} from "./RatingRule.sol";

/// @title Who is who at the house, how deliveries are rated, and what the venues are told of it (M10)
/// @dev The first eight meters have a copy of the policy beside their roles, so that their reports read one word for both.
abstract contract HouseRatings is HouseAccounts, IParticipantListener {
    using AccountWord for uint256;
    using PolicyWord for uint256;
    using RatingRule for uint256;

    /* CONSTANTS */

    uint256 private constant _BPS = 10_000;
    uint256 private constant _DAY_SECONDS = 86_400;
    uint256 private constant _MAX_COPIES = 8;
    uint256 private constant _HAS_POLICY = 1 << 40;
    uint256 private constant _POLICY_SHIFT = 64;

    /* IMMUTABLES */

    /// @notice The contract that may set the rating policy and push demand factors.
    address public immutable creditScoring;
    /// @inheritdoc ITradeSettlement
    uint32 public immutable frameSeconds;

    /* STORAGE */

    /// @dev See {PolicyWord}.
    uint96 private _policy;
    /// @dev Accounts whose words have a copy of the policy.
    address[] private _copies;

    /* CONSTRUCTOR */

    constructor(address creditScoring_, uint32 frameSeconds_, CreditPolicy memory policy) {
        _within(frameSeconds_, 60, _DAY_SECONDS);
        creditScoring = creditScoring_;
        frameSeconds = frameSeconds_;
        _setPolicy(policy);
    }

    /* MODIFIERS */

    modifier onlyCredit() {
        require(msg.sender == creditScoring, Settlement_NotCredit(msg.sender));
        _;
    }

    /* EXTERNAL: PUSHED STATE */

    /// @inheritdoc IParticipantListener
    function onParticipant(address account, uint32 participantId, uint256 roles) external {
        require(msg.sender == registry, Settlement_NotRegistry(msg.sender));
        bool hadCopy = _identities[account] & _HAS_POLICY != 0;
        uint256 word = participantId | (roles << _ROLES_SHIFT);
        if (roles & METER != 0) {
            if (!hadCopy && _copies.length < _MAX_COPIES) {
                _copies.push(account);
                hadCopy = true;
            }
            if (hadCopy) word = _withPolicy(word);
        } else if (hadCopy) {
            _dropCopy(account);
        }
        _identities[account] = word;
        AccountWord.Account storage participant = _participants[participantId];
        if (participant.word == 0) participant.word = AccountWord.opened();
    }

    /// @inheritdoc ITradeSettlement
    function setCreditPolicy(CreditPolicy calldata policy) external onlyCredit {
        _setPolicy(policy);
        uint256 count = _copies.length;
        for (uint256 i = 0; i < count; ++i) {
            address account = _copies[i];
            _identities[account] = _withPolicy(_identities[account]);
        }
        emit CreditPolicyChanged(policy);
    }

    /// @inheritdoc ITradeSettlement
    function pushDemandFactor(uint32 participantId, uint16 factorBps) external onlyCredit {
        uint256 count = _venueCount;
        for (uint256 i = 0; i < count; ++i) {
            address venue = _venueList[i];
            if (_kindOf(venue) == MARGIN_ONLY) continue;
            try ITradingVenue(venue).setDemandFactor(participantId, factorBps) {
                continue;
            } catch {
                emit VenueNotTold(venue, participantId);
            }
        }
    }

    /// @inheritdoc ITradeSettlement
    function syncVenue(address venue, uint32 firstId, uint32 lastId) external {
        require(_kindOf(venue) != MARGIN_ONLY, Settlement_NotVenue(venue));
        for (uint256 id = firstId; id <= lastId; ++id) {
            // At most `lastId`.
            uint32 participantId = uint32(id);
            uint256 word = _knownParticipant(participantId);
            ITradingVenue(venue).setStatus(participantId, word.status());
            uint16 factorBps = ICreditScoring(creditScoring).demandFactorBps(participantId);
            ITradingVenue(venue).setDemandFactor(participantId, factorBps);
        }
    }

    /* EXTERNAL: RATING AND STATUS */

    /// @inheritdoc ITradeSettlement
    function rate(uint256[] calldata records) external {
        uint256 policy = _meterPolicy();
        uint256 mark = AccountWord.bindingMark(policy.bindingFrames());
        unchecked {
            uint256 from = ClearingLoops.offsetOf(records);
            uint256 end = from + 32 * records.length;
            // Written out: as functions of the libraries this costs a tenth of the loop.
            for (; from != end; from += 32) {
                uint256 record = ClearingLoops.wordAt(from);
                AccountWord.Account storage account = _participants[uint32(record)];
                uint256 word = account.word;
                uint256 rated = word + AccountWord.ONE_FRAME + uint40(record >> 32) * AccountWord.ONE_GOOD_RATED_WH;
                uint256 care = (word | ((rated ^ mark) + AccountWord.ONE_FRAME)) ^ AccountWord.REGISTERED;
                if ((care & (AccountWord.UNUSUAL | AccountWord.REGISTERED)) | ((record >> 72) ^ 1) != 0) {
                    rated = _ratedWithCare(record, word, policy);
                }
                account.word = rated;
            }
        }
        emit Rated(records);
    }

    /// @inheritdoc ITradeSettlement
    function rateOne(uint256 record) external {
        uint256 policy = _meterPolicy();
        AccountWord.Account storage account = _participants[uint32(record)];
        account.word = _ratedWithCare(record, account.word, policy);
        emit RatedOne(record);
    }

    /// @inheritdoc ITradeSettlement
    function setSuspended(uint32 participantId, bool suspended) external onlySupervisor {
        uint256 word = _knownParticipant(participantId);
        uint8 status = word.status() & ~AccountWord.SUSPENDED_BY_SUPERVISOR;
        if (suspended) status |= AccountWord.SUSPENDED_BY_SUPERVISOR;
        _participants[participantId].word = word.withStatus(status);
        _pushStatus(participantId, status);
    }

    /// @inheritdoc ITradeSettlement
    function startProbation(uint32 participantId) external {
        uint256 word = _participants[participantId].word;
        require(word.status() & AccountWord.SUSPENDED_BY_CREDIT != 0, Settlement_NotSuspended(participantId));
        uint32 current = FrameClock.current(frameSeconds);
        uint32 until = word.suspendedUntil();
        require(current >= until, Settlement_StillSuspended(participantId, until, current));
        word = word.startProbation();
        _participants[participantId].word = word;
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
        uint256 word = _participants[participantId].word;
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
        return _participants[participantId].word.scoreWad();
    }

    /// @inheritdoc ITradeSettlement
    function creditPolicy() external view returns (CreditPolicy memory) {
        return PolicyWord.unpack(_policy);
    }

    /* INTERNAL */

    /// @dev The policy, for a caller that is a meter.
    function _meterPolicy() internal view returns (uint256) {
        uint256 identity = _identities[msg.sender];
        require((identity >> _ROLES_SHIFT) & METER != 0, Settlement_MissingRole(msg.sender, METER));
        // Nothing lies above the copy.
        return identity & _HAS_POLICY != 0 ? identity >> _POLICY_SHIFT : _policy;
    }

    /// @dev Rates and, where the threshold is crossed, tells the venues. They are trusted and only store the status.
    function _rated(uint32 id, uint256 word, uint256 policy, uint256 weightWh, bool good)
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

    /* PRIVATE */

    /// @dev An account with the rating of a record that is not an everyday one: it may be invalid, or cross the threshold.
    function _ratedWithCare(uint256 record, uint256 word, uint256 policy) private returns (uint256) {
        require(record >> 73 == 0 && word != 0, Settlement_InvalidRecord(record));
        return _rated(uint32(record), word, policy, uint40(record >> 32), record >> 72 != 0);
    }

    /// @dev A venue that does not know the participant yet, or has no such function, stops nobody's settlement: {syncVenue} makes up for it.
    function _pushStatus(uint32 id, uint8 status) private {
        emit StatusChanged(id, status);
        uint256 count = _venueCount;
        for (uint256 i = 0; i < count; ++i) {
            address venue = _venueList[i];
            if (_kindOf(venue) == MARGIN_ONLY) continue;
            try ITradingVenue(venue).setStatus(id, status) {
                continue;
            } catch {
                emit VenueNotTold(venue, id);
            }
        }
    }

    function _setPolicy(CreditPolicy memory policy) private {
        _within(policy.toleranceBps, 0, _BPS);
        int256 threshold = policy.thresholdBps;
        _within(uint256(threshold < 0 ? -threshold : threshold), 0, _BPS);
        _policy = PolicyWord.pack(policy);
    }

    /// @dev An identity with its copy of the policy in force.
    function _withPolicy(uint256 identity) private view returns (uint256) {
        // Number and roles have 40 bits.
        return uint40(identity) | _HAS_POLICY | (uint256(_policy) << _POLICY_SHIFT);
    }

    function _dropCopy(address account) private {
        uint256 last = _copies.length - 1;
        for (uint256 i = 0; i < last; ++i) {
            if (_copies[i] == account) {
                _copies[i] = _copies[last];
                break;
            }
        }
        _copies.pop();
    }
}
