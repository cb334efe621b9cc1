"""The market's parameters: defaults, bounds, fingerprint."""

import pytest
from pydantic import ValidationError

from voltberg.configuration import MarketConfiguration, SettlementTerms


def test_defaults_are_the_documented_ones():
    configuration = MarketConfiguration()
    assert configuration.settlement.model_dump() == {
        "frame_seconds": 1800,
        "tick_micro_per_wh": 2,
        "gate_closure_lead_seconds": 600,
        "refusal_lead_seconds": 300,
        "metering_window_seconds": 7200,
    }
    assert (configuration.storage.capacity_wh, configuration.storage.charge_w) == (200_000, 50_000)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"settlement": {"frame_seconds": 0}}, "settlement.frame_seconds"),
        ({"settlement": {"frame_seconds": "1800"}}, "settlement.frame_seconds"),
        ({"settlement": {"tick_micro_per_wh": 0}}, "settlement.tick_micro_per_wh"),
        ({"rating": {"tolerance_bps": 10_001}}, "rating.tolerance_bps"),
        ({"rating": {"threshold_bps": -10_001}}, "rating.threshold_bps"),
        ({"storage": {"efficiency_bps": 0}}, "storage.efficiency_bps"),
        ({"credit": {"consumer_risk_bps": 10_000}}, "credit.consumer_risk_bps"),
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


def test_fingerprint_tells_configurations_apart():
    other = MarketConfiguration.model_validate({"book": {"minimum_quantity_wh": 51}})
    assert MarketConfiguration().fingerprint() == MarketConfiguration().fingerprint()
    assert other.fingerprint() != MarketConfiguration().fingerprint()
