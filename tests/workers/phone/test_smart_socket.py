"""What adb's server answers, read by the one reader that both clients use."""

from __future__ import annotations

import io
import socket
import threading

import pytest

from flows.phone import PhoneError
from workers.host.adb import Adb, AdbError
from workers.phone.adb import Adb as PhoneAdb
from workers.phone.smart_socket import NotSmartSocket, RequestTooLong, framed, read_block, read_refusal
from workers.phone.transport import Deadline


@pytest.mark.parametrize(
    ("request_", "sent"),
    [("host:version", b"000chost:version"), ("", b"0000"), ("shell:回", "0009shell:回".encode())],
)
def test_a_request_follows_the_number_of_its_bytes(request_: str, sent: bytes) -> None:
    assert framed(request_) == sent


@pytest.mark.parametrize("text", ["x" * 0x10000, "回" * 21846])
def test_what_four_digits_cannot_count_is_refused(text: str) -> None:
    with pytest.raises(RequestTooLong, match=f"has {len(text.encode())} bytes; adb takes 65535"):
        framed(text)
    assert len(framed(text[:21845])) == 4 + len(text[:21845].encode())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(b"OKAY", None), (b"FAIL0009not found", "not found"), (b"FAIL0000", ""), (b"FAIL0001\xff", "�")],
)
def test_a_refusal_is_read_with_its_reason(answer: bytes, reason: str | None) -> None:
    assert read_refusal(io.BytesIO(answer).read) == reason


HOSTILE = [b"HTTP", b"okay", b"FAILxxxx", b"FAIL+0ff", b"FAIL-001", b"FAIL 1 1", b"FAIL0x1f", b"FAIL1_00", b"\0\0\0\0"]


@pytest.mark.parametrize("answer", HOSTILE)
def test_what_speaks_another_protocol_is_told_so(answer: bytes) -> None:
    with pytest.raises(NotSmartSocket, match="the adb server"):
        read_refusal(io.BytesIO(answer).read)


@pytest.mark.parametrize("length", [b"zzzz", b"    ", b"-001", b"00\xb9\xb2"])
def test_a_length_that_is_none_is_told_so(length: bytes) -> None:
    with pytest.raises(NotSmartSocket, match="where a length stands"):
        read_block(io.BytesIO(length + b"x" * 99).read)


@pytest.mark.parametrize("answer", HOSTILE)
def test_both_clients_refuse_a_server_that_is_none_of_adbs(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer_twice() -> None:
            for _ in range(2):
                connection, _address = server.accept()
                with connection:
                    connection.settimeout(20)
                    connection.recv(1000)
                    connection.sendall(answer)

        answering = threading.Thread(target=answer_twice, daemon=True)
        answering.start()
        with pytest.raises(AdbError):
            Adb(port).listed()
        with pytest.raises(PhoneError) as told:
            PhoneAdb(port, "SIM0001").shell("true", Deadline(20.0, lambda: 20.0))
        assert told.value.code == "phone_lost"
        answering.join(20)
