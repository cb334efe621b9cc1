// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev Does one of each thing that engines could disagree about; only tests deploy it.
contract EngineProbeChild {
    uint256 public immutable value;

    mapping(uint256 slot => uint256 value) public valueOf;

    constructor(uint256 value_) {
        value = value_;
    }

    function write(uint256 slot, uint256 value_) external {
        valueOf[slot] = value_;
    }

    function destroy(address payable to) external {
        selfdestruct(to);
    }
}

contract EngineProbe {
    error EngineProbe_Refused(address who, uint256 amount);

    event Wrote(address indexed who, uint256 indexed slot, uint256 value);
    event Created(address child);

    mapping(uint256 slot => uint256 value) public valueOf;
    address[] public callers;
    address public child;

    function write(uint256 first, uint256 n, uint256 value) external {
        for (uint256 i = 0; i < n; ++i) {
            valueOf[first + i] = value;
            emit Wrote(msg.sender, first + i, value);
        }
    }

    function record() external {
        callers.push(msg.sender);
    }

    function refuse(uint256 amount) external {
        valueOf[0] = amount;
        revert EngineProbe_Refused(msg.sender, amount);
    }

    function refuseWithText() external pure {
        revert("probe: no");
    }

    function refuseSilently() external pure {
        revert();
    }

    function overflow(uint256 x) external pure returns (uint256) {
        return x + type(uint256).max;
    }

    function burn() external {
        while (true) valueOf[1] += 1;
    }

    function invalid() external pure {
        assembly { invalid() }
    }

    function create(uint256 value) external returns (address) {
        child = address(new EngineProbeChild(value));
        emit Created(child);
        return child;
    }

    function tryRefuse(uint256 amount) external returns (bool ok) {
        try this.refuse(amount) {
            ok = true;
        } catch {
            valueOf[2] += 1;
        }
    }

    function destroyChild() external {
        EngineProbeChild(child).destroy(payable(msg.sender));
    }

    function writeChild(uint256 slot, uint256 value) external {
        EngineProbeChild(child).write(slot, value);
    }

    function readChild(uint256 slot) external view returns (uint256) {
        return EngineProbeChild(child).valueOf(slot);
    }

    function pay(address payable to, uint256 amount) external {
        (bool ok,) = to.call{value: amount}("");
        require(ok);
    }

    function blockInfo() external view returns (uint256, uint256, uint256) {
        return (block.number, block.timestamp, block.chainid);
    }

    function stamp() external {
        valueOf[3] = block.timestamp;
        valueOf[4] = block.number;
    }

    function create2(bytes32 salt, uint256 value) external {
        child = address(new EngineProbeChild{salt: salt}(value));
        emit Created(child);
    }

    function count() external view returns (uint256) {
        return callers.length;
    }

    receive() external payable {
        valueOf[5] += msg.value;
    }
}
