"""The market's parameters: defaults, bounds, fingerprint."""

import pytest
from pydantic import ValidationError

from voltberg.configuration import AuctionTerms, CreditTerms, MarketConfiguration, SettlementTerms
from voltberg.units import WAD


def test_defaults_are_the_documented_ones():
    configuration = MarketConfiguration()
    assert configuration.settlement.model_dump() == {
        "frame_seconds": 1800,
        "tick_micro_per_wh": 2,
        "gate_closure_lead_seconds": 600,
        "refusal_lead_seconds": 300,
        "metering_window_seconds": 7200,
        "ring_frames": 512,
    }
    assert (configuration.storage.capacity_wh, configuration.storage.charge_w) == (200_000, 50_000)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"settlement": {"frame_seconds": 0}}, "settlement.frame_seconds"),
        ({"settlement": {"frame_seconds": "1800"}}, "settlement.frame_seconds"),
        ({"settlement": {"tick_micro_per_wh": 0}}, "settlement.tick_micro_per_wh"),
        ({"settlement": {"ring_frames": 513}}, "settlement.ring_frames"),
        ({"settlement": {"frame_seconds": 86_400, "ring_frames": 1}}, "settlement.ring_frames"),
        ({"rating": {"tolerance_bps": 10_001}}, "rating.tolerance_bps"),
        ({"rating": {"threshold_bps": -10_001}}, "rating.threshold_bps"),
        ({"storage": {"efficiency_bps": 0}}, "storage.efficiency_bps"),
        ({"credit": {"consumer_risk_bps": 10_000}}, "credit.consumer_risk_bps"),
        ({"credit": {"alpha_wad": WAD - 1}}, "credit.alpha_wad"),
        ({"credit": {"alpha_wad": 10**6 * WAD + 1}}, "credit.alpha_wad"),
        ({"credit": {"top_wad": 2 * WAD - 1}}, "credit.top_wad"),
        ({"credit": {"top_wad": 100 * WAD + 1}}, "credit.top_wad"),
        ({"credit": {"beta_wad": WAD + 1}}, "credit.beta_wad"),
        ({"credit": {"unrated_weight_wad": WAD + 1}}, "credit.unrated_weight_wad"),
        ({"credit": {"sigma_wad": WAD // 8 - 1}}, "credit"),
        ({"book": {"minimum_quantity_wh": 2**32}}, "book.minimum_quantity_wh"),
        ({"book": {"minimum": 1}}, "book.minimum"),
        ({"bok": {}}, "bok"),
    ],
)
def test_parameter_is_refused_by_name_when_out_of_range(change, named):
    with pytest.raises(ValidationError) as caught:
        MarketConfiguration.model_validate(change)
    assert [".".join(map(str, item["loc"])) for item in caught.value.errors()] == [named]


def test_refusals_must_end_after_the_gate_closes():
    with pytest.raises(
        ValidationError, match="refusal_lead_seconds is 600, expected below gate_closure_lead"
    ):
        SettlementTerms(refusal_lead_seconds=600)


@pytest.mark.parametrize(("frame_seconds", "least"), [(60, 480), (1_799, 17), (1_800, 16), (14_400, 2)])
def test_a_ring_lasts_a_third_of_a_day(frame_seconds, least):
    terms = {"frame_seconds": frame_seconds}
    assert SettlementTerms.model_validate(terms | {"ring_frames": least}).ring_frames == least
    message = f"ring_frames is {least - 1}, expected at least {least} of {frame_seconds} s|than or equal to 2"
    with pytest.raises(ValidationError, match=message):
        SettlementTerms.model_validate(terms | {"ring_frames": least - 1})


@pytest.mark.parametrize(
    ("settlement", "auction", "message"),
    [
        ({}, {"clearing_seconds": 300}, "auction.clearing_seconds is 300, expected below 300"),
        ({"frame_seconds": 240}, {}, "auction.clearing_seconds is 240, expected below 240"),
        ({"tick_micro_per_wh": 20_000}, {}, "auction.minimum_quantity_wh is 50, expected at most 25"),
        ({}, {"beta": 0}, "beta is 0, expected at least 1 with alpha 10"),
    ],
)
def test_an_auction_that_the_contract_would_refuse_is_refused(settlement, auction, message):
    with pytest.raises(ValidationError, match=message):
        MarketConfiguration.model_validate({"settlement": settlement, "auction": auction})


def test_an_auction_of_price_and_time_needs_no_weight():
    assert AuctionTerms(alpha=0, beta=0).beta == 0


@pytest.mark.parametrize(("tick_micro_per_wh", "largest_wh"), [(2, 252_941), (65_535, 7), (1, 505_882)])
def test_an_order_of_the_auction_is_bounded_by_what_its_record_can_refund(tick_micro_per_wh, largest_wh):
    assert AuctionTerms.maximum_quantity_wh(tick_micro_per_wh) == largest_wh
    # All words of a participant over 512 frames, and as many carried ones as have effect.
    locks = (256 + 16 * 512 + 64) * largest_wh * 255 * tick_micro_per_wh
    assert locks < 2**40


def test_extreme_constants_of_the_credit_contract_are_taken():
    """The contract takes them too: tests/unit/credit/test_policy.py."""
    assert CreditTerms(top_wad=2 * WAD, sigma_wad=WAD // 20, alpha_wad=WAD, beta_wad=WAD).top_wad == 2 * WAD
    with pytest.raises(ValidationError, match="expected at least a 40th of top_wad"):
        CreditTerms(top_wad=100 * WAD, sigma_wad=5 * WAD // 2 - WAD // 10)


def test_fingerprint_tells_configurations_apart():
    other = MarketConfiguration.model_validate({"book": {"minimum_quantity_wh": 51}})
    assert MarketConfiguration().fingerprint() == MarketConfiguration().fingerprint()
    assert other.fingerprint() != MarketConfiguration().fingerprint()
