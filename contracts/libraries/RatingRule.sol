// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccountWord} from "./AccountWord.sol";
import {PolicyWord} from "./PolicyWord.sol";

/// @title The one rule that rates a user (M10; Cui et al. 2023, eq. 2) and suspends or trusts again
library RatingRule {
    using AccountWord for uint256;
    using PolicyWord for uint256;

    uint256 private constant _BPS = 10_000;
    uint256 private constant _WAD = 1e18;
    uint256 private constant _SUM_LIMIT = 1 << 48;

    /// @dev Enters one rating into an account word. A good one cannot lower the score, so that it is compared with the threshold on probation only,
    /// or when the threshold begins to bind.
    /// @param word The account.
    /// @param policy When the threshold binds, see {PolicyWord}.
    /// @param weightWh Weight, below 2^40 [Wh].
    /// @param good Whether the rating is +1 (else -1).
    /// @return rated The account with the rating, its status and probation settled.
    /// @return suspended Whether this rating suspended the user; the caller says until when.
    function rate(uint256 word, uint256 policy, uint256 weightWh, bool good)
        internal
        pure
        returns (uint256 rated, bool suspended)
    {
        // Safe: sums are below 2^48, the weight below 2^40.
        unchecked {
            if (word.ratedWh() + weightWh >= _SUM_LIMIT || word.ratedFrames() == type(uint16).max) {
                word = _withRoom(word, weightWh);
            }
        }
        rated = word.withRating(weightWh, good ? 1 : 0);
        uint256 frames = rated.ratedFrames();
        bool probation = rated.onProbation();
        uint256 bindsFrom = probation ? policy.probationFrames() : policy.bindingFrames();
        if (frames >= bindsFrom && (!good || probation || frames == bindsFrom)) {
            if (_isBelow(rated, policy.scale())) {
                uint8 status = rated.status();
                if (status & AccountWord.SUSPENDED_BY_CREDIT != 0) return (rated, false);
                return (rated.withStatus(status | AccountWord.SUSPENDED_BY_CREDIT), true);
            }
        }
        if (probation && frames >= policy.bindingFrames()) rated = rated.withProbation(false);
    }

    /// @dev Lifts a suspension by credit: the record starts anew under the shorter count of a probation.
    function startProbation(uint256 word) internal pure returns (uint256) {
        uint8 status = word.status() & ~AccountWord.SUSPENDED_BY_CREDIT;
        return word.withRecord(0, 0, 0).withStatus(status).withSuspendedUntil(0).withProbation(true);
    }

    /// @dev Score (2 x good - sum) / sum in WAD, toward zero; 0 without ratings (Cui eq. 2 with the ratings' weights).
    function scoreWad(uint256 word) internal pure returns (int256) {
        uint256 sumWh = word.ratedWh();
        if (sumWh == 0) return 0;
        // Both sums are below 2^48, so no product leaves int256.
        return ((2 * int256(word.goodWh()) - int256(sumWh)) * int256(_WAD)) / int256(sumWh);
    }

    /// @dev Whether a delivery is bad: its shortfall lies above the tolerated share of what was owed.
    function isBad(uint256 owedWh, uint256 shortfallWh, uint256 toleranceBps) internal pure returns (bool) {
        // Safe: energies are below 2^40.
        unchecked {
            return shortfallWh * _BPS > owedWh * toleranceBps;
        }
    }

    /// @dev Whether a score lies below the threshold: 2 x good - sum < threshold x sum, without dividing, so that no rounding decides, and without a
    /// sign: the scale is 10,000 + the threshold. Safe: every factor is below 2^50.
    function _isBelow(uint256 rated, uint256 scale) private pure returns (bool) {
        unchecked {
            return rated.goodWh() * (2 * _BPS) < rated.ratedWh() * scale;
        }
    }

    /// @dev Far beyond any user's lifetime: halving both sums keeps the score and makes them fit whatever a meter reports; the count stays where it is.
    function _withRoom(uint256 word, uint256 weightWh) private pure returns (uint256) {
        uint256 frames = word.ratedFrames();
        uint256 sumWh = word.ratedWh();
        uint256 goodWh = word.goodWh();
        if (sumWh + weightWh >= _SUM_LIMIT) (sumWh, goodWh) = (sumWh >> 1, goodWh >> 1);
        return word.withRecord(frames == type(uint16).max ? frames - 1 : frames, sumWh, goodWh);
    }
}
