"""What the twins of the contracts share: errors as text, an undo log, recorded events and the call boundary.

A transaction of the chain either happens whole or not at all. The twin gets the same by writing every change
of a mapping through :meth:`State.write`, which remembers the value before; an error takes the changes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final, TypeVar, cast

NO_REASON: Final = ""
"""Text of a revert without data."""
ZERO_ADDRESS: Final = "0x" + "0" * 40

Method = TypeVar("Method", bound=Callable[..., Any])


class Revert(Exception):  # noqa: N818  # it is what the chain calls it
    """A call that the contract refuses.

    Parameters
    ----------
    name : str
        Name of the custom error.
    *values : object
        Its arguments.
    """

    def __init__(self, name: str, *values: object) -> None:
        super().__init__(name, *values)
        self.name = name
        self.values = values

    def __str__(self) -> str:
        """Text as Brownie shows it: ``Name: a, b``, or the bare name without arguments."""
        if not self.values:
            return self.name
        return f"{self.name}: {', '.join(map(str, self.values))}"


class State:
    """Time, undo log and events of all contracts of one market.

    Parameters
    ----------
    timestamp : int
        Time before the first call [unix s].

    Attributes
    ----------
    timestamp : int
        Time of the block [unix s].
    events : list of tuple
        (contract, event, arguments) of the present or last transaction, in order.
    depth : int
        Calls now under way inside each other.
    """

    __slots__ = ("depth", "events", "timestamp", "undo")

    def __init__(self, timestamp: int) -> None:
        self.timestamp = timestamp
        self.events: list[tuple[str, str, tuple[Any, ...]]] = []
        self.undo: list[tuple[dict[Any, Any], Any, Any]] = []
        self.depth = 0

    def write(self, mapping: dict[Any, Any], key: object, value: object) -> None:
        """Set a value and remember the one before; None deletes."""
        self.undo.append((mapping, key, mapping.get(key)))
        if value is None:
            mapping.pop(key, None)
        else:
            mapping[key] = value

    def roll_back(self, mark: int) -> None:
        """Take back every change made since the undo log had `mark` entries."""
        undo = self.undo
        while len(undo) > mark:
            mapping, key, value = undo.pop()
            if value is None:
                mapping.pop(key, None)
            else:
                mapping[key] = value


class Contract:
    """Base of a twin: its address, its name in the recorded events, the shared state.

    Parameters
    ----------
    state : State
        Shared by all contracts of a market.
    name : str
        Name in the recorded events.
    address : str
        Checksummed address.
    """

    def __init__(self, state: State, name: str, address: str) -> None:
        self._state = state
        self.name = name
        self.address = address

    def _emit(self, event: str, *values: object) -> None:
        self._state.events.append((self.name, event, values))


def method_of(contracts: Mapping[str, Contract], address: str, name: str) -> Callable[..., Any]:
    """Find what a call from one contract to another runs.

    Parameters
    ----------
    contracts : Mapping[str, Contract]
        Contracts by address.
    address : str
        The called contract.
    name : str
        Its function.

    Returns
    -------
    callable
        The function; one that reverts without a reason where the contract has none of that name.
    """
    found: Callable[..., Any] | None = getattr(contracts.get(address), name, None)
    return found if found is not None else _no_such_function


def _no_such_function(*_arguments: object) -> None:
    raise Revert(NO_REASON)


def external(method: Method) -> Method:
    """Make a method a call from outside: all of it happens or, when it reverts, nothing."""

    @wraps(method)
    def call(self: Contract, sender: str, *arguments: Any) -> Any:  # noqa: ANN401
        state = self._state
        if state.depth == 0:
            state.undo.clear()
            state.events = []
        mark = len(state.undo)
        logged = len(state.events)
        state.depth += 1
        try:
            return method(self, sender, *arguments)
        except BaseException:
            state.roll_back(mark)
            del state.events[logged:]
            raise
        finally:
            state.depth -= 1

    call.__dict__["is_external"] = True
    return cast("Method", call)


def view(method: Method) -> Method:
    """Mark a method as a view that :meth:`ReferenceMarket.read` may call."""
    method.__dict__["is_view"] = True
    return method
