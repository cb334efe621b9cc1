// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Trades of an allocation: their words, and the commitment to all of them
/// @dev Word, from the lowest bit: request index 16 | offer index 16 | frame 8 (from the span's first one) | tick 8 | energy Wh 32.
library RoundTrade {
    /// @dev Bits of a trade.
    uint256 internal constant BITS = 80;
    /// @dev Trades of a chunk; the last one has what is left.
    uint256 internal constant CHUNK = 64;

    function requestIndex(uint256 word) internal pure returns (uint256) {
        return uint16(word);
    }

    function offerIndex(uint256 word) internal pure returns (uint256) {
        return uint16(word >> 16);
    }

    function frame(uint256 word) internal pure returns (uint256) {
        return uint8(word >> 32);
    }

    function tick(uint256 word) internal pure returns (uint256) {
        return uint8(word >> 40);
    }

    function energyWh(uint256 word) internal pure returns (uint256) {
        return uint32(word >> 48);
    }

    /// @dev Commitment to a chunk and to what follows it. The rest stays hidden behind its hash, so that a chunk can be applied alone.
    function link(uint256[] calldata chunk, bytes32 rest) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(abi.encodePacked(chunk)), rest));
    }

    /// @dev Commitment to all trades, chunk by chunk from the last one.
    function commitment(uint256[] calldata trades) internal pure returns (bytes32 hash) {
        uint256 to = trades.length;
        while (to != 0) {
            uint256 from = (to - 1) / CHUNK * CHUNK;
            hash = link(trades[from:to], hash);
            to = from;
        }
    }
}
