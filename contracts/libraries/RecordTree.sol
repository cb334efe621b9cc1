// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {ClearingLoops} from "./ClearingLoops.sol";

/// @title The tree over a frame's records (A9): venues build its root, the house checks records against it
/// @dev Leaves are the keccak256 of chunks of eight records, 32 bytes each (fewer in the last chunk); a node is keccak256(left ‖ right); a node
/// without a right sibling moves up as it is.
library RecordTree {
    uint256 internal constant CHUNK_RECORDS = 8;

    /// @dev Count of chunks over `records` records.
    function chunksOf(uint256 records) internal pure returns (uint256) {
        // Counts of records, far below 2^256.
        unchecked {
            return (records + CHUNK_RECORDS - 1) / CHUNK_RECORDS;
        }
    }

    /// @dev Hashes of the chunks of records in memory, one word after the other.
    function leavesOf(uint256 from, uint256 count) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](chunksOf(count));
        // Places in memory.
        unchecked {
            uint256 end = from + 32 * count;
            uint256 to = ClearingLoops.wordsOf(leaves);
            for (; from < end; from += 32 * CHUNK_RECORDS) {
                uint256 length = end - from;
                if (length > 32 * CHUNK_RECORDS) length = 32 * CHUNK_RECORDS;
                ClearingLoops.store(to, uint256(ClearingLoops.hash(from, length)));
                to += 32;
            }
        }
    }

    /// @dev Root over all chunks, 0 without any. Overwrites `hashes`.
    function root(bytes32[] memory hashes) internal pure returns (bytes32) {
        uint256 width = hashes.length;
        if (width == 0) return 0;
        uint256 at = ClearingLoops.wordsOf(hashes);
        // The whole width has no siblings, so that what stands for a proof is not read.
        while (width > 1) {
            width = _up(at, 0, width, width, hashes, 0);
        }
        return bytes32(ClearingLoops.load(at));
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
                count = _up(ClearingLoops.wordsOf(hashes), firstChunk, count, totalChunks, proof, used);
                used += needed;
                firstChunk >>= 1;
                totalChunks = (totalChunks + 1) >> 1;
            }
        }
        return used == proof.length ? bytes32(ClearingLoops.load(ClearingLoops.wordsOf(hashes))) : bytes32(0);
    }

    /// @dev Whether the range ends in a left node whose sibling is outside of it.
    function _hasRightSibling(uint256 first, uint256 count, uint256 width) private pure returns (bool) {
        unchecked {
            uint256 end = first + count;
            return end & 1 == 1 && end < width;
        }
    }

    /// @dev Root that one chunk's hash belongs to, with the nodes of its proof in calldata; 0 if there are too few or too many of them.
    /// @param chunk Number of the chunk, below `totalChunks`.
    /// @param hash Its hash.
    /// @param totalChunks Chunks of the whole tree, below 2^255.
    /// @param from Where the nodes begin in calldata, from the leaf's sibling up.
    /// @param end Where they end; what is read beyond is not used.
    function rootOfChunk(uint256 chunk, bytes32 hash, uint256 totalChunks, uint256 from, uint256 end)
        internal
        pure
        returns (bytes32)
    {
        // Safe: places in the tree are below its width.
        unchecked {
            for (; totalChunks > 1; totalChunks = (totalChunks + 1) >> 1) {
                if (chunk & 1 == 1) {
                    hash = Hashes.efficientKeccak256(bytes32(ClearingLoops.wordAt(from)), hash);
                    from += 32;
                } else if (chunk + 1 < totalChunks) {
                    hash = Hashes.efficientKeccak256(hash, bytes32(ClearingLoops.wordAt(from)));
                    from += 32;
                }
                chunk >>= 1;
            }
        }
        return from == end ? hash : bytes32(0);
    }

    /// @dev Replaces a level's nodes by those above them, in place: a node above is written after the two below it were read. The word before
    /// the nodes, their array's length, takes a left sibling.
    /// @param at Where the nodes begin in memory.
    /// @return above Count of nodes above.
    function _up(uint256 at, uint256 first, uint256 count, uint256 width, bytes32[] memory proof, uint256 used)
        private
        pure
        returns (uint256 above)
    {
        unchecked {
            uint256 from = at;
            uint256 to = at;
            uint256 end = at + 32 * count;
            if (first & 1 == 1) {
                from -= 32;
                ClearingLoops.store(from, uint256(proof[used]));
                ++used;
            }
            for (; from + 32 < end; from += 64) {
                ClearingLoops.store(to, uint256(ClearingLoops.hash(from, 64)));
                to += 32;
            }
            if (from < end) {
                bytes32 last = bytes32(ClearingLoops.load(from));
                if (first + count < width) last = Hashes.efficientKeccak256(last, proof[used]);
                ClearingLoops.store(to, uint256(last));
                to += 32;
            }
            return (to - at) / 32;
        }
    }
}
