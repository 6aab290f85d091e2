"""The transport as an adb server and the product meet it: shell, files, many streams, and streams that break off."""

from __future__ import annotations

import os
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import adbutils
import pytest

from flows.phone import PhoneError
from tests.support.poll import wait_until
from tests.support.transport_target import Target
from workers.host.adb import Adb as HostAdb
from workers.phone.adb import Adb
from workers.phone.transport import Deadline

FEATURES = {"shell_v2", "cmd", "stat_v2", "ls_v2", "sendrecv_v2", "fixed_push_mkdir", "sendrecv_v2_dry_run_send"}
TEN_MEGABYTES = os.urandom(10_000_000)


def adb(target: Target, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """The adb command line on the target."""
    command = [adbutils.adb_path(), "-P", str(target.server.port), "-s", target.address, *arguments]
    return subprocess.run(command, capture_output=True, timeout=60, check=False)


def deadline() -> Deadline:
    return Deadline(30, lambda: 60.0)


def sync(device: adbutils.AdbDevice) -> adbutils.AdbConnection:
    connection = device.open_transport()
    connection.send_command("sync:")
    connection.check_okay()
    return connection


def test_the_features_that_adb_agrees_on(target: Target, device: adbutils.AdbDevice) -> None:
    assert set(device.get_features().split(",")) >= FEATURES
    answer = target.server.client.make_connection()
    answer.send_command("host:host-features")
    answer.check_okay()
    assert "shell_v2" in answer.read_string_block().split(",")


@pytest.mark.parametrize("code", [0, 1, 3, 127, 255])
def test_shell_v2_gives_the_exit_code(target: Target, code: int) -> None:
    assert adb(target, "shell", f"exit {code}").returncode == code


def test_shell_v2_keeps_the_outputs_apart(device: adbutils.AdbDevice) -> None:
    result = device.shell2("echo out; echo err >&2; exit 5", v2=True)
    assert (result.stdout, result.stderr, result.returncode) == ("out\n", "err\n", 5)


def test_shell_v1_mixes_them_and_changes_no_line_end(device: adbutils.AdbDevice) -> None:
    assert device.shell("echo out; echo err >&2", rstrip=False) == "out\nerr\n"


@pytest.mark.parametrize("line", ["true", "printf 'a\\0b'", "for i in 1 2 3; do echo $i; done", "pwd >/dev/null"])
def test_a_stream_ends_with_its_line(device: adbutils.AdbDevice, line: str) -> None:
    expected = {"true": b"", "pwd >/dev/null": b"", "printf 'a\\0b'": b"a\0b"}.get(line, b"1\n2\n3\n")
    assert device.shell(line, encoding=None) == expected


def test_pushed_files_have_content_mode_and_time(target: Target, device: adbutils.AdbDevice, tmp_path: Path) -> None:
    path = f"{target.scratch}/new/folder/f"
    device.sync.push(b"hello", path, mode=0o640)
    info = device.sync.stat(path)
    assert (info.mode, info.size) == (0o100666, 5)  # what the owner may, the others may
    source = tmp_path / "source"
    source.write_bytes(b"by the command line")
    os.utime(source, (1_600_000_000, 1_600_000_000))
    assert adb(target, "push", str(source), path).returncode == 0
    assert device.sync.read_bytes(path) == source.read_bytes()
    assert adb(target, "pull", "-a", path, str(tmp_path / "back")).returncode == 0
    assert int((tmp_path / "back").stat().st_mtime) == 1_600_000_000


def test_stat_of_what_is_not_there(target: Target, device: adbutils.AdbDevice) -> None:
    info = device.sync.stat(f"{target.scratch}/absent")
    assert (info.mode, info.size) == (0, 0)


def test_a_list_has_dot_and_dot_dot(target: Target, device: adbutils.AdbDevice) -> None:
    device.shell(f"mkdir {target.scratch}/d; touch {target.scratch}/d/f")
    assert sorted(each.path for each in device.sync.list(f"{target.scratch}/d")) == [".", "..", "f"]
    assert device.sync.list(f"{target.scratch}/absent") == []
    assert device.sync.list(f"{target.scratch}/d/f") == []


def test_the_second_version_of_stat(target: Target, device: adbutils.AdbDevice) -> None:
    device.sync.push(b"hello", f"{target.scratch}/f", mode=0o600)
    for request in (b"STA2", b"LST2"):
        for path, error, size in (("f", 0, 5), ("absent", 2, 0), ("f/below", 20, 0)):
            connection = sync(device)
            raw = f"{target.scratch}/{path}".encode()
            connection.send(request + struct.pack("<I", len(raw)) + raw)
            answer = struct.unpack("<4sIQQIIIIQqqq", connection.read_exact(72))
            assert (answer[0], answer[1], answer[8]) == (request, error, size)
            connection.close()


def test_the_second_version_of_list(target: Target, device: adbutils.AdbDevice) -> None:
    device.shell(f"mkdir {target.scratch}/d; printf abc > {target.scratch}/d/f")
    connection = sync(device)
    raw = f"{target.scratch}/d".encode()
    connection.send(b"LIS2" + struct.pack("<I", len(raw)) + raw)
    found = {}
    while (head := struct.unpack("<4sIQQIIIIQqqqI", connection.read_exact(76)))[0] == b"DNT2":
        found[connection.read_exact(head[12]).decode()] = head[8]
    assert (head[0], set(found), found["f"]) == (b"DONE", {".", "..", "f"}, 3)


def test_ten_megabytes_come_back_as_they_went(target: Target, device: adbutils.AdbDevice, tmp_path: Path) -> None:
    path = f"{target.scratch}/big"
    Adb(target.server.port, target.address).push(TEN_MEGABYTES, path, deadline())
    assert device.sync.read_bytes(path) == TEN_MEGABYTES
    (tmp_path / "big").write_bytes(TEN_MEGABYTES)
    assert adb(target, "push", str(tmp_path / "big"), f"{path}2").returncode == 0
    assert adb(target, "pull", f"{path}2", str(tmp_path / "back")).returncode == 0
    assert (tmp_path / "back").read_bytes() == TEN_MEGABYTES


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("d", "couldn't create file: Is a directory"),
        ("/proc/nothing", "couldn't create file: No such file or directory"),
        ("f/below", "couldn't create file: Not a directory"),
    ],
)
def test_what_cannot_be_written_is_refused_in_adbds_words(
    target: Target, device: adbutils.AdbDevice, path: str, reason: str
) -> None:
    device.shell(f"mkdir -p {target.scratch}/d; touch {target.scratch}/f")
    where = path if path.startswith("/") else f"{target.scratch}/{path}"
    with pytest.raises(PhoneError, match=reason):
        Adb(target.server.port, target.address).push(b"x", where, deadline())
    assert adb(target, "push", __file__, "/proc/nothing").returncode == 1


@pytest.mark.parametrize(("path", "reason"), [("absent", "No such file or directory"), ("d", "read failed: Is a dir")])
def test_what_cannot_be_read_is_refused(target: Target, device: adbutils.AdbDevice, path: str, reason: str) -> None:
    device.shell(f"mkdir -p {target.scratch}/d")
    with pytest.raises(adbutils.AdbError, match=reason):
        device.sync.read_bytes(f"{target.scratch}/{path}")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"SEND" + struct.pack("<I", 4) + b"/x/y", b"missing , in ID_SEND_V1"),
        (b"STAT" + struct.pack("<I", 1025), b"path too long"),
        (b"WHAT" + struct.pack("<I", 1) + b"x", b"unknown command 54414857"),
    ],
)
def test_what_is_no_request_is_refused_and_the_service_ends(
    device: adbutils.AdbDevice, sent: bytes, reason: bytes
) -> None:
    connection = sync(device)
    connection.send(sent)
    kind, size = struct.unpack("<4sI", connection.read_exact(8))
    assert (kind, connection.read_exact(size)) == (b"FAIL", reason)
    assert connection.conn.recv(1) == b""


def test_eight_streams_at_once(target: Target, device: adbutils.AdbDevice) -> None:
    content = TEN_MEGABYTES[:1_000_000]

    def use(number: int) -> bool:
        mine = target.device
        path = f"{target.scratch}/many{number}"
        mine.sync.push(content, path)
        return bool(mine.sync.read_bytes(path) == content) and mine.shell(f"cat {path} | wc -c").strip() == "1000000"

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(use, range(8))) == [True] * 8


def test_a_stream_closed_in_the_middle_of_its_output(target: Target, device: adbutils.AdbDevice) -> None:
    for _ in range(5):
        stream = device.shell("seq 300000", stream=True)
        assert isinstance(stream, adbutils.AdbConnection)
        assert stream.read_exact(4) == b"1\n2\n"
        stream.close()
    assert device.shell("echo well") == "well"


def test_a_push_that_breaks_off_leaves_the_rest_well(target: Target, device: adbutils.AdbDevice) -> None:
    for _ in range(5):
        connection = sync(device)
        raw = f"{target.scratch}/half,33188".encode()
        connection.send(b"SEND" + struct.pack("<I", len(raw)) + raw)
        connection.send(b"DATA" + struct.pack("<I", 65536) + b"x" * 30_000)
        connection.close()
    device.sync.push(b"whole", f"{target.scratch}/whole")
    assert device.sync.read_bytes(f"{target.scratch}/whole") == b"whole"


@pytest.mark.parametrize("service", ["shell:", "shell,v2:", "exec:"])
def test_what_runs_is_hung_up_after_its_stream_closed(target: Target, device: adbutils.AdbDevice, service: str) -> None:
    mark = f"{target.scratch}/turn"
    stream = device.open_transport()
    stream.send_command(f"{service}while true; do touch {mark}; done")
    stream.check_okay()
    wait_until(lambda: device.sync.exists(mark), 20, "the loop to turn")
    stream.close()

    def ended() -> bool:
        device.shell(f"rm -f {mark}")
        return not device.sync.exists(mark) and not any(device.sync.exists(mark) for _ in range(20))

    wait_until(ended, 30, "the loop to be hung up")


def test_forwards_back_to_the_host(target: Target) -> None:
    assert adb(target, "reverse", "tcp:23451", "tcp:4000").stdout == b"23451\n"
    assert b" tcp:23451 tcp:4000\n" in adb(target, "reverse", "--list").stdout
    assert adb(target, "reverse", "--no-rebind", "tcp:23451", "tcp:4001").returncode == 1
    assert int(adb(target, "reverse", "tcp:0", "tcp:4000").stdout) > 0
    assert b"listener 'tcp:77' not found" in adb(target, "reverse", "--remove", "tcp:77").stderr
    assert adb(target, "reverse", "--remove", "tcp:23451").returncode == 0
    assert adb(target, "reverse", "--remove-all").returncode == 0
    assert adb(target, "reverse", "--list").stdout.strip() == b""


def test_the_products_own_clients(target: Target, device: adbutils.AdbDevice) -> None:
    mine = Adb(target.server.port, target.address)
    assert mine.shell("echo out; (exit 3)", deadline()) == ("out\n", 3)
    host = HostAdb(target.server.port)
    assert host.shell(target.address, "seq 20000")[:8] == "1\n2\n3\n4\n"
    assert len(host.shell(target.address, "seq 20000")) == 65536
    assert len(host.shell(target.address, "printf %98304s x")) == 65536
    assert len(host.shell(target.address, "printf %65535s x")) == 65535


def test_nobody_listens_there(device: adbutils.AdbDevice) -> None:
    for network, address in ((adbutils.Network.TCP, 1), (adbutils.Network.LOCAL_ABSTRACT, "nothing.at.all")):
        with pytest.raises(adbutils.AdbError):
            device.create_connection(network, address)
