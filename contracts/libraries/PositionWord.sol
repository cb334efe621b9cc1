// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPositionVenue} from "../../interfaces/IPositionVenue.sol";

/// @title One participant's position in one frame
/// @dev From the lowest bit: bought Wh 40 | sold Wh 40 | purchase value micro 56 | sale value micro 56 | seller's lock micro 48 | tag 16.
/// Positions lie in a ring of frames, at most 512; the tag (frame / ring + 1) tells whether the word is this frame's or an older, settled
/// one's. It comes again after 2^16 rounds, which the house's bounds make 59 years at least.
library PositionWord {
    uint256 private constant _MAX_ENERGY = (1 << 40) - 1;
    uint256 private constant _MAX_VALUE = (1 << 56) - 1;
    uint256 private constant _MAX_LOCK = (1 << 48) - 1;
    uint256 private constant _SOLD_SHIFT = 40;
    uint256 private constant _PURCHASE_SHIFT = 80;
    uint256 private constant _SALE_SHIFT = 136;
    uint256 private constant _LOCK_SHIFT = 192;
    uint256 private constant _TAG_SHIFT = 240;
    uint256 private constant _SLOT_BITS = 9;
    /// @dev The first bit after each field.
    uint256 private constant _CARRIES =
        (1 << _SOLD_SHIFT) | (1 << _PURCHASE_SHIFT) | (1 << _SALE_SHIFT) | (1 << _LOCK_SHIFT) | (1 << _TAG_SHIFT);

    /// @dev Where the positions of a frame lie.
    /// @param ringFrames Frames of the ring, above 0.
    /// @return slot The frame's slot in the ring.
    /// @return empty A position of the frame before its first trade: its tag.
    function place(uint256 frame, uint256 ringFrames) internal pure returns (uint256 slot, uint256 empty) {
        // The shift truncates the tag to 16 bits.
        unchecked {
            uint256 round = frame / ringFrames;
            slot = frame - round * ringFrames;
            empty = (round + 1) << _TAG_SHIFT;
        }
    }

    /// @dev Where a participant's position lies.
    /// @param slot As {place} tells it.
    function key(uint256 slot, uint256 participantId) internal pure returns (uint256) {
        return (participantId << _SLOT_BITS) | slot;
    }

    /// @dev The position of a frame in a stored word: an empty one when the word belongs to an older frame.
    /// @param empty As {place} tells it.
    function inFrame(uint256 word, uint256 empty) internal pure returns (uint256) {
        return (word ^ empty) >> _TAG_SHIFT == 0 ? word : empty;
    }

    /// @dev Whether there is anything in a position.
    function isEmpty(uint256 word) internal pure returns (bool) {
        return withoutTag(word) == 0;
    }

    /// @dev A position as other contracts read it where the tag says nothing to them.
    function withoutTag(uint256 word) internal pure returns (uint256) {
        return word & ((1 << _TAG_SHIFT) - 1);
    }

    /// @dev Energy bought [Wh].
    function boughtWh(uint256 word) internal pure returns (uint256) {
        return word & _MAX_ENERGY;
    }

    /// @dev Energy sold [Wh].
    function soldWh(uint256 word) internal pure returns (uint256) {
        return (word >> _SOLD_SHIFT) & _MAX_ENERGY;
    }

    /// @dev Value of the purchases without fees [micro].
    function purchaseMicro(uint256 word) internal pure returns (uint256) {
        return (word >> _PURCHASE_SHIFT) & _MAX_VALUE;
    }

    /// @dev Value of the sales [micro].
    function saleMicro(uint256 word) internal pure returns (uint256) {
        return (word >> _SALE_SHIFT) & _MAX_VALUE;
    }

    /// @dev The seller's lock [micro].
    function lockMicro(uint256 word) internal pure returns (uint256) {
        return (word >> _LOCK_SHIFT) & _MAX_LOCK;
    }

    /// @dev What a purchase adds to a position: energy of 32 bits, ticks of 8 and tick values of 16 make values of 56.
    function purchase(uint256 energyWh, uint256 valueMicro) internal pure returns (uint256 added) {
        return energyWh | (valueMicro << _PURCHASE_SHIFT);
    }

    /// @dev What a sale and its lock add to a position, energy and value as in {purchase}. A lock has 56 bits by the same count: a part that is
    /// too wide for its field reaches into the tag, where {plus} sees it.
    function sale(uint256 energyWh, uint256 valueMicro, uint256 addedLockMicro) internal pure returns (uint256 added) {
        return (energyWh << _SOLD_SHIFT) | (valueMicro << _SALE_SHIFT) | (addedLockMicro << _LOCK_SHIFT);
    }

    /// @dev Adds a trade to the position of `frame` or reverts with `Venue_PositionOverflow`.
    /// @param word Stored word, of this frame or an older one.
    /// @param empty As {place} tells it.
    function plus(uint256 word, uint256 added, uint256 empty, uint256 frame, uint256 participantId)
        internal
        pure
        returns (uint256 sum)
    {
        uint256 excess = added >> _TAG_SHIFT;
        // All fields are added at once; one that overflows shows as a carry into the first bit of its neighbour.
        unchecked {
            sum = empty | added;
            if ((word ^ sum) >> _TAG_SHIFT == 0) {
                sum = word + added;
                excess |= (sum ^ word ^ added) & _CARRIES;
            }
        }
        // Both come from 32-bit fields.
        if (excess != 0) revert IPositionVenue.Venue_PositionOverflow(uint32(participantId), uint32(frame));
    }

    /// @dev Takes a refused purchase out.
    /// @return ok Whether the position holds that much.
    /// @return rest What is left of it.
    function withoutPurchase(uint256 word, uint256 energyWh, uint256 valueMicro)
        internal
        pure
        returns (bool ok, uint256 rest)
    {
        if (energyWh > boughtWh(word) || valueMicro > purchaseMicro(word)) return (false, 0);
        return (true, word - energyWh - (valueMicro << _PURCHASE_SHIFT));
    }

    /// @dev Takes sale value and lock out of a position.
    /// @return moneyMicro Both together [micro].
    /// @return rest What was bought.
    function withoutMoney(uint256 word) internal pure returns (uint256 moneyMicro, uint256 rest) {
        (uint256 sales, uint256 lock) = (saleMicro(word), lockMicro(word));
        return (sales + lock, word - (sales << _SALE_SHIFT) - (lock << _LOCK_SHIFT));
    }

    /// @dev Takes a refused sale out; the lock stays.
    /// @return ok Whether the position holds that much and its value and lock still cover the rest at `capMicroPerWh`.
    /// @return rest What is left of it.
    function withoutSale(uint256 word, uint256 energyWh, uint256 valueMicro, uint256 capMicroPerWh)
        internal
        pure
        returns (bool ok, uint256 rest)
    {
        if (energyWh > soldWh(word) || valueMicro > saleMicro(word)) return (false, 0);
        rest = word - (energyWh << _SOLD_SHIFT) - (valueMicro << _SALE_SHIFT);
        ok = saleMicro(rest) + lockMicro(rest) >= soldWh(rest) * capMicroPerWh;
    }
}
