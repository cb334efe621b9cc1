// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IFrameAuction} from "../../interfaces/IFrameAuction.sol";
import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {IRootVenue, ITradingVenue} from "../../interfaces/IVenue.sol";
import {FrameChain} from "./FrameChain.sol";
import {TradingVenue} from "./TradingVenue.sol";

/// @title The frames of the auction: settings, state, what house and operator tell
abstract contract AuctionFrames is TradingVenue, IFrameAuction {
    using FrameChain for uint256;

    /* CONSTANTS */

    uint256 internal constant BPS = 10_000;
    /// @dev Most that an order may lock, so that a participant's refund fits 40 bits (see {maximumQuantityWh}) [micro]. At a tick of at least 1 micro
    /// per Wh it keeps quantities within 19 bits, fewer than the 24 that a word has for them.
    uint256 private constant _MAX_ORDER_LOCK_MICRO = 129_000_000;
    uint256 private constant _MAX_LOCK_TICKS = 255;

    /* IMMUTABLES */

    uint256 internal immutable _minimumQuantityWh;
    uint256 internal immutable _maximumQuantityWh;
    uint256 internal immutable _minimumLockMicro;
    uint256 internal immutable _clearingSeconds;
    uint256 internal immutable _slicesPerFrame;
    uint256 internal immutable _alpha;
    uint256 internal immutable _beta;
    uint256 internal immutable _priceWeightBps;
    bool internal immutable _uniformPrice;
    bool internal immutable _rollKeepsRank;
    /// @dev All settings packed in the order of {Params}, for {params}: where each is used it is at hand by itself.
    uint256 private immutable _settings;

    /* STORAGE */

    /// @dev See {FrameChain}.
    mapping(uint32 frame => uint256 word) internal _frames;
    /// @dev Roots of results and digests of carried words, by frame mod ring: the house opens a frame only when the one before is final.
    mapping(uint256 slot => bytes32 root) internal _roots;
    mapping(uint256 slot => bytes32 digest) internal _carried;
    mapping(uint32 frame => bytes32 stateDigest) internal _checkpoints;

    /* CONSTRUCTOR */

    constructor(address registry_, ITradeSettlement house_, address creditScoring_, Params memory params_)
        TradingVenue(registry_, house_, creditScoring_)
    {
        uint256 largest = _MAX_ORDER_LOCK_MICRO / (_MAX_LOCK_TICKS * _tickMicroPerWh);
        _requireWithin(params_.minimumQuantityWh, 1, largest);
        // The clearing window ends before the refusals do and before the next gate closes (M7).
        uint256 refusalSeconds = gateClosureLeadSeconds - refusalLeadSeconds;
        _requireWithin(params_.clearingSeconds, 1, (refusalSeconds < frameSeconds ? refusalSeconds : frameSeconds) - 1);
        _requireWithin(params_.beta, params_.alpha == 0 ? 0 : 1, type(uint16).max);
        _requireWithin(params_.priceWeightBps, 0, BPS);
        _minimumQuantityWh = params_.minimumQuantityWh;
        _maximumQuantityWh = largest;
        _minimumLockMicro = params_.minimumLockMicro;
        _clearingSeconds = params_.clearingSeconds;
        _slicesPerFrame = params_.slicesPerFrame;
        _alpha = params_.alpha;
        _beta = params_.beta;
        _priceWeightBps = params_.priceWeightBps;
        _uniformPrice = params_.uniformPrice;
        _rollKeepsRank = params_.rollKeepsRank;
        _settings = params_.minimumQuantityWh | (uint256(params_.minimumLockMicro) << 32)
            | (uint256(params_.clearingSeconds) << 96) | (uint256(params_.slicesPerFrame) << 128)
            | (uint256(params_.alpha) << 136) | (uint256(params_.beta) << 152)
            | (uint256(params_.priceWeightBps) << 168) | (params_.uniformPrice ? 1 << 184 : 0)
            | (params_.rollKeepsRank ? 1 << 185 : 0);
    }

    /* EXTERNAL: HOUSE AND OPERATOR */

    /// @inheritdoc ITradingVenue
    function openFrame(uint32 frame, uint8 capTick, uint8 feeTicks) external onlyHouse {
        require(_frames[frame] == 0, Auction_FrameAlreadyOpen(frame));
        _frames[frame] = FrameChain.open(frame, capTick, feeTicks);
        emit FrameOpened(frame, capTick, feeTicks);
    }

    /// @inheritdoc ITradingVenue
    function closeFrame(uint32 frame) external view onlyHouse returns (uint256 tradedWh) {
        uint256 word = _frames[frame];
        require(word.isDecided() || (word.count() == 0 && word & FrameChain.CARRIED == 0), Auction_Undecided(frame));
        if (word.isDecided()) tradedWh = word.tradedWh();
    }

    /// @inheritdoc IFrameAuction
    function setFramePaused(uint32 frame, bool paused) external onlyRole(OPERATOR) {
        uint256 word = _undecided(frame);
        _frames[frame] = paused ? word | FrameChain.PAUSED : word & ~FrameChain.PAUSED;
        emit FramePaused(frame, paused);
    }

    /* EXTERNAL: VIEWS */

    /// @inheritdoc IRootVenue
    function resultOf(uint32 frame)
        external
        view
        returns (bytes32 root, uint256 records, bool anyRefused, uint256 owedMicro)
    {
        uint256 word = _frames[frame];
        if (word.isDecided()) {
            records = word.records();
            // Without records the slot may hold an older frame's root.
            if (records != 0) root = _roots[_slot(frame)];
            anyRefused = word & FrameChain.REFUSED != 0;
            owedMicro = word.owedMicro();
        }
    }

    /// @inheritdoc IFrameAuction
    function frameOf(uint32 frame)
        external
        view
        returns (
            bytes28 digest,
            uint16 words,
            bytes32 carriedDigest,
            bool decided,
            bool voided,
            bool paused,
            uint8 capTick,
            uint8 feeTicks,
            uint256 tradedWh
        )
    {
        uint256 word = _frames[frame];
        // 16 bits.
        words = uint16(word.count());
        carriedDigest = _carriedDigest(frame, word);
        decided = word.isDecided();
        if (decided) tradedWh = word.tradedWh();
        else digest = word.digest();
        voided = word & FrameChain.VOIDED != 0;
        paused = word & FrameChain.PAUSED != 0;
        capTick = word.capTick();
        // 4 bits.
        feeTicks = uint8(word.feeTicks());
    }

    /// @inheritdoc IFrameAuction
    function checkpointOf(uint32 frame) external view returns (bytes32) {
        return _checkpoints[frame];
    }

    /// @inheritdoc IFrameAuction
    function params()
        external
        view
        returns (
            uint32 minimumQuantityWh,
            uint64 minimumLockMicro,
            uint32 clearingSeconds,
            uint8 slicesPerFrame,
            uint16 alpha,
            uint16 beta,
            uint16 priceWeightBps,
            bool uniformPrice,
            bool rollKeepsRank
        )
    {
        uint256 packed = _settings;
        // Each was given in the type that it goes back to.
        minimumQuantityWh = uint32(packed);
        minimumLockMicro = uint64(packed >> 32);
        clearingSeconds = uint32(packed >> 96);
        slicesPerFrame = uint8(packed >> 128);
        alpha = uint16(packed >> 136);
        beta = uint16(packed >> 152);
        priceWeightBps = uint16(packed >> 168);
        uniformPrice = packed & (1 << 184) != 0;
        rollKeepsRank = packed >> 185 != 0;
    }

    /// @inheritdoc IFrameAuction
    function maximumQuantityWh() external view returns (uint256) {
        return _maximumQuantityWh;
    }

    /* INTERNAL */

    function _openFrame(uint32 frame) internal view returns (uint256 word) {
        word = _frames[frame];
        require(word != 0, Auction_FrameNotOpen(frame));
    }

    function _undecided(uint32 frame) internal view returns (uint256 word) {
        word = _openFrame(frame);
        require(!word.isDecided(), Auction_Decided(frame));
    }

    function _requireGateOpen(uint32 frame) internal view {
        uint256 gateClosure = _gateClosure(frame);
        require(block.timestamp < gateClosure, Auction_GateClosed(frame, gateClosure, block.timestamp));
    }

    /// @dev Digest of the words that entered a frame; the slot may still hold an older frame's.
    function _carriedDigest(uint32 frame, uint256 word) internal view returns (bytes32) {
        return word & FrameChain.CARRIED == 0 ? bytes32(0) : _carried[_slot(frame)];
    }

    function _slot(uint32 frame) internal view returns (uint256 slot) {
        (slot,) = _ringPlace(frame);
    }

    function _requireWithin(uint256 value, uint256 minimum, uint256 maximum) private pure {
        require(value >= minimum && value <= maximum, Auction_InvalidSetting(value, maximum));
    }
}
