// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPositionVenue} from "../../interfaces/IPositionVenue.sol";
import {IVenue} from "../../interfaces/IVenue.sol";
import {OrderWord} from "./OrderWord.sol";
import {PositionWord} from "./PositionWord.sol";
import {TradingVenue} from "./TradingVenue.sol";

/// @title Positions of a trading venue: the ring that holds them, what they show, and refused trades
/// @notice Rules M3, M8, M13. Base of the continuous book and of the rounds.
abstract contract PositionVenue is IPositionVenue, TradingVenue {
    /* TYPES */

    /// @dev One word, see {PositionWord}; a struct so that a trade finds its slot once.
    struct Position {
        uint256 word;
    }

    /* STORAGE */

    mapping(uint256 ringKey => Position position) internal _positions;

    /* EXTERNAL: VIEWS */

    /// @inheritdoc IVenue
    function positionsOf(uint32 frame, uint256[] calldata entries) external view returns (uint256[] memory words) {
        uint256 count = entries.length;
        words = new uint256[](count);
        (uint256 slot, uint256 empty) = PositionWord.place(frame, _ringFrames);
        for (uint256 i = 0; i < count;) {
            // The number is in the lowest 32 bits.
            uint256 word = _positions[PositionWord.key(slot, uint32(entries[i]))].word;
            word = PositionWord.inFrame(word, empty);
            if (!PositionWord.isEmpty(word)) words[i] = word;
            unchecked {
                ++i;
            }
        }
    }

    /// @inheritdoc IPositionVenue
    function positionOf(uint32 frame, uint32 participantId)
        external
        view
        returns (uint256 boughtWh, uint256 soldWh, uint256 purchaseMicro, uint256 saleMicro, uint256 lockMicro)
    {
        (uint256 slot, uint256 empty) = PositionWord.place(frame, _ringFrames);
        uint256 word = PositionWord.inFrame(_positions[PositionWord.key(slot, participantId)].word, empty);
        return (
            PositionWord.boughtWh(word),
            PositionWord.soldWh(word),
            PositionWord.purchaseMicro(word),
            PositionWord.saleMicro(word),
            PositionWord.lockMicro(word)
        );
    }

    /* INTERNAL */

    /// @dev Adds what a participant traded to its position.
    function _book(uint256 frame, uint256 participantId, uint256 added) internal {
        (uint256 slot, uint256 empty) = PositionWord.place(frame, _ringFrames);
        Position storage position = _positions[PositionWord.key(slot, participantId)];
        position.word = PositionWord.plus(position.word, added, empty, frame, participantId);
    }

    /// @dev Returns money to a participant's margin.
    function _credit(uint32 participantId, uint256 amountMicro) internal {
        if (amountMicro == 0) return;
        Account storage account = _accounts[_ownerOf[participantId]];
        account.word = _withMargin(account.word, amountMicro);
    }

    /// @dev Takes refused trades out of both positions and pays the buyers back (M8); the frame's terms are the venue's to know.
    /// @return refusedWh Energy of all of them, at most what positions held [Wh].
    function _refuse(uint32 frame, uint256[] calldata entries, uint256 capTick, uint256 feeTicks)
        internal
        returns (uint256 refusedWh)
    {
        uint256 opens = _gateClosure(frame);
        uint256 closes = _refusalDeadline(frame);
        require(
            block.timestamp >= opens && block.timestamp < closes,
            Venue_OutsideRefusalWindow(frame, opens, closes, block.timestamp)
        );
        // 8 bits of ticks, 64 of tick value; energies of a calldata's worth of entries.
        unchecked {
            (uint256 capMicroPerWh, uint256 feeMicroPerWh) = (capTick * _tickMicroPerWh, feeTicks * _tickMicroPerWh);
            for (uint256 i; i < entries.length; ++i) {
                refusedWh += _refuseTrade(frame, entries[i], capMicroPerWh, feeMicroPerWh);
            }
        }
    }

    /* PRIVATE */

    /// @dev Takes one refused trade out of both positions.
    /// @return energyWh What was refused [Wh].
    function _refuseTrade(uint32 frame, uint256 entry, uint256 capMicroPerWh, uint256 feeMicroPerWh)
        private
        returns (uint256 energyWh)
    {
        (uint32 buyerId, uint32 sellerId) = (uint32(entry), uint32(entry >> 32));
        energyWh = uint32(entry >> 64);
        uint256 tick = entry >> 96;
        uint256 valueMicro;
        uint256 feesMicro;
        // 32 bits of energy, 8 of ticks, 64 of tick value.
        unchecked {
            valueMicro = energyWh * (tick & 0xff) * _tickMicroPerWh;
            feesMicro = energyWh * feeMicroPerWh;
        }
        (uint256 slot, uint256 empty) = PositionWord.place(frame, _ringFrames);
        Position storage buyer = _positions[PositionWord.key(slot, buyerId)];
        Position storage seller = _positions[PositionWord.key(slot, sellerId)];
        (bool bought, uint256 purchase) =
            PositionWord.withoutPurchase(PositionWord.inFrame(buyer.word, empty), energyWh, valueMicro);
        (bool sold, uint256 sale) =
            PositionWord.withoutSale(PositionWord.inFrame(seller.word, empty), energyWh, valueMicro, capMicroPerWh);
        require(
            tick <= OrderWord.HIGHEST_TICK && energyWh != 0 && buyerId != sellerId && bought && sold,
            Venue_InvalidRefusal(frame, buyerId, sellerId, energyWh, tick)
        );
        if (PositionWord.soldWh(sale) == 0) {
            // The frame can become final without a settlement of this seller: nothing of its money may wait for one (M13).
            uint256 leftMicro;
            (leftMicro, sale) = PositionWord.withoutMoney(sale);
            _credit(sellerId, leftMicro);
        }
        _credit(buyerId, valueMicro + feesMicro);
        (buyer.word, seller.word) = (purchase, sale);
        // The energy has 32 bits, and the tick was compared above.
        emit TradeRefused(frame, buyerId, sellerId, uint32(energyWh), uint8(tick));
    }
}
