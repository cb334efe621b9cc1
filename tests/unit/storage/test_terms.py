"""The storage's terms, its margin accounts and who may push to it."""

import pytest

TERMS = (200_000, 50_000, 50_000, 9_500, 100, 200, 4, 1, 1)


def with_efficiency(efficiency_bps):
    return (*TERMS[:3], efficiency_bps, *TERMS[4:])


def test_tells_its_terms_when_asked(market, desk):
    assert market.call("storage", "terms") == TERMS
    assert market.call("storage", "operatorId") == market.storage_operator.id
    other = (2**64 - 1, 2**64 - 1, 0, 10_000, 2**32 - 1, 0, 7, 8, 9)
    assert desk.ask(desk.deploy(other), "terms") == other


def test_cannot_overflow_when_terms_are_the_largest(market, desk):
    largest = 2**32 - 1
    terms = (2**64 - 1, 2**64 - 1, 2**64 - 1, 10_000, largest, largest, largest, largest, largest)
    address = desk.deploy(terms)
    rent, movement = desk.ask(address, "quote", 96, largest, largest, largest)
    assert rent == 96 * (-(-largest // 1000) + -(-2 * largest // 1000)) * largest
    assert movement == 96 * 2 * (largest * 1800 // 3600) * largest
    with market.reverts(f"Venue_NotRegistered: {market.outsider.address}"):
        desk.send_raw(market.outsider, address, "book", desk.first, 96, largest, largest, largest)


@pytest.mark.parametrize("efficiency_bps", [0, 10_001, 65_535])
def test_refuses_terms_when_efficiency_is_none(market, desk, efficiency_bps):
    with market.reverts(f"Storage_InvalidTerms: {efficiency_bps}, 10000"):
        desk.deploy(with_efficiency(efficiency_bps))


def test_refuses_terms_when_there_is_no_operator(market, desk):
    with market.reverts(f"Storage_InvalidTerms: 0, {2**32 - 1}"):
        desk.deploy(TERMS, operator_id=0)


def test_keeps_revenue_when_the_operator_is_not_registered_yet(market, desk):
    address = desk.deploy(TERMS, operator_id=4)
    with market.reverts("Venue_NotRegistered: 0x" + "0" * 40):
        desk.send_raw(market.outsider, address, "collectRevenue")


def test_refuses_pushes_when_they_come_from_elsewhere(market, desk):
    stranger = market.participants[0]
    with market.reverts(f"Venue_NotRegistry: {stranger.address}"):
        market.transact(stranger, "storage", "onParticipant", stranger.address, stranger.id, 63)
    with market.reverts(f"Venue_NotHouse: {stranger.address}"):
        market.transact(stranger, "storage", "creditMargin", stranger.id, 1)


def test_refuses_withdrawal_when_it_is_above_the_free_margin(market, desk):
    margin = desk.margin(desk.renter)
    desk.book()
    free = margin - 92_000
    with market.reverts(f"Venue_InsufficientMargin: {desk.renter.id}, {free + 1}, {free}"):
        market.transact(desk.renter, "storage", "withdrawMargin", free + 1)
    with market.reverts(f"Venue_NotRegistered: {market.outsider.address}"):
        market.transact(market.outsider, "storage", "withdrawMargin", 0)
    market.transact(desk.renter, "storage", "withdrawMargin", free)
    assert desk.margin(desk.renter) == 0
