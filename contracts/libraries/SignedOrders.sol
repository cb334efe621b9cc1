// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {ISignedOrders} from "../../interfaces/ISignedOrders.sol";

/// @title Signatures that are used once
/// @notice Base of venues that take signed orders; what is signed is the venue's.
abstract contract SignedOrders is ISignedOrders {
    /* CONSTANTS */

    bytes32 private constant _DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant _NAME = keccak256("Voltberg");
    bytes32 private constant _VERSION = keccak256("1");

    /* STORAGE */

    mapping(address owner => mapping(uint256 word => uint256 bits)) private _usedNonces;

    /* EXTERNAL */

    /// @inheritdoc ISignedOrders
    function cancelNonces(uint256 word, uint256 mask) external {
        _usedNonces[msg.sender][word] |= mask;
        emit NoncesCancelled(msg.sender, word, mask);
    }

    /// @inheritdoc ISignedOrders
    function usedNonces(address owner, uint256 word) external view returns (uint256 bits) {
        return _usedNonces[owner][word];
    }

    /// @inheritdoc ISignedOrders
    function domainSeparator() public view returns (bytes32) {
        // Not kept: a chain that splits gets a new id, and signatures of the old one must not hold on it.
        return keccak256(abi.encode(_DOMAIN_TYPE, _NAME, _VERSION, block.chainid, address(this)));
    }

    /* INTERNAL */

    /// @dev Uses a signature up. Contract wallets answer by ERC-1271 (and may revert); {ECDSA} refuses malleable
    /// signatures of accounts.
    /// @param structHash EIP-712 hash of what is signed, its nonce and expiry included.
    function _useSignature(address owner, uint256 nonce, uint256 expiry, bytes32 structHash, bytes calldata signature)
        internal
    {
        require(block.timestamp <= expiry, Venue_SignatureExpired(expiry, block.timestamp));
        uint256 bits = _usedNonces[owner][nonce >> 8];
        uint256 bit = 1 << (nonce & 0xff);
        require(bits & bit == 0, Venue_NonceUsed(owner, nonce));
        // Before a contract wallet is asked, so that it finds the nonce used.
        _usedNonces[owner][nonce >> 8] = bits | bit;
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domainSeparator(), structHash));
        require(_isSignedBy(owner, digest, signature), Venue_InvalidSignature(owner));
    }

    /* PRIVATE */

    function _isSignedBy(address owner, bytes32 digest, bytes calldata signature) private view returns (bool) {
        if (owner.code.length != 0) {
            return IERC1271(owner).isValidSignature(digest, signature) == IERC1271.isValidSignature.selector;
        }
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        return failure == ECDSA.RecoverError.NoError && signer == owner;
    }
}
