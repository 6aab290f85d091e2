"""Callbacks do not reach into the operator's network, whatever a name resolves to."""

from __future__ import annotations

import ipaddress
import socket
import threading
from typing import Any

import pytest

from gateway.delivery import address_guard
from gateway.delivery.address_guard import NotThere, may_be_called, resolve
from tests.support.gateway.customers import LOOPBACK
from tests.support.poll import wait_until


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104 - to be refused
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",  # where clouds keep their credentials
        "192.0.0.8",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo of 127.0.0.1
        "2001:db8::1",
        "192.88.99.1",  # relays of 6to4
        "192.88.99.255",
        "::ffff:192.88.99.1",
        "3fff::1",  # for documents
        "3fff:fff:ffff::1",
        "64:ff9b:1::7f00:1",
        "2400:3200::5efe:7f00:1",  # ISATAP of 127.0.0.1, from a public network
        "2400:3200::200:5efe:a9fe:a9fe",
        "2400:3200::5efe:10.1.2.3",
        "fe80::5efe:808:808",  # ISATAP of 8.8.8.8, from a network that is not public
        "fc00::200:5efe:808:808",
    ],
)
def test_what_is_not_public_is_not_called(ip: str) -> None:
    assert not may_be_called(ipaddress.ip_address(ip), ())


PUBLIC = ["8.8.8.8", "114.114.114.114", "2400:3200::1", "64:ff9b::808:808", "::ffff:8.8.8.8"]
NEIGHBOURS = ["192.88.98.1", "192.88.100.1", "2400:3200::5efe:808:808", "2400:3200::5eff:7f00:1"]


@pytest.mark.parametrize("ip", [*PUBLIC, *NEIGHBOURS])
def test_what_is_public_is_called(ip: str) -> None:
    assert may_be_called(ipaddress.ip_address(ip), ())


def test_what_the_operator_lists_is_called_and_nothing_beside_it() -> None:
    listed = (ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00:1::/32"))
    for ip, may in {"10.1.2.3": True, "10.2.0.1": False, "fd00:1::5": True, "::ffff:10.1.9.9": True}.items():
        assert may_be_called(ipaddress.ip_address(ip), listed) is may


def _answers(monkeypatch: pytest.MonkeyPatch, *ips: str) -> list[Any]:
    """The network's name service, beyond this machine: the only part that is not real."""
    asked: list[Any] = []

    def getaddrinfo(*arguments: Any, **_: Any) -> list[Any]:
        asked.append(arguments)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, arguments[1])) for ip in ips]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("ips", [("127.0.0.1",), ("169.254.169.254",), ("8.8.8.8", "10.0.0.1"), ("::1",)])
def test_a_name_that_leads_inside_is_refused_even_when_it_leads_outside_as_well(
    monkeypatch: pytest.MonkeyPatch, ips: tuple[str, ...]
) -> None:
    _answers(monkeypatch, *ips)
    with pytest.raises(NotThere, match="address_refused"):
        resolve("hooks.example.com", 443, ())


def test_a_name_is_resolved_once_and_the_address_is_what_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _answers(monkeypatch, "8.8.8.8", "8.8.4.4")
    assert resolve("hooks.example.com", 443, ()) == "8.8.8.8"
    assert asked == [("hooks.example.com", 443)]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "::1", "0"])
def test_other_ways_to_write_loopback_are_loopback(host: str) -> None:
    with pytest.raises(NotThere):
        resolve(host, 80, ())


def test_loopback_is_reached_when_the_operator_lists_it() -> None:
    assert resolve("127.0.0.1", 80, LOOPBACK) == "127.0.0.1"


def test_a_name_service_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(address_guard, "RESOLVE_SECONDS", 0.05)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(60) and [])
    with pytest.raises(NotThere, match="name_not_resolved"):
        resolve("slow.example.com", 443, ())
    answered.set()


def test_a_name_service_that_hangs_for_one_name_leaves_the_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        if host == "slow.example.com":
            answered.wait(60)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(address_guard, "RESOLVE_SECONDS", 0.2)
    for _ in range(40):  # more than there are threads
        with pytest.raises(NotThere, match="name_not_resolved"):
            resolve("slow.example.com", 443, ())
    monkeypatch.setattr(address_guard, "RESOLVE_SECONDS", 5.0)
    assert resolve("quick.example.com", 443, ()) == "8.8.8.8"
    answered.set()
    wait_until(lambda: not address_guard._running, 10, "the look-up that hung to end")
    assert resolve("slow.example.com", 443, ()) == "8.8.8.8"


def test_fifty_names_that_hang_leave_the_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        if host != "quick.example.com":
            answered.wait(60)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(address_guard, "RESOLVE_SECONDS", 0.01)
    for number in range(50):
        with pytest.raises(NotThere, match="name_not_resolved"):
            resolve(f"slow{number}.example.com", 443, ())
    monkeypatch.setattr(address_guard, "RESOLVE_SECONDS", 30.0)
    assert resolve("quick.example.com", 443, ()) == "8.8.8.8"
    answered.set()
    wait_until(lambda: not address_guard._running, 10, "the look-ups that hung to end")
