// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Orders that their owner signs and anybody may submit
/// @notice EIP-712 with the domain (name "Voltberg", version "1", chain id, address of the venue). Whoever submits pays the gas; the order is the
/// signer's. A nonce is used once; 256 of them share a word, so that they may be used in any order and cancelled together.
interface ISignedOrders {
    /// @notice Nonces of an owner were cancelled: bits of `mask` in word `word` (nonce = word x 256 + bit).
    event NoncesCancelled(address indexed owner, uint256 word, uint256 mask);

    /// @notice The signature is no longer valid.
    error Venue_SignatureExpired(uint256 expiry, uint256 timestamp);
    /// @notice The nonce was used or cancelled.
    error Venue_NonceUsed(address owner, uint256 nonce);
    /// @notice The signature is not the owner's, not for this order, venue or chain, or malleable.
    error Venue_InvalidSignature(address owner);

    /// @notice Cancels nonces of the caller, used or not; signatures with them are worthless from now on.
    /// @dev Emits {NoncesCancelled}.
    /// @param word Number of the word, nonce / 256.
    /// @param mask A bit for each nonce of the word to cancel.
    function cancelNonces(uint256 word, uint256 mask) external;

    /// @notice Used and cancelled nonces of an owner in a word, a bit each.
    function usedNonces(address owner, uint256 word) external view returns (uint256 bits);

    /// @notice EIP-712 domain separator of the venue on this chain.
    function domainSeparator() external view returns (bytes32);
}
