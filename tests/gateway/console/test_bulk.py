"""Acts on many: what matched is frozen, each row is done once, and each has its result."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from gateway.console.bulk.acts import ACTS
from gateway.console.bulk.carrying import do_next
from gateway.console.bulk.choose import in_words
from gateway.console.bulk.ledger import ABANDONED, Chosen, begin, freeze, stop, take
from gateway.words.catalogue import catalogue
from models.database.clock import database_now
from models.fleet.phones import phone_online
from models.tables import AuditEntry, BulkAct, BulkRow, Campaign, Delivery, Hold, Phone, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.console.served import Asker, Served
from tests.support.poll import wait_until

SECONDS = 30.0


def chosen(person: Asker, page: str, **asked: str) -> str:
    """The id of the rows that match."""
    answer = person.post(f"/acts/choose/{page}", **asked)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rpartition("/")[2]


def done(console: Served, person: Asker, bulk_id: str, act: str, **given: str) -> Counter[str]:
    """Have it done; how many rows have which result."""
    assert person.post(f"/acts/many/{act}", id=bulk_id, **given).status_code == 422, "a reason is asked for"
    assert person.post(f"/acts/many/{act}", id=bulk_id, reason="换一批", **given).status_code == 303
    wait_until(lambda: state(console.engine, bulk_id) == "done", SECONDS, "the rows to be done")
    return Counter(one.state for one in rows(console.engine, bulk_id))


def state(engine: Engine, bulk_id: str) -> str:
    return read(engine, lambda session: session.get_one(BulkAct, bulk_id)).state


def rows(engine: Engine, bulk_id: str) -> list[BulkRow]:
    mine = select(BulkRow).where(BulkRow.bulk_id == bulk_id).order_by(BulkRow.position)
    return list(read(engine, lambda session: session.scalars(mine).all()))


def test_phones_that_match_are_paused_and_those_that_come_later_are_not(console: Served) -> None:
    person = console.as_role("operator")
    bulk_id = chosen(person, "phones", show="", find="P00")
    page = person.get(f"/many/{bulk_id}").text
    assert re.search(r"<h1>手机 <small>12</small>", page)
    phone_online(console.engine, "P0099", "usb:9-1.0", "shelf1", "m", "i")
    assert done(console, person, bulk_id, "pause", lasting="30m") == {"done": 11, "refused": 1}
    refused = next(one for one in rows(console.engine, bulk_id) if one.state == "refused")
    assert (refused.subject, "is paused already" in (refused.result or "")) == ("P0004", True)
    page = person.get(f"/many/{bulk_id}").text
    assert "被拒绝" in page
    assert "换一批" in page
    assert read(console.engine, lambda session: session.get_one(Phone, "P0001")).paused
    assert not read(console.engine, lambda session: session.get_one(Phone, "P0099")).paused
    entries = select(AuditEntry).where(AuditEntry.subject == "phone:P0001").order_by(AuditEntry.id.desc())
    entry = read(console.engine, lambda session: session.scalars(entries).first())
    assert entry is not None
    assert (entry.who, entry.reason) == ("李娜", "换一批")
    again = chosen(person, "phones", show="paused")
    assert set(done(console, person, again, "resume")) == {"done"}
    held = chosen(person, "phones", show="trouble")
    assert set(done(console, person, held, "release")) == {"done", "refused"}
    assert "恢复" in person.get("/many").text


def test_tasks_of_a_campaign_get_a_priority_are_paused_go_on_and_stop(console: Served) -> None:
    person = console.as_role("operator")
    campaign = read(console.engine, lambda session: session.scalars(select(Campaign.id)).first())
    which = {"campaign": f"{campaign}", "state": "ready", "flow": "nurture"}
    mine = (Task.campaign_id == campaign, Task.flow == "nurture", Task.state == State.READY)
    ids = read(console.engine, lambda session: session.scalars(select(Task.id).where(*mine)).all())
    first = chosen(person, "tasks", **which)
    assert {one.subject for one in rows(console.engine, first)} == set(ids)
    page = person.get(f"/many/{first}").text
    assert f"养号 {ids[0][:8]}" in page
    assert f"nurture {ids[0][:8]}" not in page
    assert person.post("/acts/many/priority", id=first, reason="x", priority="12").status_code == 422
    assert done(console, person, first, "priority", priority="2") == {"done": len(ids)}
    for act, after in (("pause", "held"), ("resume", "ready"), ("stop", "stopped")):
        frozen = chosen(person, "tasks", **(which | ({"state": "held"} if act == "resume" else {})))
        assert done(console, person, frozen, act) == {"done": len(ids)}
        tasks = read(console.engine, lambda session: session.scalars(select(Task).where(Task.id.in_(ids))).all())
        assert {(one.state, one.priority) for one in tasks} == {(after, 2)}


def test_groups_of_failures_are_retried_and_their_flow_held(console: Served) -> None:
    person = console.as_role("operator")
    before = {one.id for one in campaigns(console.engine)}
    result = done(console, person, chosen(person, "failures", hours="24"), "retry")
    again = [one for one in campaigns(console.engine) if one.id not in before]
    assert result["done"] == len(again) > 0
    result = done(console, person, chosen(person, "failures", hours="24"), "hold")
    holds = read(console.engine, lambda session: session.scalars(select(Hold).where(Hold.in_force.is_(True))).all())
    assert result["done"] == len({one.flow for one in holds if "李娜" in one.reason}) > 0


def test_the_codes_of_a_row_have_words() -> None:
    zh, en = catalogue("zh"), catalogue("en")
    group = "3 × list_not_loaded collect_titles video and comment profile 3.0"
    assert in_words(zh, "failures", group) == "3 × 列表未加载 标题采集 找视频和评论 profile 3.0"
    assert in_words(en, "failures", "3 × list_not_loaded nurture") == "3 × list not loaded nurture"
    assert in_words(zh, "tasks", "collect_titles e42afe9a acc0011") == "标题采集 e42afe9a acc0011"
    assert in_words(en, "tasks", "collect_titles e42afe9a acc0011") == "collect titles e42afe9a acc0011"
    assert in_words(zh, "phones", "nurture x") == "nurture x"


def campaigns(engine: Engine) -> list[Campaign]:
    return list(read(engine, lambda session: session.scalars(select(Campaign)).all()))


def test_callbacks_are_sent_again_and_tasks_of_records_are_stopped(console: Served) -> None:
    person = console.as_role("operator")
    assert done(console, person, chosen(person, "deliveries", state="failed"), "replay") == {"done": 1}
    owed = select(Delivery.id).where(Delivery.state == "owed")
    assert read(console.engine, lambda session: session.scalars(owed).all()) == ["msg_0002"]
    assert done(console, person, chosen(person, "records", outcome="failed"), "stop")["refused"] > 0


def test_only_an_operator_chooses_and_acts_and_everybody_sees(console: Served) -> None:
    person, viewer = console.as_role("operator"), console.as_role("viewer")
    bulk_id = chosen(person, "phones", find="P0001")
    assert viewer.post("/acts/choose/phones", find="P0001").status_code == 403
    assert viewer.post("/acts/many/pause", id=bulk_id, reason="x").status_code == 403
    page = viewer.get(f"/many/{bulk_id}")
    assert page.status_code == 200
    assert "/acts/many/" not in page.text
    for wrong in ({"find": "nobody"}, {"show": "paused", "find": "P0001"}):
        assert person.post("/acts/choose/phones", **wrong).status_code == 422
    assert person.post("/acts/choose/nothing").status_code == 422
    assert person.post("/acts/many/halt", id=bulk_id).status_code == 422
    assert person.post("/acts/many/explode", id=bulk_id, reason="x").status_code == 422
    assert person.post("/acts/many/pause", id="unknown", reason="x").status_code == 422


ROWS = [Chosen(f"p{number}", f"phone {number}") for number in range(3)]


@pytest.fixture
def asked(ledger: Engine) -> str:
    """Three phones, of which the ledger knows one."""
    phone_online(ledger, "p1", "p1", "test", "m", "i")
    return freeze(ledger, "phones", {"find": "p"}, ROWS, who="lena")


def results(ledger: Engine, bulk_id: str) -> list[str]:
    return [one.state for one in rows(ledger, bulk_id)]


def test_each_row_is_taken_once_and_what_a_dead_process_took_is_not_done_again(ledger: Engine, asked: str) -> None:
    assert not do_next(ledger), "nobody said what"
    begin(ledger, asked, "pause", {}, who="lena", why="x")
    with pytest.raises(Refused, match="it began already"):
        begin(ledger, asked, "resume", {}, who="max", why="x")
    first = take(ledger)
    assert first is not None
    assert first.row.subject == "p0"
    while do_next(ledger):
        pass
    assert results(ledger, asked) == ["taken", "done", "refused"]
    assert state(ledger, asked) == "running"

    def later(session: Session) -> None:
        session.get_one(BulkRow, (asked, 0)).taken_at = database_now(session) - ABANDONED * 2

    write(ledger, later)
    assert not do_next(ledger)
    assert results(ledger, asked) == ["unknown", "done", "refused"]
    assert state(ledger, asked) == "done"


def test_a_stop_leaves_the_others_as_they_are(ledger: Engine, asked: str) -> None:
    begin(ledger, asked, "pause", {}, who="lena", why="x")
    assert do_next(ledger)
    stop(ledger, asked, who="max")
    assert not do_next(ledger)
    assert results(ledger, asked) == ["refused", "left", "left"]
    with pytest.raises(Refused, match="it does not run"):
        stop(ledger, asked, who="max")


def test_more_rows_than_one_act_takes_are_refused(ledger: Engine) -> None:
    for rows_of, why in (([], "nothing matches it"), (ROWS * 700, "more than 2000 rows match it")):
        with pytest.raises(Refused, match=why):
            freeze(ledger, "phones", {}, rows_of, who="lena")


def test_every_act_has_a_label_that_is_unique_among_its_kind() -> None:
    for acts in ACTS.values():
        assert len({one.label for one in acts.values()}) == len(acts)
