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

    /// @dev A batch being settled: its terms, and what is written once for all of it. Sums, from the lowest bit: sold Wh 64 | held micro 96 |
    /// paid micro 96; no call holds enough entries to fill one.
    struct Batch {
        uint256 policy;
        uint256 leastRatedWh;
        uint256 fallbackMicroPerWh;
        bool asContracted;
        uint256 sums;
        uint256 fallbackMicro;
    }

    /* CONSTANTS */

    /// @dev Settled bits to a word; the frame stands above them.
    uint256 internal constant BITS_PER_WORD = 224;
    uint256 internal constant TAG_BIT = 1 << BITS_PER_WORD;

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
    /// @dev By (frame mod 512) x 2^32 + number / 224, the number being a participant's or, of a root venue, a record's. From the lowest bit: settled
    /// 224 | frame 32. A frame opens only when the one that had its words before is final, so that another frame's bits are not asked for again.
    mapping(uint256 key => uint256 word) private _settledBits;

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

    /// @param policy The rating policy; 0 for a batch that rates nobody.
    function _startBatch(uint256 word, uint256 policy) internal view returns (Batch memory batch) {
        (uint256 tick,) = SettlementRule.fallbackTick(word.capTick(), word.gridTick(), word.retailerTick());
        batch.fallbackMicroPerWh = tick * tickMicroPerWh;
        batch.asContracted = word & FrameRecord.READ == 0;
        batch.policy = policy;
        uint256 least = policy.minimumRatedWh();
        // Nobody is rated who owed nothing.
        batch.leastRatedWh = least == 0 ? 1 : least;
    }

    /// @dev Settles by a reading; what is taken is at most what is held. Safe: energies are below 2^40, money of a position below 2^58.
    /// @param entry From the lowest bit: participant id 32 | delivered Wh 40.
    /// @param owedWh What had to be delivered [Wh].
    /// @param soldWh Sold before netting [Wh].
    /// @param saleMicro Value of what was sold [micro].
    /// @param heldMicro Sale value and lock [micro].
    /// @param refundMicro Paid in any case [micro].
    /// @return record For the log.
    function _settleRead(
        Batch memory batch,
        uint256 entry,
        uint256 owedWh,
        uint256 soldWh,
        uint256 saleMicro,
        uint256 heldMicro,
        uint256 refundMicro
    ) internal returns (uint256 record) {
        unchecked {
            uint256 paid = heldMicro + refundMicro;
            uint256 goodBit = 1;
            if (owedWh > entry >> 32) {
                uint256 shortfall = owedWh - (entry >> 32);
                (uint256 cost, uint256 fallbackPart) =
                    SettlementRule.shortfallCost(soldWh, saleMicro, heldMicro, shortfall, batch.fallbackMicroPerWh);
                paid -= cost;
                batch.fallbackMicro += fallbackPart;
                if (RatingRule.isBad(owedWh, shortfall, batch.policy.toleranceBps())) goodBit = 0;
                entry |= shortfall << 72;
            }
            batch.sums += soldWh + (heldMicro << _HELD_SHIFT) + (paid << _PAID_SHIFT);
            Account storage account = _participants[uint32(entry)];
            if (owedWh >= batch.leastRatedWh) {
                uint256 word = account.word + paid;
                uint256 policy = batch.policy;
                uint256 rated = word + AccountWord.ONE_FRAME + owedWh
                    * (AccountWord.ONE_RATED_WH + goodBit * AccountWord.ONE_GOOD_WH);
                if ((word ^ AccountWord.REGISTERED) & AccountWord.UNUSUAL != 0) {
                    rated = _rated(uint32(entry), word, policy, owedWh, goodBit != 0);
                } else if (uint16(rated >> AccountWord.FRAMES_SHIFT) >= policy.bindingFrames()) {
                    if (RatingRule.isBelow(rated, policy.scale())) {
                        rated = _rated(uint32(entry), word, policy, owedWh, goodBit != 0);
                    }
                }
                account.word = rated;
                entry |= (2 - goodBit) << 176;
            } else if (paid != 0) {
                account.word += paid;
            }
            return entry | (paid << 112);
        }
    }

    /// @dev Settles without a reading (M9).
    /// @param id Participant.
    /// @param owedWh What had to be delivered [Wh].
    /// @return record For the log.
    function _settleUnread(
        Batch memory batch,
        uint256 id,
        uint256 owedWh,
        uint256 soldWh,
        uint256 saleMicro,
        uint256 heldMicro,
        uint256 refundMicro
    ) internal returns (uint256 record) {
        unchecked {
            uint256 paid = heldMicro + refundMicro;
            record = id | (owedWh << 32);
            if (!batch.asContracted) {
                (uint256 cost, uint256 fallbackPart) =
                    SettlementRule.unreadCost(saleMicro, owedWh, batch.fallbackMicroPerWh);
                paid -= cost;
                batch.fallbackMicro += fallbackPart;
                record = id | (owedWh << 72);
            }
            batch.sums += soldWh + (heldMicro << _HELD_SHIFT) + (paid << _PAID_SHIFT);
            _credit(uint32(id), paid);
            return record | (paid << 112);
        }
    }

    /* INTERNAL: THE SETTLED BITS */

    function _bitsKey(uint32 frame, uint256 wordIndex) internal pure returns (uint256) {
        return (uint256(frame % FrameClock.RING_FRAMES) << 32) | wordIndex;
    }

    /// @dev The bits in a word, none if it is another frame's.
    function _bitsAt(uint32 frame, uint256 key) internal view returns (uint256) {
        uint256 word = _settledBits[key];
        return word >> BITS_PER_WORD == frame ? word & (TAG_BIT - 1) : 0;
    }

    function _writeBits(uint32 frame, uint256 key, uint256 bits) internal {
        if (bits != 0) _settledBits[key] = bits | (uint256(frame) << BITS_PER_WORD);
    }

    function _isBitSet(uint32 frame, uint256 index) internal view returns (bool) {
        return (_bitsAt(frame, _bitsKey(frame, index / BITS_PER_WORD)) >> (index % BITS_PER_WORD)) & 1 != 0;
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

    /// @dev Logs the first `count` records.
    function _logSettled(uint32 frame, uint256[] memory records, uint256 count) internal {
        if (count < records.length) {
            uint256[] memory settled = new uint256[](count);
            for (uint256 i = 0; i < count; ++i) {
                settled[i] = records[i];
            }
            records = settled;
        }
        emit DeliveriesSettled(frame, records);
    }
}
