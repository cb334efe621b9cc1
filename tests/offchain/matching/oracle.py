"""Rules A1 to A9 read naively: every step looks at everything again, nothing is kept sorted.

Written from the rules and shares no code with the library; words are taken apart here by division.
"""

from itertools import count


def bits(word, low, width):
    return word // 2**low % 2**width


def read(word, position, name):
    """A word as a dict; `name` is (origin frame, index)."""
    entry = {"at": position, "name": name, "who": bits(word, 0, 32), "word": word}
    if bits(word, 106, 1):
        return entry | {"cancels": (bits(word, 48, 32), bits(word, 32, 16))}
    fields = {"wh": (32, 24), "peak": (56, 24), "tick": (80, 8), "lock": (88, 8), "rolls": (96, 8)}
    entry |= {key: bits(word, *place) for key, place in fields.items()}
    return entry | {"side": bits(word, 104, 1), "supplier": bits(word, 105, 1)}


def read_frame(frame, words, carried, keeps_rank):
    new = [(word, (frame, number)) for number, word in enumerate(words)]
    old = [(bits(word, 0, 128), (bits(word, 128, 32), bits(word, 160, 16))) for word in carried]
    every = [*old, *new] if keeps_rank else [*new, *old]
    return [read(word, position, name) for position, (word, name) in enumerate(every)]


def nth_of_owner(entries, entry):
    """How many words of the same kind by the same owner stand before."""
    return sum(
        1
        for other in entries
        if other["who"] == entry["who"]
        and ("cancels" in other) == ("cancels" in entry)
        and other["at"] < entry["at"]
    )


def living(entries):
    return [
        order
        for order in entries
        if "cancels" not in order
        and nth_of_owner(entries, order) < 64
        and not any(
            cancel.get("cancels") == order["name"]
            and cancel["who"] == order["who"]
            and nth_of_owner(entries, cancel) < 64
            for cancel in entries
        )
    ]


def offer(order, slices):
    most = slices * order["peak"]
    return order["wh"] if most == 0 else min(order["wh"], most)


def demand(orders, tick, slices):
    return sum(offer(o, slices) for o in orders if o["side"] == 0 and o["tick"] >= tick)


def supply(orders, tick, slices):
    return sum(offer(o, slices) for o in orders if o["side"] == 1 and o["tick"] <= tick)


def best_tick(orders, slices, ticks):
    def worth(tick):
        d, s = demand(orders, tick, slices), supply(orders, tick, slices)
        return min(d, s), -abs(d - s), -tick

    return max(ticks, key=worth)


def score(rules, price_rank, time_rank):
    if rules.alpha == 0:
        return price_rank * 2**40 + time_rank
    return rules.alpha * price_rank + rules.beta * time_rank


def first_slices(orders, rules):
    """(supplier, f, price rank, position) of every eligible order of one side, and the next time rank."""
    slices, rank = [], 0
    for number, order in enumerate(orders):
        better = {
            o["tick"]
            for o in orders
            if (o["tick"] > order["tick"] if order["side"] == 0 else o["tick"] < order["tick"])
        }
        if number and orders[number - 1]["who"] != order["who"]:
            rank += 1
        slices.append((order["supplier"], score(rules, len(better), rank), len(better), order["at"]))
    return slices, rank + 1 if orders else 0


def serve(sides, rules):
    """Fills (buyer, seller, Wh) and the two service sequences, one Wh after another where it matters."""
    of = {order["at"]: order for side in sides for order in side}
    hidden = {at: offer(order, rules.slices_per_frame) for at, order in of.items()}
    waiting, clocks = [], []
    for side in sides:
        slices, rank = first_slices(side, rules)
        waiting.append(slices)
        clocks.append(count(rank))
    shown, fronts, service, fills = [0, 0], [None, None], [[], []], []
    while all(shown[side] or waiting[side] for side in (0, 1)):
        for side in (0, 1):
            if not shown[side]:
                fronts[side] = min(waiting[side])
                waiting[side].remove(fronts[side])
                at = fronts[side][3]
                shown[side] = min(of[at]["peak"], hidden[at]) if of[at]["peak"] else hidden[at]
                service[side].append(at)
        wh = min(shown)
        fills.append((fronts[0][3], fronts[1][3], wh))
        for side in (0, 1):
            supplier, _, price_rank, at = fronts[side]
            shown[side] -= wh
            hidden[at] -= wh
            if not shown[side] and hidden[at]:
                f = score(rules, price_rank, next(clocks[side]))
                waiting[side].append((supplier, f, price_rank, at))
    return fills, service


def clear(frame, words, carried, rules, fee_ticks, tick_micro):
    """Everything a frame comes to, as a dict of plain values."""
    entries = read_frame(frame, words, carried, rules.roll_keeps_rank)
    orders, slices = living(entries), rules.slices_per_frame
    price = best_tick(orders, slices, range(193))
    matched = min(demand(orders, price, slices), supply(orders, price, slices))
    bids = [o for o in orders if o["side"] == 0 and o["tick"] >= price and matched]
    asks = [o for o in orders if o["side"] == 1 and o["tick"] <= price and matched]
    fills, service = serve((bids, asks), rules)
    fills, uniform = priced(fills, {o["at"]: o for o in orders}, rules)
    rest = {o["at"]: o["wh"] - sum(wh for b, s, wh, _ in fills if o["at"] in (b, s)) for o in orders}
    eligible = {at: key for side in (bids, asks) for *key, at in first_slices(side, rules)[0]}
    rolls = [o for o in orders if o["rolls"] and rest[o["at"]]]
    rolls.sort(key=lambda o: o["at"])
    rolls.sort(key=lambda o: [*eligible.get(o["at"], (9, 9, 9)), o["at"] if o["at"] in eligible else 0])
    rolls.sort(key=lambda o: (o["side"], o["at"] not in eligible))
    rolls = [o for n, o in enumerate(rolls) if n < 512 or rolls[n - 512]["side"] != o["side"]]
    return {
        "crossing": min(t for t in range(193) if supply(orders, t, slices) >= demand(orders, t, slices)),
        "crossing_tick": price,
        "uniform_tick": uniform,
        "participants": tuple(
            e["at"] for who in sorted({e["who"] for e in entries}) for e in entries if e["who"] == who
        ),
        "bid_service": tuple(service[0]),
        "ask_service": tuple(service[1]),
        "fills": [(b, s, wh, 255 if rules.uniform_price else tick) for b, s, wh, tick in fills],
        "rolled": tuple(o["at"] for o in rolls),
        "carried": tuple(carried_word(o, rest[o["at"]]) for o in rolls),
        "records": records(entries, fills, rest, [o["at"] for o in rolls], fee_ticks, tick_micro),
        "traded_wh": sum(wh for _, _, wh, _ in fills),
    }


def priced(fills, of, rules):
    share = rules.price_weight_bps

    def between(bid, ask):
        return (share * bid + (10_000 - share) * ask) // 10_000

    if not rules.uniform_price or not fills:
        return [(b, s, wh, between(of[b]["tick"], of[s]["tick"])) for b, s, wh in fills], 255
    tick = between(min(of[b]["tick"] for b, _, _ in fills), max(of[s]["tick"] for _, s, _ in fills))
    return [(b, s, wh, tick) for b, s, wh in fills], tick


def carried_word(order, rest):
    word = order["word"] - order["wh"] * 2**32 + rest * 2**32 - 2**96
    return word + order["name"][0] * 2**128 + order["name"][1] * 2**160


def records(entries, fills, rest, rolled, fee_ticks, tick_micro):
    """What a participant locked comes back but for what it paid, what its sales keep and what rolls on."""
    of = {e["at"]: e for e in entries}
    found = []
    for who in sorted({e["who"] for e in entries}):
        bought = [(wh, tick) for b, _, wh, tick in fills if of[b]["who"] == who]
        sold = [(wh, tick, of[s]["lock"]) for _, s, wh, tick in fills if of[s]["who"] == who]
        locked = sum(e["wh"] * e["lock"] for e in entries if e["who"] == who and "cancels" not in e)
        going_on = sum(rest[at] * of[at]["lock"] for at in rolled if of[at]["who"] == who)
        paid = sum(wh * tick for wh, tick in bought)
        kept = sum(wh * lock for wh, _, lock in sold)
        fees = sum(wh for wh, _ in bought) * fee_ticks
        amounts = (paid, sum(wh * tick for wh, tick, _ in sold), kept, locked - paid - fees - kept - going_on)
        found.append(
            (who, sum(wh for wh, _ in bought), sum(wh for wh, *_ in sold), *(a * tick_micro for a in amounts))
        )
    return found
