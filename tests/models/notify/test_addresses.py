"""Addresses are read in one way, and what could be read in two is refused."""

from __future__ import annotations

import pytest

from models.notify.addresses import check_allowed, read_address, read_origin
from models.values.refused import Refused


@pytest.mark.parametrize(
    ("url", "origin", "endpoint", "whole"),
    [
        ("https://Hooks.Example.com", "https://hooks.example.com", "https://hooks.example.com", None),
        ("https://a.example:443/x?y=1", "https://a.example", "https://a.example/x", "https://a.example/x?y=1"),
        ("http://a.example:8080/x", "http://a.example:8080", "http://a.example:8080/x", None),
        ("http://[::1]:80/", "http://[::1]", "http://[::1]/", None),
        ("https://10.0.0.7:8443/a/b", "https://10.0.0.7:8443", "https://10.0.0.7:8443/a/b", None),
        ("https://xn--fiqs8s.example/%E5%A5%BD", "https://xn--fiqs8s.example", None, None),
    ],
)
def test_an_address_has_its_parts(url: str, origin: str, endpoint: str | None, whole: str | None) -> None:
    address = read_address(url)
    assert address.origin == origin
    assert endpoint in (None, address.endpoint)
    assert whole in (None, address.url)
    assert read_address(address.url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com",
        "ftp://a.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user@a.example/",
        "https://user:password@a.example/",
        "https://a.example@10.0.0.1/",
        "https://a.example\\@10.0.0.1/",
        "https://a.example/#fragment",
        "https://a.example:99999/",
        "https://a.example:0/",
        "https://a.example:port/",
        "https://a.example /",
        "https://a.example/\r\nX: y",
        "https://a.example/\x00",
        "https://a.example/好",
        "https://好.example/",
        "https://a..example/",
        "https://-a.example/",
        "https://a.example./",
        "https://[::1%25eth0]/",
        "https://[nothing]/",
        "https://a.example/" + "x" * 2000,
    ],
)
def test_what_is_no_address_or_could_be_two_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refused:
        read_address(url)
    (problem,) = refused.value.problems
    assert problem.field == "callback_url"
    assert problem.remedy


@pytest.mark.parametrize("text", ["https://a.example/path", "https://a.example?x=1"])
def test_an_origin_is_no_more_than_scheme_host_and_port(text: str) -> None:
    with pytest.raises(Refused, match="more than scheme, host and port"):
        read_origin(text)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://a.example/x", True),
        ("https://A.EXAMPLE:443/x", True),
        ("http://a.example/x", False),
        ("https://a.example:8443/x", False),
        ("https://a.example.evil.example/x", False),
        ("https://evil.a.example/x", False),
    ],
)
def test_an_address_is_allowed_by_its_origin_alone(url: str, allowed: bool) -> None:
    if allowed:
        check_allowed(read_address(url), ["https://a.example"])
        return
    with pytest.raises(Refused, match="not in the key's allowlist"):
        check_allowed(read_address(url), ["https://a.example"])
