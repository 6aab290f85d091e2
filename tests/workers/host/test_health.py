"""How a phone's health is asked for, read and judged, and when which phone is asked."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Barrier, Event, Lock

import pytest

from models.fleet.health import Reading
from workers.host.adb import AdbError
from workers.host.health import MARK, MB, MUTE, UNANSWERED, Ailment, Health, judge, question, read_health
from workers.host.health_watch import AGAIN_SECONDS, BATCH_SIZE, ECHO, TOGETHER_SECONDS, HealthWatch
from workers.phone.readings import (
    Battery,
    Unreadable,
    read_battery,
    read_free_bytes,
    read_input_refused,
    read_installed,
    read_locked,
)

APP = "com.example.app"
REFUSED = """Exception occurred while executing 'keyevent':
java.lang.SecurityException: Injecting to another application requires INJECT_EVENTS permission
\tat android.os.Parcel.createExceptionOrNull(Parcel.java:2425)
"""

# As Android 14 prints it, with a vendor's own lines.
BATTERY = """Current Battery Service state:
  AC powered: false
  USB powered: true
  Wireless powered: false
  Dock powered: false
  Max charging current: 500000
  Charge counter: 1203000
  status: 2
  health: 2
  present: true
  level: 37
  scale: 100
  voltage: 3921
  temperature: 314
  technology: Li-ion
"""
# toybox, with a mount point of its own; toolbox of Android 5 printed other columns
DF = """Filesystem       1K-blocks     Used Available Use% Mounted on
/dev/block/dm-49 115249236 41367852  73750312  36% /data/user/0
"""
DF_OF_ANDROID_5 = "Filesystem      Size     Used     Free   Blksize\n/data          12.0G     4.1G     7.9G   4096\n"
POLICY = """WINDOW MANAGER POLICY STATE (dumpsys window policy)
    mSafeMode=false mSystemReady=true mSystemBooted=true
    Overlay showing=true
    mDreamingLockscreen=false mDreamingSleepToken=null
    KeyguardServiceDelegate
      showing={}
      showingAndNotOccluded=true
      inputRestricted=false
      occluded=false
      secure=false
    KeyguardStateMonitor
      mIsShowing=true
"""


def test_a_battery_is_read() -> None:
    assert read_battery(BATTERY) == Battery(37, 31.4, charging=True)
    cold = BATTERY.replace("314", "-45").replace("USB powered: true", "USB powered: false").replace("\n", "\r\n")
    assert read_battery(cold) == Battery(37, -4.5, charging=False)


@pytest.mark.parametrize(
    ("changes", "read"),
    [
        ({"present: true": "present: false", "level: 37": "level: 0"}, Battery(None, None, charging=True)),
        ({"present: true": "present: false", "  level: 37\n": ""}, Battery(None, None, charging=True)),
        ({"temperature: 314": "temperature: -2732"}, Battery(37, None, charging=True)),
        ({"temperature: 314": "temperature: 9999"}, Battery(37, None, charging=True)),
        ({"  temperature: 314\n": ""}, Battery(37, None, charging=True)),
        ({"level: 37": "level: 255"}, Battery(None, 31.4, charging=True)),
        ({"level: 37": "level: -1"}, Battery(None, 31.4, charging=True)),
        ({"level: 37": "level: 74", "scale: 100": "scale: 200"}, Battery(37, 31.4, charging=True)),
        ({"Li-ion\n": "Li-ion\nOEM Battery Service state:\n  level: 255\n  temperature: 0\n"}, Battery(37, 31.4, True)),
        ({"Li-ion\n": "Li-ion\n  mHealthInfo: level: 3, temperature: 990\n"}, Battery(37, 31.4, charging=True)),
    ],
)
def test_a_battery_that_is_not_as_it_should_be_is_read(changes: dict[str, str], read: Battery) -> None:
    output = BATTERY
    for before, after in changes.items():
        assert before in output
        output = output.replace(before, after, 1)
    assert read_battery(output) == read
    health = Health(battery=read)
    assert not judge(health, APP, {}), "it is fit"
    assert not judge(health, APP, {"hot": Ailment("hot", "", ""), "battery_low": Ailment("battery_low", "", "")})


def test_a_phone_that_lets_nobody_touch_it_is_told_how_to_allow_it() -> None:
    found = judge(Health(input_refused=True), APP, {})
    assert "USB debugging (Security settings)" in found["input_refused"].remedy
    assert "USB调试（安全设置）" in found["input_refused"].remedy
    assert not judge(Health(input_refused=False), APP, found)
    assert judge(Health(), APP, found) == found, "what was not read stays as it was"


def test_storage_keyguard_and_app_are_read() -> None:
    assert read_free_bytes(DF) == 73750312 * 1024
    assert read_locked(POLICY.format("true")) is True
    assert read_locked(POLICY.format("false")) is False, "only the delegate's own line counts"
    assert read_locked("  mShowingLockscreen=true mShowingDream=false") is True
    assert read_installed(f"package:/data/app/~~x==/{APP}-y==/base.apk\npackage:/data/app/split.apk\nexit=0\n") is True
    assert read_installed("exit=1\n") is False
    assert read_input_refused("\n") is False
    assert read_input_refused(REFUSED) is True


@pytest.mark.parametrize(
    ("reader", "output"),
    [
        (read_battery, "Can't find service: battery"),
        (read_battery, BATTERY.replace("level: 37", "level: ?")),
        (read_free_bytes, "df: /data: No such file or directory"),
        (read_free_bytes, DF_OF_ANDROID_5),
        (read_locked, "Can't find service: window"),
        (read_installed, "cmd: Can't find service: package\nexit=20\n"),
        (read_installed, "cmd: Failure calling service package: Broken pipe (32)\nexit=224\n"),
        (read_installed, "cmd: Failure calling service package: Failed transaction (2147483646)\nexit=2\n"),
        (read_installed, "Error: Could not access the Package Manager.  Is the system running?\nexit=1\n"),
        (read_installed, "exit=224\n"),
        (read_installed, "\n"),
        (read_input_refused, "cmd: Failure calling service input: Broken pipe (32)"),
        (read_input_refused, "/system/bin/sh: input: inaccessible or not found"),
    ],
)
def test_what_does_not_tell_is_said(reader: object, output: str) -> None:
    with pytest.raises(Unreadable):
        reader(output)  # type: ignore[operator]


def answer(*parts: str) -> str:
    return "".join(f"{part}\n{MARK}\n" for part in parts)


def test_the_question_is_one_line_and_its_answer_is_read_part_by_part() -> None:
    assert question(APP).count("\n") == 0
    assert question(APP).count(MARK) == 5
    assert f"pm path {APP}" in question(APP)
    assert "pm path" not in question(None)
    whole = answer(BATTERY, DF, POLICY.format("true"), "package:/data/app/base.apk\nexit=0", "")
    assert read_health(whole) == Health(Battery(37, 31.4, charging=True), 73750312 * 1024, True, True, False)
    assert read_health(answer(BATTERY, DF)) == Health(Battery(37, 31.4, charging=True), 73750312 * 1024)
    assert read_health(BATTERY) == Health(), "an answer that broke off is not believed"
    assert read_health("") == Health()
    assert read_health(answer("\ufffd" * 9, "", "", "error: no")) == Health()


def battery(percent: int = 80, celsius: float = 30.0, *, charging: bool = True) -> Health:
    return Health(battery=Battery(percent, celsius, charging))


def free(megabytes: int) -> Health:
    return Health(free_bytes=megabytes * MB)


# health, ill before → ill now
JUDGED: Sequence[tuple[Health, str, bool, bool]] = [
    (battery(celsius=44.9), "hot", False, False),
    (battery(celsius=45.0), "hot", False, True),
    (battery(celsius=42.0), "hot", True, True),
    (battery(celsius=41.9), "hot", True, False),
    (battery(10, charging=False), "battery_low", False, False),
    (battery(9, charging=False), "battery_low", False, True),
    (battery(10, charging=False), "battery_low", True, True),
    (battery(15, charging=False), "battery_low", True, False),
    (battery(6, charging=True), "battery_low", False, False),
    (battery(6, charging=True), "battery_low", True, False),
    (battery(5, charging=True), "battery_low", False, True),
    (free(500), "storage_full", False, False),
    (free(499), "storage_full", False, True),
    (free(599), "storage_full", True, True),
    (free(600), "storage_full", True, False),
    (Health(locked=True), "screen_locked", False, True),
    (Health(locked=False), "screen_locked", True, False),
    (Health(app_installed=False), "app_missing", False, True),
    (Health(app_installed=True), "app_missing", True, False),
    *[
        (Health(), code, was, was)
        for code in ("hot", "battery_low", "storage_full", "screen_locked", "app_missing")
        for was in (True, False)
    ],
]


@pytest.mark.parametrize(("health", "code", "was", "ill"), JUDGED)
def test_what_keeps_a_phone_from_work(health: Health, code: str, was: bool, ill: bool) -> None:
    before = {code: Ailment(code, "as it was", "as it was")} if was else {}
    assert (code in judge(health, APP, before)) is ill


def test_a_phone_at_the_limit_does_not_flap() -> None:
    changes, known = 0, judge(battery(80), APP, {})
    for percent in [9, 10] * 10:
        found = judge(battery(percent, charging=False), APP, known)
        changes += found.keys() != known.keys()
        known = found
    assert changes == 1


def test_every_ailment_says_what_to_do() -> None:
    found = judge(Health(Battery(3, 52.0, charging=False), 0, True, False), APP, {})
    assert {code: ailment.why for code, ailment in found.items()} == {
        "hot": "its battery has 52 °C",
        "battery_low": "its battery has 3 % left and is not charged",
        "storage_full": "0 MB are free on its storage",
        "screen_locked": "its screen is locked",
        "app_missing": "the app is not installed",
    }
    assert all(ailment.remedy for ailment in found.values())
    assert APP in found["app_missing"].remedy


WELL = answer(BATTERY, DF, POLICY.format("false"), "package:/data/app/base.apk\nexit=0", "")
LOCKED = answer(BATTERY, DF, POLICY.format("true"), "package:/data/app/base.apk\nexit=0", "")


class Shelf:
    """Phones whose answers a test chooses; `None` is no answer."""

    def __init__(self, **answers: str | None) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.told: list[list[Reading]] = []
        self.deaf = False
        self.slow: set[str] = set()
        self.watch = HealthWatch(
            self.ask, lambda: {serial: f"at {serial}" for serial in self.answers}, self.tell, package=APP, every=30.0
        )

    def ask(self, address: str, line: str) -> str:
        serial = address.removeprefix("at ")
        self.asked.append(serial)
        if line == f"echo {ECHO}":
            if serial not in self.slow and self.answers[serial] is None:
                raise AdbError("no answer in time")
            return f"{ECHO}\n"
        assert line == question(APP)
        said = self.answers[serial]
        if said is None:
            raise AdbError("no answer in time")
        return said

    def tell(self, readings: Sequence[Reading]) -> None:
        if self.deaf:
            raise OSError("the ledger is away")
        self.told.append(list(readings))

    def look(self, now: float) -> list[str]:
        """One round; who was asked."""
        self.asked = []
        self.watch.look(now)
        return sorted(set(self.asked))


def test_phones_are_asked_on_arrival_and_then_now_and_then() -> None:
    shelf = Shelf(p1=WELL)
    assert shelf.look(100.0) == ["p1"]
    shelf.answers["p2"] = WELL
    assert shelf.look(101.0) == ["p2"]
    assert shelf.look(129.9) == []
    assert shelf.look(130.0) == ["p1"]
    del shelf.answers["p1"]
    assert shelf.look(131.0) == ["p2"]
    shelf.answers["p1"] = WELL
    assert shelf.look(132.0) == ["p1"], "it arrived once more"


def test_who_is_not_well_is_asked_again_soon_and_the_ledger_hears_what_is_new_at_once() -> None:
    shelf = Shelf(p1=WELL, p2=LOCKED, p3=None)
    shelf.look(100.0)
    (round_one,) = shelf.told
    assert {one.serial: one.unfit_why for one in round_one} == {"p1": None, "p2": "its screen is locked"}
    assert shelf.look(100.0 + AGAIN_SECONDS) == ["p2", "p3"]
    shelf.answers |= {"p2": WELL, "p3": WELL}
    shelf.look(100.0 + 2 * AGAIN_SECONDS)
    assert {one.serial: one.unfit_why for one in shelf.told[-1]} == {"p2": None, "p3": None}
    assert len(shelf.told) == 2, "between them nothing was new"


def test_who_never_answers_takes_no_work_until_it_does() -> None:
    shelf = Shelf(p1=WELL)
    shelf.look(0.0)
    (facts,) = (one.facts for one in shelf.told.pop())
    shelf.answers["p1"] = None
    for number in range(UNANSWERED - 1):
        assert shelf.look(30.0 + number * AGAIN_SECONDS) == ["p1"]
    assert shelf.told == [], "once or twice may mean nothing"
    for number in range(UNANSWERED - 1, UNANSWERED + 1):
        shelf.look(30.0 + number * AGAIN_SECONDS)
    assert shelf.told == [[Reading("p1", facts, MUTE.why, MUTE.remedy)]]
    shelf.answers["p1"] = LOCKED
    shelf.look(60.0)
    assert [one.unfit_why for one in shelf.told[-1]] == ["its screen is locked"]
    shelf.answers["p1"] = None
    shelf.look(65.0)
    assert len(shelf.told) == 2, "it is counted anew"


def test_who_is_slow_is_not_taken_for_one_that_hangs(caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf(p1=WELL)
    shelf.look(0.0)
    ((first,),) = shelf.told
    shelf.answers["p1"] = None
    shelf.slow.add("p1")
    for number in range(UNANSWERED + 1):
        shelf.look(30.0 * (number + 1))
        shelf.look(30.0 * (number + 1) + TOGETHER_SECONDS)
    assert [one for (one,) in shelf.told] == [first] * (UNANSWERED + 2)
    shelf.slow.remove("p1")
    for number in range(UNANSWERED):
        shelf.look(200.0 + number * AGAIN_SECONDS)
    assert [one.unfit_why for one in shelf.told[-1]] == [MUTE.why]
    shelf.slow.add("p1")
    shelf.look(300.0)
    assert shelf.told[-1] == [first], "an echo is an answer"


def test_silence_before_a_phone_left_is_not_held_against_it() -> None:
    shelf = Shelf(p1=None)
    for number in range(UNANSWERED - 1):
        shelf.look(number * AGAIN_SECONDS)
    del shelf.answers["p1"]
    shelf.look(20.0)
    shelf.answers["p1"] = None
    shelf.look(21.0)
    assert shelf.told == []


def test_what_the_ledger_did_not_hear_is_asked_again_soon() -> None:
    shelf = Shelf(p1=WELL)
    shelf.deaf = True
    shelf.look(100.0)
    shelf.deaf = False
    assert shelf.look(100.0 + AGAIN_SECONDS) == ["p1"]
    assert len(shelf.told) == 1


def test_a_few_are_asked_at_once_and_no_more() -> None:
    together, lock = Barrier(BATCH_SIZE), Lock()
    running: set[str] = set()
    at_once: list[int] = []

    def ask(address: str, line: str) -> str:
        with lock:
            running.add(address)
            at_once.append(len(running))
        together.wait(60)  # so many must be asked side by side, or it breaks
        with lock:
            running.discard(address)
        return WELL

    addresses = {f"p{number}": f"at p{number}" for number in range(3 * BATCH_SIZE)}
    told: list[Sequence[Reading]] = []
    watch = HealthWatch(ask, lambda: addresses, told.append, package=APP, every=30.0)
    watch.look(0.0)
    assert [len(one) for one in told] == [3 * BATCH_SIZE]
    assert max(at_once) <= BATCH_SIZE


def test_its_thread_ends_while_a_phone_does_not_answer() -> None:
    asked, go_on = Event(), Event()

    def ask(address: str, line: str) -> str:
        asked.set()
        go_on.wait(120)
        return WELL

    watch = HealthWatch(ask, lambda: {"p1": "at p1"}, lambda readings: None, package=None, every=30.0)
    watch.start()
    assert asked.wait(60)
    watch.close(60)
    assert not watch.alive
    go_on.set()


def test_a_watch_that_never_began_ends() -> None:
    watch = HealthWatch(lambda _address, _line: "", dict, lambda _readings: None, package=None, every=30.0)
    watch.close(1.0)
    assert not watch.alive
