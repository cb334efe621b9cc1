// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ITradeSettlement} from "../interfaces/ITradeSettlement.sol";
import {ITradingVenue} from "../interfaces/IVenue.sol";
import {FrameClock} from "./libraries/FrameClock.sol";
import {FrameRecord} from "./libraries/FrameRecord.sol";
import {HouseAccounts} from "./libraries/HouseAccounts.sol";
import {HouseFrames} from "./libraries/HouseFrames.sol";
import {HouseRatings} from "./libraries/HouseRatings.sol";
import {PositionSettlement} from "./libraries/PositionSettlement.sol";
import {RootSettlement} from "./libraries/RootSettlement.sol";
import {SettlementRule} from "./libraries/SettlementRule.sol";

/// @title The clearing house: its frames from opening to the last payment
/// @dev Money is in {HouseAccounts}, ratings in {HouseRatings}, settlement in {PositionSettlement} and {RootSettlement}. Venues are trusted and come
/// back only through {creditFromVenue}.
contract TradeSettlement is PositionSettlement, RootSettlement {
    using FrameRecord for uint256;

    /* STORAGE */

    /// @dev The frame opened last among those that share a position slot, by frame mod ring; eight to a word.
    uint32[_MOST_RING_FRAMES] private _ring;
    uint32 private _gridId;
    uint32 private _retailerId;
    uint32 private _platformId;

    /* CONSTRUCTOR */

    constructor(
        address registry_,
        IERC20 token_,
        address creditScoring_,
        Params memory params,
        CreditPolicy memory policy
    )
        HouseAccounts(registry_, address(token_))
        HouseRatings(creditScoring_, params.frameSeconds, policy)
        HouseFrames(params)
    {}

    /* EXTERNAL: SET-UP */

    /// @inheritdoc ITradeSettlement
    function configure(uint32 gridId, uint32 retailerId, uint32 platformId) external onlySupervisor {
        require(_gridId == 0, Settlement_AlreadyConfigured());
        _knownParticipant(gridId);
        _knownParticipant(retailerId);
        _knownParticipant(platformId);
        require(gridId != retailerId, Settlement_InvalidRecord(retailerId));
        require(platformId != gridId && platformId != retailerId, Settlement_InvalidRecord(platformId));
        (_gridId, _retailerId, _platformId) = (gridId, retailerId, platformId);
    }

    /* EXTERNAL: FRAMES */

    /// @inheritdoc ITradeSettlement
    function openFrames(address venue, uint32 firstFrame, uint256[] calldata tariffs) external onlyRole(OPERATOR) {
        require(_gridId != 0, Settlement_NotConfigured());
        (uint256 index, uint8 kind) = _tradingVenue(venue);
        uint256 opened = FrameRecord.opened(index, kind == ROOTS);
        for (uint256 i = 0; i < tariffs.length; ++i) {
            // A frame beyond 32 bits lies too far ahead, which the frame before it has shown already.
            _openFrame(venue, opened, firstFrame + uint32(i), tariffs[i]);
        }
    }

    /// @inheritdoc ITradeSettlement
    function finaliseFrame(uint32 frame) external {
        uint256 word = _unfinished(frame);
        uint256 opens = FrameClock.end(frame, frameSeconds);
        require(
            block.timestamp >= opens, Settlement_OutsideMeteringWindow(frame, opens, type(uint256).max, block.timestamp)
        );
        _frames[frame] = word | FrameRecord.FINAL;
        address venue = _venueList[word.venueIndex()];
        uint256 tradedWh = ITradingVenue(venue).closeFrame(frame);
        require(tradedWh == word.settledSoldWh(), Settlement_Unsettled(frame, tradedWh, word.settledSoldWh()));
        if (word & FrameRecord.ROOTS != 0) _requireRecordsSettled(frame, word);
        _payFrame(frame, venue, word, tradedWh);
    }

    /* EXTERNAL: VIEWS */

    /// @inheritdoc ITradeSettlement
    function frameOf(uint32 frame)
        external
        view
        returns (
            address venue,
            uint8 capTick,
            uint8 gridTick,
            uint8 retailerTick,
            uint8 gridFeeTicks,
            uint8 platformFeeTicks,
            bool anyRead,
            bool finalised,
            uint256 settledSoldWh,
            uint256 fallbackMicro,
            uint256 surplusMicro
        )
    {
        uint256 word = _frames[frame];
        if (word != 0) venue = _venueList[word.venueIndex()];
        capTick = word.capTick();
        gridTick = word.gridTick();
        retailerTick = word.retailerTick();
        gridFeeTicks = word.gridFeeTicks();
        platformFeeTicks = word.platformFeeTicks();
        anyRead = word & FrameRecord.READ != 0;
        finalised = word & FrameRecord.FINAL != 0;
        settledSoldWh = word.settledSoldWh();
        fallbackMicro = word.fallbackMicro();
        surplusMicro = word.surplusMicro();
    }

    /// @inheritdoc ITradeSettlement
    function suppliers() external view returns (uint32 gridId, uint32 retailerId, uint32 platformId) {
        return (_gridId, _retailerId, _platformId);
    }

    /* PRIVATE */

    function _openFrame(address venue, uint256 opened, uint32 frame, uint256 tariff) private {
        require(FrameRecord.isTariff(tariff), Settlement_InvalidRecord(tariff));
        require(_frames[frame] == 0, Settlement_FrameExists(frame));
        uint256 start = FrameClock.start(frame, frameSeconds);
        uint256 gateClosure = start > gateClosureLeadSeconds ? start - gateClosureLeadSeconds : 0;
        require(block.timestamp < gateClosure, Settlement_TooLateToOpen(frame, gateClosure, block.timestamp));
        uint256 slot = frame % ringFrames;
        _requireRingFree(frame, _ring[slot]);
        uint256 word = opened | FrameRecord.posted(tariff);
        _requireValid(frame, word);
        _ring[slot] = frame;
        _frames[frame] = word;
        emit FrameOpened(
            frame,
            venue,
            word.capTick(),
            word.gridTick(),
            word.retailerTick(),
            word.gridFeeTicks(),
            word.platformFeeTicks()
        );
        // At most 15 ticks.
        ITradingVenue(venue).openFrame(frame, word.capTick(), uint8(word.feeTicks()));
    }

    /// @dev A frame far ahead could be opened before an older one of its slot; and an older one, however old, must be final.
    function _requireRingFree(uint32 frame, uint32 occupant) private view {
        require(
            frame <= block.timestamp / frameSeconds + ringFrames, Settlement_RingOccupied(frame, frame - ringFrames)
        );
        require(occupant == 0 || _frames[occupant] & FrameRecord.FINAL != 0, Settlement_RingOccupied(frame, occupant));
    }

    function _requireValid(uint32 frame, uint256 word) private pure {
        require(
            word.isValid(),
            Settlement_InvalidTariff(
                frame,
                word.capTick(),
                word.gridTick(),
                word.retailerTick(),
                word.gridFeeTicks(),
                word.platformFeeTicks()
            )
        );
    }

    function _payFrame(uint32 frame, address venue, uint256 word, uint256 tradedWh) private {
        uint256 gridFees = tradedWh * word.gridFeeTicks() * tickMicroPerWh;
        uint256 platformFees = tradedWh * word.platformFeeTicks() * tickMicroPerWh;
        _release(venue, gridFees + platformFees);
        (, bool fromRetailer) = SettlementRule.fallbackTick(word.capTick(), word.gridTick(), word.retailerTick());
        _credit(_gridId, fromRetailer ? gridFees : gridFees + word.fallbackMicro());
        if (fromRetailer) _credit(_retailerId, word.fallbackMicro());
        _credit(_platformId, platformFees + word.surplusMicro());
        emit FrameFinalised(frame, tradedWh, gridFees, platformFees, word.fallbackMicro(), word.surplusMicro());
    }
}
