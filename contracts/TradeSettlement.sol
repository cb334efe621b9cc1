// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ITradeSettlement} from "../interfaces/ITradeSettlement.sol";
import {IVenue} from "../interfaces/IVenue.sol";
import {AccountWord} from "./libraries/AccountWord.sol";
import {FrameClock} from "./libraries/FrameClock.sol";
import {FrameRecord} from "./libraries/FrameRecord.sol";
import {HouseAccounts} from "./libraries/HouseAccounts.sol";
import {RatingRule} from "./libraries/RatingRule.sol";
import {SettlementRule} from "./libraries/SettlementRule.sol";

/// @title The clearing house: frames and their settlement
/// @dev Accounts and venues are in {HouseAccounts}. Venues are trusted and come back only through {creditFromVenue}.
contract TradeSettlement is HouseAccounts {
    using AccountWord for uint256;
    using FrameRecord for uint256;
    using SettlementRule for uint256;

    /* TYPES */

    /// @dev A batch of positions being settled; what is written once per batch is summed up here.
    struct Batch {
        uint32 frame;
        bool read;
        bool asContracted;
        uint256 fallbackMicroPerWh;
        uint256 soldWh;
        uint256 fallbackMicro;
        uint256 surplusMicro;
        uint256 releasedMicro;
        uint256 bitsIndex;
        uint256 bits;
        uint256 count;
        uint256[] records;
    }

    /* CONSTANTS */

    uint256 private constant _NO_INDEX = type(uint256).max;

    /* IMMUTABLES */

    /// @inheritdoc ITradeSettlement
    uint256 public immutable tickMicroPerWh;
    /// @inheritdoc ITradeSettlement
    uint32 public immutable gateClosureLeadSeconds;
    /// @inheritdoc ITradeSettlement
    uint32 public immutable refusalLeadSeconds;
    /// @inheritdoc ITradeSettlement
    uint32 public immutable meteringWindowSeconds;

    /* STORAGE */

    /// @dev See {FrameRecord}.
    mapping(uint32 frame => uint256 word) private _frames;
    /// @dev Bit `id mod 256` of word `id / 256`: settled.
    mapping(uint32 frame => mapping(uint256 index => uint256 bits)) private _settled;
    /// @dev The frame opened last among those that share a position slot, by frame mod 512; eight to a word.
    uint32[512] private _ring;
    uint32 private _gridId;
    uint32 private _retailerId;
    uint32 private _platformId;

    /* CONSTRUCTOR */

    constructor(
        address registry_,
        IERC20 token_,
        address creditScoring_,
        Params memory params,
        CreditPolicy memory policy
    ) HouseAccounts(registry_, address(token_), creditScoring_, params.frameSeconds, policy) {
        _within(params.tickMicroPerWh, 1, type(uint16).max);
        _within(params.gateClosureLeadSeconds, 1, type(uint32).max);
        _within(params.refusalLeadSeconds, 0, params.gateClosureLeadSeconds - 1);
        _within(params.meteringWindowSeconds, 1, type(uint32).max);
        tickMicroPerWh = params.tickMicroPerWh;
        gateClosureLeadSeconds = params.gateClosureLeadSeconds;
        refusalLeadSeconds = params.refusalLeadSeconds;
        meteringWindowSeconds = params.meteringWindowSeconds;
    }

    /* EXTERNAL: SET-UP */

    /// @inheritdoc ITradeSettlement
    function configure(uint32 gridId, uint32 retailerId, uint32 platformId) external onlySupervisor {
        require(_gridId == 0, Settlement_AlreadyConfigured());
        _knownParticipant(gridId);
        _knownParticipant(retailerId);
        _knownParticipant(platformId);
        require(gridId != retailerId, Settlement_InvalidRecord(retailerId));
        require(platformId != gridId && platformId != retailerId, Settlement_InvalidRecord(platformId));
        (_gridId, _retailerId, _platformId) = (gridId, retailerId, platformId);
    }

    /* EXTERNAL: FRAMES */

    /// @inheritdoc ITradeSettlement
    function openFrames(address venue, uint32 firstFrame, uint256[] calldata tariffs) external onlyRole(OPERATOR) {
        require(_gridId != 0, Settlement_NotConfigured());
        (uint256 index,) = _tradingVenue(venue);
        for (uint256 i = 0; i < tariffs.length; ++i) {
            // A frame beyond 32 bits lies too far ahead, which the frame before it has shown already.
            _openFrame(venue, index, firstFrame + uint32(i), tariffs[i]);
        }
    }

    /// @inheritdoc ITradeSettlement
    function reportDelivery(uint32 frame, uint256[] calldata readings) external onlyRole(METER) {
        uint256 word = _frameToSettle(frame);
        uint256 opens = FrameClock.end(frame, frameSeconds);
        uint256 closes = opens + meteringWindowSeconds;
        require(
            block.timestamp >= opens && block.timestamp < closes,
            Settlement_OutsideMeteringWindow(frame, opens, closes, block.timestamp)
        );
        uint32[] memory ids = new uint32[](readings.length);
        for (uint256 i = 0; i < readings.length; ++i) {
            require(readings[i] >> 72 == 0, Settlement_InvalidRecord(readings[i]));
            ids[i] = uint32(readings[i]);
        }
        (Batch memory batch, uint256[] memory positions) = _startBatch(frame, word, ids, true);
        CreditPolicy memory policy = _policy;
        for (uint256 i = 0; i < ids.length; ++i) {
            if (_mark(batch, ids[i], positions[i])) {
                _settleRead(batch, policy, ids[i], positions[i], readings[i] >> 32);
            }
        }
        _endBatch(batch, word);
    }

    /// @inheritdoc ITradeSettlement
    function settleUnmetered(uint32 frame, uint32[] calldata participantIds) external {
        uint256 word = _frameToSettle(frame);
        uint256 deadline = FrameClock.end(frame, frameSeconds) + meteringWindowSeconds;
        require(block.timestamp >= deadline, Settlement_BeforeMeteringDeadline(frame, deadline, block.timestamp));
        (Batch memory batch, uint256[] memory positions) = _startBatch(frame, word, participantIds, false);
        for (uint256 i = 0; i < participantIds.length; ++i) {
            if (_mark(batch, participantIds[i], positions[i])) _settleUnread(batch, participantIds[i], positions[i]);
        }
        _endBatch(batch, word);
    }

    /// @inheritdoc ITradeSettlement
    function finaliseFrame(uint32 frame) external {
        uint256 word = _frameToSettle(frame);
        uint256 opens = FrameClock.end(frame, frameSeconds);
        require(
            block.timestamp >= opens, Settlement_OutsideMeteringWindow(frame, opens, type(uint256).max, block.timestamp)
        );
        _frames[frame] = word | FrameRecord.FINAL;
        address venue = _venueList[word.venueIndex()];
        uint256 tradedWh = IVenue(venue).closeFrame(frame);
        require(tradedWh == word.settledSoldWh(), Settlement_Unsettled(frame, tradedWh, word.settledSoldWh()));
        _payFrame(frame, venue, word, tradedWh);
    }

    /* EXTERNAL: VIEWS */

    /// @inheritdoc ITradeSettlement
    function frameOf(uint32 frame)
        external
        view
        returns (
            address venue,
            uint8 capTick,
            uint8 gridTick,
            uint8 retailerTick,
            uint8 gridFeeTicks,
            uint8 platformFeeTicks,
            bool anyRead,
            bool finalised,
            uint256 settledSoldWh,
            uint256 fallbackMicro,
            uint256 surplusMicro
        )
    {
        uint256 word = _frames[frame];
        if (word != 0) venue = _venueList[word.venueIndex()];
        capTick = word.capTick();
        gridTick = word.gridTick();
        retailerTick = word.retailerTick();
        gridFeeTicks = word.gridFeeTicks();
        platformFeeTicks = word.platformFeeTicks();
        anyRead = word & FrameRecord.READ != 0;
        finalised = word & FrameRecord.FINAL != 0;
        settledSoldWh = word.settledSoldWh();
        fallbackMicro = word.fallbackMicro();
        surplusMicro = word.surplusMicro();
    }

    /// @inheritdoc ITradeSettlement
    function isSettled(uint32 frame, uint32 participantId) external view returns (bool) {
        return (_settled[frame][participantId >> 8] >> (participantId & 0xff)) & 1 != 0;
    }

    /// @inheritdoc ITradeSettlement
    function suppliers() external view returns (uint32 gridId, uint32 retailerId, uint32 platformId) {
        return (_gridId, _retailerId, _platformId);
    }

    /* PRIVATE: FRAMES */

    function _openFrame(address venue, uint256 index, uint32 frame, uint256 tariff) private {
        require(FrameRecord.isTariff(tariff), Settlement_InvalidRecord(tariff));
        require(_frames[frame] == 0, Settlement_FrameExists(frame));
        uint256 start = FrameClock.start(frame, frameSeconds);
        uint256 gateClosure = start > gateClosureLeadSeconds ? start - gateClosureLeadSeconds : 0;
        require(block.timestamp < gateClosure, Settlement_TooLateToOpen(frame, gateClosure, block.timestamp));
        uint256 slot = frame % FrameClock.RING_FRAMES;
        _requireRingFree(frame, _ring[slot]);
        uint256 word = FrameRecord.opened(index, tariff);
        _requireValid(frame, word);
        _ring[slot] = frame;
        _frames[frame] = word;
        emit FrameOpened(
            frame,
            venue,
            word.capTick(),
            word.gridTick(),
            word.retailerTick(),
            word.gridFeeTicks(),
            word.platformFeeTicks()
        );
        // At most 15 ticks.
        IVenue(venue).openFrame(frame, word.capTick(), uint8(word.feeTicks()));
    }

    /// @dev A frame far ahead could be opened before an older one of its slot; and an older one, however old, must be final.
    function _requireRingFree(uint32 frame, uint32 occupant) private view {
        uint256 ahead = FrameClock.RING_FRAMES;
        require(
            frame <= block.timestamp / frameSeconds + ahead,
            Settlement_RingOccupied(frame, frame - FrameClock.RING_FRAMES)
        );
        require(occupant == 0 || _frames[occupant] & FrameRecord.FINAL != 0, Settlement_RingOccupied(frame, occupant));
    }

    function _requireValid(uint32 frame, uint256 word) private pure {
        require(
            word.isValid(),
            Settlement_InvalidTariff(
                frame,
                word.capTick(),
                word.gridTick(),
                word.retailerTick(),
                word.gridFeeTicks(),
                word.platformFeeTicks()
            )
        );
    }

    function _frameToSettle(uint32 frame) private view returns (uint256 word) {
        word = _frames[frame];
        require(word != 0, Settlement_FrameNotOpen(frame));
        require(word & FrameRecord.FINAL == 0, Settlement_FrameFinal(frame));
    }

    function _payFrame(uint32 frame, address venue, uint256 word, uint256 tradedWh) private {
        uint256 gridFees = tradedWh * word.gridFeeTicks() * tickMicroPerWh;
        uint256 platformFees = tradedWh * word.platformFeeTicks() * tickMicroPerWh;
        _release(venue, gridFees + platformFees);
        (, bool fromRetailer) = SettlementRule.fallbackTick(word.capTick(), word.gridTick(), word.retailerTick());
        _credit(_gridId, fromRetailer ? gridFees : gridFees + word.fallbackMicro());
        if (fromRetailer) _credit(_retailerId, word.fallbackMicro());
        _credit(_platformId, platformFees + word.surplusMicro());
        emit FrameFinalised(frame, tradedWh, gridFees, platformFees, word.fallbackMicro(), word.surplusMicro());
    }

    /* PRIVATE: BATCHES */

    function _startBatch(uint32 frame, uint256 word, uint32[] memory ids, bool read)
        private
        view
        returns (Batch memory batch, uint256[] memory positions)
    {
        (uint256 tick,) = SettlementRule.fallbackTick(word.capTick(), word.gridTick(), word.retailerTick());
        batch.frame = frame;
        batch.read = read;
        batch.asContracted = word & FrameRecord.READ == 0;
        batch.fallbackMicroPerWh = tick * tickMicroPerWh;
        batch.bitsIndex = _NO_INDEX;
        batch.records = new uint256[](ids.length);
        positions = IVenue(_venueList[word.venueIndex()]).positionsOf(frame, ids);
    }

    /// @dev Marks an entry as settled, or passes it over with the reason.
    function _mark(Batch memory batch, uint32 id, uint256 position) private returns (bool fresh) {
        uint256 index = id >> 8;
        if (index != batch.bitsIndex) {
            _flushBits(batch);
            batch.bitsIndex = index;
            batch.bits = _settled[batch.frame][index];
        }
        uint256 bit = uint256(1) << (id & 0xff);
        if (batch.bits & bit != 0) {
            emit SettlementSkipped(batch.frame, id, 1);
        } else if (position == 0) {
            emit SettlementSkipped(batch.frame, id, _participants[id] == 0 ? 3 : 2);
        } else {
            batch.bits |= bit;
            fresh = true;
        }
    }

    function _settleRead(
        Batch memory batch,
        CreditPolicy memory policy,
        uint32 id,
        uint256 position,
        uint256 deliveredWh
    ) private {
        uint256 owed = position.owedWh();
        uint256 shortfall = owed > deliveredWh ? owed - deliveredWh : 0;
        (uint256 cost, uint256 fallbackPart) = position.shortfallCost(shortfall, batch.fallbackMicroPerWh);
        uint256 paid = _book(batch, position, cost, fallbackPart);
        uint256 rating = 0;
        uint256 word = _participants[id].credited(paid);
        if (owed != 0 && owed >= policy.minimumRatedWh) {
            rating = RatingRule.isBad(owed, shortfall, policy.toleranceBps) ? 2 : 1;
            word = _rated(id, word, policy, owed, rating == 1);
        }
        if (rating != 0 || paid != 0) _participants[id] = word;
        _record(batch, id, deliveredWh, shortfall, paid, rating);
    }

    function _settleUnread(Batch memory batch, uint32 id, uint256 position) private {
        uint256 owed = position.owedWh();
        if (batch.asContracted) {
            uint256 held = _book(batch, position, 0, 0);
            _credit(id, held);
            _record(batch, id, owed, 0, held, 0);
            return;
        }
        (uint256 cost, uint256 fallbackPart) = position.unreadCost(owed, batch.fallbackMicroPerWh);
        uint256 paid = _book(batch, position, cost, fallbackPart);
        _credit(id, paid);
        _record(batch, id, 0, owed, paid, 0);
    }

    /// @dev Sums up what a position moves.
    function _book(Batch memory batch, uint256 position, uint256 cost, uint256 fallbackPart)
        private
        pure
        returns (uint256 paid)
    {
        uint256 held = position.heldMicro();
        batch.soldWh += position.soldWh();
        batch.fallbackMicro += fallbackPart;
        batch.surplusMicro += cost - fallbackPart;
        batch.releasedMicro += held;
        return held - cost;
    }

    function _record(
        Batch memory batch,
        uint32 id,
        uint256 deliveredWh,
        uint256 shortfall,
        uint256 paid,
        uint256 rating
    ) private pure {
        batch.records[batch.count++] =
            id | (deliveredWh << 32) | (shortfall << 72) | (paid << 112) | (rating << 176);
    }

    function _flushBits(Batch memory batch) private {
        if (batch.bitsIndex != _NO_INDEX) _settled[batch.frame][batch.bitsIndex] = batch.bits;
    }

    /// @dev Writes what a batch summed up.
    function _endBatch(Batch memory batch, uint256 word) private {
        if (batch.count == 0) return;
        _flushBits(batch);
        if (batch.releasedMicro != 0) _release(_venueList[word.venueIndex()], batch.releasedMicro);
        word = word.withSettled(batch.soldWh, batch.fallbackMicro, batch.surplusMicro);
        _frames[batch.frame] = batch.read ? word | FrameRecord.READ : word;
        uint256[] memory records = batch.records;
        if (batch.count < records.length) {
            records = new uint256[](batch.count);
            for (uint256 i = 0; i < records.length; ++i) {
                records[i] = batch.records[i];
            }
        }
        emit DeliveriesSettled(batch.frame, records);
    }
}
