// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {AccountWord} from "./AccountWord.sol";
import {ClearingLoops} from "./ClearingLoops.sol";
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

    /// @dev A batch being settled: its terms, and what is written once for all of it.
    struct Batch {
        uint256 frame;
        uint256 policy;
        uint256 leastRatedWh;
        uint256 bindingMark;
        uint256 fallbackMicroPerWh;
        bool asContracted;
        uint256 fallbackMicro;
        uint256 soldWh;
        uint256 heldMicro;
        uint256 paidMicro;
        /// Where its log begins and ends in memory.
        uint256 log;
        uint256 logEnd;
    }

    /* CONSTANTS */

    /// @dev Settled bits to a word; the frame stands above them.
    uint256 internal constant BITS_PER_WORD = 224;
    uint256 internal constant TAG_BIT = 1 << BITS_PER_WORD;

    /// @dev Bytes of a record in {ITradeSettlement-DeliveriesSettled}, and how far it is shifted to be the head of a word.
    uint256 internal constant LOGGED_BYTES = 16;
    uint256 internal constant TO_HEAD = 128;
    uint256 private constant _MOST_SHOWN_MICRO = type(uint56).max;

    uint256 internal constant _MOST_RING_FRAMES = 512;
    /// @dev So that 2^16 rounds of the ring, after which the tag of a position comes again, last 59 years at least.
    uint256 private constant _LEAST_RING_SECONDS = 28_800;

    /* IMMUTABLES */

    /// @inheritdoc ITradeSettlement
    uint256 public immutable tickMicroPerWh;
    /// @inheritdoc ITradeSettlement
    uint32 public immutable gateClosureLeadSeconds;
    /// @inheritdoc ITradeSettlement
    uint32 public immutable refusalLeadSeconds;
    /// @inheritdoc ITradeSettlement
    uint32 public immutable meteringWindowSeconds;
    /// @inheritdoc ITradeSettlement
    uint32 public immutable ringFrames;

    /* STORAGE */

    /// @dev See {FrameRecord}.
    mapping(uint32 frame => uint256 word) internal _frames;
    /// @dev By (frame mod ring) x 2^32 + number / 224, the number being a participant's or, of a root venue, a record's. From the lowest bit: settled
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
        uint256 least = Math.ceilDiv(_LEAST_RING_SECONDS, params.frameSeconds);
        _within(params.ringFrames, Math.max(least, 2), _MOST_RING_FRAMES);
        ringFrames = params.ringFrames;
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
        // Below 2^66. Before `opens` the difference is larger than any window.
        unchecked {
            if (block.timestamp - opens >= meteringWindowSeconds) {
                revert Settlement_OutsideMeteringWindow(frame, opens, opens + meteringWindowSeconds, block.timestamp);
            }
        }
    }

    function _requireUnmetered(uint32 frame) internal view {
        uint256 deadline = FrameClock.end(frame, frameSeconds) + meteringWindowSeconds;
        require(block.timestamp >= deadline, Settlement_BeforeMeteringDeadline(frame, deadline, block.timestamp));
    }

    /* INTERNAL: ONE POSITION */

    /// @param policy The rating policy; 0 for a batch that rates nobody.
    function _startBatch(uint32 frame, uint256 word, uint256 policy) internal view returns (Batch memory batch) {
        batch.frame = frame;
        (uint256 tick,) = SettlementRule.fallbackTick(word.capTick(), word.gridTick(), word.retailerTick());
        // 8 bits of ticks, 16 of tick value.
        unchecked {
            batch.fallbackMicroPerWh = tick * tickMicroPerWh;
        }
        batch.asContracted = word & FrameRecord.READ == 0;
        batch.policy = policy;
        uint256 least = policy.minimumRatedWh();
        // Nobody is rated who owed nothing.
        batch.leastRatedWh = least == 0 ? 1 : least;
        batch.bindingMark = AccountWord.bindingMark(policy.bindingFrames());
    }

    /// @dev Pays and rates who delivered what it owed. Safe: energies are below 2^40, money of a position below 2^58; an account that is not
    /// unusual has room for both.
    /// @param owedWh What had to be delivered, and was [Wh].
    /// @param paidMicro Sale value, lock and refund [micro].
    function _settleFull(Batch memory batch, uint32 id, uint256 owedWh, uint256 paidMicro) internal {
        unchecked {
            AccountWord.Account storage account = _participants[id];
            if (owedWh < batch.leastRatedWh) {
                if (paidMicro != 0) account.word += paidMicro;
                return;
            }
            uint256 word = account.word + paidMicro;
            uint256 rated = word + AccountWord.ONE_FRAME + owedWh * AccountWord.ONE_GOOD_RATED_WH;
            if ((word | ((rated ^ batch.bindingMark) + AccountWord.ONE_FRAME)) & AccountWord.UNUSUAL != 0) {
                rated = _rated(id, word, batch.policy, owedWh, true);
            }
            account.word = rated;
        }
    }

    /// @dev Charges, pays and rates who delivered less than it owed; what is taken is at most what is held. Safe as {_settleFull}.
    /// @param entry From the lowest bit: participant id 32 | delivered Wh 40.
    /// @param owedWh What had to be delivered [Wh].
    /// @param soldWh Sold before netting [Wh].
    /// @param saleMicro Value of what was sold [micro].
    /// @param heldMicro Sale value and lock [micro].
    /// @param refundMicro Paid in any case [micro].
    /// @return paidMicro What is paid [micro].
    function _settleShort(
        Batch memory batch,
        uint256 entry,
        uint256 owedWh,
        uint256 soldWh,
        uint256 saleMicro,
        uint256 heldMicro,
        uint256 refundMicro
    ) internal returns (uint256 paidMicro) {
        unchecked {
            uint256 shortfallWh = owedWh - (entry >> 32);
            (uint256 cost, uint256 fallbackPart) =
                SettlementRule.shortfallCost(soldWh, saleMicro, heldMicro, shortfallWh, batch.fallbackMicroPerWh);
            paidMicro = heldMicro + refundMicro - cost;
            batch.fallbackMicro += fallbackPart;
            if (owedWh < batch.leastRatedWh) {
                _credit(uint32(entry), paidMicro);
            } else {
                bool bad = RatingRule.isBad(owedWh, shortfallWh, batch.policy.toleranceBps());
                AccountWord.Account storage account = _participants[uint32(entry)];
                account.word = _rated(uint32(entry), account.word + paidMicro, batch.policy, owedWh, !bad);
            }
        }
    }

    /// @dev Settles without a reading (M9), and logs and sums it up in the batch.
    /// @param id Participant.
    /// @param owedWh What had to be delivered [Wh].
    function _settleUnread(
        Batch memory batch,
        uint256 id,
        uint256 owedWh,
        uint256 soldWh,
        uint256 saleMicro,
        uint256 heldMicro,
        uint256 refundMicro
    ) internal {
        unchecked {
            uint256 paid = heldMicro + refundMicro;
            uint256 entry = id | (owedWh << 32);
            if (!batch.asContracted) {
                (uint256 cost, uint256 fallbackPart) =
                    SettlementRule.unreadCost(saleMicro, owedWh, batch.fallbackMicroPerWh);
                paid -= cost;
                batch.fallbackMicro += fallbackPart;
                entry = id;
            }
            _credit(uint32(id), paid);
            ClearingLoops.store(batch.logEnd, _logged(entry, paid) << TO_HEAD);
            batch.logEnd += LOGGED_BYTES;
            batch.soldWh += soldWh;
            batch.heldMicro += heldMicro;
            batch.paidMicro += paid;
        }
    }

    /// @dev A record of the log.
    /// @param entry From the lowest bit: participant id 32 | delivered Wh 40.
    function _logged(uint256 entry, uint256 paidMicro) internal pure returns (uint256) {
        if (paidMicro > _MOST_SHOWN_MICRO) paidMicro = _MOST_SHOWN_MICRO;
        return (entry << 56) | paidMicro;
    }

    /* INTERNAL: THE SETTLED BITS */

    function _bitsKey(uint32 frame, uint256 wordIndex) internal view returns (uint256) {
        return (uint256(frame % ringFrames) << 32) | wordIndex;
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

    /// @dev What leaves the frame's surplus: to balances, and to the fallback supplier [micro].
    function _spentMicro(Batch memory batch) internal pure returns (uint256) {
        unchecked {
            return batch.paidMicro + batch.fallbackMicro;
        }
    }

    /// @dev Logs the batch, which is the last use of it and of memory: two words before its log and one after it are written.
    function _logSettled(Batch memory batch) internal {
        unchecked {
            ClearingLoops.store(batch.logEnd, 0);
            ClearingLoops.logBytes(DeliveriesSettled.selector, batch.frame, batch.log, batch.logEnd - batch.log);
        }
    }
}
