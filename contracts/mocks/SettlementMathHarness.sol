// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {AccountWord} from "../libraries/AccountWord.sol";
import {FrameRecord} from "../libraries/FrameRecord.sol";
import {PolicyWord} from "../libraries/PolicyWord.sol";
import {RatingRule} from "../libraries/RatingRule.sol";
import {RecordTree} from "../libraries/RecordTree.sol";
import {SettlementRule} from "../libraries/SettlementRule.sol";

/// @title Opens the house's pure libraries
contract SettlementMathHarness {
    using AccountWord for uint256;

    function shortfallCost(
        uint256 soldWh,
        uint256 saleMicro,
        uint256 heldMicro,
        uint256 shortfallWh,
        uint256 fallbackMicroPerWh
    ) external pure returns (uint256 costMicro, uint256 fallbackMicro) {
        return SettlementRule.shortfallCost(soldWh, saleMicro, heldMicro, shortfallWh, fallbackMicroPerWh);
    }

    function unreadCost(uint256 saleMicro, uint256 owedWh, uint256 fallbackMicroPerWh)
        external
        pure
        returns (uint256 costMicro, uint256 fallbackMicro)
    {
        return SettlementRule.unreadCost(saleMicro, owedWh, fallbackMicroPerWh);
    }

    function fallbackTick(uint256 capTick, uint256 gridTick, uint256 retailerTick)
        external
        pure
        returns (uint256 tick, bool fromRetailer)
    {
        return SettlementRule.fallbackTick(capTick, gridTick, retailerTick);
    }

    function rate(
        uint256 frames,
        uint256 ratedWh,
        uint256 goodWh,
        bool probation,
        ITradeSettlement.CreditPolicy memory policy,
        uint256 weightWh,
        bool good
    )
        external
        pure
        returns (uint256 newFrames, uint256 newRatedWh, uint256 newGoodWh, bool onProbation, uint8 status, int256 score)
    {
        uint256 word = AccountWord.opened().withRecord(frames, ratedWh, goodWh).withProbation(probation);
        (word,) = RatingRule.rate(word, PolicyWord.pack(policy), weightWh, good);
        score = RatingRule.scoreWad(word);
        return (word.ratedFrames(), word.ratedWh(), word.goodWh(), word.onProbation(), word.status(), score);
    }

    function treeRoot(bytes32[] memory hashes) external pure returns (bytes32) {
        return RecordTree.root(hashes);
    }

    function rootOfRange(uint256 firstChunk, bytes32[] memory hashes, uint256 totalChunks, bytes32[] memory proof)
        external
        pure
        returns (bytes32)
    {
        return RecordTree.rootOfRange(firstChunk, hashes, totalChunks, proof);
    }

    function withSettled(uint256 word, uint256 soldWh, uint256 fallbackMicro, uint256 surplusMicro)
        external
        pure
        returns (uint256)
    {
        return FrameRecord.withSettled(word, soldWh, fallbackMicro, surplusMicro);
    }
}
