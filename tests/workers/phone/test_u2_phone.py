"""U2Phone: looking, acting, and what goes wrong on the way to the phone."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from flows.phone import PhoneError
from flows.screen import Node, Screen
from tests.support.phones import PACKAGE, Hold
from tests.support.poll import wait_until
from tests.support.shelf import Shelf
from workers.phone import adb, device, transport
from workers.phone.device import RING, FleetDevice
from workers.phone.phone import U2Phone


def like_button(screen: Screen) -> Node:
    node = screen.find(f"{PACKAGE}:id/video_like")
    assert node is not None
    return node


def look_fails(phone: U2Phone) -> PhoneError | None:
    try:
        phone.look()
    except PhoneError as error:
        return error
    return None


def likes(shelf: Shelf) -> int:
    """Likes and likes taken back: each is a tap that arrived."""
    return sum(fact["kind"] in ("like_video", "unlike_video") for fact in shelf.truth())


def test_a_screen_is_looked_at_and_touched(phone: U2Phone) -> None:
    screen = phone.look()
    assert screen.size == (1080, 2400)
    tab = screen.find(f"{PACKAGE}:id/tab_search")
    assert tab is not None
    phone.tap(tab)
    field = phone.look().find(f"{PACKAGE}:id/search_input")
    assert field is not None
    phone.set_text(field, "小鹏 😀 'quoted'; rm")
    field = phone.look().find(f"{PACKAGE}:id/search_input")
    assert field is not None
    assert field.text == "小鹏 .. 'quoted'; rm"
    assert [shown.text for shown in phone.texts(field.resource_id)] == ["小鹏 😀 'quoted'; rm"]
    phone.press("back")
    assert phone.look().has(f"{PACKAGE}:id/page_feed")


def test_a_swipe_turns_the_page(phone: U2Phone) -> None:
    title = f"{PACKAGE}:id/video_title"
    before = phone.look().find(title)
    phone.swipe((540, 1800), (540, 600), 0.3)
    after = phone.look().find(title)
    assert before is not None
    assert after is not None
    assert before.text != after.text


def test_a_list_follows_a_drag_to_the_pixel(phone: U2Phone, shelf: Shelf) -> None:
    name = phone.look().find(f"{PACKAGE}:id/video_author")
    assert name is not None
    phone.tap(name)
    wait_until(lambda: len(phone.look().all(f"{PACKAGE}:id/item_title")) > 3, 20, "the author's titles")
    before = phone.look().all(f"{PACKAGE}:id/item_title")[3]
    shelf.roughen(inertia=2.0)
    try:
        phone.drag((540, 1400), (540, 1063))
        assert (phone.calls[-1].method, phone.calls[-1].point) == ("swipePoints", (540, 1400))
        after = phone.look().all(f"{PACKAGE}:id/item_title")
    finally:
        shelf.roughen(inertia=1.0)
    assert [before.bounds[1] - node.bounds[1] for node in after if node.text == before.text] == [337]


def test_a_screenshot_is_a_jpeg_not_decoded(phone: U2Phone) -> None:
    picture = phone.screenshot()
    assert picture[:3] == b"\xff\xd8\xff"
    assert picture[-2:] == b"\xff\xd9"


def test_battery_and_version_are_read(phone: U2Phone, shelf: Shelf) -> None:
    celsius = phone.battery().celsius
    assert celsius is not None
    assert 20 < celsius < 40
    shelf.fault("hot_battery")
    assert phone.battery().celsius == 52.0
    assert phone.app_version(PACKAGE) == "2.4.1"
    assert phone.app_version("com.not.there") is None


def test_an_app_that_is_not_there_is_missing(phone: U2Phone) -> None:
    with pytest.raises(PhoneError) as failed:
        phone.start_app("com.not.there")
    assert failed.value.code == "app_missing"


def test_a_field_that_is_not_there_was_not_written(phone: U2Phone) -> None:
    nowhere = Node(f"{PACKAGE}:id/nowhere", "", "", (0, 0, 1, 1), "", PACKAGE)
    with pytest.raises(PhoneError) as failed:
        phone.set_text(nowhere, "x")
    assert (failed.value.code, failed.value.sent) == ("page_not_reached", False)


def test_one_hand_a_phone_and_process(phone: U2Phone, hold: Hold) -> None:
    with pytest.raises(RuntimeError, match="holds phone"):
        hold(10)


def test_the_last_calls_are_kept_for_evidence(phone: U2Phone) -> None:
    for _ in range(RING + 5):
        phone.look()
    assert len(phone.calls) == RING
    assert {call.method for call in phone.calls} == {"dumpWindowHierarchy"}
    assert all(call.at > 0 and call.seconds >= 0 and not call.error for call in phone.calls)


def test_uiautomator2s_own_words_work_over_this_transport(phone: U2Phone) -> None:
    device = phone._device
    assert device(resourceId=f"{PACKAGE}:id/tab_me").exists
    device(resourceId=f"{PACKAGE}:id/tab_me").click()
    assert device.info["displayWidth"] == 1080
    assert device(resourceId=f"{PACKAGE}:id/account_id").get_text().startswith("账号ID：")
    assert device.shell("getprop ro.serialno").output.strip() == phone.serial


@pytest.mark.parametrize(
    ("command", "code", "output"),
    [
        ("exit 3", 3, ""),
        ("echo before; exit 3", 3, "before\n"),
        ("echo one; exit 0; echo two", 0, "one\n"),
        ("sh -c 'exit 7'", 7, ""),
        ("false", 1, ""),
        ("echo 'it''s'", 0, "its\n"),
        ("echo \"a  b\" '$x'", 0, "a  b $x\n"),
        ("no_such_program_here", 127, None),
    ],
)
def test_a_command_that_ends_its_shell_fails_with_its_own_code(
    phone: U2Phone, command: str, code: int, output: str | None
) -> None:
    said = phone._device.shell(command)
    assert said.exit_code == code
    assert output is None or said.output == output


def test_a_phone_that_hangs_is_given_up_when_the_tasks_time_is_over(
    hold: Hold, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever else would end the call is put off until long after a test that hangs is ended."""
    monkeypatch.setattr(transport, "PATIENCE", 3600.0)
    monkeypatch.setattr(device, "CALL_SECONDS", 3600.0)
    phone = hold(60)
    shelf.fault("hang")
    end = time.monotonic() + 2
    phone._device._remaining = lambda: end - time.monotonic()
    with pytest.raises(PhoneError) as failed:
        phone.look()
    assert failed.value.code == "time_limit"
    assert phone.calls[-1].error


def test_a_phone_that_hangs_is_told_from_a_slow_one(hold: Hold, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow one takes 3 s for a dump and 0.6 s for an echo; the hung one answers neither."""
    phone = hold(3600)
    shelf.fault("slow", factor=20)
    with monkeypatch.context() as patient:  # a machine that stands still for a moment is slow too
        patient.setattr(adb, "ECHO_SECONDS", 10.0)
        assert phone.look().roots
    shelf.heal()
    for call in (phone.look, lambda: phone.stop_app(PACKAGE)):
        shelf.fault("hang")
        with pytest.raises(PhoneError, match="not even an echo") as failed:
            call()
        assert (failed.value.code, failed.value.sent) == ("phone_hung", True)
        shelf.heal()


def test_whatever_waits_in_anothers_ui_server_never_runs_once_the_phone_is_in_hand_again(
    hold: Hold, shelf: Shelf
) -> None:
    phone = hold(60)
    phone.stop_app(PACKAGE)
    phone.start_app(PACKAGE)
    button, before = like_button(phone.look()), likes(shelf)
    shelf.fault("hang")
    with pytest.raises(PhoneError):
        phone.tap(button)
    shelf.heal()
    phone.close()
    other = hold(60)
    settled = likes(shelf)
    assert settled - before in (0, 1)
    for _ in range(3):
        other.look()
    assert likes(shelf) == settled


def test_a_tap_on_a_phone_that_hangs_is_sent_once_and_runs_once_when_it_wakes(hold: Hold, shelf: Shelf) -> None:
    phone = hold(60)
    phone.stop_app(PACKAGE)
    phone.start_app(PACKAGE)
    button, before = like_button(phone.look()), likes(shelf)
    shelf.fault("hang")
    with pytest.raises(PhoneError) as failed:
        phone.tap(button)
    assert (failed.value.code, failed.value.sent) == ("phone_hung", True)
    assert likes(shelf) == before
    shelf.heal()
    wait_until(lambda: likes(shelf) > before, 10, "the queued tap")
    phone.close()
    other = hold(20)
    other.look()  # whatever was queued has run before this answer
    assert likes(shelf) == before + 1


def test_no_time_left_means_no_touch(shelf: Shelf, hold: Hold) -> None:
    phone = hold(30)
    phone.stop_app(PACKAGE)
    phone.start_app(PACKAGE)
    button, before = like_button(phone.look()), likes(shelf)
    phone._device._remaining = lambda: 0.0
    with pytest.raises(PhoneError) as failed:
        phone.tap(button)
    assert (failed.value.code, failed.value.sent) == ("time_limit", False)
    assert likes(shelf) == before


@pytest.mark.parametrize(("moment", "arrived"), [("next_tap", 0), ("after_tap", 1)])
def test_a_tap_that_kills_the_ui_server_is_not_sent_again(
    phone: U2Phone, shelf: Shelf, moment: str, arrived: int
) -> None:
    button, before = like_button(phone.look()), likes(shelf)
    shelf.fault("kill_ui_server", at=moment)
    with pytest.raises(PhoneError) as failed:
        phone.tap(button)
    assert (failed.value.code, failed.value.sent) == ("ui_server_lost", True)
    phone.look()
    assert likes(shelf) == before + arrived


def test_a_look_survives_the_death_of_the_ui_server(phone: U2Phone, shelf: Shelf) -> None:
    for _ in range(3):
        shelf.fault("kill_ui_server")
        assert phone.look().has(f"{PACKAGE}:id/page_feed")


def test_a_tap_after_the_death_of_the_ui_server_is_sent_once_to_the_next(phone: U2Phone, shelf: Shelf) -> None:
    button, before = like_button(phone.look()), likes(shelf)
    shelf.fault("kill_ui_server")
    wait_until(lambda: _connection_ended(phone), 10, "word of the death to come through adb")
    phone.tap(button)
    assert likes(shelf) == before + 1


def test_the_ui_server_can_be_restarted(phone: U2Phone) -> None:
    phone.restart_ui_server()
    assert phone.look().has(f"{PACKAGE}:id/page_feed")


def test_another_ones_ui_server_is_taken_over(phone: U2Phone, hold: Hold, shelf: Shelf) -> None:
    """A worker that died may leave its server running: the next one ends it and starts its own."""
    U2Phone._open.clear()  # as in another process
    other = hold(30)
    other.restart_ui_server()
    assert other.look().roots


@pytest.mark.parametrize("fault", ["unplug", "offline", "unauthorized"])
def test_a_phone_that_is_gone_is_lost(phone: U2Phone, shelf: Shelf, fault: str) -> None:
    phone.look()
    shelf.fault(fault)
    failed = wait_until(lambda: look_fails(phone), 10, "a failing look")
    assert failed is not None
    assert failed.code == "phone_lost"
    shelf.heal()
    wait_until(lambda: _connected(shelf), 20, "the phone to come back")


def test_no_adb_server_is_said_in_words() -> None:
    with pytest.raises(PhoneError, match="no adb server on port 1") as failed:
        U2Phone.connect("127.0.0.1:1", "none", 1, lambda: 5.0)
    assert (failed.value.code, failed.value.sent) == ("phone_lost", False)


def _connection_ended(phone: U2Phone) -> bool:
    kept = phone._device._http._wire
    return kept is None or kept.pending() is not None


def _connected(shelf: Shelf) -> bool:
    address = shelf.phones[0]["address"]
    shelf.adb.client.disconnect(address)
    shelf.adb.client.connect(address, timeout=5)
    return any(device.serial == address for device in shelf.adb.client.device_list())


@pytest.mark.parametrize("bounds", [(0, 0, 0, 0), (500, 800, 100, 200), (-90, 10, -10, 60), (0, 2400, 1080, 2460)])
def test_what_has_no_place_on_the_screen_is_not_tapped(phone: U2Phone, bounds: tuple[int, int, int, int]) -> None:
    phone.look()
    with pytest.raises(PhoneError, match="page_not_reached") as refused:
        phone.tap(Node("like", "", "", bounds, "", ""))
    assert not refused.value.sent
    assert [call.method for call in phone.calls][-1] == "dumpWindowHierarchy"


def test_no_finger_starts_beside_the_screen(phone: U2Phone) -> None:
    phone.look()
    with pytest.raises(PhoneError, match="page_not_reached") as refused:
        phone.swipe((540, -40), (540, 300), 0.3)
    assert not refused.value.sent
    with pytest.raises(PhoneError, match="page_not_reached") as refused:
        phone.drag((540, -40), (540, 300))
    assert not refused.value.sent


@pytest.mark.parametrize("text", ["讲得很清楚", "=讲得很清楚😀", "café", "👨‍👩‍👧‍👦🇨🇳👍🏽"])
def test_text_arrives_in_a_server_that_reads_ascii_unless_told_otherwise(phone: U2Phone, text: str) -> None:
    tab = phone.look().find(f"{PACKAGE}:id/tab_search")
    assert tab is not None
    phone.tap(tab)
    field = phone.look().find(f"{PACKAGE}:id/search_input")
    assert field is not None
    phone.set_text(field, text)
    assert phone._device.jsonrpc.getText({"mask": 1 << 21, "resourceId": field.resource_id}) == text


def ui_server_pid(bare: FleetDevice) -> str:
    return str(bare.shell("pidof app_process").output).strip()


@pytest.fixture
def bare(shelf: Shelf) -> Iterator[FleetDevice]:
    """The first phone without a hand, its UI server started."""
    shelf.heal("*")
    taken = FleetDevice(shelf.phones[0]["address"], shelf.adb.port, lambda: 60.0)
    taken.start_uiautomator()
    yield taken
    taken.release()


def test_a_start_after_letting_go_ends_the_server_that_still_answers(bare: FleetDevice) -> None:
    first = ui_server_pid(bare)
    bare.stop_uiautomator(wait=False)
    bare.start_uiautomator()
    assert ui_server_pid(bare) not in (first, "")
    assert bare.info


def test_a_call_after_letting_go_ends_the_server_that_still_answers(bare: FleetDevice) -> None:
    first = ui_server_pid(bare)
    bare.release()
    assert bare.info
    assert ui_server_pid(bare) not in (first, "")


def test_a_start_where_anothers_server_runs_ends_that_one(bare: FleetDevice, shelf: Shelf) -> None:
    first = ui_server_pid(bare)
    other = FleetDevice(shelf.phones[0]["address"], shelf.adb.port, lambda: 60.0)
    other.start_uiautomator()
    assert ui_server_pid(other) not in (first, "")
    other.release()


def test_a_start_where_our_own_server_runs_leaves_it(bare: FleetDevice) -> None:
    first = ui_server_pid(bare)
    bare.start_uiautomator()
    assert ui_server_pid(bare) == first


def test_who_only_reads_uses_the_server_that_runs(bare: FleetDevice, shelf: Shelf) -> None:
    first = ui_server_pid(bare)
    witness = FleetDevice(shelf.phones[0]["address"], shelf.adb.port, lambda: 60.0)
    assert witness.info
    assert ui_server_pid(bare) == first
    witness.release()


def test_a_tap_after_an_idle_time_goes_out_once_on_a_new_connection(phone: U2Phone, shelf: Shelf) -> None:
    button, before = like_button(phone.look()), likes(shelf)
    first = phone._device._http._wire
    assert first is not None
    wait_until(lambda: first.pending() == b"", 15, "the UI server to close the idle connection")
    phone.tap(button)
    assert likes(shelf) == before + 1
