"""Runs the demo: real services, simulated phones."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from itertools import cycle
from pathlib import Path

from rich.console import Console
from sqlalchemy import Engine, select

from models.database.engine import connect
from models.responsible_use.authors import read_caps, register_author, set_basis, set_cap
from models.tables import Account, Task
from models.tasks.states import State
from models.transactions.read_write import read
from scripts.demo.judge import ledger_deeds, mismatches, true_deeds
from scripts.demo.report import Report, accounts_table, per_account, read_report, report_table
from scripts.demo.shelf import Shelf, start_shelf
from scripts.local.embedded import free_port
from scripts.local.processes import Processes
from scripts.local.services import Services, base_services, start_fleet
from scripts.terminal.following import follow
from scripts.terminal.show import say
from workers.campaigns.build import submit_day
from workers.campaigns.campaign_file import CampaignFile
from workers.campaigns.given_campaign import read_campaign_file
from workers.settings import settings

STANDARD_DAY = Path(__file__).parent.parent / "standard_day.yaml"
ACCOUNTS_SECONDS = 60.0
WORLD_SEED = 1
TEXTS = {"nurture": ("texts",), "directed": ("comment_texts", "reply_texts")}
EMOJI = ("😀", "😂", "👍🏽", "👨‍👩‍👧‍👦", "🇨🇳", "..😀")


def run_demo(var: Path, phones: int, speed: float, timeout: float, console: Console, *, rough: bool = False) -> int:
    """Runs the demo in the folder `var`, which it empties first. Returns the exit status: 0 when it succeeded."""
    shutil.rmtree(var, ignore_errors=True)
    day = read_campaign_file(STANDARD_DAY)
    if rough:
        day = with_emoji(day)
    env = {
        "PHONEFLEET_DATABASE_URL": f"sqlite:///{var.resolve() / 'phonefleet.db'}",
        "PHONEFLEET_ADB_PORT": str(free_port()),
        "PHONEFLEET_VAR": str(var.resolve()),
        "PHONEFLEET_HOST": "demo",
        "PHONEFLEET_ADB_USB": "0",
    }
    _forget_settings()
    with base_services(var, env) as services:
        os.environ.update(services.env)
        say(console, f"Redis: {services.redis}")
        shelf = start_shelf(services.processes, var, phones, speed, WORLD_SEED, rough=rough)
        kind = "rough " if rough else ""
        say(console, f"{phones} {kind}simulated phones; what really happens to them: {shelf.truth}")
        began = time.monotonic()
        engine = connect(services.env["PHONEFLEET_DATABASE_URL"])
        services.processes.also({"PHONEFLEET_ADB_CONNECT": ",".join(shelf.addresses)})
        start_fleet(services)
        _know_authors(engine, shelf, day)
        _wait_for_accounts(engine, services.processes, phones, console)
        make_room(engine, day, phones)
        _run_day(services, day, console, timeout)
        return conclude(engine, shelf.truth, var, phones, time.monotonic() - began, console)


def with_emoji(day: CampaignFile) -> CampaignFile:
    """Returns the same day with an emoji in each text, some of them of several code points."""
    data = day.model_dump()
    for part, names in TEXTS.items():
        for name in names if data.get(part) else ():
            data[part][name] = [f"{text}{emoji}" for text, emoji in zip(data[part][name], cycle(EMOJI), strict=False)]
    return CampaignFile.model_validate(data)


def _forget_settings() -> None:
    """Removes the settings of the environment, so that the demo never reaches a real fleet, ledger or phone."""
    for name in [name for name in os.environ if name.startswith("PHONEFLEET_")]:
        del os.environ[name]
    settings.cache_clear()


def _know_authors(engine: Engine, shelf: Shelf, day: CampaignFile) -> None:
    """Registers the practice world's authors; the authors of the day belong to the operator."""
    own = set(day.collect.all_authors) if day.collect is not None else set()
    for author in shelf.authors():
        register_author(engine, author["id"], author["name"])
        if author["id"] in own:
            set_basis(engine, author["id"], "owned", who="demo", note="an author of the practice world")


def make_room(engine: Engine, day: CampaignFile, phones: int) -> None:
    """Raises the caps of a video where many phones share the day's few videos: the demo shows all of them at work."""
    if day.directed is None or day.collect is None:
        return
    videos = len(day.collect.all_authors) * day.collect.videos
    on_one = math.ceil(day.directed.per_account.comments * phones / videos)
    caps = read(engine, read_caps)
    for name in ("comments_per_video", "accounts_per_video"):  # as many accounts, each of which comments there once
        if on_one > getattr(caps, name):
            set_cap(engine, name, on_one, who="demo")


def _wait_for_accounts(engine: Engine, processes: Processes, phones: int, console: Console) -> None:
    deadline = time.monotonic() + ACCOUNTS_SECONDS
    seen = -1
    while time.monotonic() < deadline:
        processes.check()
        known = len(read(engine, lambda session: session.scalars(select(Account.id)).all()))
        if known != seen:
            say(console, f"accounts found on phones: {known} of {phones}")
            seen = known
        if known == phones:
            return
        time.sleep(0.2)
    raise TimeoutError(f"only {seen} of {phones} accounts were found in {ACCOUNTS_SECONDS:g} s")


def _run_day(services: Services, day: CampaignFile, console: Console, timeout: float) -> None:
    handle = submit_day(day, asked_by="demo")
    try:
        follow(handle, console, timeout)
    except TimeoutError as error:
        say(console, str(error))


def conclude(engine: Engine, truth: Path, var: Path, phones: int, seconds: float, console: Console) -> int:
    """Judges the ledger; prints and writes the report. Returns 0 when the demo succeeded, else 1."""
    differences = mismatches(ledger_deeds(engine), true_deeds(truth))
    report: Report = read(engine, lambda session: read_report(session, seconds, len(differences)))
    rows = read(engine, per_account)
    console.print(accounts_table(rows))
    console.print(report_table(report))
    (var / "report.json").write_text(json.dumps(report.as_json(), ensure_ascii=False, indent=2) + "\n")
    for difference in differences[:20]:
        say(console, str(difference))
    problems = report.problems(phones, _unnurtured(engine))
    for problem in problems:
        say(console, str(problem))
    say(console, f"report: {var / 'report.json'}")
    return 1 if problems else 0


def _unnurtured(engine: Engine) -> list[str]:
    nurtured = select(Task.account_id).where(
        Task.flow == "nurture", Task.state == State.SUCCEEDED, Task.account_id.is_not(None)
    )
    return list(
        read(engine, lambda session: session.scalars(select(Account.id).where(Account.id.not_in(nurtured))).all())
    )
