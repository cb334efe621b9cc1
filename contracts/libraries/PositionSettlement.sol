// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {IVenue} from "../../interfaces/IVenue.sol";
import {FrameRecord} from "./FrameRecord.sol";
import {HouseFrames} from "./HouseFrames.sol";

/// @title Settlement of frames whose venue stores positions
/// @dev Position word: see {IVenue-positionsOf}.
abstract contract PositionSettlement is HouseFrames {
    using FrameRecord for uint256;

    /* TYPES */

    /// @dev The word of settled bits that a batch is at.
    struct Cursor {
        uint256 index;
        uint256 bits;
    }

    /* CONSTANTS */

    uint256 private constant _NO_INDEX = type(uint256).max;

    /* STORAGE */

    /// @dev Bit `id mod 256` of word `id / 256`: settled.
    mapping(uint32 frame => mapping(uint256 index => uint256 bits)) private _settled;

    /* EXTERNAL */

    /// @inheritdoc ITradeSettlement
    function reportDelivery(uint32 frame, uint256[] calldata readings) external {
        uint256 policy = _meterPolicy();
        uint256 word = _unfinishedOf(frame, 0);
        _requireMetering(frame);
        uint256 count = readings.length;
        uint32[] memory ids = new uint32[](count);
        for (uint256 i = 0; i < count;) {
            uint256 reading = readings[i];
            require(reading >> 72 == 0, Settlement_InvalidRecord(reading));
            ids[i] = uint32(reading);
            unchecked {
                ++i;
            }
        }
        uint256[] memory positions = IVenue(_venueList[word.venueIndex()]).positionsOf(frame, ids);
        Batch memory batch = _startBatch(word, count);
        Cursor memory cursor = Cursor(_NO_INDEX, 0);
        Sale memory sale;
        for (uint256 i = 0; i < count;) {
            uint256 reading = readings[i];
            uint256 position = positions[i];
            if (_mark(frame, cursor, uint32(reading), position)) {
                _load(sale, position);
                _settleRead(batch, policy, uint32(reading), sale, reading >> 32);
            }
            unchecked {
                ++i;
            }
        }
        _endBatch(frame, word | FrameRecord.READ, batch, cursor);
    }

    /// @inheritdoc ITradeSettlement
    function settleUnmetered(uint32 frame, uint32[] calldata participantIds) external {
        uint256 word = _unfinishedOf(frame, 0);
        _requireUnmetered(frame);
        uint256[] memory positions = IVenue(_venueList[word.venueIndex()]).positionsOf(frame, participantIds);
        Batch memory batch = _startBatch(word, participantIds.length);
        Cursor memory cursor = Cursor(_NO_INDEX, 0);
        Sale memory sale;
        for (uint256 i = 0; i < participantIds.length; ++i) {
            if (_mark(frame, cursor, participantIds[i], positions[i])) {
                _load(sale, positions[i]);
                _settleUnread(batch, participantIds[i], sale);
            }
        }
        _endBatch(frame, word, batch, cursor);
    }

    /// @inheritdoc ITradeSettlement
    function isSettled(uint32 frame, uint32 participantId) external view returns (bool) {
        return (_settled[frame][participantId >> 8] >> (participantId & 0xff)) & 1 != 0;
    }

    /* PRIVATE */

    function _load(Sale memory sale, uint256 position) private pure {
        unchecked {
            sale.boughtWh = uint40(position);
            sale.soldWh = uint40(position >> 40);
            uint256 saleMicro = uint56(position >> 136);
            sale.saleMicro = saleMicro;
            sale.heldMicro = saleMicro + uint48(position >> 192);
        }
    }

    /// @dev Marks an entry as settled, or passes it over with the reason.
    function _mark(uint32 frame, Cursor memory cursor, uint32 id, uint256 position) private returns (bool fresh) {
        uint256 index = id >> 8;
        if (index != cursor.index) {
            _flush(frame, cursor);
            cursor.index = index;
            cursor.bits = _settled[frame][index];
        }
        uint256 bit = uint256(1) << (id & 0xff);
        uint256 bits = cursor.bits;
        if (bits & bit != 0) {
            emit SettlementSkipped(frame, id, 1);
        } else if (position == 0) {
            emit SettlementSkipped(frame, id, _participants[id].word == 0 ? 3 : 2);
        } else {
            cursor.bits = bits | bit;
            fresh = true;
        }
    }

    function _flush(uint32 frame, Cursor memory cursor) private {
        if (cursor.index != _NO_INDEX) _settled[frame][cursor.index] = cursor.bits;
    }

    /// @dev Writes what a batch summed up: the venue's holdings pay all of it.
    function _endBatch(uint32 frame, uint256 word, Batch memory batch, Cursor memory cursor) private {
        if (batch.count == 0) return;
        _flush(frame, cursor);
        uint256 held = _heldMicro(batch);
        if (held != 0) _release(_venueList[word.venueIndex()], held);
        _frames[frame] = word.withSettled(
            _soldWh(batch), batch.fallbackMicro, word.surplusMicro() + held - _spentMicro(batch)
        );
        _logSettled(frame, batch);
    }
}
