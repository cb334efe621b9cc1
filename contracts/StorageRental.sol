// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IStorageRental} from "../interfaces/IStorageRental.sol";
import {ITradeSettlement} from "../interfaces/ITradeSettlement.sol";
import {BookingWord} from "./libraries/BookingWord.sol";
import {FrameClock} from "./libraries/FrameClock.sol";
import {VenueAccounts} from "./libraries/VenueAccounts.sol";

/// @title Shared storage for rent (rule M12; Wang et al. 2023, eqs 27-31)
/// @dev Money here is always one of: a renter's margin, the lock of an open booking, the operator's revenue.
contract StorageRental is VenueAccounts, IStorageRental {
    using BookingWord for uint256;

    /* TYPES */

    /// @dev One word, see {BookingWord}; a struct so that a report finds its slot once.
    struct Booking {
        uint256 word;
    }

    struct OperatorTotals {
        // slot 0: revenue that waits for {collectRevenue}, energy left by ended bookings, bookings ever made
        uint128 revenueMicro;
        uint64 stockWh;
        uint32 bookingCount;
        // slot 1: earned over all ended bookings (eq. 27)
        uint128 rentMicro;
        uint128 movementMicro;
        // slot 2: cost over all ended bookings (eq. 28)
        uint128 costMicro;
    }

    /* CONSTANTS */

    uint256 private constant _MAXIMUM_FRAMES = 96;
    uint256 private constant _MAXIMUM_AHEAD_FRAMES = 1024;
    uint256 private constant _BPS = 10_000;
    uint256 private constant _SECONDS_PER_HOUR = 3600;
    uint256 private constant _THOUSAND = 1000;
    uint256 private constant _BOOKED_BITS = 80;
    /// @dev Of a metered record without its frame.
    uint256 private constant _RECORD_BITS = 96;

    /* IMMUTABLES */

    /// @inheritdoc IStorageRental
    uint32 public immutable operatorId;

    uint32 private immutable _frameSeconds;
    uint32 private immutable _meteringWindowSeconds;
    uint64 private immutable _capacityWh;
    uint64 private immutable _chargeW;
    uint64 private immutable _dischargeW;
    uint16 private immutable _efficiencyBps;
    uint32 private immutable _capacityRentMicro;
    uint32 private immutable _powerRentMicro;
    uint32 private immutable _movementMicroPerWh;
    uint32 private immutable _chargeCostMicroPerWh;
    uint32 private immutable _dischargeCostMicroPerWh;

    /* STORAGE */

    OperatorTotals private _totals;
    mapping(uint32 bookingId => Booking booking) private _bookings;
    /// @dev From the lowest bit: capacity Wh 80 | charge W 80 | discharge W 80.
    mapping(uint32 frame => uint256 word) private _booked;

    /* CONSTRUCTOR */

    /// @param registry_ The registry that pushes participants.
    /// @param house_ The clearing house.
    /// @param operatorId_ Participant number of the storage's operator.
    /// @param terms_ Limits, efficiency and prices.
    constructor(address registry_, ITradeSettlement house_, uint32 operatorId_, StorageTerms memory terms_)
        VenueAccounts(registry_, house_)
    {
        require(
            terms_.efficiencyBps != 0 && terms_.efficiencyBps <= _BPS, Storage_InvalidTerms(terms_.efficiencyBps, _BPS)
        );
        require(operatorId_ != 0, Storage_InvalidTerms(operatorId_, type(uint32).max));
        operatorId = operatorId_;
        _frameSeconds = house_.frameSeconds();
        _meteringWindowSeconds = house_.meteringWindowSeconds();
        _capacityWh = terms_.capacityWh;
        _chargeW = terms_.chargeW;
        _dischargeW = terms_.dischargeW;
        _efficiencyBps = terms_.efficiencyBps;
        _capacityRentMicro = terms_.capacityRentMicro;
        _powerRentMicro = terms_.powerRentMicro;
        _movementMicroPerWh = terms_.movementMicroPerWh;
        _chargeCostMicroPerWh = terms_.chargeCostMicroPerWh;
        _dischargeCostMicroPerWh = terms_.dischargeCostMicroPerWh;
    }

    /* BOOKING */

    /// @inheritdoc IStorageRental
    function book(uint32 firstFrame, uint8 frames, uint32 capacityWh, uint32 chargeW, uint32 dischargeW)
        external
        returns (uint32 bookingId)
    {
        uint256 account = _knownAccount(msg.sender);
        uint32 current = FrameClock.current(_frameSeconds);
        require(
            frames != 0 && frames <= _MAXIMUM_FRAMES && firstFrame > current
                && uint256(firstFrame) + frames <= uint256(current) + _MAXIMUM_AHEAD_FRAMES + 1,
            Storage_InvalidSpan(firstFrame, frames, current)
        );
        require(capacityWh != 0 && (chargeW | dischargeW) != 0, Storage_EmptyBooking(capacityWh, chargeW, dischargeW));
        (uint256 rentMicro, uint256 movementMicro) = _quote(frames, capacityWh, chargeW, dischargeW);
        uint256 lockMicro = rentMicro + movementMicro;
        _accounts[msg.sender].word = _withoutMargin(account, lockMicro);
        for (uint32 i = 0; i < frames; ++i) {
            _bookFrame(firstFrame + i, capacityWh, chargeW, dischargeW);
        }
        bookingId = ++_totals.bookingCount;
        _bookings[bookingId].word =
            BookingWord.pack(_idIn(account), firstFrame, frames, capacityWh, chargeW, dischargeW);
        emit Booked(bookingId, _idIn(account), firstFrame, frames, capacityWh, chargeW, dischargeW, lockMicro);
    }

    /// @inheritdoc IStorageRental
    function close(uint32 bookingId) external {
        uint256 word = _bookings[bookingId].word;
        require(word != 0, Storage_NoBooking(bookingId));
        uint256 endsAt = FrameClock.start(word.endFrame(), _frameSeconds) + _meteringWindowSeconds;
        require(block.timestamp >= endsAt, Storage_NotEnded(bookingId, endsAt, block.timestamp));
        delete _bookings[bookingId];

        (uint256 rentMicro, uint256 mostMicro) =
            _quote(word.frames(), word.capacityWh(), word.chargeW(), word.dischargeW());
        // Not negative: no report moves more than the booked power carries, which is what was locked.
        uint256 movementMicro = (word.totalInWh() + word.totalOutWh()) * _movementMicroPerWh;
        uint256 returnedMicro = mostMicro - movementMicro;
        uint256 leftWh = _storedWh(word.totalInWh(), word.totalOutWh());
        _recordEnd(word, rentMicro, movementMicro, leftWh);
        uint32 renterId = word.renterId();
        address renter = _ownerOf[renterId];
        _accounts[renter].word = _withMargin(_accounts[renter].word, returnedMicro);
        emit BookingClosed(bookingId, renterId, rentMicro, movementMicro, returnedMicro, leftWh);
    }

    /* METERED MOVEMENTS */

    /// @inheritdoc IStorageRental
    function move(uint32 frame, uint256[] calldata records) external onlyRole(METER) {
        _requireMeteringOpen(frame);
        uint256 count = records.length;
        for (uint256 i = 0; i < count; ++i) {
            uint256 record = records[i];
            if (record >> _RECORD_BITS != 0) revert Storage_InvalidRecord(record);
            _move(frame, record);
        }
    }

    /// @inheritdoc IStorageRental
    function moveOne(uint256 movement) external onlyRole(METER) {
        if (movement >> (_RECORD_BITS + 32) != 0) revert Storage_InvalidRecord(movement);
        uint256 frame = movement >> _RECORD_BITS;
        _requireMeteringOpen(frame);
        _move(frame, movement & ((1 << _RECORD_BITS) - 1));
    }

    /* OPERATOR */

    /// @inheritdoc IStorageRental
    function collectRevenue() external {
        address operator = _ownerOf[operatorId];
        require(operator != address(0), Venue_NotRegistered(operator));
        uint256 amountMicro = _totals.revenueMicro;
        _totals.revenueMicro = 0;
        _accounts[operator].word = _withMargin(_accounts[operator].word, amountMicro);
        emit RevenueCollected(amountMicro);
    }

    /* VIEWS */

    /// @inheritdoc IStorageRental
    function bookingOf(uint32 bookingId)
        external
        view
        returns (
            uint32 renterId,
            uint32 firstFrame,
            uint8 frames,
            uint8 nextOffset,
            uint32 capacityWh,
            uint32 chargeW,
            uint32 dischargeW,
            uint256 totalInWh,
            uint256 totalOutWh,
            uint256 storedWh
        )
    {
        uint256 word = _bookings[bookingId].word;
        renterId = word.renterId();
        firstFrame = word.firstFrame();
        frames = word.frames();
        nextOffset = word.nextOffset();
        capacityWh = word.capacityWh();
        chargeW = word.chargeW();
        dischargeW = word.dischargeW();
        totalInWh = word.totalInWh();
        totalOutWh = word.totalOutWh();
        storedWh = _storedWh(totalInWh, totalOutWh);
    }

    /// @inheritdoc IStorageRental
    function bookedOf(uint32 frame) external view returns (uint256 capacityWh, uint256 chargeW, uint256 dischargeW) {
        return _unpackBooked(_booked[frame]);
    }

    /// @inheritdoc IStorageRental
    function quote(uint8 frames, uint32 capacityWh, uint32 chargeW, uint32 dischargeW)
        external
        view
        returns (uint256 rentMicro, uint256 movementMicro)
    {
        return _quote(frames, capacityWh, chargeW, dischargeW);
    }

    /// @inheritdoc IStorageRental
    function operatorAccount()
        external
        view
        returns (uint256 revenueMicro, uint256 rentMicro, uint256 movementMicro, uint256 costMicro, uint256 stockWh)
    {
        OperatorTotals memory totals = _totals;
        return (totals.revenueMicro, totals.rentMicro, totals.movementMicro, totals.costMicro, totals.stockWh);
    }

    /// @inheritdoc IStorageRental
    function terms() external view returns (StorageTerms memory) {
        return StorageTerms({
            capacityWh: _capacityWh,
            chargeW: _chargeW,
            dischargeW: _dischargeW,
            efficiencyBps: _efficiencyBps,
            capacityRentMicro: _capacityRentMicro,
            powerRentMicro: _powerRentMicro,
            movementMicroPerWh: _movementMicroPerWh,
            chargeCostMicroPerWh: _chargeCostMicroPerWh,
            dischargeCostMicroPerWh: _dischargeCostMicroPerWh
        });
    }

    /// @inheritdoc IStorageRental
    function bookingCount() external view returns (uint32) {
        return _totals.bookingCount;
    }

    /* PRIVATE */

    /// @dev Adds a booking to a frame's word or reverts (eqs 30 and 31). Safe: a checked sum is at most a 64-bit limit.
    function _bookFrame(uint32 frame, uint256 addedWh, uint256 addedChargeW, uint256 addedDischargeW) private {
        (uint256 capacityWh, uint256 chargeW, uint256 dischargeW) = _unpackBooked(_booked[frame]);
        capacityWh += addedWh;
        chargeW += addedChargeW;
        dischargeW += addedDischargeW;
        require(capacityWh <= _capacityWh, Storage_CapacityExceeded(frame, capacityWh, _capacityWh));
        require(chargeW <= _chargeW, Storage_ChargePowerExceeded(frame, chargeW, _chargeW));
        require(dischargeW <= _dischargeW, Storage_DischargePowerExceeded(frame, dischargeW, _dischargeW));
        _booked[frame] = capacityWh | (chargeW << _BOOKED_BITS) | (dischargeW << (2 * _BOOKED_BITS));
    }

    /// @dev Reverts unless reports of a frame, which has 32 bits, are taken now.
    function _requireMeteringOpen(uint256 frame) private view {
        // Products and sums of 32-bit numbers.
        unchecked {
            uint256 frameEnd = (frame + 1) * _frameSeconds;
            if (block.timestamp < frameEnd) revert Storage_FrameNotOver(uint32(frame), frameEnd, block.timestamp);
            uint256 deadline = frameEnd + _meteringWindowSeconds;
            if (block.timestamp >= deadline) revert Storage_TooLate(uint32(frame), deadline, block.timestamp);
        }
    }

    /// @dev Enters one metered record of 96 bits; writes the booking's word and nothing else.
    ///
    /// Nothing overflows: energies and powers have 32 bits, the totals 40, frame numbers of a booking are at most 1,024
    /// above the present one. Nothing falls below 0: total out was never more than what the charging stored.
    function _move(uint256 frame, uint256 record) private {
        uint32 bookingId = uint32(record);
        Booking storage booking = _bookings[bookingId];
        uint256 word = booking.word;
        if (word == 0) revert Storage_NoBooking(bookingId);
        unchecked {
            uint256 inWh = uint32(record >> 32);
            uint256 outWh = record >> 64;
            // Counted from the first frame; a frame before that one wraps to a huge offset.
            uint256 offset = frame - word.firstFrame();
            if (offset < word.nextOffset() || offset >= word.frames()) {
                revert Storage_FrameOutsideBooking(bookingId, uint32(frame), word.nextFrame(), word.endFrame());
            }
            uint256 limitWh = _frameEnergyWh(word.chargeW());
            if (inWh > limitWh) revert Storage_PowerLimit(bookingId, inWh, limitWh);
            limitWh = _frameEnergyWh(word.dischargeW());
            if (outWh > limitWh) revert Storage_PowerLimit(bookingId, outWh, limitWh);
            // The losses of all charging so far are taken together, so that splitting it over reports gains nothing.
            uint256 storedWh = _storedWh(word.totalInWh() + inWh, word.totalOutWh());
            if (storedWh > word.capacityWh()) revert Storage_CapacityLimit(bookingId, storedWh, word.capacityWh());
            if (outWh > storedWh) revert Storage_Empty(bookingId, outWh, storedWh);
            booking.word = word.withMovement(offset + 1, inWh, outWh);
            emit EnergyMoved(record | ((storedWh - outWh) << _RECORD_BITS) | (frame << 136));
        }
    }

    /// @dev Books the end of a booking. Safe casts: rent and movement were locked as margin, which has 96 bits, and
    /// there are at most 2^32 bookings; energy has 40 bits a booking; cost at most 2^40 x 2^33 a booking.
    function _recordEnd(uint256 word, uint256 rentMicro, uint256 movementMicro, uint256 leftWh) private {
        _totals.revenueMicro += uint128(rentMicro + movementMicro);
        _totals.stockWh += uint64(leftWh);
        _totals.rentMicro += uint128(rentMicro);
        _totals.movementMicro += uint128(movementMicro);
        _totals.costMicro += uint128(
            word.totalInWh() * _chargeCostMicroPerWh + word.totalOutWh() * _dischargeCostMicroPerWh
        );
    }

    function _quote(uint256 frames, uint256 capacityWh, uint256 chargeW, uint256 dischargeW)
        private
        view
        returns (uint256 rentMicro, uint256 movementMicro)
    {
        rentMicro = frames
            * (_perThousandUp(capacityWh) * _capacityRentMicro + _perThousandUp(chargeW + dischargeW) * _powerRentMicro);
        movementMicro = frames * (_frameEnergyWh(chargeW) + _frameEnergyWh(dischargeW)) * _movementMicroPerWh;
    }

    /// @dev Energy that a power carries in a frame [Wh], down. Safe: a power has 32 bits, and so has the frame's
    /// length.
    function _frameEnergyWh(uint256 powerW) private view returns (uint256) {
        unchecked {
            return powerW * _frameSeconds / _SECONDS_PER_HOUR;
        }
    }

    /// @dev Stored energy [Wh]: losses fall on the charge leg, rounded against the renter. Safe: totals have 40 bits,
    /// and no report took out more than was stored.
    function _storedWh(uint256 totalInWh, uint256 totalOutWh) private view returns (uint256) {
        unchecked {
            return totalInWh * _efficiencyBps / _BPS - totalOutWh;
        }
    }

    /// @dev Started thousands.
    function _perThousandUp(uint256 amount) private pure returns (uint256) {
        return (amount + _THOUSAND - 1) / _THOUSAND;
    }

    function _unpackBooked(uint256 word)
        private
        pure
        returns (uint256 capacityWh, uint256 chargeW, uint256 dischargeW)
    {
        uint256 mask = (1 << _BOOKED_BITS) - 1;
        return (word & mask, (word >> _BOOKED_BITS) & mask, word >> (2 * _BOOKED_BITS));
    }
}
