"""A node as a child process: found, started on a free port, watched, and stopped by its own process id."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from voltberg.chain.engine import EngineError
from voltberg.chain.json_rpc import ConnectionLost, JsonRpcClient

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 90.0
STOP_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.02
_LOG_TAIL_CHARACTERS: Final = 600
_GUARD: Final = 'read -r _; kill -KILL "$1"; rm -rf -- "$2"'
"""Shell that waits for the end of its standard input, which comes when we die, however we do: nothing is ever
written to it. Works wherever there is a shell; Linux's parent-death signal would also end a node when only
the thread that started it ends."""


def find_in_node_modules(pattern: str, root: Path | None, program: str) -> Path:
    """Find a file that npm installed.

    Parameters
    ----------
    pattern : str
        Glob below ``node_modules``.
    root : Path or None
        Folder that holds ``node_modules``; by default the project's own, then the working folder.
    program : str
        What the file belongs to, for the message.

    Returns
    -------
    Path
        The first match.

    Raises
    ------
    EngineError
        If it is not installed.
    """
    roots = [root] if root is not None else [Path(__file__).resolve().parents[2], Path.cwd()]
    for folder in roots:
        for match in sorted((folder / "node_modules").glob(pattern)):
            return match
    places = " or ".join(str(folder / "node_modules" / pattern) for folder in roots)
    raise EngineError(f"{program} is not installed: no {places}; `make setup` (or `npm ci`) installs it")


def find_program(name: str) -> str:
    """Find a program on the search path.

    Parameters
    ----------
    name : str
        Program.

    Returns
    -------
    str
        Its full path.

    Raises
    ------
    EngineError
        If there is none.
    """
    path = shutil.which(name)
    if path is None:
        raise EngineError(f"{name} is not on the search path, and the engine needs it")
    return path


def choose_port(port: int | None) -> int:
    """Return a port to listen on.

    Parameters
    ----------
    port : int or None
        The one wanted, or None for any free one.

    Returns
    -------
    int
        A port that was free a moment ago.

    Raises
    ------
    EngineError
        If the one wanted is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port or 0))
        except OSError as error:
            raise EngineError(f"port {port} on {HOST} cannot be used: {error.strerror}") from error
        return int(probe.getsockname()[1])


def _start_guard(pid: int, folder: str) -> subprocess.Popen[bytes]:
    """Start what ends a process and removes its folder if we are killed."""
    return subprocess.Popen(
        ["/bin/sh", "-c", _GUARD, "sh", str(pid), folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Out of reach of the terminal's Ctrl-C, which is for us to handle.
        start_new_session=True,
    )


def _end_guard(guard: subprocess.Popen[bytes]) -> None:
    guard.kill()
    guard.wait()
    if guard.stdin is not None:
        guard.stdin.close()


def _stop(
    process: subprocess.Popen[bytes],
    guard: subprocess.Popen[bytes],
    folder: tempfile.TemporaryDirectory[str],
) -> None:
    # First, so that it never kills whoever gets the process id next.
    _end_guard(guard)
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    folder.cleanup()


class NodeProcess:
    """A running node; ``stop`` it, or it is stopped when the interpreter ends, even by SIGKILL.

    Parameters
    ----------
    name : str
        Engine, for messages.
    command : Callable[[int], Sequence[str]]
        Gives the command line for a port; it runs in a folder of its own, which goes with it.
    port : int or None
        Port to listen on; None takes a free one.

    Raises
    ------
    EngineError
        If the port is taken, or the node ends before it answers.
    """

    def __init__(self, name: str, command: Callable[[int], Sequence[str]], port: int | None) -> None:
        self.name = name
        self.port = choose_port(port)
        self.url = f"http://{HOST}:{self.port}"
        folder = tempfile.TemporaryDirectory(prefix=f"voltberg-{name}-")
        self.output_path = Path(folder.name) / "output"
        with self.output_path.open("wb") as output:
            self._process = subprocess.Popen(
                list(command(self.port)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder.name,
            )
        self.pid = self._process.pid
        guard = _start_guard(self.pid, folder.name)
        self._finalizer = weakref.finalize(self, _stop, self._process, guard, folder)
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def _wait_until_ready(self) -> None:
        client = JsonRpcClient(self.url)
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None:
            try:
                client.call("eth_chainId")
            except ConnectionLost:
                if time.monotonic() > deadline:
                    raise EngineError(f"{self.name} did not answer within {START_SECONDS:.0f} s") from None
                time.sleep(_POLL_SECONDS)
            else:
                client.close()
                return
        raise EngineError(f"{self.name} did not start: {self.state()}; it said: {self._tail()}")

    def _tail(self) -> str:
        return self.output_path.read_text(errors="replace")[-_LOG_TAIL_CHARACTERS:].strip() or "nothing"

    def state(self) -> str:
        """Say whether the process runs, and how it ended if it doesn't.

        Returns
        -------
        str
            For an error message.
        """
        try:
            # A killed process closes its connections a moment before it can be waited for.
            code = self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            return f"process {self.pid} is running"
        if code < 0:
            return f"process {self.pid} was ended by {signal.Signals(-code).name}"
        return f"process {self.pid} ended with code {code}"

    def stop(self) -> None:
        """Stop the process and remove its files. Idempotent."""
        self._finalizer()
