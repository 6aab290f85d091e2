"""Faults as a client meets them: what it sees, and what really happened meanwhile."""

from __future__ import annotations

import http.client
import json
import select
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import adbutils
import pytest
import uiautomator2

from phonesim.practice import LABEL
from phonesim.uia.server import READ_TIMEOUT
from tests.phonesim.conftest import PACKAGE, named
from tests.support.poll import wait_until
from tests.support.shelf import Shelf


class Impatient(http.client.HTTPConnection):
    """A client of the UI server that keeps its connection, and gives up after half a second once it is told to."""

    def __init__(self, phone: adbutils.AdbDevice) -> None:
        super().__init__("localhost", 9008)
        self._phone = phone
        self._seconds = 10.0
        self.connect()

    def connect(self) -> None:
        self.sock = self._phone.create_connection(adbutils.Network.TCP, 9008)
        self.sock.settimeout(self._seconds)

    def give_up_soon(self) -> None:
        self._seconds = 0.5
        self.sock.settimeout(self._seconds)

    def rpc(self, method: str, *params: Any) -> Any:
        if select.select([self.sock], [], [], 0)[0]:  # closed by the server, which waits 5 s for a request
            self.connect()
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        self.request("POST", "/jsonrpc/0", body)
        return json.loads(self.getresponse().read())["result"]


@pytest.fixture
def client(d: uiautomator2.Device, phone: adbutils.AdbDevice) -> Iterator[Impatient]:
    assert d.info
    connection = Impatient(phone)
    yield connection
    connection.close()


def likes(shelf: Shelf) -> list[str]:
    return [line["kind"] for line in shelf.truth() if line["kind"].endswith("like_video")]


def status(shelf: Shelf) -> dict[str, Any]:
    described: dict[str, Any] = shelf.get("/phones")[0]
    return described


def tap_a_hung_phone(client: Impatient, shelf: Shelf, x: int, y: int) -> None:
    """Send a tap that gets no answer; the phone has it afterwards."""
    before = status(shelf)["calls"]
    client.give_up_soon()
    with pytest.raises(TimeoutError):
        client.rpc("click", x, y)
    wait_until(lambda: status(shelf)["calls"] > before, 10, "the tap to reach the phone")


def test_a_connection_serves_many_calls(client: Impatient) -> None:
    assert [client.rpc("exist", {"resourceId": named("page_feed")}) for _ in range(20)] == [True] * 20


def test_queued_taps_run_when_a_hung_phone_wakes(d: uiautomator2.Device, client: Impatient, shelf: Shelf) -> None:
    before = len(likes(shelf))
    x, y = d(resourceId=named("video_like")).center()
    shelf.fault("hang")
    tap_a_hung_phone(client, shelf, x, y)
    client.close()
    assert len(likes(shelf)) == before
    shelf.heal()
    wait_until(lambda: len(likes(shelf)) == before + 1, 5, "the queued tap to run")


def test_queued_taps_die_with_the_ui_server(d: uiautomator2.Device, client: Impatient, shelf: Shelf) -> None:
    before = len(likes(shelf))
    x, y = d(resourceId=named("video_like")).center()
    shelf.fault("hang")
    tap_a_hung_phone(client, shelf, x, y)
    shelf.fault("kill_ui_server")
    shelf.heal()
    assert d(resourceId=named("page_feed")).exists  # answered by a new UI server
    assert len(likes(shelf)) == before


def test_a_ui_server_answers_for_a_second_after_its_terminal_closed(
    d: uiautomator2.Device, client: Impatient, shelf: Shelf
) -> None:
    before = len(likes(shelf))
    x, y = d(resourceId=named("video_like")).center()
    shelf.fault("hang")
    tap_a_hung_phone(client, shelf, x, y)
    d.stop_uiautomator(wait=False)
    shelf.heal()
    wait_until(lambda: len(likes(shelf)) == before + 1, 5, "the queued tap to run")
    assert status(shelf)["ui_server"]
    wait_until(lambda: not status(shelf)["ui_server"], 5, "the terminal to be hung up")


def test_what_waits_longer_than_that_second_dies_with_the_ui_server(
    d: uiautomator2.Device, client: Impatient, shelf: Shelf
) -> None:
    before = len(likes(shelf))
    x, y = d(resourceId=named("video_like")).center()
    shelf.fault("slow", factor=100)  # a long press of 0.5 s, and behind it the tap
    client.give_up_soon()
    with pytest.raises(TimeoutError):
        client.rpc("click", 1, 1, 500)
    client.close()
    second = Impatient(d.adb_device)
    second.give_up_soon()
    with pytest.raises(TimeoutError):
        second.rpc("click", x, y)
    second.close()
    d.stop_uiautomator(wait=False)
    wait_until(lambda: not status(shelf)["ui_server"], 10, "the terminal to be hung up")
    shelf.heal()
    assert d.info  # a new server has begun
    assert len(likes(shelf)) == before


def test_an_idle_connection_is_closed_after_the_jars_read_timeout(client: Impatient) -> None:
    assert READ_TIMEOUT == 5.0  # tests/phonesim/test_jar.py holds it to the jar
    assert client.rpc("exist", {"text": "nowhere"}) is False
    assert client.sock.recv(1) == b""


def test_a_hung_shell_answers_when_it_wakes(phone: adbutils.AdbDevice, shelf: Shelf) -> None:
    shelf.fault("hang", seconds=3)
    with pytest.raises(adbutils.AdbTimeout):
        phone.shell("input keyevent HOME", timeout=0.3)
    assert phone.shell("echo awake", timeout=10) == "awake"
    assert not status(shelf)["faults"]


def hang(shelf: Shelf, at: str) -> type[Exception]:
    shelf.fault("hang", at=at, on="video_like")
    return TimeoutError


def kill(shelf: Shelf, at: str) -> type[Exception]:
    shelf.fault("kill_ui_server", at=at, on="video_like")
    return http.client.RemoteDisconnected


def unplug(shelf: Shelf, at: str) -> type[Exception]:
    shelf.fault("unplug", at=at, on="video_like")
    return http.client.RemoteDisconnected


@pytest.mark.parametrize("strike", [hang, kill, unplug])
@pytest.mark.parametrize(("at", "taps"), [("next_tap", 0), ("after_tap", 1)])
def test_faults_strike_around_one_tap(
    d: uiautomator2.Device,
    client: Impatient,
    shelf: Shelf,
    strike: Callable[[Shelf, str], type[Exception]],
    at: str,
    taps: int,
) -> None:
    before = len(likes(shelf))
    x, y = d(resourceId=named("video_like")).center()
    expected = strike(shelf, at)
    assert d(resourceId=named("tab_home")).click_exists()  # another tap does not set it off
    if strike is hang:
        client.give_up_soon()
    with pytest.raises(expected):
        client.rpc("click", x, y)
    wait_until(lambda: not status(shelf)["armed"], 10, "the tap to reach the phone")
    runs_later = 1 if strike is not kill and at == "next_tap" else 0
    if strike is not unplug:
        assert len(likes(shelf)) == before + taps
    shelf.heal()
    shelf.reconnect(shelf.phones[0]["address"])
    wait_until(lambda: len(likes(shelf)) == before + taps + runs_later, 5, "the tap's final effect")
    if strike is unplug:
        wait_until(lambda: not status(shelf)["ui_server"], 5, "the UI server to end with its terminal")


def test_a_slow_phone_takes_its_time(client: Impatient, shelf: Shelf) -> None:
    shelf.fault("slow", factor=50)  # 7.5 s, and the client waits half a second
    client.give_up_soon()
    with pytest.raises(TimeoutError):
        client.rpc("dumpWindowHierarchy", False, 50)
    shelf.fault("kill_ui_server")  # or the next test would wait for this dump


def test_overlays(d: uiautomator2.Device, shelf: Shelf) -> None:
    shelf.fault("popup", title="青少年模式")
    assert d(resourceId=named("popup_title")).get_text() == "青少年模式"
    d(resourceId=named("popup_close")).click()
    assert d(resourceId=named("popup")).wait_gone(timeout=5)
    shelf.fault("system_dialog")
    assert d(resourceId="android:id/button2").wait(timeout=5)
    d(resourceId="android:id/button2").click()
    shelf.fault("app_crash")
    assert d(resourceId="android:id/alertTitle").wait(timeout=5)
    assert not status(shelf)["app_running"]


@pytest.mark.parametrize(
    ("fault", "page"),
    [("logged_out", "page_login"), ("rate_limit", "page_rate_limit"), ("verification", "page_verify")],
)
def test_pages_that_stand_in_the_way(d: uiautomator2.Device, shelf: Shelf, fault: str, page: str) -> None:
    shelf.fault(fault)
    assert d(resourceId=named(page)).wait(timeout=5)
    assert status(shelf)["faults"] == [fault]
    shelf.heal()
    assert d(resourceId=named("page_feed")).wait(timeout=5)


def test_another_account(d: uiautomator2.Device, shelf: Shelf) -> None:
    shelf.fault("other_account", account="acc0004")
    d(resourceId=named("tab_me")).click()
    assert "acc0004" in d(resourceId=named("account_id")).get_text()
    assert status(shelf)["account"] == "acc0004"
    shelf.heal()
    assert status(shelf)["account"] == "acc0001"


def test_may_not_act(d: uiautomator2.Device, shelf: Shelf) -> None:
    before = likes(shelf)
    shelf.fault("may_not_act")
    d(resourceId=named("video_like")).click()
    assert d(resourceId=named("notice")).exists
    assert likes(shelf) == before


def test_pages_drift(d: uiautomator2.Device, shelf: Shelf) -> None:
    shelf.fault("page_drift")
    open_author = d(resourceId=named("video_author"))
    if open_author.exists:
        open_author.click()
    assert d(resourceIdMatches=f"{PACKAGE}:id/.*_x").exists


def test_lists_that_do_not_load(d: uiautomator2.Device, shelf: Shelf) -> None:
    shelf.fault("loading_fails", times=1)
    d(resourceId=named("video_comment")).click()
    d(resourceId=named("list_retry")).click(timeout=5)
    assert d(resourceId=named("comment_item")).wait(timeout=5)


def test_network_and_battery(phone: adbutils.AdbDevice, shelf: Shelf) -> None:
    assert "VALIDATED" in phone.shell("dumpsys connectivity")
    shelf.fault("network_down")
    assert "Active default network: none" in phone.shell("dumpsys connectivity")
    shelf.fault("hot_battery")
    assert phone.battery().temperature == 52.0
    shelf.fault("low_battery")
    assert phone.battery().level == 4
    assert "USB powered: false" in phone.shell("dumpsys battery")
    shelf.heal()
    assert (phone.battery().level, phone.battery().temperature) == (86, 31.2)


def test_a_locked_screen_hides_the_app_and_takes_every_finger(
    d: uiautomator2.Device, phone: adbutils.AdbDevice, shelf: Shelf
) -> None:
    x, y = d(resourceId=named("video_like")).center()
    before = likes(shelf)
    assert "showing=false" in phone.shell("dumpsys window policy")
    shelf.fault("screen_locked")
    policy = phone.shell("dumpsys window policy").splitlines()
    delegate = next(place for place, line in enumerate(policy) if line.strip() == "KeyguardServiceDelegate")
    assert policy[delegate + 1].strip() == "showing=true"
    assert "mCurrentFocus=Window{5f1c2a9 u0 NotificationShade}" in phone.shell("dumpsys window")
    assert PACKAGE not in d.dump_hierarchy()
    assert d.info["currentPackageName"] == "com.android.systemui"
    d.click(x, y)
    d.press("back")
    shelf.heal()
    assert likes(shelf) == before
    assert d(resourceId=named("page_feed")).exists


def test_a_full_storage_takes_no_file(phone: adbutils.AdbDevice, shelf: Shelf, tmp_path: Path) -> None:
    def free() -> int:
        return int(phone.shell("df -k /data").splitlines()[1].split()[3])

    content = tmp_path / "some.txt"
    content.write_text("some")
    assert free() > 1_000_000
    shelf.fault("storage_full")
    assert free() == 0
    assert "No space left on device" in phone.shell("echo some > /sdcard/some.txt")
    with pytest.raises(adbutils.AdbError, match="FAIL"):  # adbutils leaves the words that follow unread
        phone.sync.push(content, "/sdcard/some.txt")
    shelf.heal()
    phone.sync.push(content, "/sdcard/some.txt")
    assert phone.shell("cat /sdcard/some.txt") == "some"


def test_a_missing_app_cannot_be_found_nor_started(
    d: uiautomator2.Device, phone: adbutils.AdbDevice, shelf: Shelf
) -> None:
    def code(command: str) -> int:
        return int(phone.shell2(command).returncode)

    assert code(f"pm path {PACKAGE}") == 0
    shelf.fault("app_missing")
    assert code(f"pm path {PACKAGE}") == 1
    assert PACKAGE not in phone.shell("pm list packages")
    assert f"Unable to find package: {PACKAGE}" in phone.shell(f"dumpsys package {PACKAGE}")
    assert "No activities found to run" in phone.shell(f"monkey -p {PACKAGE} -c android.intent.category.LAUNCHER 1")
    assert "does not exist" in phone.shell(f"am start -n {PACKAGE}/.MainActivity")
    assert not d(text=LABEL).exists
    assert not status(shelf)["app_running"]
    shelf.heal()
    assert code(f"pm path {PACKAGE}") == 0
    d.app_start(PACKAGE)
    assert d(resourceId=named("page_feed")).wait(timeout=5)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"phone": "SIM0001", "fault": "flood"}, "unknown fault 'flood'"),
        ({"phone": "SIM0009", "fault": "hang"}, "no phone 'SIM0009'"),
        ({"fault": "hang"}, "unknown or missing: phone"),
        ({"phone": "*", "fault": "hang", "at": "noon"}, "unknown moment 'noon'"),
        ({"phone": "*", "fault": "hang", "factor": 2}, "hang takes no factor"),
        ({"phone": "*", "fault": "slow", "factor": 0}, "factor must be a number above 1"),
        ({"phone": "*", "fault": "hang", "seconds": -1}, "seconds must be"),
        ({"phone": "SIM0001", "fault": "other_account", "account": "acc0099"}, "no account 'acc0099'"),
    ],
)
def test_faults_that_make_no_sense_are_refused(shelf: Shelf, body: dict[str, Any], reason: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        shelf.post("/faults", **body)
    with refused.value as answer:
        assert answer.code == 400
        assert reason in json.load(answer)["error"]
    assert not any(each["faults"] or each["armed"] for each in shelf.get("/phones"))
