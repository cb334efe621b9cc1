"""The settlement's loop on random words of full range.

What it settles is what the twin settles, and where it stops it must.
"""

import random

import pytest

from voltberg.models import SettledDelivery
from voltberg.reference.house_roots import net_record
from voltberg.reference.parameters import CreditPolicy
from voltberg.reference.rating import BAD, GOOD, UNRATED, Account, rated, verdict
from voltberg.reference.settlement_rule import payment_for_reading
from voltberg.reference.words import pack_deliveries, pack_delivery

CASES = 400
ACCOUNTS = 6
NOT_READ = 2**40 - 1
SMALL_MONEY = 2**38
REGISTERED = 1 << 248


@pytest.fixture(scope="module")
def draw():
    return random.Random(20_261_121)


def edge(draw, bits):
    """A number of so many bits, often near an end or a power of two."""
    top = (1 << bits) - 1
    near = (1 << draw.randrange(bits)) + draw.randrange(-2, 3)
    return min(top, max(0, draw.choice((draw.randrange(top + 1), near, near, top - draw.randrange(3), 0))))


def some_account(draw):
    """An account word: mostly plain, often near what makes it unusual."""
    plain = draw.randrange(3)
    frames = draw.randrange(30) if plain else edge(draw, 16)
    rated_wh = edge(draw, draw.choice((20, 47))) if plain else edge(draw, 48)
    good_wh = draw.choice((rated_wh, rated_wh // 2, draw.randrange(rated_wh + 1)))
    status = draw.choice((0, 0, 0, 1, 2, 3)) if not plain else draw.randrange(2)
    probation = not plain and not draw.randrange(4)
    until = draw.randrange(2**32)
    balance = edge(draw, 90)
    word = balance | frames << 96 | rated_wh << 112 | good_wh << 160 | status << 208 | probation << 215
    account = Account(balance, frames, rated_wh, good_wh, status, probation, until)
    return word | until << 216 | REGISTERED, account


def word_of(account):
    return (
        account.balance_micro
        | account.rated_frames << 96
        | account.rated_wh << 112
        | account.good_wh << 160
        | account.status << 208
        | account.on_probation << 215
        | account.suspended_until << 216
        | REGISTERED
    )


def some_record(draw):
    """A record word and a reading: a seller, a buyer, or anything at all."""
    kind = draw.randrange(8)
    sold, bought = edge(draw, 32), 0
    if kind < 2:
        sold, bought = draw.choice(((0, edge(draw, 32)), (sold, edge(draw, 32)), (sold, max(0, sold - 3))))
    money = [edge(draw, 40 if kind == 2 else 38) for _ in range(4)]
    number = draw.randrange(1, ACCOUNTS + 1)
    word = number | bought << 32 | sold << 64
    word |= money[0] << 96 | money[1] << 136 | money[2] << 176 | money[3] << 216
    owed = max(0, sold - bought)
    given = draw.choice(
        (owed, owed, owed, owed + 1, owed + edge(draw, 30), NOT_READ, NOT_READ - 1, edge(draw, 40))
    )
    if not draw.randrange(8):
        given = max(0, owed - draw.randrange(1, 3))
    return word, given


def needs_care(account, net, word, given, policy):
    """Whether the loop may leave a record that must be rated: short, bought too, large, or unusual."""
    money = [word >> shift & NOT_READ for shift in (136, 176, 216)]
    sums = account.rated_wh >= 2**47 or account.rated_frames >= 2**15
    large = max(money) >= SMALL_MONEY or given >= 2**39 or sums
    if (
        given < net.position.owed_wh
        or net.position.bought_wh
        or large
        or account.status & 2
        or account.on_probation
    ):
        return True
    after = rated(account, net.position.owed_wh, True, policy, 0)
    binds = after.rated_frames == policy.binding_frames or policy.binding_frames >= 2**15
    large = after.rated_wh >= 2**47 or after.rated_frames >= 2**15
    return (binds or large) and after.good_wh * 20_000 < after.rated_wh * (10_000 + policy.threshold_bps)


def test_the_loop_settles_as_the_twin_and_stops_where_more_than_adding_is_needed(desk, draw):
    harness = desk.deploy("SettlementLoopHarness")
    stops = settled = unread = unrated = 0
    for _ in range(CASES):
        policy = CreditPolicy(
            1_000,
            draw.choice((0, 1, 50, edge(draw, 32))),
            draw.choice((1, 10, 10, 30, edge(draw, 16) or 1, 2**15 - 1, 2**15, 2**15 + 1)),
            3,
            draw.choice((0, 0, 5_000, -10_000, 10_000, draw.randrange(-10_000, 10_001))),
        )
        pairs = [some_account(draw) for _ in range(ACCOUNTS)]
        accounts = [account for _, account in pairs]
        drawn = [some_record(draw) for _ in range(draw.randrange(9))]
        place = draw.randrange(216)
        data = b"".join(given.to_bytes(5, "big") for _, given in drawn)
        least = max(1, policy.minimum_rated_wh)
        terms = (least, policy.binding_frames, 10_000 + policy.threshold_bps)
        given_words = [word for word, _ in pairs], [word for word, _ in drawn]
        words, done, missed, sums, log = harness.call("settle", *given_words, data, place, terms)
        logged, paid_sum, sold_sum, bits = [], 0, 0, 0
        for index, (word, given) in enumerate(drawn[:done]):
            if given == NOT_READ:
                bits |= 1 << place + index
                unread += 1
                continue
            net = net_record(word, 0)
            payment = payment_for_reading(net.position, given, 1)
            rating = verdict(net.position.owed_wh, payment.shortfall_wh, policy)
            assert payment.shortfall_wh == 0
            assert rating != BAD
            paid = payment.paid_micro + net.refund_micro
            account = accounts[net.participant_id - 1]
            account = account._replace(balance_micro=account.balance_micro + paid)
            if rating == GOOD:
                account = rated(account, net.position.owed_wh, True, policy, 0)
            else:
                assert rating == UNRATED
                unrated += 1
            accounts[net.participant_id - 1] = account
            paid_sum, sold_sum = paid_sum + paid, sold_sum + net.position.sold_wh
            logged.append(pack_delivery(SettledDelivery(net.participant_id, given, paid)))
            settled += 1
        assert list(words) == [word_of(account) for account in accounts]
        assert (missed, sums, log) == (bits, paid_sum | sold_sum << 64, pack_deliveries(logged))
        if done < len(drawn):
            word, given = drawn[done]
            net = net_record(word, 0)
            assert given != NOT_READ
            assert given < net.position.owed_wh or verdict(net.position.owed_wh, 0, policy) == GOOD
            account = accounts[net.participant_id - 1]
            assert needs_care(account, net, word, given, policy)
            stops += 1
    # All of it happened, and often.
    assert min(stops, settled, unread, unrated) > CASES // 10, (stops, settled, unread, unrated)
