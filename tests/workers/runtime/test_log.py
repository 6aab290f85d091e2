"""The lines of the log: JSON with what the process works on, levels of their own for flows, nothing that steers."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from workers.runtime.log import set_up_logging
from workers.runtime.log_context import log_context, logged_with
from workers.runtime.slots import own_slot
from workers.runtime.watch import SlotWatch
from workers.settings import SettingsError, read_settings

log = logging.getLogger("phonefleet.test")


Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def begun(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Lines]]:
    """Returns a function that sets the log up with these variables, and returns one that reads its new lines."""
    root, ours = logging.getLogger(), logging.getLogger("phonefleet")
    levels = root.level, ours.level

    def begin(**env: str) -> Lines:
        monkeypatch.setattr(root, "handlers", [])  # pytest's own, which it adds for each test
        set_up_logging(read_settings({"PHONEFLEET_HOST": "shelf", **env}), "worker")
        return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    yield begin
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def test_a_line_is_json_with_what_the_process_works_on(begun: Callable[..., Lines]) -> None:
    lines = begun()
    with logged_with(task="t1", attempt=2, flow="nurture", phone="SIM0001", account=None), logged_with(step="browse"):
        log.warning("小鹏汽车 %s", "😀")
    log.info("later")
    first, later = lines()
    assert first["message"] == "小鹏汽车 😀"
    assert {name: first[name] for name in ("level", "part", "host", "logger")} == {
        "level": "WARNING", "part": "worker", "host": "shelf", "logger": "phonefleet.test"
    }  # fmt: skip
    assert {name: first[name] for name in ("task", "attempt", "flow", "phone", "step")} == {
        "task": "t1", "attempt": 2, "flow": "nurture", "phone": "SIM0001", "step": "browse"
    }  # fmt: skip
    assert "account" not in first
    assert first["time"].endswith("+00:00")
    assert "task" not in later


def test_a_traceback_stays_in_its_line(begun: Callable[..., Lines]) -> None:
    lines = begun()
    try:
        raise ValueError("a\nb")
    except ValueError:
        log.exception("it failed")
    (line,) = lines()
    assert "ValueError: a\nb" in line["exc_info"]


@pytest.mark.parametrize(
    ("flow", "shown"),
    [
        ("nurture", ["debug", "info", "warning"]),
        ("directed", ["warning"]),
        ("collect_titles", ["info", "warning"]),
        (None, ["info", "warning"]),
    ],
)
def test_a_flow_has_a_level_of_its_own(begun: Callable[..., Lines], flow: str | None, shown: list[str]) -> None:
    lines = begun(PHONEFLEET_LOG_FLOWS="nurture=debug, directed=WARNING")
    with logged_with(flow=flow):
        log.debug("debug")
        log.info("info")
        log.warning("warning")
        logging.getLogger("celery.test").debug("a library's")
    assert [line["message"] for line in lines()] == shown


def test_the_level_of_all_holds_where_no_flow_says_otherwise(begun: Callable[..., Lines]) -> None:
    lines = begun(PHONEFLEET_LOG="ERROR", PHONEFLEET_LOG_FLOWS="nurture=INFO")
    log.warning("of none")
    with logged_with(flow="nurture"):
        log.info("of nurture")
    assert [line["message"] for line in lines()] == ["of nurture"]


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("PHONEFLEET_LOG", "LOUD", "'LOUD' is none of DEBUG, INFO, WARNING, ERROR"),
        ("PHONEFLEET_LOG", "10", "'10' is none of"),
        ("PHONEFLEET_LOG_FLOWS", "nurture", "'nurture' is not flow=level"),
        ("PHONEFLEET_LOG_FLOWS", "=DEBUG", "'=DEBUG' is not flow=level"),
        ("PHONEFLEET_LOG_FLOWS", "nurture=loud", "'loud' is none of"),
        ("PHONEFLEET_LOG_FLOWS", "nurture=INFO,nurture=DEBUG", "nurture has two levels"),
        ("PHONEFLEET_LOG_FORMAT", "xml", "'xml' is none of auto, json, text"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(variable: str, value: str, reason: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({variable: value})
    assert refused.value.variable == variable
    assert reason in refused.value.reason


def test_the_context_is_the_thread_s_own() -> None:
    seen: list[object] = []
    with logged_with(task="t1"):
        other = threading.Thread(target=lambda: seen.append(dict(log_context())))
        other.start()
        other.join(10)
    assert seen == [{}]
    assert not log_context()


def test_steps_are_logged_with_their_time(begun: Callable[..., Lines]) -> None:
    lines = begun(PHONEFLEET_LOG_FLOWS="nurture=DEBUG")
    watch = SlotWatch(own_slot(), soft_limit=60)

    def fail() -> None:
        with watch.step("outer"):
            with watch.step("inner"):
                pass
            raise KeyError("gone")

    with logged_with(flow="nurture"), pytest.raises(KeyError):
        fail()
    told = [(line["step"], line["message"].partition(" took")[0]) for line in lines()]
    assert told == [
        ("outer", "the step begins"), ("inner", "the step begins"), ("inner", "the step"),
        ("outer", "the step ends with KeyError: 'gone'"), ("outer", "the step"),
    ]  # fmt: skip


def test_celerys_own_traceback_of_what_was_put_down_on_purpose_is_left_out(begun: Callable[..., Lines]) -> None:
    lines = begun()
    data = {"id": "t1", "exc": "Ignore('another worker runs it')", "traceback": "Traceback (most recent call last):"}
    logging.getLogger("celery.app.trace").info("Task x ignored", extra={"data": data})
    (line,) = lines()
    assert line["data"] == {"id": "t1", "exc": "Ignore('another worker runs it')"}
