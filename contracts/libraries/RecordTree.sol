// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title The tree over a frame's records (A9): venues build its root, the house checks records against it
/// @dev Leaves are the keccak256 of chunks of eight records, 32 bytes each (fewer in the last chunk); a node is keccak256(left ‖ right); a node
/// without a right sibling moves up as it is.
library RecordTree {
    uint256 internal constant CHUNK_RECORDS = 8;

    /// @dev Count of chunks over `records` records.
    function chunksOf(uint256 records) internal pure returns (uint256) {
        return (records + CHUNK_RECORDS - 1) / CHUNK_RECORDS;
    }

    /// @dev Root over all chunks, 0 without any. Overwrites `hashes`.
    function root(bytes32[] memory hashes) internal pure returns (bytes32) {
        uint256 width = hashes.length;
        if (width == 0) return 0;
        // Places in the tree are below its width.
        unchecked {
            while (width > 1) {
                uint256 pairs = width >> 1;
                for (uint256 i; i < pairs; ++i) {
                    hashes[i] = Hashes.efficientKeccak256(hashes[2 * i], hashes[2 * i + 1]);
                }
                if (width & 1 == 1) hashes[pairs] = hashes[width - 1];
                width = pairs + (width & 1);
            }
        }
        return hashes[0];
    }

    /// @dev Root that consecutive chunks belong to; 0 if they don't lie in the tree or the proof has nodes missing or left over. 0 is no
    /// tree's root, so that a caller compares with the root it knows, which it has checked not to be 0. Overwrites `hashes`.
    /// @param firstChunk Number of the first chunk.
    /// @param hashes Hashes of the chunks.
    /// @param totalChunks Chunks of the whole tree, below 2^255.
    /// @param proof From the leaves up: at each level the left sibling of the range, then its right sibling, where there is one.
    function rootOfRange(uint256 firstChunk, bytes32[] memory hashes, uint256 totalChunks, bytes32[] memory proof)
        internal
        pure
        returns (bytes32)
    {
        uint256 count = hashes.length;
        if (count == 0 || count > totalChunks || firstChunk > totalChunks - count) return 0;
        uint256 used = 0;
        // Safe: places in the tree are below its width.
        unchecked {
            while (totalChunks > 1) {
                uint256 needed = (firstChunk & 1) + (_hasRightSibling(firstChunk, count, totalChunks) ? 1 : 0);
                if (used + needed > proof.length) return 0;
                count = _up(firstChunk, hashes, count, totalChunks, proof, used);
                used += needed;
                firstChunk >>= 1;
                totalChunks = (totalChunks + 1) >> 1;
            }
        }
        return used == proof.length ? hashes[0] : bytes32(0);
    }

    /// @dev Whether the range ends in a left node whose sibling is outside of it.
    function _hasRightSibling(uint256 first, uint256 count, uint256 width) private pure returns (bool) {
        unchecked {
            uint256 end = first + count;
            return end & 1 == 1 && end < width;
        }
    }

    /// @dev Replaces a level's nodes by those above them, in place: a node above is written after the two below it were read.
    function _up(
        uint256 first,
        bytes32[] memory hashes,
        uint256 count,
        uint256 width,
        bytes32[] memory proof,
        uint256 used
    ) private pure returns (uint256 above) {
        unchecked {
            uint256 read = 0;
            if (first & 1 == 1) {
                hashes[0] = Hashes.efficientKeccak256(proof[used], hashes[0]);
                ++used;
                (read, above) = (1, 1);
            }
            for (; read + 1 < count; read += 2) {
                hashes[above] = Hashes.efficientKeccak256(hashes[read], hashes[read + 1]);
                ++above;
            }
            if (read < count) {
                hashes[above] = _hasRightSibling(first, count, width)
                    ? Hashes.efficientKeccak256(hashes[read], proof[used])
                    : hashes[read];
                ++above;
            }
        }
    }
}
