// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {AccountWord} from "./AccountWord.sol";
import {FrameClock} from "./FrameClock.sol";
import {FrameRecord} from "./FrameRecord.sol";
import {HouseRatings} from "./HouseRatings.sol";
import {PolicyWord} from "./PolicyWord.sol";
import {RatingRule} from "./RatingRule.sol";
import {SettlementRule} from "./SettlementRule.sol";

/// @title The frames of the house, and the settlement of one position whatever kind of venue it comes from
abstract contract HouseFrames is HouseRatings {
    using AccountWord for uint256;
    using FrameRecord for uint256;
    using PolicyWord for uint256;

    /* TYPES */

    /// @dev A position after what was refused: energy [Wh], money [micro].
    struct Sale {
        uint256 boughtWh;
        uint256 soldWh;
        uint256 saleMicro;
        uint256 heldMicro;
        uint256 refundMicro;
    }

    /// @dev A batch being settled. Sums, from the lowest bit: sold Wh 64 | held micro 96 | paid micro 96; no call holds enough entries to fill one.
    struct Batch {
        uint256 fallbackMicroPerWh;
        bool asContracted;
        uint256 sums;
        uint256 fallbackMicro;
        uint256 count;
        uint256[] records;
    }

    /* CONSTANTS */

    uint256 private constant _HELD_SHIFT = 64;
    uint256 private constant _PAID_SHIFT = 160;

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
    mapping(uint32 frame => uint256 word) internal _frames;

    /* CONSTRUCTOR */

    constructor(Params memory params) {
        _within(params.tickMicroPerWh, 1, type(uint16).max);
        _within(params.gateClosureLeadSeconds, 1, type(uint32).max);
        _within(params.refusalLeadSeconds, 0, params.gateClosureLeadSeconds - 1);
        _within(params.meteringWindowSeconds, 1, type(uint32).max);
        tickMicroPerWh = params.tickMicroPerWh;
        gateClosureLeadSeconds = params.gateClosureLeadSeconds;
        refusalLeadSeconds = params.refusalLeadSeconds;
        meteringWindowSeconds = params.meteringWindowSeconds;
    }

    /* INTERNAL: CHECKS */

    function _unfinished(uint32 frame) internal view returns (uint256 word) {
        word = _frames[frame];
        require(word != 0, Settlement_FrameNotOpen(frame));
        require(word & FrameRecord.FINAL == 0, Settlement_FrameFinal(frame));
    }

    /// @dev The word of a frame whose venue keeps its results in the way that the call needs.
    function _unfinishedOf(uint32 frame, uint256 rootsFlag) internal view returns (uint256 word) {
        word = _unfinished(frame);
        require(word & FrameRecord.ROOTS == rootsFlag, Settlement_OtherResults(frame));
    }

    function _requireMetering(uint32 frame) internal view {
        uint256 opens = FrameClock.end(frame, frameSeconds);
        uint256 closes = opens + meteringWindowSeconds;
        require(
            block.timestamp >= opens && block.timestamp < closes,
            Settlement_OutsideMeteringWindow(frame, opens, closes, block.timestamp)
        );
    }

    function _requireUnmetered(uint32 frame) internal view {
        uint256 deadline = FrameClock.end(frame, frameSeconds) + meteringWindowSeconds;
        require(block.timestamp >= deadline, Settlement_BeforeMeteringDeadline(frame, deadline, block.timestamp));
    }

    /* INTERNAL: ONE POSITION */

    function _startBatch(uint256 word, uint256 entries) internal view returns (Batch memory batch) {
        (uint256 tick,) = SettlementRule.fallbackTick(word.capTick(), word.gridTick(), word.retailerTick());
        batch.fallbackMicroPerWh = tick * tickMicroPerWh;
        batch.asContracted = word & FrameRecord.READ == 0;
        batch.records = new uint256[](entries);
    }

    /// @dev Settles by a reading. Safe: energies are below 2^40, money of a position below 2^58; what is taken is at most what is held.
    function _settleRead(Batch memory batch, uint256 policy, uint32 id, Sale memory sale, uint256 deliveredWh)
        internal
    {
        unchecked {
            uint256 owed = sale.soldWh > sale.boughtWh ? sale.soldWh - sale.boughtWh : 0;
            uint256 paid = sale.heldMicro + sale.refundMicro;
            uint256 shortfall = 0;
            if (owed > deliveredWh) {
                shortfall = owed - deliveredWh;
                (uint256 cost, uint256 fallbackPart) = SettlementRule.shortfallCost(
                    sale.soldWh, sale.saleMicro, sale.heldMicro, shortfall, batch.fallbackMicroPerWh
                );
                paid -= cost;
                batch.fallbackMicro += fallbackPart;
            }
            uint256 rating = 0;
            Account storage account = _participants[id];
            if (owed != 0 && owed >= policy.minimumRatedWh()) {
                rating = RatingRule.isBad(owed, shortfall, policy.toleranceBps()) ? 2 : 1;
                account.word = _rated(id, account.word.credited(paid), policy, owed, rating == 1);
            } else if (paid != 0) {
                account.word = account.word.credited(paid);
            }
            _enter(batch, sale, id | (deliveredWh << 32) | (shortfall << 72) | (rating << 176), paid);
        }
    }

    /// @dev Settles without a reading (M9).
    function _settleUnread(Batch memory batch, uint32 id, Sale memory sale) internal {
        unchecked {
            uint256 owed = sale.soldWh > sale.boughtWh ? sale.soldWh - sale.boughtWh : 0;
            uint256 paid = sale.heldMicro + sale.refundMicro;
            uint256 record = id;
            if (batch.asContracted) {
                record |= owed << 32;
            } else {
                (uint256 cost, uint256 fallbackPart) =
                    SettlementRule.unreadCost(sale.saleMicro, owed, batch.fallbackMicroPerWh);
                paid -= cost;
                batch.fallbackMicro += fallbackPart;
                record |= owed << 72;
            }
            _credit(id, paid);
            _enter(batch, sale, record, paid);
        }
    }

    /// @dev Sums up a settled position, and notes its record for the log.
    function _enter(Batch memory batch, Sale memory sale, uint256 record, uint256 paid) private pure {
        unchecked {
            batch.sums += sale.soldWh | (sale.heldMicro << _HELD_SHIFT) | (paid << _PAID_SHIFT);
            batch.records[batch.count++] = record | (paid << 112);
        }
    }

    /* INTERNAL: THE END OF A BATCH */

    function _soldWh(Batch memory batch) internal pure returns (uint256) {
        return uint64(batch.sums);
    }

    function _heldMicro(Batch memory batch) internal pure returns (uint256) {
        return uint96(batch.sums >> _HELD_SHIFT);
    }

    /// @dev What leaves the frame's surplus: to balances, and to the fallback supplier [micro].
    function _spentMicro(Batch memory batch) internal pure returns (uint256) {
        return (batch.sums >> _PAID_SHIFT) + batch.fallbackMicro;
    }

    function _logSettled(uint32 frame, Batch memory batch) internal {
        uint256[] memory records = batch.records;
        if (batch.count < records.length) {
            records = new uint256[](batch.count);
            for (uint256 i = 0; i < records.length; ++i) {
                records[i] = batch.records[i];
            }
        }
        emit DeliveriesSettled(frame, records);
    }
}
