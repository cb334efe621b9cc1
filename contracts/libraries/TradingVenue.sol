// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IMarketVenue} from "../../interfaces/IMarketVenue.sol";
import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {ITradingVenue} from "../../interfaces/IVenue.sol";
import {FrameClock} from "./FrameClock.sol";
import {PositionWord} from "./PositionWord.sol";
import {VenueAccounts} from "./VenueAccounts.sol";

/// @title What every trading venue shares
/// @notice The house's clock and tick, and what the house pushes. Rules M2, M7, M10.
abstract contract TradingVenue is VenueAccounts, IMarketVenue {
    /* IMMUTABLES */

    /// @notice Who tells an exchange's quota of requests, and nothing else: demand factors come from the house.
    address public immutable creditScoring;
    /// @notice Length of a frame [s].
    uint32 public immutable frameSeconds;
    /// @inheritdoc IMarketVenue
    uint32 public immutable gateClosureLeadSeconds;
    /// @notice Seconds before delivery at which refusals end.
    uint32 public immutable refusalLeadSeconds;

    uint256 internal immutable _tickMicroPerWh;
    /// @dev Frames of the house's ring, above 0: the state of a frame lies where that of the frame so many before did.
    uint256 internal immutable _ringFrames;

    /* CONSTRUCTOR */

    constructor(address registry_, ITradeSettlement house_, address creditScoring_) VenueAccounts(registry_, house_) {
        creditScoring = creditScoring_;
        frameSeconds = house_.frameSeconds();
        gateClosureLeadSeconds = house_.gateClosureLeadSeconds();
        refusalLeadSeconds = house_.refusalLeadSeconds();
        _ringFrames = house_.ringFrames();
        // The house's bound: a product with 32 bits of energy and 8 of ticks keeps to the 56 bits that values have in positions.
        _tickMicroPerWh = SafeCast.toUint16(house_.tickMicroPerWh());
    }

    /* PUSHED STATE */

    /// @inheritdoc ITradingVenue
    function setStatus(uint32 participantId, uint8 status) external onlyHouse {
        address account = _knownOwner(participantId);
        _accounts[account].word = _withStatus(_accounts[account].word, status);
    }

    /// @inheritdoc ITradingVenue
    function setDemandFactor(uint32 participantId, uint16 factorBps) external onlyHouse {
        address account = _knownOwner(participantId);
        _accounts[account].word = _withFactor(_accounts[account].word, factorBps);
    }

    /* EXTERNAL: VIEWS */

    /// @inheritdoc IMarketVenue
    function accountOf(uint32 participantId)
        external
        view
        returns (uint256 marginMicro, uint8 status, uint16 demandFactorBps)
    {
        uint256 word = _accounts[_ownerOf[participantId]].word;
        return (_marginIn(word), _statusIn(word), uint16(_factorIn(word)));
    }

    /// @inheritdoc IMarketVenue
    function tickMicroPerWh() external view returns (uint256) {
        return _tickMicroPerWh;
    }

    /* INTERNAL */

    function _knownOwner(uint32 participantId) internal view returns (address account) {
        account = _ownerOf[participantId];
        require(account != address(0), Venue_NotRegistered(account));
    }

    /// @dev When trading in a frame ends (M7) [unix s].
    function _gateClosure(uint32 frame) internal view returns (uint256) {
        // A difference that is compared.
        unchecked {
            uint256 start = FrameClock.start(frame, frameSeconds);
            return start > gateClosureLeadSeconds ? start - gateClosureLeadSeconds : 0;
        }
    }

    /// @dev Where what a venue keeps of a frame lies, see {PositionWord-place}. A function of its own, since a constant set at deployment takes
    /// 33 bytes of code wherever it is used.
    function _ringPlace(uint32 frame) internal view returns (uint256 slot, uint256 empty) {
        return PositionWord.place(frame, _ringFrames);
    }

    /// @dev When refusals of a frame end (M7) [unix s]; the frame has a gate closure above 0.
    function _refusalDeadline(uint32 frame) internal view returns (uint256) {
        return FrameClock.start(frame, frameSeconds) - refusalLeadSeconds;
    }
}
