"""One day at both venues, and the two runs side by side."""

import dataclasses

import pytest

from voltberg.reports.replay_report import render_report
from voltberg.reports.run_data import ReportError, load_run
from voltberg.reports.statistics import GasPrice
from voltberg.reports.venues import venue_rows


@pytest.fixture
def book(run_folder):
    return load_run(run_folder)


@pytest.fixture
def auction(auction_tables):
    return load_run(auction_tables[0])


def test_a_day_at_the_auction_loses_neither_money_nor_energy(auction):
    assert auction.summary["money_residual_micro"] == 0
    assert auction.summary["energy_residual_wh"] == 0
    assert auction.summary["state_differences"] == 0
    assert auction.summary["transactions_unexplained"] == 0
    assert auction.summary["p2p_energy_wh"] > 0


def test_tables_of_the_auction_agree_with_each_other(auction_tables):
    tables = auction_tables[1]
    orders, trades, positions = tables.orders, tables.trades, tables.positions
    placed = orders[orders["fate"] != "refused"]
    assert (placed["filled_wh"] + placed["returned_wh"] == placed["quantity_wh"]).all()
    for side, name in (("bid", "bought_wh"), ("ask", "sold_wh")):
        filled = placed[placed["side"] == side].groupby("frame")["filled_wh"].sum()
        traded = trades.groupby("frame")["energy_wh"].sum()
        told = positions.groupby("frame")[name].sum()
        assert (filled[filled > 0] == traded).all()
        assert (told == traded).all()
    assert (trades["maker_id"] == 0).all()
    cleared = tables.transactions[tables.transactions["operation"] == "clear"]
    assert set(trades["transaction"]) <= set(cleared["transaction"])
    # Every order stands until its frame is cleared, so depth at gate closure is all that was placed.
    depth = tables.depth[["displayed_wh", "hidden_wh"]].sum(axis=1)
    assert depth.sum() == placed["quantity_wh"].sum()
    icebergs = placed[(placed["peak_wh"] > 0) & (placed["filled_wh"] == placed["quantity_wh"])]
    slices = -(-icebergs["quantity_wh"] // icebergs["peak_wh"])
    assert len(icebergs)
    assert (icebergs["slices_replenished"] == slices - 1).all()


def test_participants_want_the_same_at_both_venues(book, auction):
    wanted = [data.summary["unserved_energy_wh"] + data.summary["p2p_energy_wh"] for data in (book, auction)]
    # What is wanted is bought or unserved, but for fills beyond the forecast, of which there are none.
    assert wanted[0] == wanted[1]


def test_figures_of_both_runs_stand_side_by_side_with_their_difference(book):
    twice = {**book.summary, "venue": "auction", "p2p_energy_wh": 2 * book.summary["p2p_energy_wh"]}
    rows = {row.label: row for row in venue_rows(book, dataclasses.replace(book, summary=twice))}
    traded, orders = rows["Traded between neighbours"], rows["Orders"]
    assert traded.change == "+100.0 %"
    assert traded.values[0] != traded.values[1]
    assert orders.values[0] == orders.values[1]
    assert orders.change == "0.0 %"


def test_a_figure_of_nothing_has_no_difference(book, auction):
    nothing = dataclasses.replace(book, summary={**book.summary, "p2p_energy_wh": 0})
    rows = {row.label: row for row in venue_rows(nothing, auction)}
    assert "%" not in rows["Traded between neighbours"].change


def test_the_page_shows_the_table_only_beside_another_run(book, auction):
    beside = render_report(book, GasPrice(), auction)
    assert "The same day at either venue" in beside
    assert "Frame auction" in beside
    assert "The same day at either venue" not in render_report(book, GasPrice())


@pytest.mark.parametrize(("name", "value"), [("seed", 4), ("fees", {"grid_fee_ticks": 9})])
def test_runs_of_other_settings_are_not_set_side_by_side(book, auction, name, value):
    run = {**auction.run, "settings": {**auction.run["settings"], name: value}}
    with pytest.raises(ReportError, match=f"has other {name} than"):
        venue_rows(book, dataclasses.replace(auction, run=run))


def test_runs_of_other_files_are_not_set_side_by_side(book, auction):
    run = {**auction.run, "inputs": [{**entry, "sha256": "0" * 64} for entry in auction.run["inputs"]]}
    with pytest.raises(ReportError, match="has other input files than"):
        venue_rows(book, dataclasses.replace(auction, run=run))
