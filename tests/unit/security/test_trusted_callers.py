"""What venues answer to a house and a registry that make mistakes; the market's own never do."""

import pytest

from tests.unit.frame_auction.test_settings import PARAMS
from tests.unit.settlement.conftest import Deployed
from voltberg.models import Role

NOBODY = "0x0000000000000000000000000000000000000000"
FRAME = 1_000_000
VENUES = {
    "IcebergOrderBook": ("OrderBook_FrameAlreadyOpen", 50, 100),
    "FrameAuction": ("Auction_FrameAlreadyOpen", PARAMS),
    "MatchingRound": ("Round_FrameAlreadyOpen", 50, 100),
}


@pytest.fixture(params=VENUES)
def odd(market, request):
    """A venue whose house and registry do as they are told: ``odd(function, ...)`` calls it as both."""
    master = Deployed(market, "MockHouse", market.address("house"))
    opened, *terms = VENUES[request.param]
    venue = Deployed(market, request.param, master.address, master.address, market.address("credit"), *terms)

    def call(function, *args):
        return master.transact(market.outsider, "act", venue.address, venue.encode(function, *args))

    call.opened, call.venue = opened, venue
    return call


def test_a_frame_opens_once(odd, market):
    odd("openFrame", FRAME, 150, 5)
    with market.reverts(f"{odd.opened}: {FRAME}"):
        odd("openFrame", FRAME, 150, 5)


def test_margin_goes_to_nobody_unknown(odd, market):
    with market.reverts(f"Venue_NotRegistered: {NOBODY}"):
        odd("creditMargin", 7, 1_000)
    odd("onParticipant", market.outsider.address, 7, int(Role.PROSUMER))
    odd("creditMargin", 7, 1_000)
    assert odd.venue.call("marginOf", 7) == 1_000


def test_status_and_factor_go_to_nobody_unknown(odd, market):
    for function in ("setStatus", "setDemandFactor"):
        with market.reverts(f"Venue_NotRegistered: {NOBODY}"):
            odd(function, 7, 1)
    odd("onParticipant", market.outsider.address, 7, int(Role.PROSUMER))
    odd("setStatus", 7, 1)
    odd("setDemandFactor", 7, 5_000)
    assert tuple(odd.venue.call("accountOf", 7))[1:3] == (1, 5_000)
