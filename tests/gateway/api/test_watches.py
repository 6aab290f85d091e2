"""A customer makes watches of its own, tries, changes, pauses and deletes them; their alerts come to it alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.client.client import Problem
from gateway.keys.api_keys import disable_key, revoke_key
from models.responsible_use.authors import register_author
from models.tables import ApiKey, AuditEntry, Delivery, Task, Watch
from models.transactions.read_write import read, write
from tests.support.gateway.api_server import Api, Caller
from tests.support.ledger.ended import VIDEO
from tests.support.watches import Hands, add, judge, plant, post, seen, watch_row
from workers.campaigns.watches.manage import MOST_OF_KEY
from workers.settings import settings

WATCH: dict[str, Any] = {
    "name": "刹车", "flow": "monitor_post", "params": VIDEO, "every": 10, "words": {"any": ["刹车"]}, "min_interval": 0,
}  # fmt: skip


@pytest.fixture
def customer(api: Api, acme: Caller) -> Caller:
    """A customer, and an author that everybody may look at."""
    register_author(api.engine, VIDEO["author_id"], "小鹏汽车")
    return acme


def ask(caller: Caller, method: str, path: str = "", body: dict[str, Any] | None = None) -> Any:
    return caller.client.call(method, f"/v1/watches{path}", body)


def names(caller: Caller) -> list[str]:
    return [one["name"] for one in ask(caller, "GET")["items"]]


def test_a_watch_is_made_listed_changed_paused_resumed_and_deleted(api: Api, customer: Caller) -> None:
    made = ask(customer, "POST", body=WATCH)
    at = f"/{made['id']}"
    assert (made["name"], made["words"]["any"], made["paused"], made["looks"]) == ("刹车", ["刹车"], False, [])
    assert ask(customer, "GET", at) == made
    assert names(customer) == ["刹车"]
    (task_id,) = plant(api.engine, watch_row(api.engine, made["id"]).created_at)
    assert ask(customer, "GET", at)["looks"][0]["task_id"] == task_id
    assert customer.client.call("GET", f"/v1/tasks/{task_id}")["flow"] == "monitor_post"
    changed = ask(
        customer, "PUT", at, {**WATCH, "name": "失灵", "cron": "0 8 * * *", "every": None, "quiet": "22:00-08:00"}
    )
    assert (changed["name"], changed["every"], changed["cron"], changed["quiet"]) == (
        "失灵", None, "0 8 * * *", "22:00-08:00",
    )  # fmt: skip
    assert ask(customer, "POST", f"{at}/pause")["next_look_at"] is None
    assert ask(customer, "POST", f"{at}/resume")["paused"] is False
    assert ask(customer, "DELETE", at)["id"] == made["id"]
    assert names(customer) == []
    assert ask(customer, "POST", body=WATCH)["id"] != made["id"]


def test_what_belongs_to_others_is_not_there(api: Api, customer: Caller) -> None:
    other, sandboxed = api.caller("other"), api.caller("acme", sandbox=True)
    operators = add(api.engine, post("运营"))
    mine = ask(customer, "POST", body=WATCH)
    ask(customer, "POST", body={**WATCH, "name": "by-name"})
    assert names(api.caller("acme")) == ["by-name", "刹车"]  # another key of the same customer
    for stranger, watch_id in (
        (other, mine["id"]),
        (sandboxed, mine["id"]),
        (customer, operators.id),
        (customer, "by-name"),
    ):
        assert "运营" not in names(stranger)
        for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/resume")):
            body = {**WATCH, "name": "x"} if method == "PUT" else None
            with pytest.raises(Problem) as refused:
                ask(stranger, method, f"/{watch_id}{path}", body)
            assert (refused.value.code, method, path, watch_id) == ("not_found", method, path, watch_id)
    assert watch_row(api.engine, mine["id"]).name == "刹车"
    assert watch_row(api.engine, operators.id).removed_at is None
    assert ask(other, "POST", body=WATCH)["name"] == "刹车"  # names are each customer's own


def test_a_change_of_what_it_looks_at_begins_anew(api: Api, customer: Caller) -> None:
    made = ask(customer, "POST", body=WATCH)
    hands = Hands(api.engine)
    plant(api.engine, watch_row(api.engine, made["id"]).created_at)
    hands.see("刹车一")
    kept = ask(customer, "PUT", f"/{made['id']}", {**WATCH, "threshold": 3})
    assert kept["looked_at"] is not None
    other = {**WATCH, "flow": "monitor_keyword", "params": {"keyword": "刹车"}}
    assert ask(customer, "PUT", f"/{made['id']}", other)["looked_at"] is None


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"every": 4}, "every"),
        ({"every": None}, "every"),
        ({"every": None, "cron": "* * * * *"}, "cron"),
        ({"every": None, "cron": "58,59 8 * * *"}, "cron"),
        ({"every": None, "cron": "nonsense"}, "cron"),
        ({"flow": "nurture"}, "flow"),
        ({"params": {"author_id": "xiaopeng"}}, "params.title"),
        ({"params": {**VIDEO, "most": True}}, "params.most"),
        ({"params": {**VIDEO, "author_id": "nobody"}}, "author_id"),
        ({"words": {"any": ["x"] * 1001}}, "words.any"),
        ({"words": {"some": []}}, "words.some"),
        ({"words": {"any": ["a"], "none": ["A"]}}, "none"),
        ({"deviation": 0.1}, "deviation"),
        ({"quiet": "late"}, "quiet"),
        ({"name": ""}, "name"),
        ({"sandbox": True}, "sandbox"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_field(
    api: Api, customer: Caller, changed: dict[str, Any], field: str
) -> None:
    for method, path in (("POST", ""), ("POST", "/try")):
        if path and field == "author_id":
            continue  # a trial looks at what is collected, which is nothing
        with pytest.raises(Problem) as refused:
            ask(customer, method, path, WATCH | changed)
        assert refused.value.code == "refused"
        assert any(field in one["field"] for one in refused.value.problems)
    assert read(api.engine, lambda session: session.query(Watch).count()) == 0


def test_a_key_has_so_many_watches_at_most(api: Api, customer: Caller) -> None:
    made = ask(customer, "POST", body=WATCH)

    def copy(session: Any) -> None:
        one = session.get_one(Watch, made["id"])
        columns = {column.key: getattr(one, column.key) for column in Watch.__table__.columns}
        session.add_all(Watch(**columns | {"id": f"w{n}", "name": f"w{n}"}) for n in range(MOST_OF_KEY - 1))

    write(api.engine, copy)
    with pytest.raises(Problem) as refused:
        ask(customer, "POST", body={**WATCH, "name": "one too many"})
    assert refused.value.problems[0]["field"] == "watches"
    ask(customer, "DELETE", f"/{made['id']}")
    ask(customer, "POST", body={**WATCH, "name": "one too many"})


def test_an_alert_goes_to_the_watchs_customer_and_to_nobody_else(api: Api, customer: Caller) -> None:
    other = api.caller("other")
    told = {"wants_alerts": True, "events_url": "https://hooks.example.com/alerts"}
    write(api.engine, lambda session: session.execute(update(ApiKey).values(**told)))
    made = ask(customer, "POST", body=WATCH)
    add(api.engine, post("运营", min_interval=0, params={**VIDEO, "title": "另一个"}))
    hands, now = Hands(api.engine), watch_row(api.engine, made["id"]).created_at + timedelta(minutes=1)
    for texts in (("好看",), ("好看", "刹车失灵")):
        for task_id in plant(api.engine, now):
            title = customer_title(api, task_id)
            hands.result(task_id, {**seen(*texts), "title": title})
        judge(api.engine, now)
        now += timedelta(minutes=20)
    owed = read(api.engine, lambda session: session.execute(select(Delivery.key_id, Delivery.payload)).all())
    assert [key_id for key_id, _ in owed] == [customer.key_id]
    assert other.key_id != customer.key_id
    payload = owed[0][1]
    assert payload["kind"] == "watch_matched"
    assert payload["subject"] == f"watch:{made['id']}"
    assert "刹车: 1 new comment counts" in payload["text"]
    assert payload["details"]["count"] == 1
    assert made["id"] in payload["remedy"]
    assert ask(customer, "GET", f"/{made['id']}")["alerted_at"] is not None


def customer_title(api: Api, task_id: str) -> str:
    title: str = read(api.engine, lambda session: session.get_one(Task, task_id).kwargs["title"])
    return title


def test_a_trial_is_on_what_the_customers_own_tasks_saw(api: Api, customer: Caller) -> None:
    other, hands = api.caller("other"), Hands(api.engine)
    made = ask(customer, "POST", body={**WATCH, "words": {}})
    (task_id,) = plant(api.engine, watch_row(api.engine, made["id"]).created_at)
    result = seen("刹车失灵", "好看", "刹车又失灵")
    recent = (watch_row(api.engine, made["id"]).created_at - timedelta(days=1)).isoformat()
    hands.result(task_id, {**result, "comments": [{**one, "at": recent} for one in result["comments"]]})
    mine, theirs = ask(customer, "POST", "/try", WATCH), ask(other, "POST", "/try", WATCH)
    assert (mine["days"], mine["looks"], mine["items"], mine["counted"], mine["alerts"]) == (7, 1008, 3, 2, 1)
    assert [one["items"] for one in mine["latest"]] == [2]
    assert (theirs["items"], theirs["alerts"], theirs["latest"]) == (0, 0, [])
    assert len(names(customer)) == 1


def test_watches_of_a_key_that_is_out_of_use_do_not_look(api: Api, customer: Caller) -> None:
    made = ask(customer, "POST", body=WATCH)
    begin = watch_row(api.engine, made["id"]).created_at
    disable_key(api.engine, customer.key_id, who="admin")
    assert plant(api.engine, begin) == []
    disable_key(api.engine, customer.key_id, who="admin", disabled=False)
    assert len(plant(api.engine, begin + timedelta(minutes=1))) == 1
    Hands(api.engine).see("好")
    revoke_key(api.engine, customer.key_id, who="admin")
    assert plant(api.engine, begin + timedelta(days=1)) == []


def test_changes_of_watches_fill_no_more_of_the_ledger_than_a_key_may_store_in_a_day(
    api: Api, customer: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONEFLEET_KEY_MB_A_DAY", "1")
    settings.cache_clear()
    at = f"/{ask(customer, 'POST', body=WATCH)['id']}"
    refused = None
    for number in range(20):
        words = {"any": [f"{number} {one}" + "长" * 50 for one in range(1000)]}
        try:
            ask(customer, "PUT", at, {**WATCH, "words": words})
        except Problem as problem:
            refused = problem
            break
    monkeypatch.delenv("PHONEFLEET_KEY_MB_A_DAY")  # alone: the master key stays
    settings.cache_clear()
    assert refused is not None
    assert (refused.code, refused.problems[0]["field"]) == ("too_many_waiting", "watch")
    assert number > 1
    ask(customer, "PUT", at, WATCH)
    entries = read(api.engine, lambda session: session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all())
    told = [one for one in entries if one.subject == f"watch:{at[1:]}"]
    assert all(set(one.after or ()) == {"words"} for one in told[1:]), "what did not change is not kept again"
    assert "words" not in ask(customer, "GET")["items"][0]
