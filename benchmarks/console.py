"""The console with 200 phones: weight and first paint of its pages, what an update sends, and what 20 tabs cost.

`python -m benchmarks.console`. A console as `phonefleet console` runs it, on a MariaDB with a standard day under way.
Chromium opens each page without a cache; a page of a few bytes is the control of its paint. Then phones go from step
to step while tabs are open, and /proc tells the CPU time of the console's process; the same without a tab and with
one are the controls.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import requests
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from models.database.engine import connect
from models.migrate import upgrade
from models.tables import Campaign, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from scripts.local.embedded import free_port
from tests.support.arguments import at_least, within
from tests.support.console.browser import chromium, log_in, tab
from tests.support.console.monday import CALM, monday
from tests.support.console.served import Asker
from tests.support.poll import wait_until
from tests.support.report import Line, Target, finish
from tests.support.servers import MariaDB
from workers.settings import settings

BARE = "/health"  # the control: a few bytes, without a look at the ledger
PAGES = (
    BARE,
    "/shelf",
    "/overview",
    "/campaigns",
    "/failures",
    "/review",
    "/records",
    "/accounts",
    "/authors",
    "/callbacks",
    "/keys",
)
OF_ADMINS = ("/campaigns/new", "/users", "/changes")
STEPS = ("browse", "act", "account", "verify")
MOVES = 10  # tiles that change at each of two moments a second
MOST_BYTES, MOST_PAINT_MS, MOST_CORE = 300_000, 500.0, 0.2
PAINT = """() => new Promise(told => new PerformanceObserver(list => {
    for (const one of list.getEntries()) if (one.name === 'first-contentful-paint') told(one.startTime);
}).observe({type: 'paint', buffered: true}))"""
TICK = os.sysconf("SC_CLK_TCK")


@contextmanager
def console(folder: Path, database: str) -> Iterator[tuple[str, int]]:
    """A console of its own process. Gives its address and its process id."""
    port = free_port()
    given = {**os.environ, "PHONEFLEET_VAR": str(folder), "PHONEFLEET_DATABASE_URL": database}
    command = [sys.executable, "-m", "gateway.console", "--port", str(port)]
    with (folder / "console.log").open("wb") as log:
        process = subprocess.Popen(command, env=given, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(url), 60, "the console to listen")
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=2).ok
    except requests.RequestException:
        return False


def cpu_seconds(pid: int) -> float:
    """The CPU time that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def addresses(engine: Engine) -> list[str]:
    """Every page, with one of each kind."""

    def work(session: Session) -> list[str]:
        campaign = session.scalars(select(Campaign.id)).first()
        failed = session.scalars(select(Task.id).where(Task.state == State.FAILED)).first()
        return [f"/campaigns/{campaign}", f"/tasks/{failed}", "/phones/P0005"]

    return [*PAGES, *OF_ADMINS, *read(engine, work)]


def pages(browser: Browser, url: str, paths: Sequence[str], rounds: int) -> Mapping[str, tuple[int, float]]:
    """Each page's weight in bytes with all that it loads, and its median first paint in ms, without a cache."""
    found: dict[str, list[tuple[int, float]]] = {path: [] for path in paths}
    with tab(browser, "zh", width=1440, height=900) as (page, _):
        log_in(page, url, "admin")
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.send("Network.setCacheDisabled", {"cacheDisabled": True})
        for _ in range(rounds):
            for path in paths:
                found[path].append(_opened(page, url + path))
    return {
        path: (max(one for one, _ in some), statistics.median(at for _, at in some)) for path, some in found.items()
    }


def _opened(page: Page, url: str) -> tuple[int, float]:
    sizes: list[int] = []

    def took(one: Any) -> None:
        if "stream" not in one.url and one.ok:
            sizes.append(one.request.sizes()["responseBodySize"])

    page.on("response", took)
    page.goto(url)
    page.wait_for_load_state("load")
    painted = float(page.evaluate(PAINT))
    page.remove_listener("response", took)
    return sum(sizes), painted


def running(engine: Engine) -> list[str]:
    """The tasks that run."""
    wanted = select(Task.id).where(Task.state == State.RUNNING).order_by(Task.id)
    return read(engine, lambda session: list(session.scalars(wanted)))


def moves(engine: Engine, tasks: Sequence[str], end: Event) -> None:
    """Lets phones go to their next step, twice a second, until the end."""
    turn = 0
    while not end.wait(0.5):
        turn += 1
        some = [tasks[(turn * MOVES + place) % len(tasks)] for place in range(MOVES)]
        step = STEPS[turn % len(STEPS)] + str(turn % 97)
        write(
            engine,
            lambda session, some=some, step=step: session.execute(  # type: ignore[misc]
                update(Task).where(Task.id.in_(some)).values(step=step)
            ),
        )


@contextmanager
def tabs(person: Asker, count: int) -> Iterator[list[int]]:
    """So many tabs that read their streams. Gives the bytes that each has got so far."""
    got = [0] * count
    mark = re.search(r"since=([\w-]+)", person.get("/shelf").text)
    assert mark is not None
    streams = []
    for place in range(count):
        session = requests.Session()
        session.cookies.update(person.session.cookies)
        url = f"{person.url}/shelf/stream?group=host&since={mark[1]}"
        streams.append(session.get(url, stream=True, timeout=60))
        Thread(target=_drink, args=(streams[place], got, place), daemon=True).start()
    try:
        yield got
    finally:
        for one in streams:
            one.close()


def _drink(stream: requests.Response, got: list[int], place: int) -> None:
    try:
        for part in stream.iter_content(None):
            got[place] += len(part)
    except (requests.RequestException, AttributeError, ValueError):
        return  # its tab was closed


def cost(engine: Engine, person: Asker, pid: int, count: int, seconds: float) -> tuple[float, float]:
    """The share of a core that the console takes with so many tabs, and KB a second that each tab gets."""
    end = Event()
    mover = Thread(target=moves, args=(engine, running(engine), end), daemon=True)
    with ExitStack() as stack:
        got = stack.enter_context(tabs(person, count)) if count else []
        mover.start()
        time.sleep(3)  # the first looks
        before, began, bytes_before = cpu_seconds(pid), time.monotonic(), sum(got)
        time.sleep(seconds)
        used, took = cpu_seconds(pid) - before, time.monotonic() - began
        each = (sum(got) - bytes_before) / took / 1000 / max(1, count)
        end.set()
        mover.join(10)
    return used / took, each


def update_of_one(engine: Engine, person: Asker) -> tuple[int, int]:
    """What a tab gets when one phone goes to its next step: bytes, and tiles."""
    task = running(engine)[0]
    mark = person.get("/shelf/changes").headers["x-phonefleet-mark"]
    write(engine, lambda session: session.execute(update(Task).where(Task.id == task).values(step="alone")))
    text = wait_until(lambda: person.get(f"/shelf/changes?since={mark}").text, 20, "the change")
    return len(text.encode()), text.count('class="tile ')


def measure(seconds: float, rounds: int, phones: int) -> int:
    """Measures, prints and writes. Returns the exit status."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(MariaDB())
        database = stack.enter_context(server.database())
        os.environ.update({"PHONEFLEET_VAR": str(folder), "PHONEFLEET_DATABASE_URL": database})
        settings.cache_clear()
        engine = connect(database)
        stack.callback(engine.dispose)
        upgrade(engine)
        monday(engine, phones, CALM)
        url, pid = stack.enter_context(console(folder, database))
        person = Asker(url, requests.Session(), "").entered("王芳", "eine lange Losung")
        size, tiles = update_of_one(engine, person)
        shares = {count: cost(engine, person, pid, count, seconds) for count in (0, 1, 20)}
        with chromium() as browser:
            opened = pages(browser, url, addresses(engine), rounds)
    return told(opened, shares, (size, tiles), phones)


def told(
    opened: Mapping[str, tuple[int, float]],
    shares: Mapping[int, tuple[float, float]],
    update: tuple[int, int],
    phones: int,
) -> int:
    """Prints and writes what was measured."""
    named = {re.sub(r"/[0-9a-f-]{30,}", "/…", path): value for path, value in opened.items()}
    lines = [Line(path, (size / 1000, paint, "")) for path, (size, paint) in named.items()]
    lines += [Line(f"{count} tabs", ("", "", share * 100)) for count, (share, _) in shares.items()]
    heaviest, slowest = (max(value[place] for value in named.values()) for place in (0, 1))
    targets = [
        Target("bytes of the heaviest page", heaviest, MOST_BYTES),
        Target("ms to the first paint of the slowest page", slowest, MOST_PAINT_MS),
        Target("tiles sent for one phone's step", update[1], 1),
        Target("of a core for 20 tabs", shares[20][0], MOST_CORE),
    ]
    measured = {
        "phones": phones,
        "moves_a_second": 2 * MOVES,
        "pages": {path: {"bytes": size, "paint_ms": paint} for path, (size, paint) in named.items()},
        "update_bytes": update[0],
        "tabs": {str(count): {"core": share, "kb_a_second": kb} for count, (share, kb) in shares.items()},
        "load": os.getloadavg(),
    }
    headings = ["KB", "first paint, ms", "% of a core"]
    return finish("console", f"the console with {phones} phones", headings, lines, measured, targets)


def main() -> int:
    """Reads the arguments and measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phones", type=at_least(1), default=200)
    parser.add_argument("--seconds", type=within(1, 3600), default=20)
    parser.add_argument("--rounds", type=at_least(1), default=5)
    asked = parser.parse_args()
    return measure(asked.seconds, asked.rounds, asked.phones)


if __name__ == "__main__":
    sys.exit(main())
