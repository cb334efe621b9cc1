// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IFrameAuction} from "../../interfaces/IFrameAuction.sol";
import {IRootVenue} from "../../interfaces/IVenue.sol";
import {AuctionFrames} from "./AuctionFrames.sol";
import {AuctionWord} from "./AuctionWord.sol";
import {FrameChain} from "./FrameChain.sol";
import {PositionWord} from "./PositionWord.sol";
import {ClearingLoops} from "./ClearingLoops.sol";
import {RecordTree} from "./RecordTree.sol";

/// @title Refused trades of the auction (M8): what is taken out of records that lie under a root
abstract contract AuctionRecords is AuctionFrames {
    using FrameChain for uint256;
    using PositionWord for uint256;

    /* TYPES */

    /// @dev One word, a {PositionWord}; a struct so that a refusal finds its slot once.
    struct Refused {
        uint256 word;
    }

    /// @dev A trade to refuse.
    struct Refusal {
        uint32 frame;
        uint32 buyerId;
        uint32 sellerId;
        uint256 energyWh;
        uint256 tick;
        uint256 valueMicro;
        uint256 tickMicroPerWh;
    }

    /* STORAGE */

    /// @dev What was refused, by {PositionWord-key}.
    mapping(uint256 key => Refused refused) private _refused;

    /* EXTERNAL */

    /// @inheritdoc IFrameAuction
    function refuseTrade(uint32 frame, uint256 entry, RecordChunk calldata buyer, RecordChunk calldata seller)
        external
        onlyRole(OPERATOR)
    {
        uint256 word = _openFrame(frame);
        require(word.isDecided(), Auction_Undecided(frame));
        // What is decided has closed: refusals open with the result.
        uint256 closes = _refusalDeadline(frame);
        require(
            block.timestamp < closes, Auction_OutsideRefusalWindow(frame, _gateClosure(frame), closes, block.timestamp)
        );
        Refusal memory refusal;
        refusal.frame = frame;
        refusal.buyerId = uint32(entry);
        refusal.sellerId = uint32(entry >> 32);
        refusal.energyWh = uint32(entry >> 64);
        refusal.tick = entry >> 96;
        refusal.tickMicroPerWh = _tickMicroPerWh;
        refusal.valueMicro = refusal.energyWh * uint8(entry >> 96) * refusal.tickMicroPerWh;
        _refuse(
            refusal,
            word,
            _recordIn(frame, word, refusal.buyerId, buyer),
            _recordIn(frame, word, refusal.sellerId, seller)
        );
        _frames[frame] = word.refused(refusal.energyWh, refusal.valueMicro);
        address account = _ownerOf[refusal.buyerId];
        uint256 feesMicro = refusal.energyWh * word.feeTicks() * refusal.tickMicroPerWh;
        _accounts[account].word = _withMargin(_accounts[account].word, refusal.valueMicro + feesMicro);
        // Both were compared with smaller limits.
        emit TradeRefused(frame, refusal.buyerId, refusal.sellerId, uint32(refusal.energyWh), uint8(refusal.tick));
    }

    /// @inheritdoc IRootVenue
    function refusedOf(uint32 frame, uint32[] calldata participantIds) external view returns (uint256[] memory words) {
        words = new uint256[](participantIds.length);
        for (uint256 i; i < participantIds.length; ++i) {
            (, uint256 word,) = _refusedIn(frame, participantIds[i]);
            words[i] = word.withoutTag();
        }
    }

    /* PRIVATE */

    /// @dev The record of a participant in a chunk that belongs to the frame's result; 0 if the chunk has none of it.
    function _recordIn(uint32 frame, uint256 word, uint32 id, RecordChunk calldata chunk)
        private
        view
        returns (uint256 record)
    {
        bytes32 leaf = keccak256(abi.encodePacked(chunk.records));
        uint256 total = RecordTree.chunksOf(word.records());
        uint256 from = ClearingLoops.offsetOf(chunk.proof);
        bytes32 root = RecordTree.rootOfChunk(chunk.index, leaf, total, from, from + 32 * chunk.proof.length);
        require(chunk.index < total && root != 0 && root == _roots[_slot(frame)], Auction_WrongRecord(frame));
        for (uint256 i; i < chunk.records.length; ++i) {
            if (uint32(chunk.records[i]) == id) record = chunk.records[i];
        }
    }

    /// @dev Takes a trade out of two records.
    function _refuse(Refusal memory refusal, uint256 word, uint256 bought, uint256 sold) private {
        (uint32 frame, uint256 energyWh, uint256 valueMicro) = (refusal.frame, refusal.energyWh, refusal.valueMicro);
        (Refused storage buyer, uint256 buyerWord, uint256 empty) = _refusedIn(frame, refusal.buyerId);
        (Refused storage seller, uint256 sellerWord,) = _refusedIn(frame, refusal.sellerId);
        bool valid = refusal.tick <= AuctionWord.HIGHEST_TICK && energyWh != 0 && refusal.buyerId != refusal.sellerId;
        // Fields of a record have at most 40 bits, what was refused is at most theirs.
        unchecked {
            valid = valid && buyerWord.boughtWh() + energyWh <= uint32(bought >> 32)
                && buyerWord.purchaseMicro() + valueMicro <= uint40(bought >> 96);
            uint256 restWh = uint32(sold >> 64) - sellerWord.soldWh() - energyWh;
            uint256 restMicro = uint40(sold >> 136) - sellerWord.saleMicro() - valueMicro;
            // Below zero both are huge.
            valid = valid && restWh <= type(uint32).max && restMicro <= type(uint40).max
                && restMicro + uint40(sold >> 176) >= restWh * word.capTick() * refusal.tickMicroPerWh;
        }
        require(valid, Auction_InvalidRefusal(frame, refusal.buyerId, refusal.sellerId, energyWh, refusal.tick));
        buyer.word = buyerWord.plus(PositionWord.purchase(energyWh, valueMicro), empty, frame, refusal.buyerId);
        seller.word = sellerWord.plus(PositionWord.sale(energyWh, valueMicro, 0), empty, frame, refusal.sellerId);
    }

    /// @dev What was refused of a participant, its place, and what that holds when it is nothing.
    function _refusedIn(uint32 frame, uint32 participantId)
        private
        view
        returns (Refused storage refused, uint256 word, uint256 empty)
    {
        uint256 slot;
        (slot, empty) = _ringPlace(frame);
        refused = _refused[PositionWord.key(slot, participantId)];
        word = refused.word.inFrame(empty);
    }
}
