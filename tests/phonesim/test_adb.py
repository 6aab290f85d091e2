"""A simulated phone through the real adb server and adbutils: shell, files, and the cable."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import adbutils
import pytest

from tests.support.poll import wait_until
from tests.support.shelf import AdbServer, Shelf


def state(shelf: Shelf, number: int = 0) -> str:
    """What the adb server says of a phone; 'absent' when it has forgotten it."""
    states = {each.serial: each.state for each in shelf.adb.client.list()}
    return str(states.get(shelf.phones[number]["address"], "absent"))


def reconnect(shelf: Shelf) -> str:
    address = shelf.phones[0]["address"]
    shelf.adb.client.disconnect(address)
    return str(shelf.adb.client.connect(address, timeout=15))


def adb(shelf: Shelf, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """The adb command line on the first phone."""
    command = [adbutils.adb_path(), "-P", str(shelf.adb.port), "-s", shelf.phones[0]["address"], *arguments]
    return subprocess.run(command, capture_output=True, timeout=30, check=False)


def test_every_phone_has_its_own_serial(shelf: Shelf) -> None:
    client = shelf.adb.client
    serials = [client.device(each["address"]).prop.get("ro.serialno") for each in shelf.phones]
    assert serials == ["SIM0001", "SIM0002", "SIM0003"]


def test_shell_and_its_exit_code(phone: adbutils.AdbDevice) -> None:
    assert phone.shell("echo one; echo two") == "one\ntwo"
    assert phone.shell2("false").returncode == 1
    assert phone.shell2("nonsense").returncode == 127
    assert phone.shell2("input tap here there").returncode == 255
    assert phone.shell2("echo 你好 | grep 好 && false || echo no").output == "你好\nno\n"


def test_shell_v2_keeps_the_outputs_apart(phone: adbutils.AdbDevice) -> None:
    result = phone.shell2("echo out; cat /absent", v2=True)
    assert (result.returncode, result.stdout) == (1, "out\n")
    assert "No such file" in result.stderr


def test_the_adb_command_line(shelf: Shelf) -> None:
    assert adb(shelf, "shell", "exit_is_unknown").returncode == 127
    assert adb(shelf, "shell", "getprop ro.product.model").stdout == b"SimPhone\n"
    assert adb(shelf, "exec-out", "screencap", "-p").stdout.startswith(b"\x89PNG")


def test_files_come_back_as_they_went(phone: adbutils.AdbDevice, tmp_path: Path) -> None:
    content = os.urandom(1_500_000)
    assert phone.sync.push(content, "/data/local/tmp/dir/blob", mode=0o600, check=True) == len(content)
    assert phone.sync.read_bytes("/data/local/tmp/dir/blob") == content
    info = phone.sync.stat("/data/local/tmp/dir/blob")
    assert (info.size, info.mode & 0o777) == (len(content), 0o666)
    assert [each.path for each in phone.sync.list("/data/local/tmp/dir")] == [".", "..", "blob"]
    phone.sync.pull("/data/local/tmp/dir", tmp_path / "pulled")
    assert (tmp_path / "pulled" / "blob").read_bytes() == content
    phone.rmtree("/data/local/tmp/dir")
    assert not phone.sync.exists("/data/local/tmp/dir/blob")
    with pytest.raises(adbutils.AdbError, match="No such file"):
        phone.sync.read_bytes("/data/local/tmp/dir/blob")


def test_redirected_output_is_a_file(phone: adbutils.AdbDevice) -> None:
    assert phone.shell("echo a > /sdcard/f; echo b >> /sdcard/f; cat /sdcard/f 2>/dev/null") == "a\nb"
    assert phone.shell("toybox md5sum /sdcard/f") == "dd8c6a395b5dd36c56d23275028f526c  /sdcard/f"


def test_what_adbutils_asks_a_phone(phone: adbutils.AdbDevice) -> None:
    assert phone.window_size() == (1080, 2400)
    assert phone.is_screen_on()
    assert phone.wlan_ip() == "192.168.0.2"
    assert (phone.battery().level, phone.battery().temperature) == (86, 31.2)
    assert phone.dump_hierarchy().startswith("<?xml")
    phone.app_start("com.phonefleet.practice")
    assert phone.app_current().package == "com.phonefleet.practice"
    info = phone.app_info("com.phonefleet.practice")
    assert info is not None
    assert info.version_name
    phone.keyevent("HOME")
    assert phone.app_current().package == "com.android.launcher3"


def test_nobody_listens_elsewhere(phone: adbutils.AdbDevice) -> None:
    for network, address in ((adbutils.Network.TCP, 1234), (adbutils.Network.LOCAL_ABSTRACT, "minicap")):
        with pytest.raises(adbutils.AdbError):
            phone.create_connection(network, address)


def test_unplugged_and_plugged_in_again(shelf: Shelf, phone: adbutils.AdbDevice) -> None:
    events = shelf.adb.client.track_devices()
    mine = (event for event in events if event.serial == phone.serial)
    assert next(mine).status == "device"
    shelf.fault("unplug")
    assert [next(mine).status, next(mine).status] == ["absent", "offline"]
    assert "refused" in reconnect(shelf)
    assert state(shelf) == "absent"
    assert state(shelf, 1) == "device"
    shelf.heal()
    assert "connected" in reconnect(shelf)
    assert phone.shell("getprop ro.serialno") == "SIM0001"


def test_adb_finds_a_phone_again_by_itself(shelf: Shelf, phone: adbutils.AdbDevice) -> None:
    events = shelf.adb.client.track_devices()
    mine = (event.status for event in events if event.serial == phone.serial)
    assert next(mine) == "device"
    shelf.fault("unplug", seconds=0.2)
    assert "offline" in mine  # adb tells every state; a look now and then may miss one
    wait_until(lambda: state(shelf) == "device", 15, "adb to reconnect")
    assert phone.shell("echo back") == "back"


@pytest.mark.parametrize("fault", ["offline", "unauthorized"])
def test_states_of_a_phone_that_adb_cannot_use(shelf: Shelf, phone: adbutils.AdbDevice, fault: str) -> None:
    shelf.fault(fault)
    wait_until(lambda: state(shelf) == fault, 5, f"adb to show {fault}")
    with pytest.raises(adbutils.AdbError):
        phone.shell("echo")
    shelf.heal()
    assert "connected" in reconnect(shelf)
    assert phone.shell("echo back") == "back"


def serial(server: AdbServer, address: str) -> str:
    return str(server.client.device(address).shell("getprop ro.serialno"))


@pytest.mark.fleet
def test_one_process_serves_200_phones(adb_server: AdbServer, tmp_path: Path) -> None:
    with Shelf(adb_server, tmp_path / "truth.jsonl", phones=200) as crowd:
        addresses = {each["address"] for each in crowd.phones}
        online = {each.serial for each in adb_server.client.list() if each.state == "device"}
        assert addresses <= online
        with ThreadPoolExecutor(16) as pool:
            serials = list(pool.map(lambda each: serial(adb_server, each["address"]), crowd.phones))
        assert serials == [f"SIM{number:04d}" for number in range(1, 201)]
