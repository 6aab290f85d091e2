"""The shell of a simulated phone through the real adb server: its language, its commands, Android's own."""

from __future__ import annotations

import re
from pathlib import Path

import adbutils
import pytest

from phonesim.log import CHATTER
from tests.phonesim.conftest import PACKAGE
from tests.support.poll import wait_until
from tests.support.shelf import Shelf


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("pwd", "/"),
        ("cd /sdcard && pwd; (cd /data; pwd); pwd", "/sdcard\n/data\n/sdcard"),
        ("X=a; echo $X ${X}b ${Y:-none} ${X:+there} '$X' \"$X  $X\"", "a ab none there $X a  a"),
        ("X=1 Y=2; echo $X$Y; unset X; echo [$X]", "12\n[]"),
        ("echo $(echo one; echo two) | wc -w", "2"),
        ("echo `echo inner $(echo most)`", "inner most"),
        ('echo "$(printf "a\\nb")"', "a\nb"),
        ("for i in 1 2 3; do echo -n $i; done; echo", "123"),
        ("for f in $(seq 3); do [ $f = 2 ] && continue_; echo $f 2>/dev/null; done 2>/dev/null", "1\n2\n3"),
        ("if [ -d /sdcard ]; then echo yes; else echo no; fi", "yes"),
        ("if false; then echo a; elif [ 2 -gt 1 ]; then echo b; fi", "b"),
        ('i=; until [ "$i" = xxx ]; do i=x$i; done; echo $i', "xxx"),
        ("while false; do echo never; done; echo $?", "0"),
        ("! false && echo turned", "turned"),
        ("{ echo a; echo b; } | head -n 1", "a"),
        ("cat /absent 2>&1 | grep -c such", "1"),
        ("cat /absent 2>/dev/null; echo $?", "1"),
        ("nonsense 2>/dev/null || echo $?", "127"),
        ("echo err >&2 2>/dev/null | cat; echo out", "err\nout"),
        ("(exit 3); echo $?", "3"),
        ("sh -c 'echo $0 in; exit 4'; echo $?", "sh in\n4"),
        ("false; echo $?; true; echo $?", "1\n0"),
        ("printf '%s-%03d|' a 7 b 8; printf '\\n'", "a-007|b-008|"),
        ("printf 'a\\tb\\n' | tr '\\t' ,", "a,b"),
        ("seq 5 | tail -2 | head -c 1", "4"),
        ("echo 'b\na\nb' | sort -u; echo x:y | cut -d: -f2", "a\nb\ny"),
        ("touch /sdcard/t1 /sdcard/t2; ls /sdcard/t?; rm /sdcard/t*; ls /sdcard/t* 2>/dev/null | wc -l",
         "/sdcard/t1\n/sdcard/t2\n0"),
        ("mkdir -p /sdcard/m/n; cd /sdcard/m; echo x > n/f; cat n/f ../m/n/f; rm -r /sdcard/m", "x\nx"),
        ("[ a = a ] && [ a != b ] && [ ! -e /absent ] && test -n a -a -z '' && echo all", "all"),
        ("basename /a/b.txt; dirname /a/b.txt; which am nothing_", "b.txt\n/a\n/system/bin/am"),
    ],
)  # fmt: skip
def test_lines_print_what_androids_shell_prints(phone: adbutils.AdbDevice, line: str, printed: str) -> None:
    assert phone.shell(line) == printed


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("exit 7", 7, ""),
        ("exit 300", 44, ""),
        ("echo a; exit 2; echo never", 2, "a"),
        ("[ 1 = 2 ]", 1, ""),
        ("[ 1 = 2", 2, "missing ]"),
        ("test x -gt 1", 255, "bad arguments"),
        ("cd /absent", 1, "No such file or directory"),
        ("echo a > /sdcard", 1, "Is a directory"),
        ("echo a > /proc/x", 1, "No such file or directory"),
        ("echo a > /system/x", 1, "Read-only file system"),
        ("touch /data/x", 1, "Permission denied"),
        ("echo a > /sdcard/no/such/folder", 1, "No such file or directory"),
        ("rm /sdcard", 1, "is directory"),
        ("mkdir /sdcard", 1, "File exists"),
        ("if true; then", 1, "syntax error"),
        (
            "am start -n nothing.at.all/.Main",
            1,
            "Error: Activity class {nothing.at.all/nothing.at.all.Main} does not exist.",
        ),
        (f"am start -n {PACKAGE}/.Absent", 1, f"Activity class {{{PACKAGE}/{PACKAGE}.Absent}} does not exist."),
        (f"am start -n {PACKAGE}/other.Main", 1, "does not exist"),
        (f"am start -n {PACKAGE}", 255, "Bad component name"),
        ("am start -a android.intent.action.VIEW -d https://example.org", 1, "unable to resolve Intent"),
        ("settings get nothing key", 255, "Invalid namespace"),
        ("settings put system key", 255, "usage"),
        ("cmd nothing list", 20, "Can't find service: nothing"),
        ("cmd wifi status", 255, "No shell command implementation"),
    ],
)
def test_what_fails_says_why(phone: adbutils.AdbDevice, line: str, code: int, words: str) -> None:
    result = phone.shell2(line, v2=True)
    assert result.returncode == code
    assert words in result.stdout + result.stderr


def test_settings_have_what_a_phone_has(phone: adbutils.AdbDevice) -> None:
    assert phone.shell("settings get system screen_brightness") == "102"
    assert phone.shell("settings get global airplane_mode_on") == "0"
    assert phone.shell("settings get secure default_input_method").endswith("LatinIME")
    assert phone.shell("settings get secure nothing") == "null"
    assert "accelerometer_rotation=0" in phone.shell("settings list system").splitlines()
    assert phone.shell("cmd settings put global mine 3; settings get global mine") == "3"
    assert phone.shell("settings delete global mine") == "Deleted 1 rows"


def test_cmd_reaches_the_services_behind_other_commands(phone: adbutils.AdbDevice) -> None:
    assert f"package:{PACKAGE}" in phone.shell("cmd package list packages").splitlines()
    assert phone.shell("cmd window size") == phone.shell("wm size")
    assert "Starting" in phone.shell(f"cmd activity start -n {PACKAGE}/.MainActivity")
    assert phone.app_current().package == PACKAGE
    assert "activity" in phone.shell("cmd -l")


def test_processes_by_user(phone: adbutils.AdbDevice) -> None:
    phone.shell(f"am start -n {PACKAGE}/{PACKAGE}.MainActivity")
    assert PACKAGE in phone.shell("ps -A")
    assert PACKAGE not in phone.shell("ps")
    assert [line.split()[0] for line in phone.shell("ps -u shell").splitlines()[1:]] == ["shell"]
    assert phone.shell("ps -p 1 -o PID,NAME") == "PID NAME\n1 init"


def test_the_log_has_what_happened(phone: adbutils.AdbDevice) -> None:
    phone.shell("logcat -c")
    phone.shell(f"am force-stop {PACKAGE}; am start -n {PACKAGE}/.MainActivity; log -p e -t MINE hello")
    lines = phone.shell("logcat -d -v time").splitlines()
    assert lines[0] == "--------- beginning of main"
    assert re.fullmatch(r"\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} E/MINE +\( *\d+\): hello", lines[-1])
    assert any(PACKAGE in line for line in lines)
    assert "hello" in phone.shell("logcat -d *:E")
    assert PACKAGE not in phone.shell("logcat -d *:E")


def test_the_log_goes_on_until_its_reader_leaves(phone: adbutils.AdbDevice) -> None:
    stream = phone.shell("logcat -v brief MINE:I *:S", stream=True)
    assert isinstance(stream, adbutils.AdbConnection)
    phone.shell("log -t MINE first; log -t OTHERS between; log -t MINE second")
    stream.conn.settimeout(20)
    told = b""
    while b"second" not in told:
        told += stream.conn.recv(1000)
    assert b"first" in told
    assert b"between" not in told
    stream.close()


def test_the_log_never_stands_still(phone: adbutils.AdbDevice) -> None:
    stream = phone.shell("logcat -v tag", stream=True)
    assert isinstance(stream, adbutils.AdbConnection)
    stream.conn.settimeout(20)
    told = b""
    while sum(f"{level}/{tag}".encode() in told for level, tag, _ in CHATTER) < 2:
        told += stream.conn.recv(1000)
    stream.close()


def test_a_reader_of_the_log_that_is_told_to_stop_is_done(phone: adbutils.AdbDevice, tmp_path: Path) -> None:
    reader = phone.logcat(tmp_path / "log", clear=True, re_filter="I/MINE", command="logcat -v time")
    phone.shell(["log", "-t", "MINE", "hello"])
    reader.stop(timeout=20)
    assert reader.is_done()


def test_the_focus_stands_where_android_10_and_later_put_it(phone: adbutils.AdbDevice) -> None:
    phone.shell(f"am start -n {PACKAGE}/.MainActivity")
    focus = f"mCurrentFocus=Window{{5f1c2a9 u0 {PACKAGE}/{PACKAGE}.MainActivity}}"
    assert focus in phone.shell("dumpsys window")
    assert focus in phone.shell("dumpsys window displays")
    assert "mCurrentFocus" not in phone.shell("dumpsys window windows")
    assert phone.app_current().package == PACKAGE


def test_a_line_that_runs_is_hung_up_with_its_stream(phone: adbutils.AdbDevice, shelf: Shelf) -> None:
    """shell: a second after its stream closed, shell,v2: at once; what came before stays done."""
    shelf.fault("slow", factor=2)
    later = phone.shell("sleep 4; touch /sdcard/later", stream=True)
    for service in ("shell:", "shell,v2:", "exec:"):
        stream = phone.open_transport()
        stream.send_command(f"{service}touch /sdcard/begun; sleep 1; touch /sdcard/done")
        stream.check_okay()
        wait_until(lambda: phone.sync.exists("/sdcard/begun"), 60, "the line to run")
        phone.shell("rm /sdcard/begun")
        stream.close()
    wait_until(lambda: phone.sync.exists("/sdcard/later"), 60, "a line that nobody hung up")
    assert isinstance(later, adbutils.AdbConnection)
    later.close()
    assert not phone.sync.exists("/sdcard/done")


def test_a_loop_without_end_holds_up_nobody_and_is_hung_up(phone: adbutils.AdbDevice) -> None:
    stream = phone.shell("while true; do touch /sdcard/turn; done", stream=True)
    wait_until(lambda: phone.sync.exists("/sdcard/turn"), 20, "the loop to turn")
    assert phone.shell("echo other") == "other"
    assert isinstance(stream, adbutils.AdbConnection)
    stream.close()

    def ended() -> bool:
        phone.shell("rm -f /sdcard/turn")
        return not phone.sync.exists("/sdcard/turn")

    wait_until(ended, 20, "the loop to be hung up")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("exec echo a; echo b", "a"),
        ("echo a; exec echo b && echo c", "a\nb"),
        ("(exec echo a); echo b", "a\nb"),
        ("screenrecord", "Must specify output file"),
        ("screenrecord --time-limit 181 /data/local/tmp/a.mp4", "out of range"),
        ("screenrecord --loud /data/local/tmp/a.mp4", "unrecognized option"),
    ],
)
def test_exec_ends_its_shell_and_screenrecord_says_what_it_lacks(
    phone: adbutils.AdbDevice, line: str, told: str
) -> None:
    said = phone.shell(line)
    assert said == told if line.startswith(("exec", "echo", "(")) else told in said


def test_a_recording_ends_with_its_time_and_shows_the_screen(phone: adbutils.AdbDevice) -> None:
    phone.shell("screenrecord --time-limit 1 --bit-rate 500000 /data/local/tmp/a.mp4; echo done")
    video = phone.sync.read_bytes("/data/local/tmp/a.mp4")
    assert video[4:8] == b"ftyp"
    assert video.index(b"moov") > video.index(b"mdat")
    assert b"avc1" in video
    assert "screenrecord" not in phone.shell("ps -A")
