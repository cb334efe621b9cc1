"""Numbers, roles, listeners and the handover of the supervisor."""

import pytest

from voltberg.chain.market import checked_address

ZERO = "0x0000000000000000000000000000000000000000"


def accounts_of(market, count):
    return [participant.address for participant in market.participants[:count]]


def test_participants_are_numbered_in_order_of_registration(market, registry):
    first, second, third = accounts_of(market, 3)
    assert registry.transact(market.supervisor, "register", first, 1) == [
        ("ParticipantRegistered", first, 1, 1)
    ]
    assert registry.transact(market.supervisor, "registerMany", [second, third], 5) == [
        ("ParticipantRegistered", second, 2, 5),
        ("ParticipantRegistered", third, 3, 5),
    ]
    assert registry.call("participantCount") == 3
    for number, (account, roles) in enumerate([(first, 1), (second, 5), (third, 5)], start=1):
        assert registry.call("idOf", account) == number
        assert registry.call("accountOf", number) == account
        assert registry.call("rolesOf", account) == roles
    assert (registry.call("idOf", market.outsider.address), registry.call("accountOf", 4)) == (0, ZERO)


def test_front_running_a_registration_is_impossible(market, registry):
    """Counterexample: where anyone registers, a number or a role seen in the pool can be taken first."""
    thief, victim = market.outsider, market.participants[0]
    for function, args in [
        ("register", (thief.address, 1)),
        ("registerMany", ([thief.address], 1)),
        ("setRoles", (thief.address, 1)),
        ("addListener", (thief.address,)),
        ("removeListener", (thief.address,)),
    ]:
        with market.reverts(f"OwnableUnauthorizedAccount: {thief.address}"):
            registry.transact(thief, function, *args)
    registry.transact(market.supervisor, "register", victim.address, 1)
    assert registry.call("idOf", victim.address) == 1


def test_an_account_registers_once(market, registry):
    (account,) = accounts_of(market, 1)
    registry.transact(market.supervisor, "register", account, 1)
    with market.reverts(f"Registry_AlreadyRegistered: {account}, 1"):
        registry.transact(market.supervisor, "register", account, 2)
    with market.reverts(f"Registry_AlreadyRegistered: {account}, 1"):
        registry.transact(market.supervisor, "registerMany", [market.outsider.address, account], 2)
    assert registry.call("participantCount") == 1


@pytest.mark.parametrize("roles", [0, 64, 2**256 - 1])
def test_unknown_roles_are_refused(market, registry, roles):
    (account,) = accounts_of(market, 1)
    with market.reverts(f"Registry_UnknownRoles: {roles}"):
        registry.transact(market.supervisor, "register", account, roles)


def test_the_zero_address_is_nobody(market, registry):
    with market.reverts("Registry_ZeroAddress"):
        registry.transact(market.supervisor, "register", ZERO, 1)
    with market.reverts("Registry_ZeroAddress"):
        registry.transact(market.supervisor, "addListener", ZERO)


def test_roles_change_and_are_revoked_while_the_number_stays(market, registry):
    (account,) = accounts_of(market, 1)
    with market.reverts(f"Registry_NotRegistered: {account}"):
        registry.transact(market.supervisor, "setRoles", account, 1)
    registry.transact(market.supervisor, "register", account, 63)
    with market.reverts("Registry_UnknownRoles: 64"):
        registry.transact(market.supervisor, "setRoles", account, 64)
    assert registry.transact(market.supervisor, "setRoles", account, 0) == [("RolesChanged", account, 1, 0)]
    assert (registry.call("rolesOf", account), registry.call("idOf", account)) == (0, 1)


def test_listeners_hear_of_registrations_and_roles(market, registry, make_listener):
    meter, operator = 8, 16
    listener = make_listener()
    pushed = registry.transact(market.supervisor, "addListener", listener.address)
    assert pushed == [("ListenerAdded", checked_address(listener.address))]
    newcomer = market.participants[0]
    registry.transact(market.supervisor, "register", newcomer.address, 1)
    # A known account's withdrawal fails for want of money, an unknown one's for want of a number.
    with market.reverts("Venue_InsufficientMargin: 1, 5, 0"):
        listener.transact(newcomer, "withdrawMargin", 5)
    with market.reverts(f"Venue_NotRegistered: {market.outsider.address}"):
        listener.transact(market.outsider, "withdrawMargin", 5)
    registry.transact(market.supervisor, "setRoles", newcomer.address, meter | operator)
    assert registry.call("rolesOf", newcomer.address) == meter | operator


def test_listeners_are_bounded_so_that_a_push_always_ends(market, registry, make_listener):
    listeners = [make_listener() for _ in range(9)]
    for listener in listeners[:8]:
        registry.transact(market.supervisor, "addListener", listener.address)
    with market.reverts(f"Registry_AlreadyListening: {checked_address(listeners[3].address)}"):
        registry.transact(market.supervisor, "addListener", listeners[3].address)
    with market.reverts("Registry_TooManyListeners: 8"):
        registry.transact(market.supervisor, "addListener", listeners[8].address)
    assert registry.call("listenerCount") == registry.call("MAX_LISTENERS") == 8
    assert registry.call("listenerAt", 3) == checked_address(listeners[3].address)


def test_a_wrong_listener_stops_registrations_only_until_it_is_removed(market, registry, make_listener):
    """Counterexample: a contract of another market refuses every push; nobody could register ever again."""
    right, wrong = make_listener(), market.address("house")
    with market.reverts(f"Registry_NotListener: {market.outsider.address}"):
        registry.transact(market.supervisor, "addListener", market.outsider.address)
    registry.transact(market.supervisor, "addListener", wrong)
    registry.transact(market.supervisor, "addListener", right.address)
    newcomer = market.participants[0]
    with market.reverts(f"Settlement_NotRegistry: {checked_address(registry.address)}"):
        registry.transact(market.supervisor, "register", newcomer.address, 1)
    assert registry.transact(market.supervisor, "removeListener", wrong) == [("ListenerRemoved", wrong)]
    with market.reverts(f"Registry_NotListener: {wrong}"):
        registry.transact(market.supervisor, "removeListener", wrong)
    assert (registry.call("listenerCount"), registry.call("listenerAt", 0)) == (
        1,
        checked_address(right.address),
    )
    registry.transact(market.supervisor, "register", newcomer.address, 1)
    assert registry.call("idOf", newcomer.address) == 1


def test_a_late_listener_is_told_by_anyone(market, registry, make_listener):
    for account in accounts_of(market, 3):
        registry.transact(market.supervisor, "register", account, 1)
    listener = make_listener()
    registry.transact(market.supervisor, "addListener", listener.address)
    first, second, third = market.participants[:3]
    for _ in range(2):  # telling twice changes nothing
        registry.transact(market.outsider, "sync", 2, 3)
    with market.reverts(f"Venue_NotRegistered: {first.address}"):
        listener.transact(first, "withdrawMargin", 1)
    for number, participant in [(2, second), (3, third)]:
        with market.reverts(f"Venue_InsufficientMargin: {number}, 1, 0"):
            listener.transact(participant, "withdrawMargin", 1)
    registry.transact(market.outsider, "sync", 3, 2)
    for span in [(0, 3), (1, 4)]:
        with market.reverts(f"Registry_NotRegistered: {ZERO}"):
            registry.transact(market.outsider, "sync", *span)


def test_the_supervisor_keeps_its_office_until_the_successor_accepts(market, registry):
    """Counterexample: a handover in one step to a mistyped address would lose the registry."""
    successor = market.outsider
    registry.transact(market.supervisor, "transferOwnership", successor.address)
    assert registry.call("owner") == market.supervisor.address
    assert registry.call("pendingOwner") == successor.address
    with market.reverts(f"OwnableUnauthorizedAccount: {successor.address}"):
        registry.transact(successor, "register", successor.address, 1)
    registry.transact(market.supervisor, "register", successor.address, 1)
    with market.reverts(f"OwnableUnauthorizedAccount: {market.meter.address}"):
        registry.transact(market.meter, "acceptOwnership")
    registry.transact(successor, "acceptOwnership")
    with market.reverts(f"OwnableUnauthorizedAccount: {market.supervisor.address}"):
        registry.transact(market.supervisor, "setRoles", successor.address, 0)
    registry.transact(successor, "setRoles", successor.address, 2)


def test_without_a_supervisor_trading_and_leaving_go_on(market):
    user = market.participants[0]
    with market.reverts(f"OwnableUnauthorizedAccount: {user.address}"):
        market.transact(user, "registry", "renounceOwnership")
    frame = market.open_frame()
    market.transact(market.supervisor, "registry", "renounceOwnership")
    assert int(market.call("registry", "owner"), 16) == 0
    with market.reverts(f"OwnableUnauthorizedAccount: {market.supervisor.address}"):
        market.transact(market.supervisor, "registry", "register", market.outsider.address, 1)
    market.transact(user, "book", "place", market.call("book", "packRequest", frame, 0, 60, 500, 0, 0, 0, 9))
    market.open_frame(frame + 1)
    market.transact(user, "book", "withdrawMargin", market.call("book", "marginOf", user.id))
    market.transact(user, "house", "withdraw", market.call("house", "accountOf", user.id)[0])
