// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {ISignedOrders} from "../../interfaces/ISignedOrders.sol";

/// @title A wallet of one owner: it takes part as itself, and holds for signed what its owner signed (ERC-1271)
contract MockWallet is IERC1271 {
    error Wallet_NonceStillFree();

    address private immutable _owner;
    address private _venue;

    /// @param owner Whose signatures the wallet holds for its own.
    constructor(address owner) {
        _owner = owner;
    }

    /// @notice Calls as the wallet.
    function act(address target, bytes calldata data) external {
        Address.functionCall(target, data);
    }

    /// @notice Lets the wallet demand from a venue that nonce 7 is used up before the wallet is asked.
    function demandUsedNonce(address venue) external {
        _venue = venue;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        if (_venue != address(0)) {
            require(ISignedOrders(_venue).usedNonces(address(this), 0) == 1 << 7, Wallet_NonceStillFree());
        }
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(hash, signature);
        bool holds = failure == ECDSA.RecoverError.NoError && signer == _owner;
        return holds ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}
