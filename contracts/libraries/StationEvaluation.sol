// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICreditScoring} from "../../interfaces/ICreditScoring.sol";
import {FixedExp} from "./FixedExp.sol";

/// @title Service evaluation of charging stations in fixed point (Cui et al. 2023, eqs 1 and 3)
/// @dev WAD = 1e18. The paper's expected score E = R / D lies in [0, 1] while its ratings W lie in 1..5, which has no
/// fixed point below D and grows past it; W / 5 mends that: the fixed point is R = D x mean(W) / 5.
library StationEvaluation {
    uint256 internal constant WAD = 1e18;
    uint256 internal constant HIGHEST_RATING = 5;

    uint256 private constant _MINIMUM_ALPHA_WAD = WAD;
    uint256 private constant _MAXIMUM_ALPHA_WAD = 1e6 * WAD;
    uint256 private constant _MINIMUM_TOP_WAD = 2 * WAD;
    uint256 private constant _MAXIMUM_TOP_WAD = 100 * WAD;

    /// @dev Refuses constants for which {next} could overshoot its target or leave the range of the exponential.
    /// (1 + M) / alpha <= 2 and top >= 2, so a step never crosses the target; (R - D) / sigma >= -40.
    function validate(ICreditScoring.EvaluationTerms memory terms) internal pure {
        require(
            terms.alphaWad >= _MINIMUM_ALPHA_WAD && terms.alphaWad <= _MAXIMUM_ALPHA_WAD,
            ICreditScoring.Credit_InvalidTerms(terms.alphaWad)
        );
        require(
            terms.topWad >= _MINIMUM_TOP_WAD && terms.topWad <= _MAXIMUM_TOP_WAD,
            ICreditScoring.Credit_InvalidTerms(terms.topWad)
        );
        require(
            terms.sigmaWad != 0 && terms.topWad * WAD / terms.sigmaWad <= uint256(FixedExp.LIMIT_WAD),
            ICreditScoring.Credit_InvalidTerms(terms.sigmaWad)
        );
        require(terms.betaWad <= WAD, ICreditScoring.Credit_InvalidTerms(terms.betaWad));
        require(terms.unratedWeightWad <= WAD, ICreditScoring.Credit_InvalidTerms(terms.unratedWeightWad));
    }

    /// @dev Weight of endorsement experience, M = beta x l / L (eq. 1), down; 0 while L is 0.
    function endorsementWeightWad(uint256 betaWad, uint256 endorsements, uint256 total)
        internal
        pure
        returns (uint256)
    {
        return total == 0 ? 0 : betaWad * endorsements / total;
    }

    /// @dev Damping Phi(R) = 1 - 1 / (1 + exp((D - R) / sigma)) of eq. 3, from 1/2 at R = D up to 1:
    /// y = (D - R) x WAD / sigma down, Phi = WAD - (WAD x WAD / (WAD + exp(y)) down). Requires R <= D.
    function dampingWad(ICreditScoring.EvaluationTerms memory terms, uint256 evaluationWad)
        internal
        pure
        returns (uint256)
    {
        // Safe cast: at most 40 WAD, see {validate}.
        int256 exponentWad = int256((terms.topWad - evaluationWad) * WAD / terms.sigmaWad);
        return WAD - WAD * WAD / (WAD + FixedExp.expWadDown(exponentWad));
    }

    /// @dev The evaluation after a rating, with every division rounded down:
    /// gain = (WAD + M) x WAD / alpha; step = (gain x Phi(R) / WAD) x s / WAD; target = W x WAD / 5;
    /// expected = R x WAD / D; change = step x |target - expected| / WAD; R rises by it to D at most when
    /// target >= expected, else falls by it to 0 at least. So R moves toward D x W / 5 and never past it.
    /// @param terms Constants that passed {validate}.
    /// @param evaluationWad R before, 0..D.
    /// @param rating W, 1..5.
    /// @param scoreWad s, the user's weight, 0..WAD.
    /// @param endorsements l, at most `total`.
    /// @param total L.
    /// @return R after.
    function next(
        ICreditScoring.EvaluationTerms memory terms,
        uint256 evaluationWad,
        uint256 rating,
        uint256 scoreWad,
        uint256 endorsements,
        uint256 total
    ) internal pure returns (uint256) {
        uint256 weightWad = endorsementWeightWad(terms.betaWad, endorsements, total);
        uint256 gainWad = (WAD + weightWad) * WAD / terms.alphaWad;
        uint256 stepWad = gainWad * dampingWad(terms, evaluationWad) / WAD * scoreWad / WAD;
        uint256 targetWad = rating * WAD / HIGHEST_RATING;
        uint256 expectedWad = evaluationWad * WAD / terms.topWad;
        if (targetWad >= expectedWad) {
            uint256 raisedWad = evaluationWad + stepWad * (targetWad - expectedWad) / WAD;
            return raisedWad < terms.topWad ? raisedWad : terms.topWad;
        }
        uint256 dropWad = stepWad * (expectedWad - targetWad) / WAD;
        return evaluationWad > dropWad ? evaluationWad - dropWad : 0;
    }
}
