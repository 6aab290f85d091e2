"""`phonefleet alerts`: lists alerts, and adds, shows, tries and removes the channels that are told of them."""

from __future__ import annotations

import io

import pytest

from models.database.clock import database_now
from models.notify.alerts import raise_alert
from models.transactions.read_write import write
from tests.scripts.conftest import Run
from tests.support.gateway.receiver import Receiver, Reply
from tests.support.installation import Installation


@pytest.fixture(autouse=True)
def loopback_may_be_called(master_key: str, monkeypatch: pytest.MonkeyPatch, here: Installation) -> None:
    monkeypatch.setenv("PHONEFLEET_CALLBACK_NETWORKS", "127.0.0.0/8")
    from workers.settings import settings  # noqa: PLC0415

    settings.cache_clear()


def test_alerts_are_listed_without_a_command(here: Installation, run: Run) -> None:
    for number in range(3):
        text = f"phone {number} is hot"
        write(
            here.engine,
            lambda session, text=text: raise_alert(  # type: ignore[misc]
                session, "phone_unfit", "phone:p", text, "cool it", database_now(session)
            ),
        )
    assert "phone 2 is hot" in run("alerts").out
    few = run("alerts", "--last", "1").out
    assert "phone 2 is hot" in few
    assert "phone 1 is hot" not in few


def test_a_channel_is_added_tried_shown_and_removed(
    here: Installation, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Receiver(lambda _: Reply(200, {}, b'{"errcode":0}')) as robot:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"http://127.0.0.1:{robot.port}/send?key=hidden\nSEC1\n"))
        options = ("--secret", "-", "--only", "phone_unfit", "--quiet", "22:00-08:00")
        added = run("alerts", "add", "值班群", "dingtalk", "-", *options)
        assert added.status == 0, added.err
        assert run("alerts", "try", "值班群").out == "channel 值班群 took the message\n"
        assert "timestamp=" in robot.requests[0].path
        robot.answer = lambda _: Reply(200, {}, b'{"errcode":310000,"errmsg":"sign not match"}')
        failed = run("alerts", "try", "值班群")
        assert (failed.status, "robot_310000: sign not match" in failed.err) == (1, True)
        shown = run("alerts", "channels").out
        assert "值班群  dingtalk" in shown
        assert "phone_unfit; every 60 s at most, quiet 22:00-08:00; told nothing yet" in shown
        assert "hidden" not in shown + added.out
    assert run("alerts", "remove", "值班群").status == 0
    assert "channels: none" in run("alerts", "channels").out
    assert run("alerts", "remove", "值班群").status == 2


def test_an_input_without_lines_is_refused(here: Installation, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    said = run("alerts", "add", "x", "wecom", "-")
    assert (said.status, "target: " in said.err) == (2, True)
