// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {EntryWord} from "./EntryWord.sol";
import {RoundEntries} from "./RoundEntries.sol";
import {RoundTrade} from "./RoundTrade.sol";

/// @title Verification of an allocation
/// @notice Rules R6 and R7: limits, quantities, windows, feeders, storage, objective. Reads entries once each and writes nothing.
abstract contract RoundVerification is RoundEntries {
    /* TYPES */

    /// @dev An allocation on its way through its verification.
    /// @param round The round.
    /// @param terms Its terms.
    /// @param count Entries of the round.
    /// @param feeders Feeders of the round.
    /// @param limits Feeder limit words.
    /// @param entries Entries by index as far as they were met, less what the trades took so far.
    /// @param importWh What a feeder's consumers bought, by frame x feeders + feeder [Wh].
    /// @param exportWh What a feeder's sellers sold, likewise [Wh].
    /// @param chargedWh What the storage bought, by frame [Wh].
    /// @param dischargedWh What the storage sold, by frame [Wh].
    struct Check {
        uint32 round;
        RoundTerms terms;
        uint256 count;
        uint256 feeders;
        uint256[] limits;
        uint256[] entries;
        uint256[] importWh;
        uint256[] exportWh;
        uint256[] chargedWh;
        uint256[] dischargedWh;
    }

    /* CONSTRUCTOR */

    constructor(
        address registry_,
        ITradeSettlement house_,
        address creditScoring_,
        uint32 minimumQuantityWh_,
        uint64 minimumLockMicro_
    ) RoundEntries(registry_, house_, creditScoring_, minimumQuantityWh_, minimumLockMicro_) {}

    /* INTERNAL */

    /// @dev Verifies an allocation or reverts. O(trades + entries).
    /// @return score Its objective.
    function _verified(uint32 round, Round storage record, uint256[] calldata trades)
        internal
        view
        returns (uint256 score)
    {
        Check memory check;
        check.round = round;
        check.terms = record.terms;
        check.count = record.entries;
        check.feeders = record.feeders;
        check.limits = record.feederLimits;
        check.entries = new uint256[](check.count);
        check.importWh = new uint256[](check.feeders * check.terms.frames);
        check.exportWh = new uint256[](check.feeders * check.terms.frames);
        check.chargedWh = new uint256[](check.terms.frames);
        check.dischargedWh = new uint256[](check.terms.frames);
        uint256 from;
        while (from < trades.length) {
            uint256 to = from + RoundTrade.CHUNK;
            if (to > trades.length) to = trades.length;
            for (uint256 i = from; i < to; ++i) {
                score += _take(check, trades[i]);
            }
            for (uint256 i = from; i < to; ++i) {
                _requireWithinLimits(check, trades[i]);
            }
            from = to;
        }
    }

    /* PRIVATE */

    /// @dev One trade: its own checks, and what it adds to the sums.
    /// @return score What it adds to the objective.
    function _take(Check memory check, uint256 trade) private view returns (uint256 score) {
        uint256 energyWh = RoundTrade.energyWh(trade);
        uint256 frame = RoundTrade.frame(trade);
        require(
            trade >> RoundTrade.BITS == 0 && frame < check.terms.frames && energyWh != 0, Round_InvalidRecord(trade)
        );
        uint256 request = _entryIn(check, RoundTrade.requestIndex(trade), EntryWord.REQUEST);
        uint256 offered = _entryIn(check, RoundTrade.offerIndex(trade), EntryWord.OFFER);
        uint32 buyerId = EntryWord.participantId(request);
        require(buyerId != EntryWord.participantId(offered), Round_SelfTrade(trade, buyerId));
        _requireInWindow(check, trade, RoundTrade.requestIndex(trade), request);
        _requireInWindow(check, trade, RoundTrade.offerIndex(trade), offered);
        uint256 tick = RoundTrade.tick(trade);
        require(
            tick >= EntryWord.tick(offered) && tick <= EntryWord.tick(request),
            Round_PriceOutsideLimits(trade, EntryWord.tick(offered), EntryWord.tick(request))
        );
        _reduce(check, trade, RoundTrade.requestIndex(trade), request, energyWh);
        _reduce(check, trade, RoundTrade.offerIndex(trade), offered, energyWh);
        _add(check, frame, request, offered, energyWh);
        if (check.terms.objective != 0) return energyWh;
        return energyWh * (uint256(EntryWord.tick(request)) - EntryWord.tick(offered));
    }

    /// @dev An entry with what is left of it; read from storage the first time.
    function _entryIn(Check memory check, uint256 index, uint256 side) private view returns (uint256 entry) {
        uint64 entryId = _entryId(check.round, index);
        if (index < check.count) {
            entry = check.entries[index];
            if (entry == 0) {
                entry = _entries[entryId];
                check.entries[index] = entry;
            }
        }
        require(entry != 0 && EntryWord.side(entry) == side, Round_NoEntry(entryId, uint8(side)));
    }

    function _requireInWindow(Check memory check, uint256 trade, uint256 index, uint256 entry) private pure {
        uint256 frame = RoundTrade.frame(trade);
        require(
            frame >= EntryWord.first(entry) && frame <= EntryWord.last(entry),
            Round_OutsideWindow(trade, _entryId(check.round, index), EntryWord.first(entry), EntryWord.last(entry))
        );
    }

    function _reduce(Check memory check, uint256 trade, uint256 index, uint256 entry, uint256 energyWh) private pure {
        uint256 left = EntryWord.quantityWh(entry);
        require(energyWh <= left, Round_QuantityExceeded(trade, _entryId(check.round, index), left));
        check.entries[index] = EntryWord.without(entry, energyWh);
    }

    function _add(Check memory check, uint256 frame, uint256 request, uint256 offered, uint256 energyWh) private pure {
        // Feeders and frames were checked when the entries came in; the sums stay below 2^40.
        check.importWh[frame * check.feeders + EntryWord.feeder(request)] += energyWh;
        check.exportWh[frame * check.feeders + EntryWord.feeder(offered)] += energyWh;
        uint256 storageId = check.terms.storageId;
        // Nobody has the number 0.
        if (EntryWord.participantId(request) == storageId) check.chargedWh[frame] += energyWh;
        if (EntryWord.participantId(offered) == storageId) check.dischargedWh[frame] += energyWh;
    }

    /// @dev Whether the feeders and the frame that a trade touches stay within their limits.
    function _requireWithinLimits(Check memory check, uint256 trade) private pure {
        uint256 offset = RoundTrade.frame(trade);
        _requireFeeder(check, offset, EntryWord.feeder(check.entries[RoundTrade.requestIndex(trade)]));
        _requireFeeder(check, offset, EntryWord.feeder(check.entries[RoundTrade.offerIndex(trade)]));
        // A span lies within 32 bits.
        uint32 frame = uint32(check.terms.firstFrame + offset);
        uint256 energyWh = check.chargedWh[offset];
        require(energyWh <= check.terms.chargeWh, Round_StorageOverloaded(frame, false, energyWh, check.terms.chargeWh));
        energyWh = check.dischargedWh[offset];
        require(
            energyWh <= check.terms.dischargeWh, Round_StorageOverloaded(frame, true, energyWh, check.terms.dischargeWh)
        );
    }

    function _requireFeeder(Check memory check, uint256 offset, uint256 feeder) private pure {
        uint256 cell = offset * check.feeders + feeder;
        (uint256 imported, uint256 exported) = (check.importWh[cell], check.exportWh[cell]);
        bool exporting = exported > imported;
        uint256 netWh = exporting ? exported - imported : imported - exported;
        uint256 limit = check.limits[feeder];
        uint256 limitWh = exporting ? limit >> 40 : uint40(limit);
        require(
            netWh <= limitWh,
            Round_FeederOverloaded(uint32(check.terms.firstFrame + offset), feeder, exporting, netWh, limitWh)
        );
    }

    function _entryId(uint32 round, uint256 index) private pure returns (uint64) {
        // 32 bits and 16.
        return uint64((uint256(round) << 16) | index);
    }
}
