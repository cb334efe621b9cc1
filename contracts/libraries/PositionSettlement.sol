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

    /* CONSTANTS */

    uint256 private constant _NO_KEY = type(uint256).max;

    /* EXTERNAL */

    /// @inheritdoc ITradeSettlement
    function reportDelivery(uint32 frame, uint256[] calldata readings) external {
        uint256 policy = _meterPolicy();
        uint256 word = _unfinishedOf(frame, 0);
        _requireMetering(frame);
        uint256 count = readings.length;
        uint256[] memory positions = IVenue(_venueList[word.venueIndex()]).positionsOf(frame, readings);
        Batch memory batch = _startBatch(word, policy);
        uint256 key = _NO_KEY;
        uint256 bits = 0;
        uint256 settled = 0;
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                uint256 reading = readings[i];
                if (reading >> 72 != 0) revert Settlement_InvalidRecord(reading);
                uint256 position = positions[i];
                {
                    uint256 nextKey = _bitsKey(frame, uint32(reading) / BITS_PER_WORD);
                    if (nextKey != key) {
                        if (key != _NO_KEY) _writeBits(frame, key, bits);
                        key = nextKey;
                        bits = _bitsAt(frame, key);
                    }
                }
                uint256 bit = 1 << (uint32(reading) % BITS_PER_WORD);
                if (position == 0) {
                    _skip(frame, uint32(reading), bits & bit != 0);
                } else if (bits & bit != 0) {
                    _skip(frame, uint32(reading), true);
                } else {
                    bits |= bit;
                    uint256 saleMicro = uint56(position >> 136);
                    // The records take the place of the positions, which are not asked for again.
                    positions[settled] = _settleRead(
                        batch,
                        reading,
                        _owedWh(position),
                        uint40(position >> 40),
                        saleMicro,
                        saleMicro + uint48(position >> 192),
                        0
                    );
                    ++settled;
                }
            }
        }
        if (key != _NO_KEY) _writeBits(frame, key, bits);
        _endBatch(frame, word | FrameRecord.READ, batch, positions, settled);
    }

    /// @inheritdoc ITradeSettlement
    function settleUnmetered(uint32 frame, uint32[] calldata participantIds) external {
        uint256 word = _unfinishedOf(frame, 0);
        _requireUnmetered(frame);
        uint256[] memory entries = new uint256[](participantIds.length);
        for (uint256 i = 0; i < entries.length; ++i) {
            entries[i] = participantIds[i];
        }
        uint256[] memory positions = IVenue(_venueList[word.venueIndex()]).positionsOf(frame, entries);
        Batch memory batch = _startBatch(word, 0);
        uint256 settled = 0;
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
            positions[settled++] =
                _settleUnread(batch, id, _owedWh(position), uint40(position >> 40), saleMicro, heldMicro, 0);
        }
        _endBatch(frame, word, batch, positions, settled);
    }

    /// @inheritdoc ITradeSettlement
    function isSettled(uint32 frame, uint32 participantId) external view returns (bool) {
        uint256 word = _frames[frame];
        if (word & FrameRecord.FINAL != 0) return true;
        return word & FrameRecord.ROOTS == 0 && _isBitSet(frame, participantId);
    }

    /* PRIVATE */

    /// @dev Passes an entry over with the reason.
    function _skip(uint32 frame, uint32 id, bool settled) private {
        emit SettlementSkipped(frame, id, settled ? 1 : _participants[id].word == 0 ? 3 : 2);
    }

    /// @dev Writes what a batch summed up: the venue's holdings pay all of it.
    function _endBatch(uint32 frame, uint256 word, Batch memory batch, uint256[] memory records, uint256 settled)
        private
    {
        if (settled == 0) return;
        uint256 held = _heldMicro(batch);
        if (held != 0) _release(_venueList[word.venueIndex()], held);
        _frames[frame] =
            word.withSettled(_soldWh(batch), batch.fallbackMicro, word.surplusMicro() + held - _spentMicro(batch));
        _logSettled(frame, records, settled);
    }

    function _owedWh(uint256 position) private pure returns (uint256) {
        unchecked {
            uint256 bought = uint40(position);
            uint256 sold = uint40(position >> 40);
            return sold > bought ? sold - bought : 0;
        }
    }
}
