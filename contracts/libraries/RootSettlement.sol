// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {IRootVenue} from "../../interfaces/IVenue.sol";
import {ClearingLoops} from "./ClearingLoops.sol";
import {ClearingMemory} from "./ClearingMemory.sol";
import {FrameClock} from "./FrameClock.sol";
import {FrameRecord} from "./FrameRecord.sol";
import {HouseFrames} from "./HouseFrames.sol";
import {PolicyWord} from "./PolicyWord.sol";
import {RecordTree} from "./RecordTree.sol";

/// @title Settlement of frames whose venue keeps a root over records
/// @dev Record: see {IRootVenue}. With the first records settled the frame takes over what the venue holds for all of them, so that settling
/// touches the venue no more.
abstract contract RootSettlement is HouseFrames {
    using FrameRecord for uint256;
    using PolicyWord for uint256;

    /* CONSTANTS */

    uint256 private constant _READING_BYTES = 5;
    uint256 private constant _READING_SHIFT = 216;
    uint256 private constant _NOT_READ = type(uint40).max;

    /* STORAGE */

    /// @dev By frame mod ring. A frame's slot is free again when the frame is final.
    mapping(uint256 slot => bytes32 root) private _roots;

    /* EXTERNAL */

    /// @inheritdoc ITradeSettlement
    function reportDeliveryFromRoot(
        uint32 frame,
        uint256 firstChunk,
        uint256[] calldata records,
        bytes32[] calldata proof,
        bytes calldata readings
    ) external {
        uint256 policy = _meterPolicy();
        uint256 word = _unfinishedOf(frame, FrameRecord.ROOTS);
        _requireMetering(frame);
        require(readings.length == records.length * _READING_BYTES, Settlement_InvalidRecord(readings.length));
        Batch memory batch = _startBatch(frame, word, policy);
        word = _verified(batch, word, firstChunk, records, proof);
        _settleReadings(batch, firstChunk, records.length, readings);
        _endRecords(word, FrameRecord.READ, batch);
    }

    /// @inheritdoc ITradeSettlement
    function reportRecord(uint256 reading, uint256[] calldata shown) external {
        uint256 policy = _meterPolicy();
        uint256 word = _unfinishedOf(uint32(reading), FrameRecord.ROOTS);
        _requireMetering(uint32(reading));
        if (reading >> 88 != 0) revert Settlement_InvalidRecord(reading);
        uint256 record;
        (record, word) = _shownRecord(reading, word, shown);
        (uint256 key, uint256 bits, uint256 bit) = _bitsFrom(uint32(reading), uint16(reading >> 32));
        if (bits & bit != 0) {
            emit SettlementSkipped(uint32(reading), uint32(record), 1);
            // The result may have been taken over.
            _frames[uint32(reading)] = word;
        } else {
            _writeBits(uint32(reading), key, bits | bit);
            Batch memory batch = _startBatch(uint32(reading), word, policy);
            uint256 logged = _settleRecord(batch, record, reading >> 48);
            _writeSettled(word, FrameRecord.READ, batch, 1);
            emit DeliverySettled(uint32(reading), logged);
        }
    }

    /// @inheritdoc ITradeSettlement
    function settleUnmeteredFromRoot(
        uint32 frame,
        uint256 firstChunk,
        uint256[] calldata records,
        bytes32[] calldata proof
    ) external {
        uint256 word = _unfinishedOf(frame, FrameRecord.ROOTS);
        _requireUnmetered(frame);
        Batch memory batch = _startBatch(frame, word, 0);
        word = _verified(batch, word, firstChunk, records, proof);
        _settleOthers(batch, firstChunk, records.length, false);
        _endRecords(word, 0, batch);
    }

    /// @inheritdoc ITradeSettlement
    function releaseFromRoot(uint32 frame, uint256 firstChunk, uint256[] calldata records, bytes32[] calldata proof)
        external
    {
        uint256 word = _unfinishedOf(frame, FrameRecord.ROOTS);
        uint256 deadline = FrameClock.start(frame, frameSeconds) - refusalLeadSeconds;
        require(block.timestamp >= deadline, Settlement_BeforeRefusalDeadline(frame, deadline, block.timestamp));
        Batch memory batch = _startBatch(frame, word, 0);
        word = _verified(batch, word, firstChunk, records, proof);
        _settleOthers(batch, firstChunk, records.length, true);
        _endRecords(word, 0, batch);
    }

    /* EXTERNAL: VIEWS */

    /// @inheritdoc ITradeSettlement
    function isRecordSettled(uint32 frame, uint256 index) external view returns (bool) {
        uint256 word = _frames[frame];
        if (index >= word.records()) return false;
        if (word & FrameRecord.FINAL != 0) return true;
        return _isBitSet(frame, index);
    }

    /// @inheritdoc ITradeSettlement
    function recordsOf(uint32 frame) external view returns (uint256 records, uint256 settled) {
        uint256 word = _frames[frame];
        return (word.records(), word.settledRecords());
    }

    /* INTERNAL */

    /// @dev Count of records that a frame must settle before it is final.
    function _requireRecordsSettled(uint32 frame, uint256 word) internal view {
        uint256 records = word.records();
        if (word & FrameRecord.TAKEN == 0) {
            (, records,,) = IRootVenue(_venueList[word.venueIndex()]).resultOf(frame);
        }
        uint256 settled = word.settledRecords();
        require(settled == records, Settlement_RecordsUnsettled(frame, records, settled));
    }

    /* PRIVATE: RECORDS */

    /// @dev Checks that the records are consecutive whole chunks of the frame's, and takes the frame's result over with the first of them. They come
    /// to lie in memory, less what was refused of them, a word after the batch's log and with a word after them.
    /// @return The frame's word.
    function _verified(
        Batch memory batch,
        uint256 word,
        uint256 firstChunk,
        uint256[] calldata records,
        bytes32[] calldata proof
    ) private returns (uint256) {
        bytes32 root;
        (root, word) = _rootOf(uint32(batch.frame), word, records.length);
        uint256 total = word.records();
        uint256 totalChunks = RecordTree.chunksOf(total);
        uint256 at;
        // Places in the tree are far below 2^252.
        unchecked {
            // Fewer than eight records to a chunk are in the last one only.
            require(
                records.length % RecordTree.CHUNK_RECORDS == 0
                    || (firstChunk < totalChunks && firstChunk * RecordTree.CHUNK_RECORDS + records.length == total),
                Settlement_WrongRecords(uint32(batch.frame))
            );
            at = ClearingLoops.reserve(records.length + 2);
            (batch.log, batch.logEnd) = (at, at);
            at += 32;
            ClearingLoops.copyAt(ClearingLoops.offsetOf(records), at, 32 * records.length);
        }
        bytes32[] memory leaves = RecordTree.leavesOf(at, records.length);
        bytes32 found = RecordTree.rootOfRange(firstChunk, leaves, totalChunks, proof);
        require(found != 0 && found == root, Settlement_WrongRecords(uint32(batch.frame)));
        if (word & FrameRecord.REFUSED != 0) _takeRefused(uint32(batch.frame), word, at, records.length);
        return word;
    }

    /// @dev The record that a reading is for, less what was refused of it, with its chunk and the chunk's proof in calldata; takes the frame's
    /// result over with the first of them.
    /// @return record The record.
    /// @return The frame's word.
    function _shownRecord(uint256 reading, uint256 word, uint256[] calldata shown)
        private
        returns (uint256 record, uint256)
    {
        unchecked {
            bytes32 root;
            (root, word) = _rootOf(uint32(reading), word, 1);
            uint256 index = uint16(reading >> 32);
            uint256 total = word.records();
            if (index >= total) revert Settlement_WrongRecords(uint32(reading));
            // The chunk's records; what is read beyond the calldata's end gives no root.
            uint256 length = total - (index - index % RecordTree.CHUNK_RECORDS);
            length = 32 * (length < RecordTree.CHUNK_RECORDS ? length : RecordTree.CHUNK_RECORDS);
            uint256 from = ClearingLoops.offsetOf(shown);
            uint256 at = ClearingLoops.reserve(RecordTree.CHUNK_RECORDS);
            ClearingLoops.copyAt(from, at, length);
            bytes32 found = RecordTree.rootOfChunk(
                index / RecordTree.CHUNK_RECORDS,
                ClearingLoops.hash(at, length),
                RecordTree.chunksOf(total),
                from + length,
                from + 32 * shown.length
            );
            if (found == 0 || found != root) revert Settlement_WrongRecords(uint32(reading));
            at += 32 * (index % RecordTree.CHUNK_RECORDS);
            if (word & FrameRecord.REFUSED != 0) _takeRefused(uint32(reading), word, at, 1);
            return (ClearingLoops.load(at), word);
        }
    }

    /// @dev The frame's root: the one kept here, or else the venue's, with which its result is taken over.
    /// @param count Records that this call settles at most.
    function _rootOf(uint32 frame, uint256 word, uint256 count) private returns (bytes32, uint256) {
        if (word & FrameRecord.KEPT != 0) return (_roots[frame % ringFrames], word);
        return _asked(frame, word, count);
    }

    /// @dev The root as the venue tells it. It is kept here when most of the frame will be settled by later calls.
    function _asked(uint32 frame, uint256 word, uint256 count) private returns (bytes32 root, uint256) {
        address venue = _venueList[word.venueIndex()];
        uint256 records;
        bool anyRefused;
        uint256 owedMicro;
        (root, records, anyRefused, owedMicro) = IRootVenue(venue).resultOf(frame);
        if (word & FrameRecord.TAKEN == 0) {
            if (owedMicro != 0) _release(venue, owedMicro);
            word = word.withResult(records, owedMicro, anyRefused);
        }
        if (count * 2 < records) {
            _roots[frame % ringFrames] = root;
            word |= FrameRecord.KEPT;
        }
        return (root, word);
    }

    /// @dev Takes what was refused off records in memory (M8).
    function _takeRefused(uint32 frame, uint256 word, uint256 at, uint256 count) private view {
        uint32[] memory ids = new uint32[](count);
        for (uint256 i = 0; i < count; ++i) {
            ids[i] = uint32(ClearingLoops.load(at + 32 * i));
        }
        uint256[] memory refused = IRootVenue(_venueList[word.venueIndex()]).refusedOf(frame, ids);
        for (uint256 i = 0; i < count; ++i) {
            // Refusals take off less than there is, so that no field borrows from the next.
            uint256 bought = uint40(refused[i]);
            uint256 sold = uint40(refused[i] >> 40);
            uint256 purchase = uint56(refused[i] >> 80);
            uint256 sale = uint56(refused[i] >> 136);
            uint256 less = (bought << 32) + (sold << 64) + (purchase << 96) + (sale << 136);
            ClearingLoops.store(at + 32 * i, ClearingLoops.load(at + 32 * i) - less);
        }
    }

    /* PRIVATE: SETTLEMENT */

    /// @dev Settles records by readings, as many, in runs of those whose bits lie in one word, none of them settled and read once more.
    function _settleReadings(Batch memory batch, uint256 firstChunk, uint256 count, bytes calldata readings) private {
        ClearingMemory.Settlement memory run = _startRun(batch, readings);
        uint32 frame = uint32(batch.frame);
        unchecked {
            // Places in the tree are far below 2^252.
            uint256 index = firstChunk * RecordTree.CHUNK_RECORDS;
            uint256 end = index + count;
            while (index != end) {
                uint256 place = index % BITS_PER_WORD;
                uint256 key = _bitsKey(frame, index / BITS_PER_WORD);
                uint256 bits = _bitsAt(frame, key);
                uint256 length = BITS_PER_WORD - place;
                if (end - index < length) length = end - index;
                uint256 settled = (bits >> place) & ((1 << length) - 1);
                length = _unsettled(settled, run.reading, length);
                if (length == 0) {
                    length = 1;
                    _passOver(frame, run);
                } else {
                    run.origin = run.from - 32 * place;
                    run.missed = 0;
                    _settleRun(batch, run, run.from + 32 * length);
                    _writeBits(frame, key, bits | ((((1 << length) - 1) << place) & ~run.missed));
                }
                index += length;
            }
        }
        batch.logEnd = run.to;
        batch.soldWh = run.sums >> 64;
        batch.paidMicro = uint64(run.sums);
    }

    function _startRun(Batch memory batch, bytes calldata readings)
        private
        view
        returns (ClearingMemory.Settlement memory run)
    {
        run.from = batch.log + 32;
        run.reading = ClearingLoops.offsetOf(readings);
        run.to = batch.log;
        run.accounts = ClearingLoops.slotOf(_participants);
        unchecked {
            // Somebody who is rated owes something.
            run.mostUnrated = (batch.leastRatedWh << 64) - 1;
        }
        run.bindingMark = batch.bindingMark;
        run.scale = batch.policy.scale();
    }

    /// @dev How many of so many records come before the first one that is settled and read once more.
    function _unsettled(uint256 settled, uint256 reading, uint256 count) private pure returns (uint256) {
        unchecked {
            for (uint256 i = 0; settled != 0; ++i) {
                if (settled & 1 != 0 && ClearingLoops.wordAt(reading) >> _READING_SHIFT != _NOT_READ) return i;
                settled >>= 1;
                reading += _READING_BYTES;
            }
            return count;
        }
    }

    /// @dev Settles a run. The word after it is zero meanwhile.
    function _settleRun(Batch memory batch, ClearingMemory.Settlement memory run, uint256 stop) private {
        run.stop = stop;
        uint256 next = ClearingLoops.load(stop);
        ClearingLoops.store(stop, 0);
        ClearingLoops.settle(run);
        while (run.from != stop) {
            _settleNext(batch, run);
            ClearingLoops.settle(run);
        }
        ClearingLoops.store(stop, next);
    }

    /// @dev Settles the next record of a run whatever it is.
    function _settleNext(Batch memory batch, ClearingMemory.Settlement memory run) private {
        unchecked {
            uint256 record = ClearingLoops.load(run.from);
            uint256 logged = _settleRecord(batch, record, ClearingLoops.wordAt(run.reading) >> _READING_SHIFT);
            ClearingLoops.store(run.to, logged << TO_HEAD);
            run.sums += (batch.soldWh << 64) + batch.paidMicro;
            run.from += 32;
            run.reading += _READING_BYTES;
            run.to += LOGGED_BYTES;
        }
    }

    /// @dev Passes over a record that is settled and read once more.
    function _passOver(uint32 frame, ClearingMemory.Settlement memory run) private {
        emit SettlementSkipped(frame, uint32(ClearingLoops.load(run.from)), 1);
        unchecked {
            run.from += 32;
            run.reading += _READING_BYTES;
        }
    }

    /// @dev Settles one record by a reading. The batch's sums become this record's.
    /// @return logged For the log.
    function _settleRecord(Batch memory batch, uint256 record, uint256 deliveredWh) private returns (uint256 logged) {
        unchecked {
            uint256 owedWh = _owedWhIn(record);
            uint256 saleMicro = uint40(record >> 136);
            uint256 heldMicro = saleMicro + uint40(record >> 176);
            uint256 paidMicro = heldMicro + (record >> 216);
            uint256 entry = uint32(record) | (deliveredWh << 32);
            uint256 soldWh = uint32(record >> 64);
            if (owedWh > deliveredWh) {
                paidMicro = _settleShort(batch, entry, owedWh, soldWh, saleMicro, heldMicro, record >> 216);
            } else {
                _settleFull(batch, uint32(record), owedWh, paidMicro);
            }
            (batch.soldWh, batch.paidMicro) = (soldWh, paidMicro);
            return _logged(entry, paidMicro);
        }
    }

    /// @dev Settles all that are left, or of them only those that sold nothing.
    function _settleOthers(Batch memory batch, uint256 firstChunk, uint256 count, bool buyersOnly) private {
        uint32 frame = uint32(batch.frame);
        uint256 from = batch.log + 32;
        (uint256 key, uint256 bits, uint256 bit) = _bitsFrom(frame, firstChunk * RecordTree.CHUNK_RECORDS);
        for (uint256 i = 0; i < count; ++i) {
            if (bit == TAG_BIT) (key, bits, bit) = _turnRecords(frame, key, bits);
            uint256 record = ClearingLoops.load(from + 32 * i);
            uint256 soldWh = uint32(record >> 64);
            if (bits & bit == 0 && !(buyersOnly && soldWh != 0)) {
                bits |= bit;
                uint256 saleMicro = uint40(record >> 136);
                uint256 heldMicro = saleMicro + uint40(record >> 176);
                _settleUnread(batch, uint32(record), _owedWhIn(record), soldWh, saleMicro, heldMicro, record >> 216);
            }
            bit <<= 1;
        }
        _writeBits(frame, key, bits);
    }

    function _owedWhIn(uint256 record) private pure returns (uint256) {
        unchecked {
            uint256 bought = uint32(record >> 32);
            uint256 sold = uint32(record >> 64);
            return sold > bought ? sold - bought : 0;
        }
    }

    /// @dev Writes what a batch summed up and logs it. The frame's word is written even if nothing was settled: the result may have been taken over.
    function _endRecords(uint256 word, uint256 readFlag, Batch memory batch) private {
        if (batch.logEnd == batch.log) {
            _frames[uint32(batch.frame)] = word;
            return;
        }
        unchecked {
            _writeSettled(word, readFlag, batch, (batch.logEnd - batch.log) / LOGGED_BYTES);
        }
        _logSettled(batch);
    }

    /// @dev Writes what a batch summed up: the frame itself holds the money.
    function _writeSettled(uint256 word, uint256 readFlag, Batch memory batch, uint256 settled) private {
        uint256 spent = _spentMicro(batch);
        uint256 surplus = word.surplusMicro();
        // Not as a requirement, whose error's values would be read each time.
        if (spent > surplus) revert Settlement_VenueOverdrawn(_venueList[word.venueIndex()], spent, surplus);
        unchecked {
            word = word.withSettled(batch.soldWh, batch.fallbackMicro, surplus - spent);
        }
        _frames[uint32(batch.frame)] = word.withSettledRecords(settled) | readFlag;
    }

    /* PRIVATE: THE BITS */

    /// @dev Key and bits of a record's word, and the record's bit in it.
    function _bitsFrom(uint32 frame, uint256 index) private view returns (uint256 key, uint256 bits, uint256 bit) {
        key = _bitsKey(frame, index / BITS_PER_WORD);
        bits = _bitsAt(frame, key);
        bit = uint256(1) << (index % BITS_PER_WORD);
    }

    /// @dev Writes one word and goes on to the next.
    function _turnRecords(uint32 frame, uint256 key, uint256 bits) private returns (uint256, uint256, uint256) {
        _writeBits(frame, key, bits);
        return (key + 1, _bitsAt(frame, key + 1), 1);
    }
}
