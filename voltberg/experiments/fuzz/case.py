"""A sequence of calls as a file that can be replayed on any engine, since addresses go by name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from voltberg.configuration import MarketConfiguration
from voltberg.experiments.fuzz.actions import Cast
from voltberg.experiments.fuzz.pair import FuzzSetup
from voltberg.reference.market import Call

FORMAT: Final = 1
_PARTS: Final = (
    "supervisor",
    "grid",
    "retailer",
    "platform",
    "storage_operator",
    "operator",
    "meter",
)


class CaseError(ValueError):
    """A file holds no case that can be replayed."""


@dataclass(frozen=True, slots=True)
class FuzzCase:
    """A market's beginning and the calls that follow.

    Attributes
    ----------
    setup : FuzzSetup
        How the market begins.
    calls : tuple of Call
        Calls whose addresses are names such as ``@operator``, ``@participants/3`` or ``@house``.
    origin : Mapping[str, Any]
        Where it comes from: seed, episode, step.
    finding : str
        What it shows, in words.
    """

    setup: FuzzSetup
    calls: tuple[Call, ...]
    origin: Mapping[str, Any]
    finding: str

    def calls_on(self, cast: Cast, addresses: Mapping[str, str]) -> list[Call]:
        """Put addresses in the place of names.

        Parameters
        ----------
        cast : Cast
            Who acts there.
        addresses : Mapping[str, str]
            Address by contract name.

        Returns
        -------
        list of Call
            The calls, ready to be sent.
        """
        known = {name: address for address, name in names_of(cast, addresses).items()}
        return [_renamed(call, known) for call in self.calls]


def names_of(cast: Cast, addresses: Mapping[str, str]) -> dict[str, str]:
    """Name every address of a market.

    Parameters
    ----------
    cast : Cast
        Who acts.
    addresses : Mapping[str, str]
        Address by contract name.

    Returns
    -------
    dict
        Name by address.
    """
    names = {getattr(cast, part): f"@{part}" for part in _PARTS}
    for group in ("participants", "outsiders"):
        names |= {address: f"@{group}/{index}" for index, address in enumerate(getattr(cast, group))}
    return names | {address: f"@{name}" for name, address in addresses.items()}


def case_of(
    setup: FuzzSetup,
    calls: Sequence[Call],
    names: Mapping[str, str],
    origin: Mapping[str, Any],
    finding: str,
) -> FuzzCase:
    """Make a case of calls that were sent.

    Parameters
    ----------
    setup : FuzzSetup
        How the market began.
    calls : sequence of Call
        With addresses.
    names : Mapping[str, str]
        Name by address, from `names_of`.
    origin : Mapping[str, Any]
        Where it comes from.
    finding : str
        What it shows.

    Returns
    -------
    FuzzCase
        With names for addresses.
    """
    return FuzzCase(setup, tuple(_renamed(call, names) for call in calls), origin, finding)


def write_case(path: Path, case: FuzzCase) -> None:
    """Write a case as JSON.

    Parameters
    ----------
    path : Path
        The file; its folder is made.
    case : FuzzCase
        What to write.
    """
    setup = case.setup
    head = {
        "format": FORMAT,
        "finding": case.finding,
        "origin": dict(case.origin),
        "setup": {
            "name": setup.name,
            "margin_micro": setup.margin_micro,
            "scale": setup.scale,
            "configuration": setup.configuration.model_dump(),
        },
    }
    calls = ",\n".join(f"    {json.dumps(_to_json(call._asdict()))}" for call in case.calls)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(head, indent=2)[:-2] + f',\n  "calls": [\n{calls}\n  ]\n}}\n', encoding="utf-8"
    )


def read_case(path: Path) -> FuzzCase:
    """Read a case.

    Parameters
    ----------
    path : Path
        File that `write_case` wrote.

    Returns
    -------
    FuzzCase
        The case.

    Raises
    ------
    CaseError
        If the file holds none; the message says what is wrong.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise CaseError(f"{path} has format {content['format']!r}, expected {FORMAT}")
        setup = content["setup"]
        return FuzzCase(
            FuzzSetup(
                str(setup["name"]),
                MarketConfiguration.model_validate(setup["configuration"]),
                int(setup["margin_micro"]),
                int(setup["scale"]),
            ),
            tuple(Call(**_from_json(item)) for item in content["calls"]),
            content["origin"],
            str(content["finding"]),
        )
    except CaseError:
        raise
    except (OSError, ValidationError, ValueError, KeyError, TypeError) as error:
        raise CaseError(f"{path} holds no case that can be replayed: {error}") from error


def _renamed(call: Call, names: Mapping[str, str]) -> Call:
    return call._replace(args=_exchange(call.args, names), sender=_exchange(call.sender, names))


def _exchange(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, tuple):
        return tuple(_exchange(item, names) for item in value)
    if isinstance(value, list):
        return [_exchange(item, names) for item in value]
    return value


def _to_json(value: Any) -> Any:  # noqa: ANN401
    """Mark what JSON does not know: bytes, and tuples, which stand for structs."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, tuple):
        return {"struct": [_to_json(item) for item in value]}
    if isinstance(value, list):
        return [_to_json(item) for item in value]
    if isinstance(value, dict):
        args = value.pop("args")
        return {**value, "args": [_to_json(item) for item in args]}
    return value


def _from_json(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict) and "bytes" in value:
        return bytes.fromhex(value["bytes"])
    if isinstance(value, dict) and "struct" in value:
        return tuple(_from_json(item) for item in value["struct"])
    if isinstance(value, dict):
        return {**value, "args": tuple(_from_json(item) for item in value["args"])}
    if isinstance(value, list):
        return [_from_json(item) for item in value]
    return value
