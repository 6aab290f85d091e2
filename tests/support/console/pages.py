"""The addresses of every page of the console, on a ledger in which each shows something."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from gateway.console.pages.routes import NAVIGATION
from gateway.console.people.saved_filters import save_filter
from models.database.clock import database_now
from models.tables import ApiKey, BulkAct, Campaign, Export, Hold, ProfilePatch, Task, Watch
from models.tasks.states import State
from models.transactions.read_write import read, write
from models.values.enums import ExportState, HoldScope, Role
from tests.support.console.monday import HOSTILE, PEOPLE
from tests.support.console.recordings import recorded
from tests.support.console.served import Asker, Served
from tests.support.flow_trials import version_trial
from tests.support.ledger.texts import collect, filled
from tests.support.patches import proposed_patch
from tests.support.watches import watch_with_alert
from workers.control.own_pause import pause_phone_for
from workers.host.host_ledger import SqlLedger

RECORDING = ("/recorder/1", "/recorder/1?element=2")  # the one that furnish() makes

NEVER_SEEN = "10.0.0.117:5555"  # a phone that no host has reached yet

TAGS = {"zh": "zh-CN", "en": "en"}  # what a page in a language calls it


def furnish(console: Served) -> None:
    """Add what a Monday's ledger lacks, so that every table has rows: holds, exports, texts, filters, acts on many …"""
    write(console.engine, _holds_and_a_disabled_key)
    watch_with_alert(console.engine, "刹车 <b>", f"刹车 {HOSTILE}")
    proposed_patch(console.engine, HOSTILE)
    version_trial(console.engine, HOSTILE)
    recorded(console.engine, HOSTILE, *(f"{number} {HOSTILE}" for number in range(5)))
    pause_phone_for(console.engine, "P0005", "示例客户", who="c")
    for name in PEOPLE.values():
        save_filter(console.engine, name, f"周一 {HOSTILE[:27]}", {"outcome": "failed", "author": HOSTILE[:29]})
    SqlLedger("shelf1", console.engine, console.engine).phone_problem(NEVER_SEEN, "not connected", "no answer", 0.0)
    _collected_texts(console.engine)
    person = console.as_role(Role.OPERATOR)
    _exports(console.engine, person)
    done = person.post("/acts/choose/phones", show="", find="P0004").headers["location"]
    assert person.post("/acts/many/drain", id=done.rpartition("/")[2], reason="x").status_code == 303  # it is refused
    assert person.post("/acts/choose/phones", show="", find="P000").status_code == 303


def _collected_texts(engine: Engine) -> None:
    collect(engine, "xiaopeng", HOSTILE, [HOSTILE, "多少钱"], read(engine, database_now))
    filled(engine)


def _exports(engine: Engine, person: Asker) -> None:
    """An export that was made, and one that waits."""
    assert person.post("/acts/records/export").status_code == 303
    write(engine, lambda session: session.execute(update(Export).values(state=ExportState.DONE, tasks_total=12)))
    assert person.post("/acts/records/export", outcome="failed").status_code == 303


def _holds_and_a_disabled_key(session: Session) -> None:
    now = database_now(session)
    for scope, key, what in ((HoldScope.AUTHOR, "xiaopeng", "xiaopeng"), (HoldScope.FLOW, "", "")):
        told = {"failure_code": "video_not_found", "reason": f"x: {HOSTILE}", "remedy": "look at the video"}
        one = Hold(flow="directed", scope=scope, key=key, what=what, phones=["P0001"], **told)
        one.since, one.in_force = now, True
        session.add(one)
    session.execute(update(ApiKey).values(disabled_at=now, disabled_by="王芳"))


def pages(console: Served) -> list[str]:
    """The address of every page that a viewer may open."""

    def work(session: Session) -> list[str]:
        campaign = session.scalars(select(Campaign.id)).first()
        task = session.scalars(select(Task.id).where(Task.state == State.FAILED)).first()
        many = [f"/many/{one}" for one in session.scalars(select(BulkAct.id).limit(2))]
        watches = [f"/watches/{one}" for one in session.scalars(select(Watch.id).limit(1))]
        patches = [f"/drift/{one}" for one in session.scalars(select(ProfilePatch.id).limit(1))]
        of_task = [f"/tasks/{task}", f"/tasks/{task}/attempts/1", f"/tasks/{task}/log"]
        return [f"/campaigns/{campaign}", *of_task, *many, *watches, *patches]

    fixed = [
        "/phones/P0005",
        "/phones/P0001",
        f"/phones/{quote(NEVER_SEEN)}",
        "/callbacks/msg_0002",
        "/me",
        "/many",
        "/overview?hours=168",
        "/overview/sheet?hours=8",
    ]
    filtered = ["/records?outcome=failed", "/shelf?group=state", "/texts?kind=title"]
    return [*navigated(), *fixed, *filtered, *read(console.engine, work)]


def navigated() -> list[str]:
    """The pages of the main navigation that a viewer may open."""
    return [path for path, _, least in NAVIGATION if least == Role.VIEWER]


def above(role: Role) -> Sequence[str]:
    """The pages that begin with a role up to this one, and that a viewer may not open."""
    roles = list(Role)
    rarer = [(path, least) for path, _, least in NAVIGATION if least != Role.VIEWER]
    return [
        path
        for path, least in [("/campaigns/new", Role.OPERATOR), *rarer]
        if roles.index(least) <= roles.index(Role(role))
    ]


def furnished_above(role: Role) -> Sequence[str]:
    """The same of a ledger that furnish() filled: with the pages of its recording."""
    return [*(RECORDING if list(Role).index(Role(role)) else ()), *above(role)]


def all_in_their_language(person: Asker, paths: Sequence[str], language: str) -> None:
    """Somebody gets each of these pages, in the language of their browser, with one heading that names it."""
    for path in paths:
        answer = person.get(path, **{"accept-language": language})
        assert answer.status_code == 200, path
        assert f'<html lang="{TAGS[language]}"' in answer.text, path
        assert answer.text.count("<h1") == 1, path
