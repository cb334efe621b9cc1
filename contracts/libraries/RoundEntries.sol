// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMatchingRound} from "../../interfaces/IMatchingRound.sol";
import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {EntryWord} from "./EntryWord.sol";
import {Mandates} from "./Mandates.sol";
import {OrderWord} from "./OrderWord.sol";
import {PositionVenue} from "./PositionVenue.sol";
import {TradingVenue} from "./TradingVenue.sol";

/// @title Storage of the rounds, and what comes into them
/// @notice Rules R1-R5, M2, M11. An entry is one word, so that whoever verifies, applies or releases needs nobody's data.
abstract contract RoundEntries is IMatchingRound, PositionVenue, Mandates {
    /* TYPES */

    /// @dev A round's terms (slots 0 and 1), what came of it (slots 2 and 3) and its feeders.
    struct Round {
        RoundTerms terms;
        uint8 feeders;
        uint16 entries;
        uint96 score;
        uint32 solverId;
        bytes32 commitment;
        uint256[] feederLimits;
    }

    /// @dev A frame; one slot.
    struct Frame {
        bool open;
        uint8 capTick;
        uint8 feeTicks;
        uint32 round;
        uint40 tradedWh;
    }

    /// @dev How far an exchange's list in a round is; one slot.
    struct List {
        uint32 lastConsumerId;
        uint32 good;
        uint32 taken;
    }

    /// @dev What entries of one call are examined against.
    struct Bounds {
        uint32 round;
        uint256 firstFrame;
        uint256 frames;
        uint256 feeders;
        uint256 entries;
        uint256 quotaBps;
    }

    /* CONSTANTS */

    uint256 internal constant MAX_ENTRIES = 4096;
    uint256 internal constant MAX_OFFERS = 8;
    /// @dev With {MAX_ENTRIES} the quantities of a round stay below 2^40 Wh and its locks below 2^48 micro together: no position and no frame can
    /// overflow, so that applying what was accepted cannot fail.
    uint256 internal constant MAX_QUANTITY_WH = (1 << 28) - 1;
    uint256 internal constant MAX_LOCK_MICRO = (1 << 36) - 1;

    uint8 internal constant FAULT_BITS = 1;
    uint8 internal constant FAULT_ORDER = 2;
    uint8 internal constant FAULT_MANDATE = 3;
    uint8 internal constant FAULT_SUSPENDED = 4;
    uint8 internal constant FAULT_WINDOW = 5;
    uint8 internal constant FAULT_FEEDER = 6;
    uint8 internal constant FAULT_TICK = 7;
    uint8 internal constant FAULT_CONSUMER_LIMITS = 8;
    uint8 internal constant FAULT_QUANTITY = 9;
    uint8 internal constant FAULT_LOCK = 10;
    uint8 internal constant FAULT_MARGIN = 11;
    uint8 internal constant FAULT_FULL = 12;
    uint8 internal constant FAULT_QUOTA = 13;

    /* IMMUTABLES */

    /// @notice Least quantity of an entry, after a cut [Wh].
    uint32 public immutable minimumQuantityWh;
    /// @notice Least lock of an entry [micro].
    uint64 public immutable minimumLockMicro;

    /* STORAGE */

    /// @inheritdoc IMatchingRound
    uint32 public roundCount;
    mapping(uint32 round => Round record) internal _rounds;
    mapping(uint256 entryId => uint256 word) internal _entries;
    mapping(uint32 frame => Frame record) internal _frames;
    /// @dev By `round << 32 | exchange id`.
    mapping(uint256 key => List list) internal _lists;
    /// @dev By `round << 32 | participant id`.
    mapping(uint256 key => uint256 count) internal _offers;

    /* CONSTRUCTOR */

    constructor(
        address registry_,
        ITradeSettlement house_,
        address creditScoring_,
        uint32 minimumQuantityWh_,
        uint64 minimumLockMicro_
    ) TradingVenue(registry_, house_, creditScoring_) {
        require(minimumQuantityWh_ != 0, Round_QuantityOutOfRange(0, 1, MAX_QUANTITY_WH));
        minimumQuantityWh = minimumQuantityWh_;
        minimumLockMicro = minimumLockMicro_;
    }

    /* EXTERNAL: REQUESTS AND OFFERS */

    /// @inheritdoc IMatchingRound
    function requestFor(uint32 round, uint256[] calldata requests) external returns (uint256 taken) {
        uint32 exchangeId = _idIn(_accountWith(EXCHANGE));
        Bounds memory bounds = _collecting(round);
        uint256 key = (uint256(round) << 32) | exchangeId;
        bounds.quotaBps = _quota(exchangeId, FULL_FACTOR_BPS);
        List memory list = _lists[key];
        for (uint256 i; i < requests.length; ++i) {
            uint8 fault = _request(bounds, list, exchangeId, requests[i]);
            if (fault == 0) ++taken;
            else emit RequestSkipped(round, exchangeId, requests[i], fault);
        }
        _lists[key] = list;
        // At most MAX_ENTRIES.
        _rounds[round].entries = uint16(bounds.entries);
    }

    /// @inheritdoc IMatchingRound
    function offer(uint32 round, uint256 entry) external returns (uint64 entryId) {
        uint256 account = _knownAccount(msg.sender);
        Bounds memory bounds = _collecting(round);
        uint32 sellerId = _idIn(account);
        require(
            entry >> EntryWord.CALLDATA_BITS == 0 && EntryWord.participantId(entry) == sellerId,
            Round_InvalidRecord(entry)
        );
        (uint8 fault, uint256 word) = _examined(bounds, account, entry, EntryWord.quantityWh(entry), EntryWord.OFFER);
        if (fault != 0) _fail(bounds, account, entry, word, fault);
        uint256 key = (uint256(round) << 32) | sellerId;
        uint256 count = _offers[key];
        require(count < MAX_OFFERS, Round_TooManyOffers(sellerId, MAX_OFFERS));
        _offers[key] = count + 1;
        entryId = _enter(bounds, msg.sender, account, word);
        // At most MAX_ENTRIES.
        _rounds[round].entries = uint16(bounds.entries);
    }

    /* INTERNAL: ROUNDS */

    function _known(uint32 round) internal view returns (Round storage record) {
        require(round != 0 && round <= roundCount, Round_Unknown(round));
        return _rounds[round];
    }

    function _requirePhase(uint32 round, uint256 opens, uint256 closes) internal view {
        require(
            block.timestamp >= opens && block.timestamp < closes,
            Round_OutsidePhase(round, opens, closes, block.timestamp)
        );
    }

    function _lockMicro(uint256 entry, uint256 energyWh) internal view returns (uint256) {
        // 32 bits of energy, 16 of lock, 64 of tick value.
        unchecked {
            return energyWh * EntryWord.lockTicks(entry) * _tickMicroPerWh;
        }
    }

    /* PRIVATE: ENTERING */

    function _collecting(uint32 round) private view returns (Bounds memory bounds) {
        Round storage record = _known(round);
        _requirePhase(round, 0, record.terms.collectionEnds);
        bounds = Bounds({
            round: round,
            firstFrame: record.terms.firstFrame,
            frames: record.terms.frames,
            feeders: record.feeders,
            entries: record.entries,
            quotaBps: 0
        });
    }

    /// @dev One entry of an exchange's list.
    /// @return fault Why it is passed over, 0 when it entered.
    function _request(Bounds memory bounds, List memory list, uint32 exchangeId, uint256 request)
        private
        returns (uint8 fault)
    {
        if (request >> EntryWord.CALLDATA_BITS != 0) return FAULT_BITS;
        uint32 consumerId = EntryWord.participantId(request);
        if (consumerId <= list.lastConsumerId) return FAULT_ORDER;
        uint256 mandate = _mandates[consumerId];
        if (!_names(mandate, exchangeId)) return FAULT_MANDATE;
        address owner = _ownerOf[consumerId];
        uint256 account = _accounts[owner].word;
        uint256 asked = EntryWord.quantityWh(request);
        uint256 word;
        (fault, word) =
            _examined(bounds, account, request, asked * _factorIn(account) / FULL_FACTOR_BPS, EntryWord.REQUEST);
        // The consumer's own limits come before those of quantity and money.
        if ((fault == 0 || fault > FAULT_CONSUMER_LIMITS) && !_isAllowed(bounds, mandate, request)) {
            return FAULT_CONSUMER_LIMITS;
        }
        if (fault != 0) return fault;
        list.lastConsumerId = consumerId;
        ++list.good;
        if (list.good * bounds.quotaBps / FULL_FACTOR_BPS <= list.taken) return FAULT_QUOTA;
        ++list.taken;
        _enter(bounds, owner, account, word);
    }

    /// @dev A request is a bid for every frame of its window.
    function _isAllowed(Bounds memory bounds, uint256 mandate, uint256 request) private pure returns (bool) {
        uint256 lastFrame = bounds.firstFrame + EntryWord.last(request);
        return _allows(mandate, lastFrame, false, EntryWord.tick(request), EntryWord.quantityWh(request));
    }

    /// @dev Whether an entry may come in, with the quantity that counts.
    /// @return fault What is wrong first, 0 when nothing is.
    /// @return word Its word, as far as it was made.
    function _examined(Bounds memory bounds, uint256 account, uint256 entry, uint256 quantityWh, uint256 side)
        private
        view
        returns (uint8 fault, uint256 word)
    {
        if (_statusIn(account) != 0) return (FAULT_SUSPENDED, 0);
        if (EntryWord.first(entry) > EntryWord.last(entry) || EntryWord.last(entry) >= bounds.frames) {
            return (FAULT_WINDOW, 0);
        }
        if (EntryWord.feeder(entry) >= bounds.feeders) return (FAULT_FEEDER, 0);
        if (EntryWord.tick(entry) > OrderWord.HIGHEST_TICK) return (FAULT_TICK, 0);
        if (quantityWh < minimumQuantityWh || quantityWh > MAX_QUANTITY_WH) return (FAULT_QUANTITY, 0);
        word = EntryWord.placed(entry, quantityWh, side, _lockTicks(bounds, entry, side));
        uint256 lock = _lockMicro(word, quantityWh);
        if (lock < minimumLockMicro || lock > MAX_LOCK_MICRO) return (FAULT_LOCK, word);
        if (lock > _marginIn(account)) return (FAULT_MARGIN, word);
        if (bounds.entries == MAX_ENTRIES) return (FAULT_FULL, word);
    }

    /// @dev Lock per Wh (M2): for the highest fees or cap of every frame that the entry may enter. At most 48 frames.
    function _lockTicks(Bounds memory bounds, uint256 entry, uint256 side) private view returns (uint256) {
        uint256 highest;
        for (uint256 i = EntryWord.first(entry); i <= EntryWord.last(entry); ++i) {
            // A span lies within 32 bits.
            Frame storage frame = _frames[uint32(bounds.firstFrame + i)];
            uint256 ticks = side == EntryWord.REQUEST ? frame.feeTicks : frame.capTick;
            if (ticks > highest) highest = ticks;
        }
        uint256 limit = EntryWord.tick(entry);
        if (side == EntryWord.REQUEST) return limit + highest;
        return highest > limit + 1 ? highest - limit : 1;
    }

    /// @dev Takes an examined entry in.
    function _enter(Bounds memory bounds, address owner, uint256 account, uint256 word)
        private
        returns (uint64 entryId)
    {
        // Rounds have 32 bits, entries are at most MAX_ENTRIES.
        entryId = uint64((uint256(bounds.round) << 16) | bounds.entries);
        ++bounds.entries;
        _accounts[owner].word = _withoutMargin(account, _lockMicro(word, EntryWord.quantityWh(word)));
        _entries[entryId] = word;
        emit EntryPlaced(entryId | (word << 48));
    }

    /// @dev Tells an offer's fault as an error.
    function _fail(Bounds memory bounds, uint256 account, uint256 entry, uint256 word, uint8 fault) private view {
        uint256 quantityWh = EntryWord.quantityWh(entry);
        uint32 id = _idIn(account);
        if (fault == FAULT_SUSPENDED) revert Round_Suspended(id, _statusIn(account));
        if (fault == FAULT_WINDOW) {
            revert Round_InvalidWindow(EntryWord.first(entry), EntryWord.last(entry), bounds.frames);
        }
        if (fault == FAULT_FEEDER) revert Round_UnknownFeeder(EntryWord.feeder(entry), bounds.feeders);
        if (fault == FAULT_TICK) revert Round_TickOutOfRange(EntryWord.tick(entry), OrderWord.HIGHEST_TICK);
        if (fault == FAULT_QUANTITY) {
            revert Round_QuantityOutOfRange(quantityWh, minimumQuantityWh, MAX_QUANTITY_WH);
        }
        uint256 lock = _lockMicro(word, quantityWh);
        if (fault == FAULT_LOCK) revert Round_LockOutOfRange(lock, minimumLockMicro, MAX_LOCK_MICRO);
        if (fault == FAULT_MARGIN) revert Venue_InsufficientMargin(id, lock, _marginIn(account));
        revert Round_Full(bounds.round, MAX_ENTRIES);
    }
}
