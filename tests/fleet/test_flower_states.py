"""Flower tells what became of each attempt, and whose it is: read from its API and its pages."""

from __future__ import annotations

import ast
import html
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from celery import chain
from redis import Redis

from models.tables import Phone
from models.tasks.states import State
from models.transactions.read_write import read
from scripts.local.embedded import free_port
from tests.support.fleet import Fleet
from tests.support.ledger.drive import task, tasks
from tests.support.poll import wait_until
from tests.support.servers import Redis as Server
from workers.app import app
from workers.control.stop import stop_task
from workers.dispatch.tickets import Ticket, publish
from workers.planting.submit import submit
from workers.runtime.linux import bound_to_me
from workers.tasks import collect_titles, directed, nurture

pytestmark = pytest.mark.fleet

WAIT = 90.0
HOSTILE = "<script>alert(1)</script>'\"&{{7*7}}" + "长" * 200


class Flower:
    """Flower's API and pages."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    def page(self, path: str) -> str:
        with urllib.request.urlopen(f"{self._url}{path}", timeout=WAIT) as answer:
            return str(answer.read().decode())

    def task(self, task_id: str) -> dict[str, Any]:
        """What its API tells of a task; empty when it has not heard of it."""
        found: dict[str, Any] = json.loads(self.page("/api/tasks?limit=10000")).get(task_id) or {}
        return found

    def listens(self) -> bool:
        """Has it heard of a worker? Its pages answer before it listens, and an event that it misses is gone."""
        return bool(json.loads(self.page("/workers?json=1"))["data"])

    def up(self) -> bool:
        try:
            return bool(self.page("/healthcheck"))
        except (URLError, ConnectionError):
            return False


@contextmanager
def flower(redis_url: str) -> Iterator[Flower]:
    """Flower on this Redis, once it answers."""
    port = free_port()
    command = [sys.executable, "-m", "celery", "-A", "workers.app", "flower", f"--port={port}", "--address=127.0.0.1"]
    env = {**os.environ, "FLOWER_UNAUTHENTICATED_API": "true", "PHONEFLEET_REDIS_URL": redis_url}
    process = subprocess.Popen(bound_to_me(command), env=env, stderr=subprocess.DEVNULL)
    try:
        shows = Flower(port)
        wait_until(shows.up, WAIT, "Flower to answer")
        yield shows
    finally:
        process.terminate()
        process.wait(WAIT)


class Shown:
    """A fleet, Flower beside it, and an author and an account to work with."""

    def __init__(self, fleet: Fleet, flower: Flower) -> None:
        self.fleet, self.flower, self.engine = fleet, flower, fleet.engine
        self.author = next(one for one in fleet.shelf.authors() if one["main"])
        self.title: str = self.author["videos"][0]["title"]
        self.serial: str = fleet.described()[0]["serial"]
        self.account = read(fleet.engine, lambda session: session.get_one(Phone, self.serial).account_id)

    def planted(self, canvas: Any) -> list[str]:
        """The ids of the tasks of a canvas."""
        return [one.id for one in tasks(self.engine, submit(canvas, name="flower", engine=self.engine).id)]

    def seen(self, task_id: str, state: str) -> dict[str, Any]:
        """What Flower shows of a task, once it shows that state."""
        wait_until(lambda: self.flower.task(task_id).get("state") == state, WAIT, f"{state} of {task_id}", every=0.2)
        return self.flower.task(task_id)

    def titles(self) -> Any:
        """A reading task."""
        return collect_titles.s(author_id=self.author["id"], count=1)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder: Path = tmp_path_factory.mktemp("flower")
    database = f"sqlite:///{folder / 'ledger.db'}"
    with Server() as redis, Fleet(folder, database, redis.url, 2) as fleet, flower(redis.url) as shows:
        wait_until(shows.listens, WAIT, "Flower to hear of a worker")
        yield Shown(fleet, shows)
        with Redis.from_url(redis.url) as client:
            assert not list(client.scan_iter("celery-task-meta-*")), "no result goes to Redis"
            wait_until(lambda: client.hlen("unacked") == 0, WAIT, "every message to be answered for")


def test_a_success_shows_account_author_and_title(shown: Shown) -> None:
    comment = directed.s(kind="comment", author_id=shown.author["id"], title=shown.title, text="讲得好")
    (good,) = shown.planted(comment.set(queue=f"account.{shown.account}"))
    told = shown.seen(good, "SUCCESS")
    wanted = {"account": shown.account, "author": shown.author["id"], "title": shown.title}
    assert ast.literal_eval(told["kwargs"]) == wanted
    assert shown.title[:8] in html.unescape(shown.flower.page(f"/task/{good}"))
    publish(app, [Ticket(good, "directed", "pool", 0)])
    wait_until(lambda: shown.flower.task(good).get("result") == "'succeeded'", WAIT, "the second ticket")
    assert shown.seen(good, "SUCCESS")
    assert task(shown.engine, good).attempt == 1, "a second ticket ran nothing"


def test_a_failure_shows_its_reason_and_hostile_text_harmlessly(shown: Shown) -> None:
    (bad,) = shown.planted(directed.s(kind="comment", author_id=shown.author["id"], title=HOSTILE, text="讲得好2"))
    told = shown.seen(bad, "FAILURE")
    assert told["exception"].startswith("AttemptFailed("), told["exception"]
    assert "video_not_found: " in told["exception"]
    given = ast.literal_eval(told["kwargs"])
    assert (given["author"], given["title"][:25], len(given["title"])) == (shown.author["id"], HOSTILE[:25], 60)
    page = shown.flower.page(f"/task/{bad}")
    assert "<script>alert(1)" not in page, "shown, not run"
    assert "<script>alert(1)" in html.unescape(page)


def test_what_goes_on_in_others_is_no_success_yet(shown: Shown) -> None:
    fan_out = app.signature("each_title", kwargs={"most": 1})
    first, delegated, *_ = shown.planted(chain(shown.titles(), fan_out))
    shown.seen(first, "SUCCESS")
    assert "others took its place" in shown.seen(delegated, "RETRY")["exception"]


def test_an_attempt_after_which_another_follows_shows_retry_and_then_the_end(shown: Shown) -> None:
    shown.fleet.fault("network_down", shown.serial)
    (again,) = shown.planted(shown.titles().set(queue=f"account.{shown.account}"))
    assert "again after" in shown.seen(again, "RETRY")["exception"]
    shown.fleet.heal(shown.serial)
    shown.seen(again, "SUCCESS")


def test_a_stop_shows_revoked(shown: Shown) -> None:
    (stopped,) = shown.planted(nurture.s(video_likes=30, video_loop=900).set(queue=f"account.{shown.account}"))
    shown.fleet.wait(lambda: task(shown.engine, stopped).state == State.RUNNING, WAIT, "it to run")
    stop_task(shown.engine, stopped, who="小王", why="enough")
    shown.seen(stopped, "REVOKED")


def test_a_ticket_of_no_task_shows_failure(shown: Shown) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    publish(app, [Ticket(nobody, "directed", "pool", 6)])
    assert "no such task" in shown.seen(nobody, "FAILURE")["exception"]
