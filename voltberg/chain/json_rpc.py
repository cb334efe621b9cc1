"""JSON-RPC over one kept-alive HTTP connection, single calls and batches."""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS: Final = 300.0
"""A full block of storage writes takes Ganache tens of seconds."""
_IDLE_SECONDS: Final = 3.0


class ConnectionLost(RuntimeError):  # noqa: N818 - says what happened, as a caller reads it
    """The other end did not answer, or not with JSON-RPC."""


class RpcError(RuntimeError):
    """The node answered with an error.

    Parameters
    ----------
    method : str
        Method called.
    error : dict
        The node's error object.
    """

    def __init__(self, method: str, error: dict[str, Any]) -> None:
        super().__init__(f"{method}: {error.get('message', error)}")
        self.error = error

    @property
    def data(self) -> bytes:
        """Revert data that came with the error; empty if none did."""
        data = self.error.get("data")
        if isinstance(data, dict):
            data = data.get("data", data.get("result"))
        if not isinstance(data, str) or not data.startswith("0x"):
            return b""
        return bytes.fromhex(data[2:])


class JsonRpcClient:
    """A client for one endpoint. Not safe to share between threads.

    Parameters
    ----------
    url : str
        ``http://`` or ``https://``, with user and password if the endpoint wants them.
    timeout_seconds : float, optional
        Longest wait for an answer [s].

    Raises
    ------
    ConnectionLost
        If the URL is of another kind.
    """

    def __init__(self, url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConnectionLost(f"not an HTTP endpoint: {url!r}; expected http://... or https://...")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=timeout_seconds)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {"Content-Type": "application/json"}
        if parts.username:
            user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
        self._used_at = time.monotonic()
        self._shown = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")

    def call(self, method: str, *params: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Call one method.

        Parameters
        ----------
        method : str
            Method.
        *params : Any
            Its parameters.

        Returns
        -------
        Any
            The ``result`` of the answer.

        Raises
        ------
        RpcError
            If the answer is an error.
        ConnectionLost
            If there is none.
        """
        answer = self._post({"jsonrpc": "2.0", "id": 0, "method": method, "params": params})
        if not isinstance(answer, dict):
            raise ConnectionLost(
                f"{self._shown} answered {method} with {type(answer).__name__}, not an object"
            )
        if "error" in answer:
            raise RpcError(method, answer["error"])
        return answer.get("result")

    def batch(self, method: str, params: Sequence[Sequence[Any]]) -> list[Any]:
        """Call one method many times in one request.

        Parameters
        ----------
        method : str
            Method.
        params : Sequence[Sequence[Any]]
            Parameters of each call.

        Returns
        -------
        list[Any]
            The result of each call, in order; an ``RpcError`` in the place of each that failed.

        Raises
        ------
        ConnectionLost
            If the answer does not hold one result for each call.
        """
        if not params:
            return []
        answers = self._post(
            [{"jsonrpc": "2.0", "id": i, "method": method, "params": item} for i, item in enumerate(params)]
        )
        if not isinstance(answers, list) or len(answers) != len(params):
            raise ConnectionLost(f"{self._shown} answered a batch of {len(params)} with {str(answers)[:200]}")
        results: list[Any] = [None] * len(params)
        # The specification lets a server answer in any order.
        for answer in answers:
            error = answer.get("error")
            results[answer["id"]] = answer.get("result") if error is None else RpcError(method, error)
        return results

    def text(self, method: str, *params: Any) -> bytes:
        """Call one method and leave the answer unread, for answers too long to become objects.

        Parameters
        ----------
        method : str
            Method.
        *params : Any
            Its parameters.

        Returns
        -------
        bytes
            The whole answer as JSON, which may be an error.

        Raises
        ------
        ConnectionLost
            If there is none.
        """
        return self._exchange({"jsonrpc": "2.0", "id": 0, "method": method, "params": params})[1]

    def _post(self, body: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
        status, text = self._exchange(body)
        try:
            return json.loads(text)
        except ValueError as error:
            raise ConnectionLost(
                f"{self._shown} answered HTTP {status}: {text[:200].decode(errors='replace')}"
            ) from error

    def _exchange(self, body: Any) -> tuple[int, bytes]:  # noqa: ANN401 - whatever JSON holds
        payload = json.dumps(body, separators=(",", ":")).encode()
        self._drop_stale_connection()
        try:
            self._connection.request("POST", self._path, payload, self._headers)
            response = self._connection.getresponse()
            text = response.read()
            self._used_at = time.monotonic()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise ConnectionLost(f"{self._shown} does not answer: {error or type(error).__name__}") from error
        return response.status, text

    def _drop_stale_connection(self) -> None:
        """Open a new connection where the server may have closed the old one for idleness (Ganache: 10 s)."""
        now = time.monotonic()
        if now - self._used_at > _IDLE_SECONDS:
            self._connection.close()
        self._used_at = now

    def close(self) -> None:
        """Close the connection; the next call opens it again."""
        self._connection.close()
