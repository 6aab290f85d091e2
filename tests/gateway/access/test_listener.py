"""The bound on connections: of one address, where a network of IPv6 counts as one, and of all."""

from __future__ import annotations

import socket

import pytest

from gateway.access.listener import ConnectionLimits, listeners
from models.values.refused import Refused

SAME = {
    "IPv4": ("192.0.2.1", "192.0.2.1"),
    "IPv4 inside IPv6": ("192.0.2.1", "::ffff:192.0.2.1"),
    "one line of IPv6": ("2001:db8:1:2::1", "2001:db8:1:2:ffff::7"),
    "a link": ("fe80::1%eth0", "fe80::2%eth1"),
    "no address": ("", "somewhere"),
}
OTHERS = {
    "IPv4": ("192.0.2.1", "192.0.2.2"),
    "IPv4 inside IPv6": ("::ffff:192.0.2.1", "::ffff:192.0.2.2"),
    "two lines of IPv6": ("2001:db8:1:2::1", "2001:db8:1:3::1"),
}


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME.keys())
def test_one_address_has_so_many_connections_and_gets_each_back(pair: tuple[str, str]) -> None:
    limits = ConnectionLimits(most=10, per_address=2)
    assert [limits.take(pair[0]), limits.take(pair[1]), limits.take(pair[0])] == [True, True, False]
    limits.give_back(pair[1])
    assert [limits.take(pair[0]), limits.take(pair[0])] == [True, False]


@pytest.mark.parametrize("pair", OTHERS.values(), ids=OTHERS.keys())
def test_addresses_do_not_take_each_others(pair: tuple[str, str]) -> None:
    limits = ConnectionLimits(most=10, per_address=1)
    assert [limits.take(one) for one in (*pair, *pair)] == [True, True, False, False]


def test_all_addresses_together_have_a_bound() -> None:
    limits = ConnectionLimits(most=3, per_address=0)
    assert [limits.take("192.0.2.1"), limits.take("192.0.2.1"), limits.take("192.0.2.2")] == [True] * 3
    assert not limits.take("192.0.2.3")
    limits.give_back("192.0.2.2")
    assert limits.take("192.0.2.3")


def test_a_port_that_is_taken_and_a_host_that_is_none_are_refused() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        for host, port, field in (("127.0.0.1", other.getsockname()[1], "port"), ("no.such.invalid", 1, "host")):
            with pytest.raises(Refused) as refused:
                listeners(host, port, ConnectionLimits(1, 1))
            assert [one.field for one in refused.value.problems] == [field]
