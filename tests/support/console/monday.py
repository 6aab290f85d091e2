"""A ledger that looks like a Monday morning: phones in every state, a standard day under way, failures and reviews."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.sax.saxutils import quoteattr

import yaml
from PIL import Image, ImageDraw
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from flows.failures import CODES
from gateway.console.people.users import add_user
from models.database.clock import database_now
from models.history.records.fill import fill_records
from models.notify.alerts import raise_alert
from models.responsible_use.authors import register_author, set_basis, set_cap
from models.responsible_use.caps import operator_day
from models.tables import Account, ActionRow, ApiKey, Attempt, Campaign, Delivery, DeliveryAttempt, Phone, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from models.values.enums import Role
from tests.support.console.screens_of_phones import film, newest_success
from workers.campaigns.build import plant_day
from workers.campaigns.given_campaign import GivenCampaign
from workers.control.phone_pause import pause_phone
from workers.coordinator.leader import lead
from workers.evidence.bundle import FACTS, SCREENSHOT, TREE, Bundle
from workers.evidence.location import StorageLocation
from workers.evidence.storage import Storage
from workers.settings import settings

PASSWORD = "eine lange Losung"
PEOPLE = {Role.VIEWER: "小王", Role.OPERATOR: "李娜", Role.ADMIN: "王芳"}
AUTHORS = {
    "xiaopeng": "小鹏汽车",
    "chenzhen": "陈震同学",
    "dongchedi": "懂车帝原创",
    "laoyuechetan": "老岳车谈",
    "shibadao": "十八刀",
    "qingchengche": "倾城车",
    "chejian_mofang": "车间魔方",
    "beifang_shijia": "北方试驾",
}
NICKNAMES = ("晨光", "小鹿", "山月", "阿远", "青禾", "木子", "南风", "知夏", "星河", "老周")
HOSTILE = "<script>alert('x')</script> \u202eevil\u202c zero\u200bwidth 😀👨‍👩‍👧 " + "长" * 200
CALM = "新车到店，先看空间"
TEXT = "这个角度讲得很清楚，学到了"
DAY = Path(__file__).parents[3] / "scripts" / "standard_day.yaml"


def people(engine: Engine) -> None:
    """One user of each role."""
    for role, name in PEOPLE.items():
        add_user(engine, name, role, PASSWORD, who="test")


def phones(engine: Engine, count: int) -> None:
    """Phones on two hosts, ten to a hub, most of which work."""

    def work(session: Session) -> None:
        now = database_now(session)
        for number in range(1, count + 1):
            session.add(_phone(number, count, now))
            nickname = f"{NICKNAMES[number % len(NICKNAMES)]}{number:02}"
            session.add(Account(id=f"acc{number:04}", name=nickname, live=True, created_at=now))

    write(engine, work)
    pause_phone(engine, "P0004", who=PEOPLE[Role.OPERATOR], why="换电池", ring_now=False)


def _phone(number: int, count: int, now: datetime) -> Phone:
    host = "shelf1" if number <= (count + 1) // 2 else "shelf2"
    hub, port = divmod(number - 1, 10)
    row = Phone(
        serial=f"P{number:04}",
        address=f"usb:1-{hub + 1}.{port + 1}",
        host=host,
        model="Redmi 12" if number % 3 else "Pixel 6a",
        state="online",
        why=None,
        sandbox=False,
        incarnation=str(UUID(int=number)),
        account_id=f"acc{number:04}",
        account_read_at=now,
        app_version="8.0.50",
        health={"percent": 100 - number * 7 % 70, "celsius": 29.0 + number % 9},
        health_at=now,
        state_since=now - timedelta(hours=2),
        seen_at=now,
        first_seen_at=now - timedelta(days=20),
    )
    _troubled(row, number, now)
    return row


def _troubled(row: Phone, number: int, now: datetime) -> None:
    if number % 23 == 5:
        row.unfit_why = "its battery has 52 °C"
        row.health = {
            "percent": 88,
            "celsius": 52.0,
            "unfit_since": (now - timedelta(minutes=9)).isoformat(),
            "remedy": "let it cool down: out of the sun, away from its neighbours, off the charger",
        }
    elif number % 29 == 7:
        row.state, row.why = "offline", "unplugged"
    elif number % 31 == 9:
        row.quarantined_until, row.quarantine_why = (
            now + timedelta(minutes=4),
            f"phone {row.serial} failed across tasks",
        )


def day_under_way(engine: Engine, title: str = HOSTILE) -> str:
    """The standard day, planted and partly done: some tasks run, some ended, one waits for a person."""
    for author, name in AUTHORS.items():
        register_author(engine, author, name)
        set_basis(engine, author, "owned", who="王芳")
    set_cap(engine, "actions_per_account_day", 60, who="王芳")
    assert lead(engine, "test", 600)
    campaign = plant_day(_day(read(engine, _accounts)), engine, asked_by="李娜").handle.id
    write(engine, lambda session: _move(session, campaign, title))
    _with_evidence(read(engine, _failed_attempts))
    while fill_records(engine):
        pass
    return campaign


def strips(engine: Engine) -> None:
    """A film strip of each failed attempt with evidence, and of one success of each flow."""
    for one in read(engine, _failed_attempts):
        film(one, ("account", "browse"))
    wanted = select(Task.flow, Task.id).where(Task.state == State.SUCCEEDED).order_by(Task.id)
    newest = {row.flow: row.id for row in read(engine, lambda session: session.execute(wanted).all())}
    for flow, task_id in newest.items():
        newest_success(Bundle(task_id, 1), flow, ("account", "browse", "video"))


def _failed_attempts(session: Session) -> list[Bundle]:
    rows = session.execute(select(Attempt.task_id, Attempt.number).where(Attempt.evidence.is_not(None)))
    return [Bundle(task_id, number) for task_id, number in rows]


def _with_evidence(bundles: list[Bundle]) -> None:
    """Puts a screenshot and a tree beside each attempt that tells of evidence."""
    place = StorageLocation.of(settings().evidence)
    storage, picture = Storage(place), _screenshot()
    for one in bundles:
        storage.put(place.path(one, SCREENSHOT), picture)
        storage.put(place.path(one, TREE), _tree().encode())
        storage.put(place.path(one, FACTS), json.dumps(_facts()).encode())


def _tree() -> str:
    """The tree of that page, with a text that would do harm if it were no text."""

    def node(cls: str, bounds: str, text: str = "", inside: str = "", **more: str) -> str:
        told = "".join(f" {name.replace('_', '-')}={quoteattr(value)}" for name, value in more.items())
        return f'<node class="android.widget.{cls}" bounds="{bounds}" text={quoteattr(text)}{told}>{inside}</node>'

    rows = "".join(
        node("TextView", f"[76,{90 + row * 92}][330,{154 + row * 92}]", text, resource_id="com.app:id/comment")
        for row, text in enumerate((HOSTILE[:29], "加载中…"))
    )
    bar = node("ImageView", "[8,8][56,56]", content_desc="返回", clickable="true")
    return f"<hierarchy rotation='0'>{node('FrameLayout', '[0,0][360,760]', '', bar + rows)}</hierarchy>"


def _facts() -> dict[str, Any]:
    """What the phone was asked last: a tap on the list, and two looks at it."""
    at, slow = "2027-01-31T01:00:0{}.000+00:00", "TimeoutError: no answer in 12 s"
    touched = {"at": at.format(1), "method": "click", "seconds": 0.04, "error": "", "point": [203, 214]}
    looks = [{"at": at.format(2 + turn), "method": "dumpWindowHierarchy", "seconds": 0.3} for turn in (0, 1)]
    return {"calls": [touched, *({**one, "error": slow if turn else ""} for turn, one in enumerate(looks))]}


def _screenshot() -> bytes:
    """A page of a list that does not load."""
    image = Image.new("RGB", (360, 760), "#f4f4f4")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 360, 64), fill="#1f2a30")
    for row in range(7):
        top = 90 + row * 92
        pen.ellipse((20, top, 60, top + 40), fill="#d9dcde")
        pen.rectangle((76, top + 4, 220, top + 16), fill="#d9dcde")
        pen.rectangle((76, top + 26, 330, top + 36), fill="#e6e8e9")
        pen.rectangle((76, top + 44, 290, top + 54), fill="#e6e8e9")
    pen.arc((156, 350, 204, 398), 20, 300, fill="#0b625b", width=6)
    kept = BytesIO()
    image.save(kept, "JPEG", quality=70)
    return kept.getvalue()


def _accounts(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Account)) or 0


def _day(accounts: int) -> GivenCampaign:
    """The standard day, with the directed work that its caps leave room for."""
    asked: dict[str, Any] = yaml.safe_load(DAY.read_text(encoding="utf-8"))
    if accounts > 24:
        del asked["directed"]
    else:
        for texts in ("comment_texts", "reply_texts"):
            asked["directed"][texts] = [f"{one}{sign}" for one in asked["directed"][texts] for sign in ("", "！", "。")]
    return GivenCampaign(asked)


def _move(session: Session, campaign_id: str, title: str) -> None:
    now = database_now(session)
    row = session.get_one(Campaign, campaign_id)
    row.created_at = now - timedelta(minutes=40)
    able = [
        one
        for one in session.scalars(select(Phone).order_by(Phone.serial))
        if one.state == "online" and not one.paused and one.unfit_why is None and one.quarantined_until is None
    ]
    tasks = session.scalars(select(Task).where(Task.campaign_id == campaign_id).order_by(Task.position)).all()
    steps = ("browse", "act", "account", "verify")
    for place, task in enumerate(one for one in tasks if one.flow in ("nurture", "collect_titles")):
        phone = able[place % len(able)]
        if place < len(able) * 2 // 3:
            _attempt(session, task, phone, now - timedelta(minutes=4), None, State.RUNNING)
            task.step = steps[place % len(steps)]
        elif place % 7 == 3:
            _failed(session, task, phone, now, ("video_not_found", title) if place % 2 else ("list_not_loaded", CALM))
        elif place % 7 == 5:
            in_doubt(session, task, phone, now)
        elif place % 2:
            _attempt(session, task, phone, now - timedelta(minutes=30), now - timedelta(minutes=22), State.SUCCEEDED)


def _attempt(
    session: Session, task: Task, phone: Phone, start: datetime, end: datetime | None, state: State, **more: Any
) -> None:
    task.state, task.attempt, task.started_at, task.ended_at = state, 1, start, end
    task.account_id, task.phone_serial, task.missing = phone.account_id, phone.serial, 0
    if state == State.RUNNING:
        task.incarnation, task.lease_until = phone.incarnation, start + timedelta(hours=2)
    session.add(
        Attempt(
            task_id=task.id,
            number=1,
            incarnation=phone.incarnation or "",
            phone_serial=phone.serial,
            account_id=phone.account_id,
            started_at=start,
            ended_at=end,
            outcome=None if end is None else more.pop("outcome", str(state)),
            steps=None if end is None else _steps(end - start),
            **more,
        )
    )


def _steps(lasted: timedelta) -> list[dict[str, Any]]:
    """Steps that together take as long as the attempt."""
    parts, found, began = {"account": 0.05, "browse": 0.6, "video": 0.35}, [], 0.0
    for name, part in parts.items():
        took = round(lasted.total_seconds() * part, 2)
        found.append({"name": name, "began": round(began, 2), "took": took, "times": 1})
        began += took
    return found


def _failed(session: Session, task: Task, phone: Phone, now: datetime, how: tuple[str, str]) -> None:
    code, shown = how
    rule = CODES[code]
    reason = f"the comments of “{shown}” did not load in 12 s"
    told: dict[str, Any] = {"failure_code": code, "failure_kind": rule.kind, "culprit": rule.culprit, "reason": reason}
    told["evidence"] = {"url": "file:///evidence/", "stored": True, "page": "comments", "app": {"version": "8.0.50"}}
    told["evidence"] |= {"battery": {"percent": 64, "celsius": 31.0, "charging": True}, "host": phone.host}
    told["evidence"] |= {"network": {"active": 100, "transports": ["WIFI"], "validated": False, "line": ""}}
    start = now - timedelta(minutes=25)
    _attempt(session, task, phone, start, start + timedelta(minutes=3), State.FAILED, step="video", **told)
    task.failure_code, task.failure_kind, task.culprit, task.reason = code, rule.kind, rule.culprit, reason


def in_doubt(session: Session, task: Task, phone: Phone, now: datetime, title: str = CALM, text: str = TEXT) -> None:
    """A task whose comment nobody could verify: a person settles it."""
    reason = "nobody could tell whether the comment is there"
    told = {"failure_code": "outcome_unknown", "failure_kind": "unknown", "culprit": "phone", "reason": reason}
    start = now - timedelta(minutes=15)
    _attempt(session, task, phone, start, start + timedelta(minutes=2), State.NEEDS_REVIEW, outcome="failed", **told)
    task.failure_code, task.failure_kind, task.culprit, task.reason = "outcome_unknown", "unknown", "phone", reason
    session.add(
        ActionRow(
            task_id=task.id,
            attempt=1,
            incarnation=phone.incarnation or "",
            phone_serial=phone.serial,
            account_id=phone.account_id or "",
            kind="comment",
            author_id="xiaopeng",
            title=title,
            target_commenter="",
            target_comment="",
            text=text,
            video_key="v",
            comment_key=None,
            basis="owned",
            asked_by="李娜",
            day=operator_day(now, settings().timezone.key),
            declared_at=start,
            outcome="declared",
            verified=False,
        )
    )
    raise_alert(session, "needs_review", f"task:{task.id}", reason, CODES["outcome_unknown"].remedy, now)


def customers(engine: Engine) -> None:
    """A customer's key, without secrets, and two callbacks: one that arrived, and one that its receiver refused."""

    def work(session: Session) -> None:
        now = database_now(session)
        session.add(
            ApiKey(
                id="key_7f3a",
                name="创作中心",
                customer="示例客户",
                sandbox=False,
                allowlist=["https://hooks.example.com"],
                rate_per_second=10.0,
                most_waiting=10_000,
                plain_json_allowed=False,
                wants_alerts=False,
                wants_quarantines=False,
                created_at=now,
                created_by="王芳",
            )
        )
        for number, (state, status) in enumerate((("delivered", 200), ("failed", 503)), 1):
            at = now - timedelta(minutes=30 * number)
            one = Delivery(
                id=f"msg_{number:04}",
                key_id="key_7f3a",
                lane="lane",
                endpoint_id="endpoint",
                url=f"https://hooks.example.com/callbacks?q={HOSTILE[:29]}",
                event_type="task.succeeded" if status == 200 else "task.failed",
                subject=f"task:{number}",
                payload={},
                created_at=at,
                state=state,
                attempts=number,
                next_at=at,
                give_up_at=at,
                last_status=status,
                delivered_at=at if status == 200 else None,
            )
            session.add(one)
            session.flush()
            session.add(DeliveryAttempt(delivery=one.number, started_at=at, seconds=0.213, status=status))

    write(engine, work)


def monday(engine: Engine, count: int = 24, title: str = HOSTILE) -> str:
    """All of it; `title`: that some failures tell of. Returns the campaign's id."""
    people(engine)
    phones(engine, count)
    customers(engine)
    return day_under_way(engine, title)


def tasks_in(engine: Engine, state: State) -> list[str]:
    """The ids of the tasks in a state."""
    return list(read(engine, lambda session: session.scalars(select(Task.id).where(Task.state == state)).all()))
