// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {IRootVenue} from "../../interfaces/IVenue.sol";
import {FrameClock} from "./FrameClock.sol";
import {FrameRecord} from "./FrameRecord.sol";
import {HouseFrames} from "./HouseFrames.sol";
import {RecordTree} from "./RecordTree.sol";

/// @title Settlement of frames whose venue keeps a root over records
/// @dev Record: see {IRootVenue}. With the first records settled the frame takes over what the venue holds for all of them, so that settling
/// touches the venue no more.
abstract contract RootSettlement is HouseFrames {
    using FrameRecord for uint256;

    /* CONSTANTS */

    uint256 private constant _READING_BYTES = 5;
    uint256 private constant _READINGS_PER_WORD = 6;
    uint256 private constant _READING_SHIFT = 216;
    uint256 private constant _READING_BITS = 40;
    uint256 private constant _NOT_READ = type(uint40).max;

    /* STORAGE */

    /// @dev By frame mod 512. A frame's slot is free again when the frame is final.
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
        word = _verified(frame, word, firstChunk, records, proof);
        Batch memory batch = _startBatch(word, policy);
        uint256[] memory net = _netOf(frame, word, records);
        uint256 settled = _settleReadings(frame, batch, firstChunk, net, readings);
        _endRecords(frame, word, FrameRecord.READ, batch, net, settled);
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
        word = _verified(frame, word, firstChunk, records, proof);
        Batch memory batch = _startBatch(word, 0);
        uint256[] memory net = _netOf(frame, word, records);
        uint256 settled = _settleOthers(frame, batch, firstChunk, net, false);
        _endRecords(frame, word, 0, batch, net, settled);
    }

    /// @inheritdoc ITradeSettlement
    function releaseFromRoot(uint32 frame, uint256 firstChunk, uint256[] calldata records, bytes32[] calldata proof)
        external
    {
        uint256 word = _unfinishedOf(frame, FrameRecord.ROOTS);
        uint256 deadline = FrameClock.start(frame, frameSeconds) - refusalLeadSeconds;
        require(block.timestamp >= deadline, Settlement_BeforeRefusalDeadline(frame, deadline, block.timestamp));
        word = _verified(frame, word, firstChunk, records, proof);
        Batch memory batch = _startBatch(word, 0);
        uint256[] memory net = _netOf(frame, word, records);
        uint256 settled = _settleOthers(frame, batch, firstChunk, net, true);
        _endRecords(frame, word, 0, batch, net, settled);
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

    /// @dev Checks that the records are consecutive whole chunks of the frame's, and takes the frame's result over with the first of them.
    function _verified(
        uint32 frame,
        uint256 word,
        uint256 firstChunk,
        uint256[] calldata records,
        bytes32[] calldata proof
    ) private returns (uint256) {
        bytes32 root;
        if (word & FrameRecord.KEPT != 0) root = _roots[frame % FrameClock.RING_FRAMES];
        else (root, word) = _asked(frame, word, records.length);
        uint256 total = word.records();
        uint256 chunks = RecordTree.chunksOf(records.length);
        uint256 totalChunks = RecordTree.chunksOf(total);
        // Fewer than eight records to a chunk are in the last one only.
        require(
            records.length % RecordTree.CHUNK_RECORDS == 0
                || (firstChunk < totalChunks && firstChunk * RecordTree.CHUNK_RECORDS + records.length == total),
            Settlement_WrongRecords(frame)
        );
        bytes32[] memory hashes = new bytes32[](chunks);
        for (uint256 i = 0; i < chunks; ++i) {
            uint256 start = i * RecordTree.CHUNK_RECORDS;
            uint256 end = i + 1 == chunks ? records.length : start + RecordTree.CHUNK_RECORDS;
            hashes[i] = keccak256(abi.encodePacked(records[start:end]));
        }
        bytes32 found = RecordTree.rootOfRange(firstChunk, hashes, totalChunks, proof);
        require(found != 0 && found == root, Settlement_WrongRecords(frame));
        return word;
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
            _roots[frame % FrameClock.RING_FRAMES] = root;
            word |= FrameRecord.KEPT;
        }
        return (root, word);
    }

    /// @dev The records without what was refused of them (M8).
    function _netOf(uint32 frame, uint256 word, uint256[] calldata records)
        private
        view
        returns (uint256[] memory net)
    {
        net = records;
        if (word & FrameRecord.REFUSED == 0) return net;
        uint32[] memory ids = new uint32[](net.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            ids[i] = uint32(net[i]);
        }
        uint256[] memory refused = IRootVenue(_venueList[word.venueIndex()]).refusedOf(frame, ids);
        for (uint256 i = 0; i < ids.length; ++i) {
            // Refusals take off less than there is, so that no field borrows from the next.
            uint256 bought = uint40(refused[i]);
            uint256 sold = uint40(refused[i] >> 40);
            uint256 purchase = uint56(refused[i] >> 80);
            uint256 sale = uint56(refused[i] >> 136);
            net[i] -= (bought << 32) + (sold << 64) + (purchase << 96) + (sale << 136);
        }
    }

    /* PRIVATE: SETTLEMENT */

    function _settleReadings(
        uint32 frame,
        Batch memory batch,
        uint256 firstChunk,
        uint256[] memory records,
        bytes calldata readings
    ) private returns (uint256 settled) {
        (uint256 key, uint256 bits, uint256 bit) = _bitsFrom(frame, firstChunk * RecordTree.CHUNK_RECORDS);
        uint256 ahead = 0;
        uint256 count = records.length;
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                if (bit == TAG_BIT) (key, bits, bit) = _turnRecords(frame, key, bits);
                if (i % _READINGS_PER_WORD == 0) ahead = uint256(bytes32(readings[i * _READING_BYTES:]));
                uint256 deliveredWh = ahead >> _READING_SHIFT;
                ahead <<= _READING_BITS;
                if (deliveredWh != _NOT_READ) {
                    uint256 record = records[i];
                    if (bits & bit != 0) {
                        emit SettlementSkipped(frame, uint32(record), 1);
                    } else {
                        bits |= bit;
                        uint256 saleMicro = uint40(record >> 136);
                        // The logged records take the place of those that were read.
                        records[settled] = _settleRead(
                            batch,
                            uint32(record) | (deliveredWh << 32),
                            _owedWhIn(record),
                            uint32(record >> 64),
                            saleMicro,
                            saleMicro + uint40(record >> 176),
                            record >> 216
                        );
                        ++settled;
                    }
                }
                bit <<= 1;
            }
        }
        _writeBits(frame, key, bits);
    }

    /// @dev Settles all that are left, or of them only those that sold nothing.
    function _settleOthers(
        uint32 frame,
        Batch memory batch,
        uint256 firstChunk,
        uint256[] memory records,
        bool buyersOnly
    ) private returns (uint256 settled) {
        (uint256 key, uint256 bits, uint256 bit) = _bitsFrom(frame, firstChunk * RecordTree.CHUNK_RECORDS);
        for (uint256 i = 0; i < records.length; ++i) {
            if (bit == TAG_BIT) (key, bits, bit) = _turnRecords(frame, key, bits);
            uint256 record = records[i];
            uint256 soldWh = uint32(record >> 64);
            if (bits & bit == 0 && !(buyersOnly && soldWh != 0)) {
                bits |= bit;
                uint256 saleMicro = uint40(record >> 136);
                uint256 heldMicro = saleMicro + uint40(record >> 176);
                records[settled++] = _settleUnread(
                    batch, uint32(record), _owedWhIn(record), soldWh, saleMicro, heldMicro, record >> 216
                );
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

    /// @dev Writes what a batch summed up: the frame itself holds the money. Its word is written even if nothing was settled: the result may have
    /// been taken over.
    function _endRecords(
        uint32 frame,
        uint256 word,
        uint256 readFlag,
        Batch memory batch,
        uint256[] memory net,
        uint256 settled
    ) private {
        if (settled == 0) {
            _frames[frame] = word;
            return;
        }
        uint256 spent = _spentMicro(batch);
        uint256 surplus = word.surplusMicro();
        // Not as a requirement, whose error's values would be read each time.
        if (spent > surplus) revert Settlement_VenueOverdrawn(_venueList[word.venueIndex()], spent, surplus);
        word = word.withSettled(_soldWh(batch), batch.fallbackMicro, surplus - spent);
        _frames[frame] = word.withSettledRecords(settled) | readFlag;
        _logSettled(frame, net, settled);
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
