"""The command `python -m phonesim` and its control port."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import adbutils
import pytest
import uiautomator2

from phonesim.pace import REAL_SECONDS, Pace, parse_times
from tests.support.poll import wait_until
from tests.support.shelf import Shelf

# a parent that starts phonesim, tells its pid and ready line, and ends when its input does
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-m", "phonesim", "--die-with-parent"], stdout=subprocess.PIPE, text=True)
print(child.pid, child.stdout.readline(), flush=True)
sys.stdin.read()
"""


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "phonesim", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def read_line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline()


def accepts(address: str) -> bool:
    host, _, port = address.partition(":")
    with socket.socket() as sock:
        return sock.connect_ex((host, int(port))) == 0


def test_serves_until_told_to_end(tmp_path: Path) -> None:
    with start("--phones", "2", "--truth", str(tmp_path / "new" / "truth.jsonl")) as process:
        ready = json.loads(read_line(process.stdout))
        assert [each["serial"] for each in ready["phones"]] == ["SIM0001", "SIM0002"]
        assert len({each["account"] for each in ready["phones"]}) == 2
        assert all(accepts(each["address"]) for each in ready["phones"])
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=10)
    assert (process.returncode, output, errors) == (0, "", "")
    assert not accepts(ready["phones"][0]["address"])


def test_ends_with_its_parent() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=pipe, stdout=pipe, text=True) as parent:
        ready = json.loads(read_line(parent.stdout).split(" ", 1)[1])
        parent.kill()
        parent.wait(10)
    wait_until(lambda: not accepts(ready["phones"][0]["address"]), 10, "phonesim to end with its parent")


def test_a_port_that_is_taken_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with start("--base-port", str(taken.getsockname()[1])) as process:
            _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "address already in use" in errors


@pytest.mark.parametrize(
    "arguments",
    [
        ["--phones", "0"],
        ["--speed", "-1"],
        ["--speed", "nan"],
        ["--times", "swing=1"],
        ["--times", "dump"],
        ["--times", "dump=-1"],
        ["--times", "dump=nan"],
    ],
)
def test_bad_options_are_refused(arguments: list[str]) -> None:
    with start(*arguments) as process:
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert arguments[0] in errors


def ask(shelf: Shelf, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
    connection = http.client.HTTPConnection(urlsplit(shelf.control).netloc, timeout=10)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_the_control_port_describes_the_shelf(shelf: Shelf) -> None:
    assert shelf.get("/healthz") == {"ok": True, "phones": 3}
    first = shelf.get("/phones")[0]
    assert (first["serial"], first["address"]) == ("SIM0001", shelf.phones[0]["address"])
    assert first["plugged"]
    assert first["faults"] == first["armed"] == []
    assert shelf.get("/faults")["slow"] == ["factor"]
    assert len(shelf.get("/world")["accounts"]) == 4
    assert shelf.get("/truth") == shelf.truth()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", b"", 404),
        ("GET", "/calls?since=today", b"", 400),
        ("POST", "/calls", b"{}", 405),
        ("POST", "/phones", b"{}", 405),
        ("POST", "/faults", b"no json", 400),
        ("POST", "/faults", b"[]", 400),
        ("POST", "/heal", b"{}", 400),
        ("POST", "/world/forbid", b'{"account": "acc9999"}', 400),
    ],
)
def test_the_control_port_refuses_with_a_reason(shelf: Shelf, method: str, path: str, body: bytes, status: int) -> None:
    answered, said = ask(shelf, method, path, body)
    assert answered == status
    assert said["error"]


def test_the_control_port_changes_the_world(shelf: Shelf) -> None:
    author = shelf.get("/world")["authors"][0]["id"]
    assert shelf.post("/world/forbid", account="acc0001", author_id=author) == {"ok": True}
    assert shelf.post("/world/allow", account="acc0001", author_id=author) == {"ok": True}
    assert shelf.post("/world/moderate", account="acc0004") == {"ok": True}
    gone = shelf.post("/world/delete_comment", author_id=author, title="no such", commenter="nobody", text="")
    assert gone == {"deleted": False}


def test_the_documentation_names_everything(shelf: Shelf) -> None:
    text = (Path(__file__).parents[2] / "docs" / "phonesim.md").read_text(encoding="utf-8")
    with start("--help") as process:
        options = re.findall(r"--[a-z-]+", process.communicate(timeout=20)[0])
    for name in [*shelf.get("/faults"), *(option for option in options if option != "--help")]:
        assert f"`{name}" in text, name


def test_a_slow_phone_does_not_slow_its_neighbours(shelf: Shelf) -> None:
    slow, neighbour = (shelf.adb.client.device(each["address"]) for each in shelf.phones[1:])
    shelf.fault("slow", phone="SIM0002", factor=1000)
    try:
        with pytest.raises(adbutils.AdbTimeout):
            slow.shell("echo", timeout=0.3)
        assert neighbour.shell("echo quick", timeout=10) == "quick"
    finally:
        shelf.heal("SIM0002")


def test_a_phone_remembers_when_it_was_called(shelf: Shelf) -> None:
    address, serial = shelf.phones[2]["address"], shelf.phones[2]["serial"]
    before = time.time()
    uiautomator2.connect(address).click(5, 5)
    after = time.time()
    calls = shelf.get("/calls")
    assert set(calls) == {phone["serial"] for phone in shelf.phones}
    tap = calls[serial][-1]
    assert tap["call"] == "click"
    assert before <= tap["began"] <= tap["ended"] <= after
    assert shelf.get("/phones")[2]["last_call_at"] == tap["began"]


def test_calls_that_ended_before_a_moment_are_left_out(shelf: Shelf) -> None:
    address, serial = shelf.phones[2]["address"], shelf.phones[2]["serial"]
    phone = uiautomator2.connect(address)
    phone.click(5, 5)
    phone.press("home")
    before, last = shelf.get("/calls")[serial][-2:]
    assert shelf.get(f"/calls?since={before['ended']}")[serial] == [before, last]
    assert shelf.get(f"/calls?since={last['ended']}")[serial] == [last]
    after = shelf.get(f"/calls?since={last['ended'] + 1}")
    assert set(after) == {one["serial"] for one in shelf.phones}
    assert after[serial] == []


def test_a_call_that_waits_in_a_hung_phone_has_not_begun(shelf: Shelf) -> None:
    address, serial = shelf.phones[2]["address"], shelf.phones[2]["serial"]
    uiautomator2.connect(address).press("home")
    phone = shelf.adb.client.device(address)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "click", "params": [5, 5]}).encode()
    request = f"POST /jsonrpc/0 HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    shelf.fault("hang", phone=serial)
    try:
        with phone.create_connection("tcp", 9008) as calling:
            calling.sendall(request)
            # opened over the same transport, behind the request: once it stands the phone has the call
            with phone.create_connection("tcp", 9008):
                waiting = shelf.get("/calls")[serial][-1]["call"]
                healed = time.time()
                shelf.heal(serial)
                calling.settimeout(10)
                assert calling.recv(8192)
    finally:
        shelf.heal(serial)
    assert waiting == "pressKey"
    ran = shelf.get("/calls")[serial][-1]
    assert ran["call"] == "click"
    assert ran["began"] >= healed


def test_times_that_are_given_replace_the_usual_ones() -> None:
    pace = Pace(2, parse_times("dump=0.25, tap=0"))
    assert (pace.real["dump"], pace.real["tap"]) == (0.25, 0)
    assert pace.real["query"] == REAL_SECONDS["query"]
    assert pace.seconds(pace.real["dump"]) == 0.125
