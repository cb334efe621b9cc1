"""What the documents say is so: links, names, word layouts, commands and programs."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from voltberg.cli import app
from voltberg.models import Fill, Movement, Placement, Position, SettledDelivery
from voltberg.profiles import sample_day
from voltberg.reference import auction_batches, auction_words, round_words, words
from voltberg.reference.auction_words import AuctionCancel, AuctionFill, AuctionOrder, AuctionRecord
from voltberg.simulation.prices import day_prices
from voltberg.simulation.settings import FeeSettings

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
PAGES = sorted(
    page
    for page in ROOT.rglob("*.md")
    if not {"node_modules", ".venv", ".home", ".git", "build", "runs"} & set(page.relative_to(ROOT).parts)
)
README_LINES = 80
OWNERS_OF_ERRORS = "OrderBook|Round|Settlement|Storage|Credit|Venue|Registry"
in_process = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="the in-process engine has no wheels for this Python"
)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", read(name), re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith(("http:", "https:")):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path) if path else page
        if not found.exists() or (anchor and anchor not in anchors(found)):
            broken.append(target)
    assert not broken


def test_pages_are_found_at_all() -> None:
    assert {"README.md", "SPECIFICATION.md", "INVARIANTS.md"} <= {page.name for page in PAGES}


def test_readme_is_short() -> None:
    assert len(read("README.md").splitlines()) < README_LINES


def test_index_lists_every_document() -> None:
    index = read("docs/README.md")
    missing = [
        page.relative_to(DOCS).as_posix()
        for page in DOCS.rglob("*.md")
        if page.name != "README.md" and f"({page.relative_to(DOCS).as_posix()})" not in index
    ]
    assert not missing


def test_commands_of_the_readme_exist() -> None:
    named = set(re.findall(r"`voltberg ([a-z]+)", read("README.md")))
    assert {"replay", "report", "deploy", "node", "abi"} <= named
    shown = CliRunner().invoke(app, ["--help"]).output
    listed = set(re.findall(r"^\W*([a-z]+)  ", shown, re.MULTILINE))
    assert named <= listed


def test_options_of_documented_commands_exist() -> None:
    for name in ("README.md", "docs/tutorial.md", "docs/strategies.md", "docs/limits.md"):
        for command, rest in re.findall(r"voltberg ([a-z]+)((?: [^\n`]+)?)", read(name)):
            options = set(re.findall(r"(?<!\S)--[a-z-]+", rest))
            if not options:
                continue
            shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
            assert options <= set(re.findall(r"--[a-z-]+", shown)), (name, command)


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)", read("README.md"))) <= targets


def test_rules_are_all_in_the_specification() -> None:
    text = read("docs/SPECIFICATION.md")
    rules = [f"M{number}" for number in range(1, 14)] + [f"B{number}" for number in range(1, 7)]
    for rule in [*rules, *(f"A{number}" for number in range(1, 10))]:
        assert re.search(rf"^\*\*{rule}\b", text, re.MULTILINE), rule


def test_errors_and_events_that_documents_name_exist() -> None:
    interfaces = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "interfaces").glob("*.sol"))
    for page in (*DOCS.rglob("*.md"), ROOT / "README.md"):
        named = set(
            re.findall(
                r"`((?:OrderBook|Auction|Round|Settlement|Storage|Credit|Venue|Registry)_[A-Z]\w+)",
                page.read_text(),
            )
        )
        assert not {name for name in named if f"error {name}(" not in interfaces}, page
    logs = read("docs/SPECIFICATION.md").split("### Logs")[1].split("### Storage")[0]
    events = set(re.findall(r"^\| [a-z ]+ \| `(\w+)`", logs, re.MULTILINE))
    assert events
    assert not {name for name in events if f"event {name}(" not in interfaces}


PACKERS: dict[str, Callable[..., int]] = {
    "request": words.pack_request,
    "auction request": auction_words.pack_auction_request,
    "auction order entry": lambda *values: auction_batches.pack_order_entry(
        auction_words.pack_auction_request(0, *values[:-1]), hex(values[-1])
    ),
    "auction cancel entry": lambda *values: auction_batches.pack_cancel_entry(*values[:-1], hex(values[-1])),
    "auction order": lambda *values: auction_words.pack_auction_order(AuctionOrder(*values)),
    "auction cancel": lambda *values: auction_words.pack_auction_cancel(AuctionCancel(*values)) ^ 1 << 106,
    "carried order": auction_words.pack_carried,
    "chained word": auction_words.pack_chained,
    "first chained word": auction_words.pack_first_chained,
    "auction record": lambda *values: auction_words.pack_record(AuctionRecord(*values)),
    "auction fill": lambda *values: int.from_bytes(auction_words.pack_fills([AuctionFill(*values[::-1])])),
    "refusal": words.pack_refusal,
    "tariff": words.pack_tariff,
    "reading": words.pack_reading,
    "rating": words.pack_rating,
    "movement": words.pack_movement,
    "framed movement": words.pack_framed_movement,
    "session": words.pack_session,
    "entry": round_words.pack_entry,
    "trade": round_words.pack_trade,
    "feeder limit": round_words.pack_feeder_limit,
    "supply": lambda *values: words.pack_supply(*values[:3], exchange=bool(values[3])),
    "order id": lambda index, tick, side, frame: words.pack_order_id(frame, side, tick, index),
    "placement": lambda *values: words.pack_placement(Placement(*values)),
    "fill": words.pack_fill,
    "rest": words.pack_rest,
    "cancellation": words.pack_cancellation,
    "reduction": words.pack_reduction,
    "move": words.pack_move,
    "delivery": lambda paid, number, delivered: words.pack_delivery(SettledDelivery(number, delivered, paid)),
    "record reading": words.pack_record_reading,
}
UNPACKERS: dict[str, Callable[[int], tuple[int, ...]]] = {
    "moved energy": lambda word: fields_of(words.unpack_movement(word)),
    "fill": lambda word: fields_of(words.unpack_fill(word)),
    "position": lambda word: fields_of(words.unpack_position(word)),
}


def fields_of(record: Fill | Movement | Position) -> tuple[int, ...]:
    return tuple(getattr(record, name) for name in inspect.signature(type(record)).parameters)


def layouts() -> dict[str, list[int]]:
    """Widths of the fields of every word in the specification, from the lowest bit."""
    section = read("docs/SPECIFICATION.md").split("## 7. Words")[1].split("\n## 8")[0]
    found = {}
    for name, fields in re.findall(
        r"^\| ([a-z ]+) \| [^|]+ \| ([^|]+ \d+(?:, [^|]+)?) \|$", section, re.MULTILINE
    ):
        found[name] = [int(re.search(r"(\d+)$", field.strip()).group(1)) for field in fields.split(",")]
    return found


def filled(widths: list[int]) -> tuple[list[int], int]:
    """A different number in every field, as wide as it can be, and the word that they make."""
    values = [(1 << width) - 1 if width <= 8 else (1 << width) - 1 - i for i, width in enumerate(widths)]
    shifts = np.concatenate(([0], np.cumsum(widths)[:-1])).tolist()
    return values, sum(value << shift for value, shift in zip(values, shifts, strict=True))


@pytest.mark.parametrize("name", PACKERS)
def test_layouts_of_the_specification_are_those_of_the_packers(name: str) -> None:
    values, word = filled(layouts()[name])
    if name == "supply":
        values[3], word = 1, word & ~(0xFF << 112) | 1 << 112
    assert PACKERS[name](*values) == word


@pytest.mark.parametrize("name", UNPACKERS)
def test_layouts_of_the_specification_are_those_of_the_unpackers(name: str) -> None:
    values, word = filled(layouts()[name])
    unpacked = UNPACKERS[name](word)
    assert unpacked == tuple(values[: len(unpacked)])


def test_every_word_of_the_specification_fits_its_slot() -> None:
    assert len(layouts()) >= len(PACKERS) + 10
    assert not {name: sum(widths) for name, widths in layouts().items() if sum(widths) > 256}


def test_invariants_are_numbered_and_checked_where_they_say() -> None:
    text = read("tests/stateful/INVARIANTS.md")
    ids = [int(number) for number in re.findall(r"^\| I(\d+) \|", text, re.MULTILINE)]
    assert ids == list(range(1, len(ids) + 1))
    for row in re.findall(r"^\| I\d+ \|.*$", text, re.MULTILINE):
        places = re.findall(r"`((?:tests|voltberg)/[\w/]+\.py)`", row)
        assert places, row
        assert not [place for place in places if not (ROOT / place).exists()], row


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a documented command line with this Python's `voltberg`."""
    parts = shlex.split(command)
    environment = dict(os.environ)
    while "=" in parts[0]:
        name, _, value = parts.pop(0).partition("=")
        environment[name] = value
    assert parts[0] == "voltberg"
    return subprocess.run(
        [sys.executable, "-m", "voltberg.cli", *parts[1:]],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@in_process
def test_the_strategy_of_the_document_replays_a_day(tmp_path: Path) -> None:
    (program,) = blocks("docs/strategies.md", "python")
    (command,) = blocks("docs/strategies.md", "sh")
    (tmp_path / "midpoint.py").write_text(program, encoding="utf-8")
    done = shell(command, tmp_path)
    assert done.returncode == 0, done.stderr
    orders = pd.read_parquet(tmp_path / "runs/midpoint/orders.parquet")
    day = sample_day("summer", 12)
    prices = day_prices(day.tariff, 2, FeeSettings())
    expected = [
        (prices.feed_in[p] + 1 + min(prices.supply(p), 191) - prices.fees - 1) // 2
        for p in orders["frame"] - day.calendar.first_frame
    ]
    assert orders["tick"].tolist() == expected
    assert orders["filled_wh"].sum() > 0
    assert set(orders["peak_wh"]) == {0, 300}


@in_process
def test_the_analysts_tutorial_runs_on_such_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_own_files(tmp_path)
    command = next(block for block in blocks("docs/tutorial.md", "sh") if "--load" in block)
    done = shell(command, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs/mine/report.html").exists()
    monkeypatch.chdir(tmp_path)
    program = next(block for block in blocks("docs/tutorial.md", "python") if "read_parquet" in block)
    names: dict[str, object] = {}
    exec(compile(program, "docs/tutorial.md", "exec"), names)
    assert len(names["table"]) == 9
    assert names["by_tick"].sum() > 0
    assert "place" in capsys.readouterr().out


def test_the_auditors_tutorial_runs(capsys: pytest.CaptureFixture[str]) -> None:
    program = next(block for block in blocks("docs/tutorial.md", "python") if "ReferenceMarket" in block)
    exec(compile(program, "docs/tutorial.md", "exec"), {})
    printed = capsys.readouterr().out
    refused = re.search(r"refused with `([^`]+)`", read("docs/tutorial.md")).group(1)
    assert f"place: {refused}\n" in printed
    assert "place: (0, 1200)" in printed


def write_own_files(folder: Path) -> None:
    """Files of the columns that the tutorial names: twelve flats, five of them with PV, two EVs."""
    columns = re.findall(r"`((?:[a-z_]+,)+[a-z_]+)`", read("docs/tutorial.md"))
    series, session, price = columns
    stamps = pd.date_range("2024-06-11", periods=24, freq="h").strftime("%Y-%m-%dT%H:%M")
    sun = np.clip(np.sin((np.arange(24) - 6) / 12 * np.pi), 0, None)
    use = 0.3 + 0.2 * np.cos((np.arange(24) - 19) / 12 * np.pi)
    for name, flats, shape in (("my_load", 12, use), ("my_pv", 5, 3 * sun)):
        rows = [
            (f"flat-{flat}", stamp, round(kwh * (1 + flat / 8), 3))
            for flat in range(flats)
            for stamp, kwh in zip(stamps, shape, strict=True)
        ]
        pd.DataFrame(rows, columns=series.split(",")).to_csv(folder / f"{name}.csv", index=False)
    sessions = [
        ("a", "2024-06-11T19:00", "2024-06-12T07:00", 14.2),
        ("b", "2024-06-11T09:00", "2024-06-11T15:00", 9.5),
    ]
    pd.DataFrame(sessions, columns=session.split(",")).to_csv(folder / "my_sessions.csv", index=False)
    prices = [(stamp, 0.242, 0.236, 0.06, "EUR") for stamp in stamps]
    pd.DataFrame(prices, columns=price.split(",")).to_csv(folder / "my_prices.csv", index=False)
