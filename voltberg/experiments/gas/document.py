"""The tables of ``docs/gas.md``, written from the snapshots between markers of the page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from voltberg.chain.artifacts import write_atomically
from voltberg.chain.gas_trace import KINDS
from voltberg.experiments.gas.breakdown import Breakdown, read_breakdown
from voltberg.experiments.gas.limits import KNOWN_MISSES, LIMITS, SOURCE
from voltberg.experiments.gas.matrix import read_snapshot
from voltberg.experiments.gas.peers import ratio, read_peers
from voltberg.experiments.gas.registry import FIRST_DAY, MARKET, SECOND_DAY

PAGE: Final = Path("docs") / "gas.md"
MATRIX_FILES: Final = ("depth", "batch", "state")
_BLOCK: Final = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_SIZE: Final = re.compile(r"^(.*[._])(\d+)$")


class DocumentError(ValueError):
    """The page names a table that nobody writes."""


def rendered(root: Path) -> str:
    """Write the page with the tables that follow from the committed snapshots.

    Parameters
    ----------
    root : Path
        The project's root folder.

    Returns
    -------
    str
        The page.

    Raises
    ------
    DocumentError
        If it names an unknown table.
    """
    tables = {
        "limits": limits_table(root),
        "misses": misses_list(root),
        "breakdown": breakdown_table(read_breakdown(root)),
        "slots": slots_list(read_breakdown(root)),
        "kinds": [f"- **{name}**: {what}" for name, what in KINDS.items()],
        "peers": peers_table(root),
        **{file: matrix_table(read_snapshot(root, file)["gas"]) for file in MATRIX_FILES},
    }

    def fill(found: re.Match[str]) -> str:
        if found[2] not in tables:
            raise DocumentError(f"{PAGE} asks for the table {found[2]!r}; there are {', '.join(tables)}")
        return found[1] + "\n".join(("", *tables[found[2]], "", found[3]))

    return _BLOCK.sub(fill, (root / PAGE).read_text(encoding="utf-8"))


def write_document(root: Path) -> None:
    """Bring the page's tables up to date.

    Parameters
    ----------
    root : Path
        The project's root folder.
    """
    write_atomically(root / PAGE, rendered(root))


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def limits_table(root: Path) -> list[str]:
    """List every figure with its limit and those of the first two days.

    Parameters
    ----------
    root : Path
        The project's root folder.

    Returns
    -------
    list of str
        Lines.
    """
    gas, second, first = (read_snapshot(root, file)["gas"] for file in (MARKET, SECOND_DAY, FIRST_DAY))
    rows = []
    for name, value in gas.items():
        limit = LIMITS.get(name)
        shown = "" if limit is None else f"{limit:,}"
        left = "" if limit is None else f"{limit - value:+,}"
        rows.append((f"`{name}`", f"{value:,}", shown, left, f"{second[name]:,}", f"{first[name]:,}"))
    table = _table(("figure", "gas", "at most", "room", "second day", "first day"), rows)
    return [*table, "", f"The limits are goals: {SOURCE}."]


def misses_list(root: Path) -> list[str]:
    """List the figures above their limit, by how much and why.

    Parameters
    ----------
    root : Path
        The project's root folder.

    Returns
    -------
    list of str
        Lines.
    """
    gas = read_snapshot(root, MARKET)["gas"]
    lines = [
        f"- `{name}`: {gas[name]:,} of {LIMITS[name]:,}, {gas[name] - LIMITS[name]:,} too much: {reason}."
        for name, reason in KNOWN_MISSES.items()
    ]
    return lines or ["None: every figure holds its limit."]


def breakdown_table(breakdown: Breakdown) -> list[str]:
    """Show where the gas of each operation goes.

    Parameters
    ----------
    breakdown : Breakdown
        Gas by operation and kind.

    Returns
    -------
    list of str
        Lines.
    """
    rows = [
        (
            f"`{name}`",
            f"{sum(parts.values()):,}",
            *(f"{parts[kind]:,}" if parts[kind] else "" for kind in KINDS),
        )
        for name, parts in breakdown.kinds.items()
    ]
    return _table(("operation", "gas", *KINDS), rows)


def slots_list(breakdown: Breakdown) -> list[str]:
    """Tell which state variables each operation touches, and what each costs.

    Parameters
    ----------
    breakdown : Breakdown
        Gas by operation, variable and kind.

    Returns
    -------
    list of str
        Lines.
    """
    lines = []
    for name, variables in breakdown.slots.items():
        cells = [
            f"`{variable}` " + " + ".join(f"{gas:,} {kind.split()[0]}" for kind, gas in parts.items())
            for variable, parts in variables.items()
        ]
        lines.append(f"- **`{name}`**: {'; '.join(cells)}")
    return lines


def peers_table(root: Path) -> list[str]:
    """Set other order books beside ours, each with its multiple of ours.

    Parameters
    ----------
    root : Path
        The project's root folder.

    Returns
    -------
    list of str
        Lines, the source below the table.
    """
    gas, peers = read_snapshot(root, MARKET)["gas"], read_peers()
    rows = []
    for name, theirs in peers.gas.items():
        if name in gas:
            cells = [
                f"{theirs[peer]:,} ({ratio(theirs[peer], gas[name])})" if peer in theirs else ""
                for peer in peers.names
            ]
            rows.append((f"`{name}`", f"{gas[name]:,}", *cells))
    sources = [f"- **{name}**: {where}" for name, where in peers.names.items()]
    return [*_table(("figure", "Voltberg", *peers.names), rows), "", peers.source, "", *sources]


def matrix_table(gas: Mapping[str, int]) -> list[str]:
    """Show a snapshot whose names end in a size: a row for each operation, a column for each size.

    Parameters
    ----------
    gas : Mapping[str, int]
        Gas by name.

    Returns
    -------
    list of str
        Lines; names without a size follow as a list.
    """
    rows: dict[str, dict[int, int]] = {}
    single: list[str] = []
    for name, value in gas.items():
        found = _SIZE.match(name)
        if found is None:
            single.append(f"- `{name}`: {value:,}")
        else:
            rows.setdefault(found[1] + "n", {})[int(found[2])] = value
    sizes = sorted({size for row in rows.values() for size in row})
    header = ("figure", *(f"n = {size:,}" for size in sizes))
    lines = [
        (f"`{name}`", *(f"{row[size]:,}" if size in row else "" for size in sizes))
        for name, row in rows.items()
    ]
    return [*_table(header, lines), *([""] if single else []), *single]
