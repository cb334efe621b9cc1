// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A participant's account in the house: money, score and status in one word
/// @notice Settlement writes this word anyway, so that a rating costs almost nothing beside it.
/// @dev From the lowest bit: balance micro 96 | rated frames 16 | rated Wh 48 | good Wh 48 | status 7 | on probation 1 |
/// suspended until frame 32 | registered 1. The last bit keeps the word of a participant from ever being zero.
library AccountWord {
    /// @notice The word; a struct so that a settlement finds its slot once.
    struct Account {
        uint256 word;
    }

    uint8 internal constant SUSPENDED_BY_SUPERVISOR = 1;
    uint8 internal constant SUSPENDED_BY_CREDIT = 2;

    uint256 private constant _BALANCE_MASK = type(uint96).max;
    uint256 internal constant FRAMES_SHIFT = 96;
    uint256 private constant _RATED_SHIFT = 112;
    uint256 private constant _GOOD_SHIFT = 160;
    uint256 private constant _STATUS_SHIFT = 208;
    uint256 private constant _STATUS_MASK = uint256(0x7f) << _STATUS_SHIFT;
    uint256 private constant _PROBATION = uint256(1) << 215;
    uint256 internal constant REGISTERED = uint256(1) << 248;
    uint256 internal constant ONE_FRAME = uint256(1) << FRAMES_SHIFT;
    uint256 internal constant ONE_RATED_WH = uint256(1) << _RATED_SHIFT;
    uint256 internal constant ONE_GOOD_WH = uint256(1) << _GOOD_SHIFT;
    uint256 internal constant ONE_GOOD_RATED_WH = ONE_RATED_WH | ONE_GOOD_WH;
    /// @dev A word with one of these bits is on probation, suspended by credit, or its count or sum has grown so large that a rating may not fit:
    /// rating it takes more than adding.
    uint256 internal constant UNUSUAL =
        _PROBATION | (uint256(SUSPENDED_BY_CREDIT) << _STATUS_SHIFT) | (uint256(1) << 159) | _LARGE_COUNT;
    uint256 private constant _LARGE_COUNT = uint256(1) << 111;
    uint256 private constant _UNTIL_SHIFT = 216;
    uint256 private constant _UNTIL_MASK = uint256(type(uint32).max) << _UNTIL_SHIFT;
    uint256 private constant _RECORD_MASK = ((uint256(1) << 112) - 1) << FRAMES_SHIFT;

    /// @dev What a rated word is compared with: (rated ^ mark) + {ONE_FRAME} has the bit of a large count if the rating is number `bindingFrames`,
    /// and keeps the unusual bits of words of fewer than 2^15 ratings. If `bindingFrames` is not below 2^15 all of those seem unusual.
    function bindingMark(uint256 bindingFrames) internal pure returns (uint256) {
        return (bindingFrames ^ 0x7fff) << FRAMES_SHIFT;
    }

    /// @dev The word of somebody just registered.
    function opened() internal pure returns (uint256 word) {
        return REGISTERED;
    }

    function balanceMicro(uint256 word) internal pure returns (uint256) {
        return word & _BALANCE_MASK;
    }

    /// @dev Adds money. Safe: all balances together stay below 2^95, since the house takes no more.
    function credited(uint256 word, uint256 amountMicro) internal pure returns (uint256) {
        unchecked {
            return word + amountMicro;
        }
    }

    /// @dev Takes money off; the caller has checked that it is there.
    function debited(uint256 word, uint256 amountMicro) internal pure returns (uint256) {
        unchecked {
            return word - amountMicro;
        }
    }

    function ratedFrames(uint256 word) internal pure returns (uint256) {
        return uint16(word >> FRAMES_SHIFT);
    }

    function ratedWh(uint256 word) internal pure returns (uint256) {
        return uint48(word >> _RATED_SHIFT);
    }

    function goodWh(uint256 word) internal pure returns (uint256) {
        return uint48(word >> _GOOD_SHIFT);
    }

    /// @dev Adds one rating; the caller has seen that count and sums keep to their bits.
    /// @param goodBit 1 for +1, 0 for -1.
    function withRating(uint256 word, uint256 weightWh, uint256 goodBit) internal pure returns (uint256) {
        unchecked {
            return word + ONE_FRAME + weightWh * (ONE_RATED_WH + goodBit * ONE_GOOD_WH);
        }
    }

    /// @dev Replaces the ratings; the caller keeps the count below 2^16 and both sums below 2^48.
    function withRecord(uint256 word, uint256 frames, uint256 rated, uint256 good) internal pure returns (uint256) {
        return (word & ~_RECORD_MASK) | (frames << FRAMES_SHIFT) | (rated << _RATED_SHIFT) | (good << _GOOD_SHIFT);
    }

    function status(uint256 word) internal pure returns (uint8) {
        return uint8((word & _STATUS_MASK) >> _STATUS_SHIFT);
    }

    function withStatus(uint256 word, uint8 newStatus) internal pure returns (uint256) {
        return (word & ~_STATUS_MASK) | (uint256(newStatus) << _STATUS_SHIFT);
    }

    function onProbation(uint256 word) internal pure returns (bool) {
        return word & _PROBATION != 0;
    }

    function withProbation(uint256 word, bool probation) internal pure returns (uint256) {
        return probation ? word | _PROBATION : word & ~_PROBATION;
    }

    function suspendedUntil(uint256 word) internal pure returns (uint32) {
        return uint32(word >> _UNTIL_SHIFT);
    }

    function withSuspendedUntil(uint256 word, uint32 frame) internal pure returns (uint256) {
        return (word & ~_UNTIL_MASK) | (uint256(frame) << _UNTIL_SHIFT);
    }
}
