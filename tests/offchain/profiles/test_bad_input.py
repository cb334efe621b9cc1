"""Every cause of a bad file, in one table: what is wrong, which row is named, and what is said.

Each case starts from a good file of two households and breaks one thing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from voltberg.profiles import (
    FrameCalendar,
    ProfileError,
    read_feeder,
    read_load,
    read_pv,
    read_sessions,
    read_tariff,
)
from voltberg.profiles.pv_model import typical_weather

ORDINARY = FrameCalendar.for_day(date(2024, 2, 6), "Europe/London")
SPRING = FrameCalendar.for_day(date(2024, 3, 31), "Europe/London")
AUTUMN = FrameCalendar.for_day(date(2024, 10, 27), "Europe/London")
Rows = list[list[str]]


def load_rows(
    day: date = ORDINARY.day, value: str = "0.25", column: str = "kw", step_minutes: int = 30
) -> Rows:
    """A header and 24 hours of two households, by the wall clock."""
    start = datetime.combine(day, datetime.min.time())
    stamps = [start + timedelta(minutes=step_minutes * i) for i in range(24 * 60 // step_minutes)]
    return [["household_id", "timestamp", column]] + [
        [name, stamp.isoformat(), value] for name in ("A", "B") for stamp in stamps
    ]


def price_rows(day: date = ORDINARY.day) -> Rows:
    header = ["market", "timestamp", "grid_price", "retailer_price", "currency"]
    return [header] + [["m", f"{day}T{hour:02d}:00", "0.20", "0.19", "EUR"] for hour in range(24)]


def session_rows() -> Rows:
    header = ["session_id", "source", "arrival", "departure", "energy_kwh", "max_kw", "soc_in_pct"]
    return [
        header,
        ["s1", "home", "2024-02-06T18:00", "2024-02-07T07:00", "12.5", "7.4", "40"],
        ["s2", "home", "2024-02-06T19:00", "2024-02-07T06:30", "8.0", "7.4", "50"],
    ]


def with_cell(rows: Rows, row: int, column: int, value: str) -> Rows:
    """Change a cell; rows are counted as in the file, the header being 1."""
    rows[row - 1][column] = value
    return rows


def without_row(rows: Rows, row: int) -> Rows:
    return rows[: row - 1] + rows[row:]


def with_column(rows: Rows, name: str, value: str) -> Rows:
    return [[*cells, name if i == 0 else value] for i, cells in enumerate(rows)]


def without_column(rows: Rows, column: int) -> Rows:
    return [cells[:column] + cells[column + 1 :] for cells in rows]


def with_offsets(rows: Rows, offset_of: Callable[[int], str]) -> Rows:
    return [rows[0]] + [[c[0], c[1] + offset_of(i), *c[2:]] for i, c in enumerate(rows[1:], start=2)]


def as_text(rows: Rows, separator: str = ",") -> bytes:
    return "".join(separator.join(cells) + "\n" for cells in rows).encode()


@dataclass(frozen=True)
class Case:
    """A broken file, how it is read, and what must be said about it."""

    name: str
    content: bytes | None
    message: str
    row: int | None = None
    reader: str = "load"
    calendar: FrameCalendar = ORDINARY
    options: tuple[tuple[str, object], ...] = ()
    suffix: str = ".csv"


def read(case: Case, path: Path) -> object:
    options = dict(case.options)
    if case.reader == "feeder":
        return read_feeder(path)
    if case.reader == "weather":
        return typical_weather(case.calendar, path)
    reader = {"load": read_load, "pv": read_pv, "sessions": read_sessions, "tariff": read_tariff}[case.reader]
    return reader(path, case.calendar, **options)


FEEDER = (
    '{"trafo": {"sn_mva": 0.25, "vn_hv_kv": 20, "vn_lv_kv": 0.4, "vk_percent": 6, "vkr_percent": 1.3,'
    ' "pfe_kw": 1, "i0_percent": 0.3, "hv_bus": 0, "lv_bus": 1, "std_type": "t"},'
    ' "bus": [{"bus": 0, "name": "a", "vn_kv": 20}, {"bus": 1, "name": "b", "vn_kv": 0.4},'
    ' {"bus": 2, "name": "c", "vn_kv": 0.4}],'
    ' "line": [{"line": 0, "from_bus": 1, "to_bus": %s, "length_km": %s, "r_ohm_per_km": 0.2,'
    ' "x_ohm_per_km": 0.1, "c_nf_per_km": 800, "max_i_ka": 0.27, "std_type": "l"}],'
    ' "load": [{"load": 0, "name": "h", "bus": %s, "p_mw": 0.01, "q_mvar": 0, "profile": "H0-A"}]}'
)

CASES = [
    # the file itself
    Case("missing-file", None, "there is no such file"),
    Case("empty-file", b"", "the file is empty"),
    Case("header-only", as_text(load_rows()[:1]), "a header and no rows"),
    Case("unknown-type", b"x", "file type '.xlsx' is unknown", suffix=".xlsx"),
    Case("not-parquet", b"PAR1 but not really", "Parquet file can't be read", suffix=".parquet"),
    Case("not-gzip", b"plain", "the file can't be read", suffix=".csv.gz"),
    Case("not-text", b"household_id,timestamp,kw\nA,\xff\xfe,1\n", "not UTF-8"),
    Case(
        "too-many-cells",
        as_text(load_rows()) + b"A,2024-02-06T00:00,1,2,3\n",
        "not a well-formed CSV",
        row=98,
    ),
    Case("blank-row", as_text([*load_rows()[:5], ["", "", ""], *load_rows()[5:]]), "the row is blank", row=6),
    # columns
    Case("missing-column", as_text(without_column(load_rows(), 1)), "column 'timestamp' is missing"),
    Case("unknown-column", as_text(with_column(load_rows(), "mood", "good")), "column 'mood' is unknown"),
    Case("column-twice", as_text(with_column(load_rows(), "kw", "1")), "column 'kw' appears more than once"),
    Case("no-value-column", as_text(without_column(load_rows(), 2)), "no column holds the values"),
    Case("two-value-columns", as_text(with_column(load_rows(), "wh", "1")), "['kw', 'wh'] all hold values"),
    Case("semicolons", as_text(load_rows(), ";"), "separated by ';'"),
    # numbers
    Case(
        "not-a-number",
        as_text(with_cell(load_rows(), 7, 2, "lots")),
        "kw is 'lots', which is not a number",
        row=7,
    ),
    Case("decimal-comma", as_text(with_cell(load_rows(), 7, 2, '"0,25"')), "decimal comma", row=7),
    Case("nan", as_text(with_cell(load_rows(), 9, 2, "NaN")), "kw is 'NaN' (NaN), expected a number", row=9),
    Case("blank-cell", as_text(with_cell(load_rows(), 9, 2, "")), "kw is blank", row=9),
    Case("infinite", as_text(with_cell(load_rows(), 9, 2, "inf")), "expected a finite number", row=9),
    Case(
        "negative-load", as_text(with_cell(load_rows(), 20, 2, "-0.1")), "negative load: kw is '-0.1'", row=20
    ),
    Case(
        "negative-pv",
        as_text(with_cell(load_rows(), 20, 2, "-2")),
        "negative pv: kw is '-2'",
        row=20,
        reader="pv",
    ),
    Case("no-household", as_text(with_cell(load_rows(), 4, 0, " ")), "household_id is empty", row=4),
    # units by magnitude
    Case(
        "w-as-kw",
        as_text(with_cell(load_rows(value="80"), 30, 2, "412")),
        "412 kw in 1800 s is 412,000 W",
        row=30,
    ),
    Case("wh-as-kwh", as_text(load_rows(value="125", column="kwh")), "125 kwh in 1800 s is 250,000 W", row=2),
    Case("kw-as-w", as_text(load_rows(column="w")), "the highest of all values, 0.25 w, is 0.25 W", row=2),
    Case("kwh-as-wh", as_text(load_rows(column="wh")), "(kW or kWh in a column of W or Wh?)", row=2),
    # times
    Case(
        "not-a-time",
        as_text(with_cell(load_rows(), 3, 1, "noon")),
        "'noon', which is not an ISO 8601 time",
        row=3,
    ),
    Case("blank-time", as_text(with_cell(load_rows(), 3, 1, "")), "timestamp is empty", row=3),
    Case("other-day", as_text(load_rows(date(2024, 2, 9))), "no load rows on 2024-02-06 00:00 Europe/London"),
    Case(
        "gap",
        as_text(without_row(load_rows(), 12)),
        "1 interval(s) of 1800 s missing before 2024-02-06 05:30",
        row=12,
    ),
    Case("gap-at-start", as_text(without_row(load_rows(), 50)), "gap: B starts at 2024-02-06 00:30", row=50),
    Case("gap-at-end", as_text(without_row(load_rows(), 97)), "gap: B ends at 2024-02-06 23:30", row=96),
    Case("single-row", as_text(load_rows()[:2]), "a single row is no series", row=2),
    Case(
        "duplicate",
        as_text([*load_rows(), load_rows()[10]]),
        "duplicate: A at 2024-02-06 04:30+00:00 is already in row 11",
        row=98,
    ),
    Case(
        "off-the-grid",
        as_text(with_cell(load_rows(), 30, 1, "2024-02-06T14:10:00")),
        "irregular: A at 2024-02-06 14:10+00:00 comes 2400 s",
        row=30,
    ),
    Case("too-coarse", as_text(load_rows(step_minutes=120)), "7200 s long, expected at most 3600 s", row=2),
    Case(
        "fraction-of-a-second",
        as_text(with_cell(load_rows(), 30, 1, "2024-02-06T14:00:00.5")),
        "the time is not a whole second",
        row=30,
    ),
    Case(
        "offset-in-some-rows",
        as_text(with_offsets(load_rows(), lambda i: "+00:00" if i < 40 else "")),
        "mixed time zones: timestamp '2024-02-06T19:00:00' has no UTC offset",
        row=40,
    ),
    Case(
        "offsets-of-two-zones",
        as_text(with_offsets(load_rows(), lambda i: "Z" if i < 40 else "-05:00")),
        "mixed time zones: the UTC offset is -5 h where Europe/London has +0 h",
        row=40,
    ),
    Case(
        "skipped-hour",
        as_text(load_rows(SPRING.day)),
        "2024-03-31 01:00:00 does not exist in Europe/London",
        row=4,
        calendar=SPRING,
    ),
    Case(
        "repeated-hour-once",
        as_text(load_rows(AUTUMN.day)),
        "2024-10-27 01:00:00 is ambiguous in Europe/London",
        row=4,
        calendar=AUTUMN,
    ),
    Case(
        "24-hours-of-a-25-hour-day",
        as_text(with_offsets(load_rows(AUTUMN.day), lambda _: "Z")),
        "does not cover 2024-10-27 00:00 Europe/London, 25 hours, 50 frames",
        row=2,
        calendar=AUTUMN,
    ),
    # EV sessions
    Case(
        "departure-first",
        as_text(with_cell(session_rows(), 3, 3, "2024-02-06T18:59")),
        "departure '2024-02-06T18:59' is not after arrival",
        row=3,
        reader="sessions",
    ),
    Case(
        "energy-over-max-kw",
        as_text(with_cell(session_rows(), 2, 3, "2024-02-06T19:00")),
        "energy impossible for its window: '12.5' kWh need over max_kw",
        row=2,
        reader="sessions",
    ),
    Case(
        "energy-over-any-charger",
        as_text(without_column(with_cell(session_rows(), 2, 3, "2024-02-06T18:02"), 5)),
        "need over 150 kW throughout",
        row=2,
        reader="sessions",
    ),
    Case(
        "session-in-wh",
        as_text(with_cell(session_rows(), 2, 4, "12500")),
        "energy_kwh is '12500', more than 300 kWh (Wh?)",
        row=2,
        reader="sessions",
    ),
    Case(
        "no-energy",
        as_text(with_cell(session_rows(), 3, 4, "0")),
        "expected more than 0",
        row=3,
        reader="sessions",
    ),
    Case(
        "state-of-charge",
        as_text(with_cell(session_rows(), 3, 6, "130")),
        "state of charge on arrival is above 100 %",
        row=3,
        reader="sessions",
    ),
    Case(
        "session-twice",
        as_text(with_cell(session_rows(), 3, 0, "s1")),
        "duplicate session 's1'",
        row=3,
        reader="sessions",
    ),
    Case(
        "two-sources",
        as_text(with_cell(session_rows(), 3, 1, "work")),
        "sessions of several sources, choose one or '*': ['home', 'work']",
        reader="sessions",
    ),
    Case(
        "unknown-source",
        as_text(session_rows()),
        "session source 'taxi' is unknown, the file has ['home']",
        reader="sessions",
        options=(("source", "taxi"),),
    ),
    Case(
        "no-session-that-day",
        as_text(session_rows()),
        "no session arrives on 2024-02-08",
        reader="sessions",
        options=(("session_date", date(2024, 2, 8)),),
    ),
    # tariffs
    Case(
        "unknown-market",
        as_text(price_rows()),
        "market 'moon' is unknown, the file has ['m']",
        reader="tariff",
        options=(("market", "moon"),),
    ),
    Case(
        "two-markets",
        as_text(with_cell(price_rows(), 5, 0, "n")),
        "several markets, choose one: ['m', 'n']",
        reader="tariff",
    ),
    Case(
        "two-currencies",
        as_text(with_cell(price_rows(), 5, 4, "GBP")),
        "mixes currencies: ['EUR', 'GBP']",
        reader="tariff",
    ),
    Case(
        "price-gap",
        as_text(with_cell(price_rows(), 6, 3, "")),
        "gap: retailer_price is blank",
        row=6,
        reader="tariff",
    ),
    Case(
        "price-hour-lost", as_text(without_row(price_rows(), 6)), "gap: 1 interval(s)", row=6, reader="tariff"
    ),
    Case(
        "price-per-mwh",
        as_text(with_cell(price_rows(), 6, 2, "85.2")),
        "wrong unit by magnitude: grid_price is '85.2' per kWh",
        row=6,
        reader="tariff",
    ),
    Case(
        "price-in-cents",
        as_text(
            [cells if i == 0 else [*cells[:2], "19.5", *cells[3:]] for i, cells in enumerate(price_rows())]
        ),
        "or in cents or pence?",
        row=2,
        reader="tariff",
    ),
    Case(
        "tariff-of-a-shorter-day",
        as_text(price_rows(SPRING.day)),
        "2024-03-31 has 46 frames, the replayed day 48",
        reader="tariff",
        options=(("tariff_date", SPRING.day),),
    ),
    Case(
        "no-price-that-day",
        as_text(price_rows(date(2024, 2, 9))),
        "no price of m on 2024-02-06",
        reader="tariff",
    ),
    # the feeder and the weather
    Case("feeder-not-json", b"{", "the feeder can't be read", reader="feeder", suffix=".json"),
    Case("feeder-no-load", b'{"trafo": 1}', "'trafo' is missing", reader="feeder", suffix=".json"),
    Case(
        "feeder-bus-unknown",
        (FEEDER % (9, 0.1, 1)).encode(),
        "feeder bus 9 is used and not listed",
        reader="feeder",
        suffix=".json",
    ),
    Case(
        "feeder-load-cut-off",
        (FEEDER % (1, 0.1, 2)).encode(),
        "feeder bus 2 has a load and no line to the transformer",
        reader="feeder",
        suffix=".json",
    ),
    Case(
        "feeder-length-as-text",
        (FEEDER % (2, '"100 m"', 2)).encode(),
        "line[0].length_km is '100 m', expected float",
        reader="feeder",
        suffix=".json",
    ),
    Case("weather-not-tmy", b"a,b\n1,2\n", "not a TMY3 weather file", reader="weather"),
]


def test_there_are_at_least_25_causes() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 25


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_file_is_refused_with_row_and_reason(case: Case, tmp_path: Path) -> None:
    path = tmp_path / f"input{case.suffix}"
    if case.content is not None:
        path.write_bytes(case.content)

    with pytest.raises(ProfileError, match=re.escape(case.message)) as caught:
        read(case, path)

    assert caught.value.row == case.row
    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}, row {case.row}: " if case.row else f"{path}: ")


@pytest.mark.parametrize(
    ("reader", "rows"),
    [("load", load_rows()), ("pv", load_rows()), ("sessions", session_rows()), ("tariff", price_rows())],
)
def test_the_files_that_the_cases_break_are_good(reader: str, rows: Rows, tmp_path: Path) -> None:
    path = tmp_path / "input.csv"
    path.write_bytes(as_text(rows))

    assert read(Case("good", None, "", reader=reader), path) is not None


def test_the_feeder_that_the_cases_break_is_good(tmp_path: Path) -> None:
    path = tmp_path / "feeder.json"
    path.write_text(FEEDER % (2, 0.1, 2), encoding="utf-8")

    assert read_feeder(path).transformer_limit_w == 250_000


@pytest.mark.parametrize(
    ("column", "values", "row", "message"),
    [
        ("kw", ["x"] * 48, 1, "which is not a number"),
        ("kw", [True] * 48, None, "kw has type bool, expected numbers"),
        ("kw", [0.1] * 5 + [float("nan")] + [0.1] * 42, 6, "kw is blank (NaN)"),
        (
            "timestamp",
            [pd.NaT, *pd.date_range("2024-02-06 00:30", periods=47, freq="30min")],
            1,
            "blank, expected",
        ),
    ],
    ids=["text", "bool", "nan", "no-time"],
)
def test_parquet_rows_are_counted_from_one(
    column: str, values: list, row: int | None, message: str, tmp_path: Path
) -> None:
    good = {
        "household_id": ["A"] * 48,
        "timestamp": pd.date_range("2024-02-06", periods=48, freq="30min"),
        "kw": [0.1] * 48,
    }
    path = tmp_path / "load.parquet"
    pd.DataFrame({**good, column: values}).to_parquet(path)

    with pytest.raises(ProfileError, match=re.escape(message)) as caught:
        read_load(path, ORDINARY)

    assert caught.value.row == row
