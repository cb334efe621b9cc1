// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITradeSettlement} from "../interfaces/ITradeSettlement.sol";
import {AuctionBatches} from "./libraries/AuctionBatches.sol";
import {AuctionClearing} from "./libraries/AuctionClearing.sol";
import {AuctionFrames} from "./libraries/AuctionFrames.sol";
import {AuctionRecords} from "./libraries/AuctionRecords.sol";

/// @title Call auction per delivery frame
/// @notice Rules A1-A9, M2, M6-M8, M11, M13. What the functions promise stands in {IFrameAuction}.
contract FrameAuction is AuctionBatches, AuctionClearing, AuctionRecords {
    /// @param registry_ Pushes participants and roles.
    /// @param house_ The clearing house, whose clock and tick the auction takes over.
    /// @param creditScoring_ Tells exchanges' quotas.
    /// @param params_ The settings.
    constructor(address registry_, ITradeSettlement house_, address creditScoring_, Params memory params_)
        AuctionFrames(registry_, house_, creditScoring_, params_)
    {}
}
