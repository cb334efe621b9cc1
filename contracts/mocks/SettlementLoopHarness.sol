// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccountWord} from "../libraries/AccountWord.sol";
import {ClearingLoops} from "../libraries/ClearingLoops.sol";
import {ClearingMemory} from "../libraries/ClearingMemory.sol";

/// @title Runs the settlement's loop over any accounts, records and readings
contract SettlementLoopHarness {
    mapping(uint256 participantId => AccountWord.Account account) private _accounts;

    /// @dev Accounts are numbered from 1 on.
    /// @param place Of the first record's bit in its word.
    /// @param terms Smallest rated obligation, at least 1 [Wh], binding frames, and scale of the threshold.
    /// @return words The accounts afterwards.
    /// @return done Count of records before the one where the loop stopped.
    /// @return missed Bits of the records that were not read.
    /// @return sums Paid micro 64 | sold Wh 64.
    /// @return log What is logged.
    function settle(
        uint256[] calldata accounts,
        uint256[] calldata records,
        bytes calldata readings,
        uint256 place,
        uint256[3] calldata terms
    ) external returns (uint256[] memory words, uint256 done, uint256 missed, uint256 sums, bytes memory log) {
        for (uint256 i = 0; i < accounts.length; ++i) {
            _accounts[i + 1].word = accounts[i];
        }
        ClearingMemory.Settlement memory run;
        uint256 at = ClearingLoops.reserve(records.length + 2);
        _fill(run, at, records, readings, place);
        run.mostUnrated = (terms[0] << 64) - 1;
        run.bindingMark = AccountWord.bindingMark(terms[1]);
        run.scale = terms[2];
        ClearingLoops.settle(run);
        (missed, sums) = (run.missed, run.sums);
        done = (run.from - at - 32) / 32;
        assert(run.reading == ClearingLoops.offsetOf(readings) + 5 * done);
        log = new bytes(run.to - at);
        for (uint256 i = 0; i < log.length; ++i) {
            log[i] = bytes1(bytes32(ClearingLoops.load(at + i)));
        }
        words = new uint256[](accounts.length);
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] = _accounts[i + 1].word;
        }
    }

    function _fill(
        ClearingMemory.Settlement memory run,
        uint256 at,
        uint256[] calldata records,
        bytes calldata readings,
        uint256 place
    ) private view {
        ClearingLoops.copyAt(ClearingLoops.offsetOf(records), at + 32, 32 * records.length);
        run.from = at + 32;
        run.reading = ClearingLoops.offsetOf(readings);
        run.to = at;
        run.stop = run.from + 32 * records.length;
        ClearingLoops.store(run.stop, 0);
        unchecked {
            run.origin = run.from - 32 * place;
        }
        run.accounts = ClearingLoops.slotOf(_accounts);
    }
}
