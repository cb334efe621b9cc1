// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICreditScoring} from "../../interfaces/ICreditScoring.sol";
import {FixedExp} from "../libraries/FixedExp.sol";
import {PenaltyList} from "../libraries/PenaltyList.sol";
import {StationEvaluation} from "../libraries/StationEvaluation.sol";

/// @title Opens the credit libraries' arithmetic to tests
contract CreditMathHarness {
    /// @notice See {FixedExp-expWadDown}.
    function expWadDown(int256 xWad) external pure returns (uint256) {
        return FixedExp.expWadDown(xWad);
    }

    /// @notice See {StationEvaluation-dampingWad}.
    function dampingWad(ICreditScoring.EvaluationTerms calldata terms, uint256 evaluationWad)
        external
        pure
        returns (uint256)
    {
        return StationEvaluation.dampingWad(terms, evaluationWad);
    }

    /// @notice Applies ratings one after another, see {StationEvaluation-next}.
    /// @return path The evaluation after each rating.
    function evaluations(
        ICreditScoring.EvaluationTerms calldata terms,
        uint256 evaluationWad,
        uint8[] calldata ratings,
        uint256 scoreWad,
        uint256 endorsements,
        uint256 total
    ) external pure returns (uint256[] memory path) {
        path = new uint256[](ratings.length);
        for (uint256 i = 0; i < ratings.length; ++i) {
            evaluationWad = StationEvaluation.next(terms, evaluationWad, ratings[i], scoreWad, endorsements, total);
            path[i] = evaluationWad;
        }
    }

    /// @notice Enters rounds one after another, see {PenaltyList-afterRound}.
    /// @return list The list after the last round.
    /// @return factorBps Its product.
    function penalties(uint256[] calldata theoretical, uint256[] calldata practical, uint256 riskBps)
        external
        pure
        returns (uint256 list, uint16 factorBps)
    {
        for (uint256 i = 0; i < theoretical.length; ++i) {
            (list,) = PenaltyList.afterRound(list, theoretical[i], practical[i], riskBps);
        }
        factorBps = PenaltyList.factorBps(list);
    }
}
