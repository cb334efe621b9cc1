// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMarginHolder} from "./IVenue.sol";

/// @title Shared storage for rent
/// @notice Rule M12 and Wang et al. 2023, eqs 27-31. An operator's storage is let in bookings of capacity and power
/// over a span of frames. Aggregate limits are checked when booking, so moving energy touches one word. SMES is a
/// deployment with other parameters.
interface IStorageRental is IMarginHolder {
    /// @notice Parameters of a storage, fixed at deployment.
    /// @param capacityWh Usable energy [Wh] (eq. 30).
    /// @param chargeW Largest charging power of all bookings together [W] (eq. 31).
    /// @param dischargeW Largest discharging power of all bookings together [W] (eq. 31).
    /// @param efficiencyBps Share of the energy charged that is stored [1/10,000]; losses fall on the charge leg.
    /// @param capacityRentMicro Rent per started kWh of capacity and frame [micro].
    /// @param powerRentMicro Rent per started kW (charge + discharge) and frame [micro].
    /// @param movementMicroPerWh Fee per Wh moved in or out [micro] (lambda_ES of eq. 27).
    /// @param chargeCostMicroPerWh Operator's cost per Wh charged [micro] (lambda_c of eq. 28).
    /// @param dischargeCostMicroPerWh Operator's cost per Wh discharged [micro] (lambda_d of eq. 28).
    struct StorageTerms {
        uint64 capacityWh;
        uint64 chargeW;
        uint64 dischargeW;
        uint16 efficiencyBps;
        uint32 capacityRentMicro;
        uint32 powerRentMicro;
        uint32 movementMicroPerWh;
        uint32 chargeCostMicroPerWh;
        uint32 dischargeCostMicroPerWh;
    }

    /// @notice Capacity and power were booked.
    event Booked(
        uint32 indexed bookingId,
        uint32 indexed renterId,
        uint32 firstFrame,
        uint8 frames,
        uint32 capacityWh,
        uint32 chargeW,
        uint32 dischargeW,
        uint256 lockMicro
    );
    /// @notice Energy of a booking moved in a frame (from the lowest bit: booking id 32 | in Wh 32 | out Wh 32 | stored
    /// after Wh 40 | frame 32).
    event EnergyMoved(uint256 movement);
    /// @notice A booking ended: rent and movement fees went to the operator, the rest of the lock to the renter's
    /// margin, the energy left to the operator's stock.
    event BookingClosed(
        uint32 indexed bookingId,
        uint32 indexed renterId,
        uint256 rentMicro,
        uint256 movementMicro,
        uint256 returnedMicro,
        uint256 leftWh
    );
    /// @notice The operator took revenue to its margin.
    event RevenueCollected(uint256 amountMicro);

    /// @notice An efficiency outside 1..10,000 or an operator without a number.
    error Storage_InvalidTerms(uint256 value, uint256 maximum);
    /// @notice A span of 0, above 96 frames, in the past (first frame <= current) or with its last frame beyond current
    /// + 1,024.
    error Storage_InvalidSpan(uint32 firstFrame, uint32 frames, uint32 currentFrame);
    /// @notice A booking without capacity or without any power.
    error Storage_EmptyBooking(uint32 capacityWh, uint32 chargeW, uint32 dischargeW);
    error Storage_CapacityExceeded(uint32 frame, uint256 bookedWh, uint256 limitWh);
    error Storage_ChargePowerExceeded(uint32 frame, uint256 bookedW, uint256 limitW);
    error Storage_DischargePowerExceeded(uint32 frame, uint256 bookedW, uint256 limitW);
    error Storage_NoBooking(uint32 bookingId);
    /// @notice The frame lies outside the booking, or was reported already, or an earlier report came later.
    error Storage_FrameOutsideBooking(uint32 bookingId, uint32 frame, uint32 nextFrame, uint32 endFrame);
    /// @notice Movements of a frame are reported from its end on.
    error Storage_FrameNotOver(uint32 frame, uint256 frameEnd, uint256 timestamp);
    /// @notice Movements are taken until the metering deadline of their frame, so that {close} gives the same whoever
    /// calls it when.
    error Storage_TooLate(uint32 frame, uint256 deadline, uint256 timestamp);
    /// @notice More energy than the booked power carries in a frame.
    error Storage_PowerLimit(uint32 bookingId, uint256 energyWh, uint256 limitWh);
    error Storage_CapacityLimit(uint32 bookingId, uint256 storedWh, uint256 capacityWh);
    error Storage_Empty(uint32 bookingId, uint256 outWh, uint256 storedWh);
    /// @notice A booking ends when its last frame's metering window is over.
    error Storage_NotEnded(uint32 bookingId, uint256 endsAt, uint256 timestamp);
    error Storage_InvalidRecord(uint256 record);

    /// @notice Books capacity and power for `frames` frames from `firstFrame` on and locks what it can cost at most.
    /// @dev Emits {Booked}. Lock = rent + most movements: frames x (ceil(capacityWh / 1000) x capacityRentMicro +
    /// ceil((chargeW + dischargeW) / 1000) x powerRentMicro + (floor(chargeW x frameSeconds / 3600) + floor(dischargeW
    /// x frameSeconds / 3600)) x movementMicroPerWh). Checks in this order: `Venue_NotRegistered`,
    /// `Storage_InvalidSpan`, `Storage_EmptyBooking`, `Venue_InsufficientMargin`, then per frame capacity, charge
    /// power, discharge power.
    /// @return bookingId Count of bookings so far plus one.
    function book(uint32 firstFrame, uint8 frames, uint32 capacityWh, uint32 chargeW, uint32 dischargeW)
        external
        returns (uint32 bookingId);

    /// @notice Takes metered movements of a frame, one report per booking and frame, frames in rising order.
    /// @dev Emits {EnergyMoved} per record. Record, from the lowest bit: booking id 32 | in Wh 32 | out Wh 32; higher
    /// bits 0. Stored energy is floor(total in x efficiencyBps / 10,000) - total out; charge counts before discharge
    /// within a report. Per record: `Storage_InvalidRecord`, `Storage_NoBooking`, `Storage_FrameOutsideBooking`,
    /// `Storage_PowerLimit` (in, then out), `Storage_CapacityLimit` (stored after in), `Storage_Empty`. Requirements:
    /// meter role, end of the frame <= now < its metering deadline (`Storage_FrameNotOver`, `Storage_TooLate`). Nothing
    /// moves if one record is refused.
    function move(uint32 frame, uint256[] calldata records) external;

    /// @notice Takes one metered movement, as {move} does, from a single word.
    /// @dev Emits {EnergyMoved}. Movement, from the lowest bit: booking id 32 | in Wh 32 | out Wh 32 | frame 32; higher
    /// bits 0. Checks in this order: meter role, `Storage_InvalidRecord` (with the movement), `Storage_FrameNotOver`,
    /// `Storage_TooLate`, then those of a record of {move}.
    function moveOne(uint256 movement) external;

    /// @notice Ends a booking after its span and the metering window; anyone may call.
    /// @dev Emits {BookingClosed}. Rent is take-or-pay. Checks: `Storage_NoBooking`, `Storage_NotEnded`.
    function close(uint32 bookingId) external;

    /// @notice Moves the operator's revenue to the operator's margin; anyone may call.
    /// @dev Emits {RevenueCollected}. Requirements: the operator is registered (`Venue_NotRegistered(address(0))`).
    function collectRevenue() external;

    /// @notice A booking; all zero when closed or never made.
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
        );

    /// @notice What is booked in a frame.
    function bookedOf(uint32 frame) external view returns (uint256 capacityWh, uint256 chargeW, uint256 dischargeW);

    /// @notice Lock of a booking with these terms [micro].
    function quote(uint8 frames, uint32 capacityWh, uint32 chargeW, uint32 dischargeW)
        external
        view
        returns (uint256 rentMicro, uint256 movementMicro);

    /// @notice The operator's accounts over all ended bookings: revenue not yet collected, rent and movement fees ever
    /// earned (eq. 27), cost of charging and discharging (eq. 28), energy left. Profit (eq. 29) is rent + movement -
    /// cost.
    function operatorAccount()
        external
        view
        returns (uint256 revenueMicro, uint256 rentMicro, uint256 movementMicro, uint256 costMicro, uint256 stockWh);

    /// @notice The terms of this storage.
    function terms() external view returns (StorageTerms memory);

    /// @notice Participant number of the operator of this storage.
    function operatorId() external view returns (uint32);

    /// @notice Count of bookings ever made.
    function bookingCount() external view returns (uint32);
}
