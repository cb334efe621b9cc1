"""What the generator's parts share: a call without its time, and who makes such calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from voltberg.experiments.fuzz.actions import Actions


class Draft(NamedTuple):
    """A call without its time.

    Attributes
    ----------
    contract, function : str
        Names of the contract and of its function, as in `Call`.
    args : sequence
        Its arguments.
    sender : str
        Checksummed address of the caller.
    """

    contract: str
    function: str
    args: Sequence[Any]
    sender: str


Maker = Callable[["Actions"], Draft | None]
"""Draws one call of a kind; None where the market has nothing of that kind to do just now."""
