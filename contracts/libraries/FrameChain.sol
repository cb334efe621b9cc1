// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title One word for a frame of the auction
/// @dev From the lowest bit: flags 4 (paused, carried orders entered, decided, voided) | fee ticks 4 | cap tick 8 | words in the chain 16 |
/// digest 224. Once the frame has a result its digest is not needed any more; in its place: traded Wh 40 | records 16 | refused 8 |
/// owed micro 160.
/// Zero = never opened.
library FrameChain {
    uint256 internal constant PAUSED = 1;
    uint256 internal constant CARRIED = 2;
    uint256 internal constant DECIDED = 4;
    uint256 internal constant VOIDED = 8;
    /// @dev Trades of the frame were refused.
    uint256 internal constant REFUSED = 1 << 88;

    uint256 private constant _FEE_SHIFT = 4;
    uint256 private constant _CAP_SHIFT = 8;
    uint256 private constant _COUNT_SHIFT = 16;
    uint256 private constant _DIGEST_SHIFT = 32;
    uint256 private constant _TRADED_SHIFT = 32;
    uint256 private constant _TRADED_MASK = ((1 << 40) - 1) << _TRADED_SHIFT;
    uint256 private constant _RECORDS_SHIFT = 72;
    uint256 private constant _OWED_SHIFT = 96;

    /// @dev A fresh open frame with the digest that its chain begins with.
    function open(uint32 frame, uint256 capTick, uint256 fees) internal view returns (uint256) {
        bytes32 start = keccak256(abi.encodePacked(address(this), frame));
        return (uint256(start) >> _DIGEST_SHIFT << _DIGEST_SHIFT) | (capTick << _CAP_SHIFT) | (fees << _FEE_SHIFT);
    }

    /// @dev The word after more orders or cancels; `next` is their last link.
    function withDigest(uint256 word, uint256 next, uint256 words) internal pure returns (uint256) {
        // The count stays below 2^16: the caller has compared it.
        unchecked {
            return (next & ~uint256(type(uint32).max)) | (uint32(word) + (words << _COUNT_SHIFT));
        }
    }

    /// @dev The word once the frame has a result.
    function decided(uint256 word, uint256 tradedEnergyWh, uint256 count_, uint256 owed, bool byVoiding)
        internal
        pure
        returns (uint256)
    {
        return uint32(word) | DECIDED | (byVoiding ? VOIDED : 0) | (tradedEnergyWh << _TRADED_SHIFT)
            | (count_ << _RECORDS_SHIFT) | (owed << _OWED_SHIFT);
    }

    /// @dev The decided word with less traded energy, since trades were refused.
    function refused(uint256 word, uint256 energyWh, uint256 valueMicro) internal pure returns (uint256) {
        // No more is refused than records hold, and those hold what was traded and is owed.
        return (word - (energyWh << _TRADED_SHIFT) - (valueMicro << _OWED_SHIFT)) | REFUSED;
    }

    /// @dev The word with cap and fees of another one, where they are higher.
    function withHighest(uint256 word, uint256 other) internal pure returns (uint256) {
        // Neither grows beyond its bits.
        unchecked {
            if (capTick(other) > capTick(word)) word += uint256(capTick(other) - capTick(word)) << _CAP_SHIFT;
            if (feeTicks(other) > feeTicks(word)) word += (feeTicks(other) - feeTicks(word)) << _FEE_SHIFT;
        }
        return word;
    }

    function capTick(uint256 word) internal pure returns (uint8) {
        return uint8(word >> _CAP_SHIFT);
    }

    function feeTicks(uint256 word) internal pure returns (uint256) {
        return (word >> _FEE_SHIFT) & 0xf;
    }

    function count(uint256 word) internal pure returns (uint256) {
        return uint16(word >> _COUNT_SHIFT);
    }

    function isDecided(uint256 word) internal pure returns (bool) {
        return word & DECIDED != 0;
    }

    /// @dev Digest of the chain of a frame without a result.
    function digest(uint256 word) internal pure returns (bytes28) {
        return bytes28(bytes32(word));
    }

    /// @dev Energy traded and not refused, of a frame with a result [Wh].
    function tradedWh(uint256 word) internal pure returns (uint256) {
        return (word & _TRADED_MASK) >> _TRADED_SHIFT;
    }

    /// @dev Records of a result.
    function records(uint256 word) internal pure returns (uint256) {
        return uint16(word >> _RECORDS_SHIFT);
    }

    /// @dev Money of a result's records, less the sale values that were refused [micro].
    function owedMicro(uint256 word) internal pure returns (uint256) {
        return word >> _OWED_SHIFT;
    }
}
