"""phonesim as the adb server of a shelf at USB, asked by the real adb command."""

from __future__ import annotations

import errno
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import adbutils
import pytest
import uiautomator2

from phonesim.adb.request import Request, Target, parse
from scripts.local.embedded import free_port
from tests.support.host.processes import Sim

NO_PERMISSIONS = (
    "no permissions (missing udev rules? user is in the plugdev group); "
    "see [http://developer.android.com/tools/device.html]"
)
SECONDS = 60


class Shelf:
    """Three phones at USB, and adb."""

    def __init__(self) -> None:
        self.port = free_port()
        self.sim = Sim(3, self.port)

    def adb(self, *words: str) -> tuple[str, str]:
        """What adb prints, and its errors."""
        command = [adbutils.adb_path(), "-P", str(self.port), *words]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        return ended.stdout, ended.stderr

    def lines(self) -> dict[str, list[str]]:
        """USB port → name and state, by `adb devices -l`; two blanks or more part the two."""
        rows = self.adb("devices", "-l")[0].splitlines()[1:]
        return {
            row.partition(" usb:")[2].split(" ")[0]: row.partition(" usb:")[0].split("  ", 1) for row in rows if row
        }


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    shelf = Shelf()
    yield shelf
    shelf.sim.close()


def test_phones_hang_at_usb_ports_and_answer_by_serial_and_by_port(shelf: Shelf) -> None:
    assert shelf.adb("devices")[0].splitlines()[1:4] == [f"SIM000{number}\tdevice" for number in (1, 2, 3)]
    for target in ("SIM0002", "usb:1-2"):
        assert shelf.adb("-s", target, "shell", "getprop", "ro.serialno") == ("SIM0002\n", "")


def test_files_of_several_messages_come_whole(shelf: Shelf, tmp_path: Path) -> None:
    source, back = tmp_path / "a", tmp_path / "b"
    source.write_bytes(bytes(range(256)) * 12_000)
    assert "1 file pushed" in "".join(shelf.adb("-s", "SIM0001", "push", str(source), "/sdcard/a"))
    assert "1 file pulled" in "".join(shelf.adb("-s", "SIM0001", "pull", "/sdcard/a", str(back)))
    assert back.read_bytes() == source.read_bytes()


def test_names_and_states_are_what_they_are_made(shelf: Shelf) -> None:
    shelf.sim.usb(phone="SIM0001", name="MY OLD PHONE")
    shelf.sim.usb(phone="SIM0002", state="unauthorized")
    shelf.sim.usb(usb="usb:1-9", name="????????????", state=NO_PERMISSIONS)
    shelf.sim.usb(usb="usb:2-1", name="")
    shelf.sim.usb(phone="SIM0003", plugged=False)
    assert {port: [part.strip() for part in parts] for port, parts in shelf.lines().items()} == {
        "1-1": ["MY OLD PHONE", "device"],
        "1-2": ["SIM0002", "unauthorized"],
        "1-9": ["????????????", NO_PERMISSIONS],
        "2-1": ["(no serial number)", "no permissions"],
    }
    assert shelf.adb("-s", "MY OLD PHONE", "shell", "getprop", "ro.serialno")[0] == "MY OLD PHONE\n"
    for target, words in {"SIM0002": "unauthorized", "usb:1-9": "permissions", "SIM0003": "not found"}.items():
        assert words in shelf.adb("-s", target, "shell", "true")[1]


def test_equal_serials_are_ambiguous_and_their_ports_are_not(shelf: Shelf) -> None:
    for phone in ("SIM0001", "SIM0002"):
        shelf.sim.usb(phone=phone, name="0123456789ABCDEF")
    assert shelf.adb("devices")[0].count("0123456789ABCDEF\tdevice") == 2
    assert "more than one device" in shelf.adb("-s", "0123456789ABCDEF", "shell", "true")[1]
    assert shelf.adb("-s", "usb:1-2", "shell", "echo", "here")[0] == "here\n"


def test_a_phone_is_at_usb_and_in_the_network_at_once(shelf: Shelf) -> None:
    address = shelf.sim.addresses["SIM0001"]
    assert "connected to" in shelf.adb("connect", address)[0]
    shelf.sim.usb(phone="SIM0001", plugged=False)
    assert shelf.adb("-s", address, "shell", "getprop", "ro.serialno")[0] == "SIM0001\n"
    shelf.sim.fault("SIM0001", "unplug")
    assert f"{address}\toffline" in shelf.adb("devices")[0]
    assert "disconnected" in shelf.adb("disconnect", address)[0]
    assert address not in shelf.adb("devices")[0]


def test_a_wait_ends_when_it_is_so(shelf: Shelf) -> None:
    assert shelf.adb("-s", "SIM0001", "wait-for-usb-device") == ("", "")
    assert shelf.adb("-s", "127.0.0.1:1", "wait-for-any-disconnect") == ("", "")
    shelf.sim.usb(phone="SIM0002", state="recovery")
    assert shelf.adb("-s", "SIM0002", "wait-for-recovery") == ("", "")
    shelf.sim.usb(phone="SIM0002", plugged=False)
    assert shelf.adb("-s", "SIM0002", "wait-for-disconnect") == ("", "")
    assert shelf.adb("wait-for-local-disconnect") == ("", "")


def test_a_wait_goes_on_until_it_is_so_or_its_client_leaves(shelf: Shelf) -> None:
    client = adbutils.AdbClient("127.0.0.1", shelf.port)
    for phone in ("SIM0002", "SIM0003"):
        shelf.sim.usb(phone=phone, plugged=False)
    client.wait_for(transport="usb", state="device", timeout=SECONDS)
    for transport, state in (("usb", "disconnect"), ("local", "device"), ("any", "recovery")):
        with pytest.raises(adbutils.AdbTimeout):
            client.wait_for(transport=transport, state=state, timeout=0.2)
    waiting = subprocess.Popen([adbutils.adb_path(), "-P", str(shelf.port), "wait-for-usb-disconnect"])
    shelf.sim.usb(phone="SIM0001", plugged=False)
    assert waiting.wait(SECONDS) == 0


def test_a_wait_that_is_none_is_refused_in_adbs_words(shelf: Shelf) -> None:
    client = adbutils.AdbClient("127.0.0.1", shelf.port)
    for transport, state, words in (
        ("usb", "device", "more than one device"),
        ("any", "device", "more than one device/emulator"),
        ("pigeon", "device", "pigeon"),
        ("usb", "flying", "flying"),
    ):
        with pytest.raises(adbutils.AdbError, match=words):
            client.wait_for(transport=transport, state=state, timeout=SECONDS)


def test_a_phone_is_meant_by_kind_and_by_number_as_by_name(shelf: Shelf) -> None:
    address = shelf.sim.addresses["SIM0003"]
    for phone in ("SIM0001", "SIM0002"):
        shelf.sim.usb(phone=phone, plugged=False)
    assert shelf.adb("get-serialno") == ("SIM0003\n", "")
    assert shelf.adb("shell", "getprop", "ro.serialno") == ("SIM0003\n", "")
    assert shelf.adb("-e", "shell", "true")[1] == "error: no emulators found\n"
    shelf.adb("connect", address)
    assert shelf.adb("shell", "true")[1] == "error: more than one device/emulator\n"
    assert shelf.adb("-d", "get-devpath") == ("usb:1-3\n", "")
    assert shelf.adb("-e", "get-devpath") == ("unknown\n", "")
    assert shelf.adb("-e", "get-serialno") == (f"{address}\n", "")
    assert shelf.adb("-s", address, "get-state") == ("device\n", "")
    assert shelf.adb("-t", "3", "get-serialno") == ("SIM0003\n", "")
    assert shelf.adb("-t", "3", "shell", "echo", "here") == ("here\n", "")
    assert "no device with transport id '99'" in shelf.adb("-t", "99", "shell", "true")[1]
    shelf.sim.usb(phone="SIM0003", plugged=False)
    assert "no devices found" in shelf.adb("-d", "shell", "true")[1]


def test_forwards_are_listed_led_elsewhere_and_removed(shelf: Shelf) -> None:
    port, taken = free_port(), shelf.port
    assert shelf.adb("-s", "SIM0001", "forward", f"tcp:{port}", "tcp:1") == ("", "")
    assert shelf.adb("-s", "SIM0002", "forward", f"tcp:{port}", "tcp:2") == ("", "")
    chosen = shelf.adb("-s", "usb:1-3", "forward", "tcp:0", "localabstract:a b")[0].strip()
    assert shelf.adb("forward", "--list")[0].split("\n") == [
        f"SIM0002 tcp:{port} tcp:2", f"SIM0003 tcp:{chosen} localabstract:a b", "", "",
    ]  # fmt: skip
    refused = {
        ("forward", "--no-rebind", f"tcp:{port}", "tcp:3"): "cannot rebind existing socket",
        ("forward", f"tcp:{taken}", "tcp:3"): "cannot bind listener: Address already in use",
        ("forward", "tcp:99999", "tcp:3"): "tcp:99999",
        ("forward", "localabstract:x", "tcp:3"): "only tcp:PORT can be a local address",
        ("forward", "--remove", "tcp:1"): "listener 'tcp:1' not found",
    }
    for words, reason in refused.items():
        assert reason in shelf.adb("-s", "SIM0001", *words)[1]
    assert shelf.adb("-s", "SIM0001", "forward", "--remove", f"tcp:{port}") == ("", "")
    assert shelf.adb("forward", "--list")[0].split() == ["SIM0003", f"tcp:{chosen}", "localabstract:a", "b"]
    assert shelf.adb("-s", "SIM0001", "forward", "--remove-all") == ("", "")
    assert shelf.adb("forward", "--list")[0].split() == []
    with socket.socket() as sock:
        assert sock.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def test_a_forward_reaches_the_phone(shelf: Shelf) -> None:
    phone = adbutils.AdbClient("127.0.0.1", shelf.port).device("SIM0002")
    device = uiautomator2.connect(phone)
    assert device.info["productName"] == "phonesim"
    port = phone.forward_port(9008)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=SECONDS) as answer:
        assert answer.read() == b"pong"
    port = phone.forward_port(4)  # where nobody listens
    with socket.create_connection(("127.0.0.1", port), SECONDS) as sock:
        assert sock.recv(1) == b""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("host:transport:127.0.0.1:5555", Request("transport", "", Target("serial", "127.0.0.1:5555"))),
        ("host:tport:serial:A", Request("tport", "", Target("serial", "A"))),
        ("host:tport:any", Request("tport", "", Target())),
        ("host:transport-usb", Request("transport", "", Target("usb"))),
        ("host:transport-id:7", Request("transport", "", Target("id", "7"))),
        ("host-transport-id:7:forward:tcp:1;tcp:2", Request("forward", "tcp:1;tcp:2", Target("id", "7"))),
        ("host-local:get-state", Request("get-state", "", Target("local"))),
        ("host-serial:[::1]:5:killforward:tcp:1", Request("killforward", "tcp:1", Target("serial", "[::1]:5"))),
        ("host-serial:A B:wait-for-usb-device", Request("wait-for-usb-device", "", Target("serial", "A B"))),
        ("host-serial:A:dance", Request("", "", Target("serial", "A:dance"))),
        ("host:connect:127.0.0.1:5555", Request("connect", "127.0.0.1:5555", Target())),
        ("shell:ls", None),
        ("", None),
    ],
)
def test_requests_are_read(text: str, expected: Request | None) -> None:
    assert parse(text) == expected
