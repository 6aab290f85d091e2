"""Messages of the ADB transport."""

from __future__ import annotations

import pytest

from phonesim.adb.wire import HEADER_SIZE, MAX_PAYLOAD, Command, Header, WireError, banner, pack, unpack_header


def test_a_message_is_its_header_and_payload() -> None:
    message = pack(Command.WRTE, 7, 9, b"hello")
    assert message[:4] == b"WRTE"
    assert unpack_header(message[:HEADER_SIZE]) == Header(Command.WRTE, 7, 9, 5)
    assert message[HEADER_SIZE:] == b"hello"


def test_damaged_headers_are_refused() -> None:
    damaged = pack(Command.OKAY, 1, 2)[:20] + b"\0\0\0\0"
    with pytest.raises(WireError, match="magic"):
        unpack_header(damaged)
    with pytest.raises(WireError, match="payload"):
        unpack_header(pack(Command.WRTE, 1, 2, bytes(MAX_PAYLOAD + 1))[:HEADER_SIZE])


def test_the_banner_names_the_product_and_features() -> None:
    properties = {"ro.product.name": "n", "ro.product.model": "m", "ro.product.device": "d"}
    expected = b"device::ro.product.name=n;ro.product.model=m;ro.product.device=d;features=shell_v2"
    assert banner(properties, ("shell_v2",)) == expected
