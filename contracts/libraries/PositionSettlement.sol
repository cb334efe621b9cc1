// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {IVenue} from "../../interfaces/IVenue.sol";
import {ClearingLoops} from "./ClearingLoops.sol";
import {FrameRecord} from "./FrameRecord.sol";
import {HouseFrames} from "./HouseFrames.sol";

/// @title Settlement of frames whose venue stores positions
/// @dev Position word: see {IVenue-positionsOf}.
abstract contract PositionSettlement is HouseFrames {
    using FrameRecord for uint256;

    /* CONSTANTS */

    uint256 private constant _NO_KEY = type(uint256).max;
    /// @dev Sums of a batch, from the lowest bit: sold Wh 64 | held micro 96 | paid micro 96; no call holds enough entries to fill one.
    uint256 private constant _HELD_SHIFT = 64;
    uint256 private constant _PAID_SHIFT = 160;

    /* EXTERNAL */

    /// @inheritdoc ITradeSettlement
    function reportDelivery(uint32 frame, uint256[] calldata readings) external {
        uint256 policy = _meterPolicy();
        uint256 word = _unfinishedOf(frame, 0);
        _requireMetering(frame);
        // Before the positions, which are the last in memory.
        Batch memory batch = _startBatch(frame, word, policy);
        uint256[] memory positions = IVenue(_venueList[word.venueIndex()]).positionsOf(frame, readings);
        // A venue is another contract.
        assert(positions.length == readings.length);
        // The log takes the place of the positions, which are not asked for again.
        batch.log = ClearingLoops.wordsOf(positions);
        _settleReadings(batch, readings);
        _endBatch(word | FrameRecord.READ, batch);
    }

    /// @inheritdoc ITradeSettlement
    function settleUnmetered(uint32 frame, uint32[] calldata participantIds) external {
        uint256 word = _unfinishedOf(frame, 0);
        _requireUnmetered(frame);
        uint256[] memory entries = new uint256[](participantIds.length);
        for (uint256 i = 0; i < entries.length; ++i) {
            entries[i] = participantIds[i];
        }
        Batch memory batch = _startBatch(frame, word, 0);
        uint256[] memory positions = IVenue(_venueList[word.venueIndex()]).positionsOf(frame, entries);
        batch.log = batch.logEnd = ClearingLoops.wordsOf(positions);
        for (uint256 i = 0; i < entries.length; ++i) {
            uint256 id = entries[i];
            uint256 position = positions[i];
            uint256 key = _bitsKey(frame, id / BITS_PER_WORD);
            uint256 bits = _bitsAt(frame, key);
            uint256 bit = 1 << (id % BITS_PER_WORD);
            if (position == 0 || bits & bit != 0) {
                _skip(frame, uint32(id), bits & bit != 0);
                continue;
            }
            _writeBits(frame, key, bits | bit);
            uint256 saleMicro = uint56(position >> 136);
            uint256 heldMicro = saleMicro + uint48(position >> 192);
            _settleUnread(batch, id, _owedWh(position), uint40(position >> 40), saleMicro, heldMicro, 0);
        }
        _endBatch(word, batch);
    }

    /// @inheritdoc ITradeSettlement
    function isSettled(uint32 frame, uint32 participantId) external view returns (bool) {
        uint256 word = _frames[frame];
        if (word & FrameRecord.FINAL != 0) return true;
        return word & FrameRecord.ROOTS == 0 && _isBitSet(frame, participantId);
    }

    /* PRIVATE */

    /// @dev Settles positions by readings, as many. Words are read and written unchecked within both arrays.
    function _settleReadings(Batch memory batch, uint256[] calldata readings) private {
        unchecked {
            uint256 from = batch.log;
            uint256 to = from;
            uint256 toReading = ClearingLoops.offsetOf(readings) - from;
            uint256 end = from + 32 * readings.length;
            uint256 key = _NO_KEY;
            uint256 bits = 0;
            uint256 sums = 0;
            for (; from != end; from += 32) {
                uint256 reading = ClearingLoops.wordAt(from + toReading);
                if (reading >> 72 != 0) revert Settlement_InvalidRecord(reading);
                if (uint32(reading) / BITS_PER_WORD != key) {
                    bits = _turnParticipants(uint32(batch.frame), key, bits, uint32(reading) / BITS_PER_WORD);
                    key = uint32(reading) / BITS_PER_WORD;
                }
                uint256 bit = 1 << (uint32(reading) % BITS_PER_WORD);
                uint256 position = ClearingLoops.load(from);
                if (position == 0 || bits & bit != 0) {
                    _skip(uint32(batch.frame), uint32(reading), bits & bit != 0);
                    continue;
                }
                bits |= bit;
                uint256 paidMicro = uint56(position >> 136) + uint256(uint48(position >> 192));
                sums += uint40(position >> 40) + (paidMicro << _HELD_SHIFT);
                uint256 owedWh = _owedWh(position);
                if (owedWh > reading >> 32) {
                    paidMicro = _settleShort(
                        batch, reading, owedWh, uint40(position >> 40), uint56(position >> 136), paidMicro, 0
                    );
                } else {
                    _settleFull(batch, uint32(reading), owedWh, paidMicro);
                }
                sums += paidMicro << _PAID_SHIFT;
                ClearingLoops.store(to, _logged(reading, paidMicro) << TO_HEAD);
                to += LOGGED_BYTES;
            }
            if (key != _NO_KEY) _writeBits(uint32(batch.frame), _bitsKey(uint32(batch.frame), key), bits);
            batch.logEnd = to;
            batch.soldWh = uint64(sums);
            batch.heldMicro = uint96(sums >> _HELD_SHIFT);
            batch.paidMicro = sums >> _PAID_SHIFT;
        }
    }

    /// @dev Writes one word of bits, unless it is the first, and gives another.
    function _turnParticipants(uint32 frame, uint256 key, uint256 bits, uint256 nextKey) private returns (uint256) {
        if (key != _NO_KEY) _writeBits(frame, _bitsKey(frame, key), bits);
        return _bitsAt(frame, _bitsKey(frame, nextKey));
    }

    /// @dev Passes an entry over with the reason.
    function _skip(uint32 frame, uint32 id, bool settled) private {
        emit SettlementSkipped(frame, id, settled ? 1 : _participants[id].word == 0 ? 3 : 2);
    }

    /// @dev Writes what a batch summed up: the venue's holdings pay all of it.
    function _endBatch(uint256 word, Batch memory batch) private {
        if (batch.logEnd == batch.log) return;
        uint256 held = batch.heldMicro;
        if (held != 0) _release(_venueList[word.venueIndex()], held);
        _frames[uint32(batch.frame)] =
            word.withSettled(batch.soldWh, batch.fallbackMicro, word.surplusMicro() + held - _spentMicro(batch));
        _logSettled(batch);
    }

    function _owedWh(uint256 position) private pure returns (uint256) {
        unchecked {
            uint256 bought = uint40(position);
            uint256 sold = uint40(position >> 40);
            return sold > bought ? sold - bought : 0;
        }
    }
}
