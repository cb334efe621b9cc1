// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IIcebergOrderBook} from "../../interfaces/IIcebergOrderBook.sol";
import {Delegation} from "./Delegation.sol";
import {OrderBookPlacing} from "./OrderBookPlacing.sol";
import {OrderWord} from "./OrderWord.sol";
import {SignedOrders} from "./SignedOrders.sol";

/// @title Orders of the continuous book that come in batches, from exchanges or with a signature
/// @notice Rule M11.
abstract contract OrderBookBatches is OrderBookPlacing, Delegation, SignedOrders {
    /* CONSTANTS */

    uint256 private constant _ENTRY_BITS = OrderWord.REQUEST_BITS + 32;
    bytes32 private constant _ORDER_TYPE = keccak256(
        "Order(address owner,uint32 frame,uint8 side,uint8 tick,uint32 quantityWh,uint32 peakWh,uint8 priceStepTicks,uint8 kind,uint16 maxFills,uint256 nonce,uint64 expiry)"
    );

    /* EXTERNAL: ONE ACCOUNT */

    /// @inheritdoc IIcebergOrderBook
    function placeMany(uint256[] calldata requests) external {
        _knownAccount(msg.sender);
        for (uint256 i; i < requests.length; ++i) {
            _place(requests[i], msg.sender);
        }
    }

    /// @inheritdoc IIcebergOrderBook
    function cancelMany(uint64[] calldata orderIds) external {
        uint32 participantId = _idIn(_knownAccount(msg.sender));
        for (uint256 i; i < orderIds.length; ++i) {
            uint64 orderId = orderIds[i];
            (uint256 order, uint256 takenWh) = _resting(orderId);
            if (order == 0) emit EntrySkipped(orderId, OrderBook_NotResting.selector);
            else if (OrderWord.makerOf(order) != participantId) emit EntrySkipped(orderId, OrderBook_NotOwner.selector);
            else _cancel(orderId, order, takenWh, msg.sender);
        }
    }

    /* EXTERNAL: EXCHANGES */

    /// @inheritdoc IIcebergOrderBook
    function placeFor(uint256[] calldata entries) external {
        uint32 exchangeId = _idIn(_accountWith(EXCHANGE));
        uint256 quota = _quota(exchangeId, entries.length);
        for (uint256 i; i < entries.length; ++i) {
            uint256 entry = entries[i];
            if (i >= quota) {
                emit EntrySkipped(entry, Venue_QuotaExceeded.selector);
                continue;
            }
            // A call, so that an entry that fails half-way through the book leaves nothing behind.
            try this.placeEntry(entry, exchangeId) {
                continue;
            } catch (bytes memory failure) {
                _skip(entry, failure);
            }
        }
    }

    /// @inheritdoc IIcebergOrderBook
    function placeEntry(uint256 entry, uint32 exchangeId) external onlySelf {
        uint256 request = entry & ((1 << OrderWord.REQUEST_BITS) - 1);
        require(entry >> _ENTRY_BITS == 0 && OrderWord.isWellFormed(request), OrderBook_InvalidRequest(entry));
        // The bits above were compared.
        uint32 consumerId = uint32(entry >> OrderWord.REQUEST_BITS);
        _requireMandate(
            consumerId,
            exchangeId,
            OrderWord.frameIn(request),
            OrderWord.sideIn(request) == OrderWord.ASK,
            OrderWord.tickIn(request),
            OrderWord.quantityIn(request)
        );
        _place(request, _ownerOf[consumerId]);
    }

    /// @inheritdoc IIcebergOrderBook
    function cancelFor(uint64[] calldata orderIds) external {
        uint32 exchangeId = _idIn(_accountWith(EXCHANGE));
        for (uint256 i; i < orderIds.length; ++i) {
            uint64 orderId = orderIds[i];
            (uint256 order, uint256 takenWh) = _resting(orderId);
            uint32 consumerId = OrderWord.makerOf(order);
            if (order == 0) emit EntrySkipped(orderId, OrderBook_NotResting.selector);
            else if (!_isMandated(consumerId, exchangeId)) emit EntrySkipped(orderId, Venue_NotMandated.selector);
            else _cancel(orderId, order, takenWh, _ownerOf[consumerId]);
        }
    }

    /* EXTERNAL: SIGNED ORDERS */

    /// @inheritdoc IIcebergOrderBook
    function placeSigned(uint256 request, address owner, uint256 nonce, uint64 expiry, bytes calldata signature)
        external
        returns (uint64 orderId, uint256 filledWh)
    {
        _useSignature(owner, nonce, expiry, _orderHash(request, owner, nonce, expiry), signature);
        return _place(request, owner);
    }

    /* INTERNAL */

    /// @dev Takes a resting order out of the book and returns its lock to its owner.
    /// @param takenWh As {_resting} tells it, or 0 where nothing trades any more and the level need not forget it [Wh].
    function _cancel(uint64 orderId, uint256 order, uint256 takenWh, address owner) internal {
        uint256 remaining = OrderWord.remainingWh(order);
        _clear(orderId, takenWh);
        Account storage account = _accounts[owner];
        account.word = _withMargin(account.word, _lockMicro(order, remaining));
        emit OrderCancelled(orderId | (remaining << 64));
    }

    /* PRIVATE */

    /// @dev EIP-712 hash of an order, field by field, so that a wallet shows what is signed.
    function _orderHash(uint256 request, address owner, uint256 nonce, uint256 expiry) private pure returns (bytes32) {
        bytes memory fields = abi.encode(
            OrderWord.frameIn(request),
            OrderWord.sideIn(request),
            OrderWord.tickIn(request),
            OrderWord.quantityIn(request),
            OrderWord.peakIn(request),
            OrderWord.stepIn(request),
            OrderWord.kindIn(request),
            OrderWord.maxFillsIn(request)
        );
        return keccak256(bytes.concat(abi.encode(_ORDER_TYPE, owner), fields, abi.encode(nonce, expiry)));
    }
}
