// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Layout of requests, order ids and orders
/// @dev Request, from the lowest bit: frame 32 | side 8 | tick 8 | quantity Wh 32 | peak Wh 32 | price step 8 | kind 8 | max fills 16.
/// Order id: frame 32 | side 8 | tick 8 | index 16, from the highest bit; its upper part without the index is the level's key.
/// Order, from the lowest bit: maker id 32 | remaining Wh 32 | peak Wh 32 | visible Wh 32 | price step ticks 8 | lock ticks per Wh 16.
/// An order without a peak shows all that remains, so visible = remaining. A word of 0 is no order: ids start from 1.
library OrderWord {
    uint256 internal constant BID = 0;
    uint256 internal constant ASK = 1;
    uint256 internal constant HIGHEST_TICK = 191;
    uint256 internal constant REQUEST_BITS = 144;
    /// @dev Bits that no request sets: those above its fields, and all but the lowest of its side.
    uint256 private constant _UNUSED = ~((uint256(1) << REQUEST_BITS) - 1) | (0xfe << 32);

    uint256 internal constant LIMIT = 0;
    uint256 internal constant IOC = 1;
    uint256 internal constant FOK = 2;
    uint256 internal constant POST_ONLY = 3;

    uint256 private constant _MASK_32 = 0xffffffff;
    /// @dev Bits of a request's peak and price step.
    uint256 private constant _SLICES = (_MASK_32 << 80) | (0xff << 112);
    /// @dev Those, the bits without meaning, and those of the kind, which {LIMIT} has not.
    uint256 private constant _UNUSUAL = _SLICES | _UNUSED | (0xff << 120);
    /// @dev One Wh of remaining and visible energy at once.
    uint256 private constant _DISPLAYED_WH = (1 << 32) | (1 << 96);

    uint256 private constant _TICK_SHIFT = 40;

    /* REQUESTS */

    /// @dev Whether a request sets no bit without a meaning.
    function isWellFormed(uint256 request) internal pure returns (bool) {
        return request & _UNUSED == 0;
    }

    /// @dev Delivery frame of a request.
    function frameIn(uint256 request) internal pure returns (uint32) {
        return uint32(request);
    }

    /// @dev Side of a request, 0 buy, 1 sell.
    function sideIn(uint256 request) internal pure returns (uint256) {
        return (request >> 32) & 0xff;
    }

    /// @dev Limit of a request.
    function tickIn(uint256 request) internal pure returns (uint256) {
        return (request >> _TICK_SHIFT) & 0xff;
    }

    /// @dev Quantity of a request [Wh].
    function quantityIn(uint256 request) internal pure returns (uint256) {
        return (request >> 48) & _MASK_32;
    }

    /// @dev Size of a slice of a request [Wh], 0 for none.
    function peakIn(uint256 request) internal pure returns (uint256) {
        return (request >> 80) & _MASK_32;
    }

    /// @dev Price step of a request [ticks].
    function stepIn(uint256 request) internal pure returns (uint256) {
        return (request >> 112) & 0xff;
    }

    /// @dev Kind of a request.
    function kindIn(uint256 request) internal pure returns (uint256) {
        return (request >> 120) & 0xff;
    }

    /// @dev Most resting orders that a request may visit.
    function maxFillsIn(uint256 request) internal pure returns (uint256) {
        return (request >> 128) & 0xffff;
    }

    /// @dev Whether the order may not rest (IOC, FOK).
    function isImmediate(uint256 request) internal pure returns (bool) {
        // Wraps for {LIMIT}.
        unchecked {
            return kindIn(request) - IOC <= FOK - IOC;
        }
    }

    /// @dev What of a request most have not: 0 for a well-formed limit order in one piece.
    function unusualBits(uint256 request) internal pure returns (uint256) {
        return request & _UNUSUAL;
    }

    /// @dev Of the unusual bits those that do not only say how an order is sliced.
    function besidesSlices(uint256 unusual) internal pure returns (uint256) {
        return unusual & ~_SLICES;
    }

    /// @dev Whether an order may trade and is one piece.
    function isPlainTaker(uint256 request) internal pure returns (bool) {
        return peakIn(request) == 0 && kindIn(request) != POST_ONLY;
    }

    /// @dev Whether the kind exists, and an order that may not rest carries no peak.
    function isKindValid(uint256 request) internal pure returns (bool) {
        return kindIn(request) <= POST_ONLY && (peakIn(request) == 0 || !isImmediate(request));
    }

    /// @dev The request with another tick, below 256.
    function withTick(uint256 request, uint256 tick) internal pure returns (uint256) {
        return (request & ~(uint256(0xff) << _TICK_SHIFT)) | (tick << _TICK_SHIFT);
    }

    /* IDS */

    /// @dev Key of a price level.
    function levelKey(uint256 frame, uint256 side, uint256 tick) internal pure returns (uint256) {
        return (frame << 16) | (side << 8) | tick;
    }

    /// @dev Id of an order of a level.
    function id(uint256 level, uint256 index) internal pure returns (uint256) {
        return (level << 16) | index;
    }

    /// @dev Level of an order, without the index.
    function levelOf(uint256 orderId) internal pure returns (uint256) {
        return orderId >> 16;
    }

    /// @dev Arrival number at the level.
    function indexOf(uint256 orderId) internal pure returns (uint256) {
        return orderId & 0xffff;
    }

    /// @dev Delivery frame.
    function frameOf(uint256 orderId) internal pure returns (uint32) {
        // Ids have 64 bits.
        return uint32(orderId >> 32);
    }

    /// @dev Price tick.
    function tickOf(uint256 orderId) internal pure returns (uint256) {
        return (orderId >> 16) & 0xff;
    }

    /// @dev Whether the order sells.
    function isAsk(uint256 orderId) internal pure returns (bool) {
        return (orderId >> 24) & ASK != 0;
    }

    /* ORDERS */

    /// @dev Packs an order; every value fits its field because the request's fields are no wider.
    function pack(
        uint256 makerId,
        uint256 remaining,
        uint256 peak,
        uint256 visible,
        uint256 stepTicks,
        uint256 lockTicks
    ) internal pure returns (uint256) {
        return makerId | (remaining << 32) | (peak << 64) | (visible << 96) | (stepTicks << 128) | (lockTicks << 136);
    }

    /// @dev The maker's number.
    function makerOf(uint256 order) internal pure returns (uint32) {
        return uint32(order);
    }

    /// @dev Energy not traded yet [Wh].
    function remainingWh(uint256 order) internal pure returns (uint256) {
        return (order >> 32) & _MASK_32;
    }

    /// @dev Size of a slice [Wh], 0 for an order that shows everything.
    function peakWh(uint256 order) internal pure returns (uint256) {
        return (order >> 64) & _MASK_32;
    }

    /// @dev Energy on display [Wh].
    function visibleWh(uint256 order) internal pure returns (uint256) {
        return (order >> 96) & _MASK_32;
    }

    /// @dev Price step per new slice [ticks].
    function stepTicksOf(uint256 order) internal pure returns (uint256) {
        return (order >> 128) & 0xff;
    }

    /// @dev Lock per Wh [ticks].
    function lockTicksOf(uint256 order) internal pure returns (uint256) {
        return order >> 136;
    }

    /// @dev The order after `energyWh` of its displayed energy traded; `energyWh` is at most what it displays.
    function withoutDisplayed(uint256 order, uint256 energyWh) internal pure returns (uint256) {
        // No borrow between fields: energy <= visible <= remaining.
        unchecked {
            return order - energyWh * _DISPLAYED_WH;
        }
    }

    /// @dev The order with other quantities.
    function withQuantities(uint256 order, uint256 remaining, uint256 visible) internal pure returns (uint256) {
        return (order & ~((_MASK_32 << 32) | (_MASK_32 << 96))) | (remaining << 32) | (visible << 96);
    }

    /// @dev The order with another lock per Wh.
    function withLockTicks(uint256 order, uint256 lockTicks) internal pure returns (uint256) {
        return (order & ((1 << 136) - 1)) | (lockTicks << 136);
    }

    /// @dev Tick of the next slice (B2): bids step down, asks up; a step that would leave the ticks is not taken.
    function steppedTick(uint256 side, uint256 tick, uint256 stepTicks) internal pure returns (uint256) {
        // Bounded: the difference is taken only when tick >= step, and both are below 256.
        unchecked {
            if (side == BID) return tick < stepTicks ? tick : tick - stepTicks;
            return tick + stepTicks > HIGHEST_TICK ? tick : tick + stepTicks;
        }
    }
}
