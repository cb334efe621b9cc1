"""What the engines behind JSON-RPC have in common: reading, handing transactions over, being closed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from voltberg.chain.blocks import normalize_address
from voltberg.chain.engine import Call, CallFailed, EngineError
from voltberg.chain.json_rpc import JsonRpcClient, RpcError
from voltberg.chain.receipts import call_params
from voltberg.chain.signing import SignedTransaction, Signer

T = TypeVar("T")


class RpcReads:
    """The reading half of an engine: everything is asked on the one thread that owns the connection."""

    _rpc: JsonRpcClient
    _signer: Signer
    _call_batch: int
    """Calls in one request."""

    @abstractmethod
    def _ask(self, question: Callable[[], T]) -> T:
        """Run something on the thread that owns the connection, after everything submitted before."""

    @abstractmethod
    def close(self) -> None:
        """Let the connection go. Idempotent."""

    def _request(self, method: str, *params: str) -> str:
        answer: str = self._ask(lambda: self._rpc.call(method, *params))
        return answer

    def _call_chunk(self, chunk: list[list[Any]]) -> list[Any]:
        return self._ask(lambda: self._rpc.batch("eth_call", chunk))

    def call_many(self, calls: Sequence[Call]) -> list[bytes]:
        """Run many read-only calls in batches; ``CallFailed`` at the first that fails."""
        params = [call_params(call) for call in calls]
        results: list[bytes] = []
        for start in range(0, len(params), self._call_batch):
            answers = self._call_chunk(params[start : start + self._call_batch])
            for index, answer in enumerate(answers, start):
                if isinstance(answer, RpcError):
                    raise CallFailed(f"call {index} to {calls[index].to} failed: {answer}", answer.data)
                results.append(bytes.fromhex(answer[2:]))
        return results

    def get_code(self, address: str) -> bytes:
        """Return the code at an address, empty if none."""
        return bytes.fromhex(self._request("eth_getCode", normalize_address(address), "latest")[2:])

    def balance(self, address: str) -> int:
        """Return an account's ether [wei]."""
        return int(self._request("eth_getBalance", normalize_address(address), "latest"), 16)

    def nonce(self, address: str) -> int:
        """Return the nonce of the next transaction of one of ``accounts``, submitted ones counted."""
        return self._signer.nonces[normalize_address(address)]

    def __enter__(self) -> Self:
        """Return the engine itself."""
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the engine."""
        self.close()


def send_raw(rpc: JsonRpcClient, signed: Sequence[SignedTransaction], batch: int) -> None:
    """Hand signed transactions over.

    Parameters
    ----------
    rpc : JsonRpcClient
        The endpoint.
    signed : Sequence[SignedTransaction]
        In their order.
    batch : int
        How many go in one request.

    Raises
    ------
    EngineError
        If one is refused; the message counts from 0.
    """
    for start in range(0, len(signed), batch):
        chunk = signed[start : start + batch]
        answers = rpc.batch("eth_sendRawTransaction", [["0x" + item.raw.hex()] for item in chunk])
        for index, answer in enumerate(answers, start):
            if isinstance(answer, RpcError):
                raise EngineError(f"transaction {index} of {len(signed)} was refused: {answer}")
