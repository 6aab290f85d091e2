"""What a campaign is missing, decided from its rows alone."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from models.tasks.states import State
from workers.campaigns.missing import EARLIER, Missing, TaskRow, what_is_missing

DAY = {"comments": 3, "video_likes": 2, "replies": 0, "video_loop": 20, "texts": ["好"]}


def row(name: str, flow: str, state: str = State.SUCCEEDED, **more: Any) -> TaskRow:
    plain: dict[str, Any] = {
        "round": 0, "code": "app_failed" if state == State.FAILED else None, "params": {}, "takes_from": (),
        "in_place_of": None, "account": None, "phone": None, "priority": 5, "hard_limit": 900,
    }  # fmt: skip
    return TaskRow(id=name, flow=flow, state=state, **(plain | more))


def session(account: str, state: str, **more: Any) -> TaskRow:
    return row(f"s-{account}-{more.get('round', 0)}", "nurture", state, account=account, params=DAY, **more)


def comments(title: str, state: str, name: str = "", **more: Any) -> TaskRow:
    return row(name or title, "collect_comments", state, params={"author_id": "a", "title": title, "most": 5}, **more)


def directed(name: str, kind: str, state: str, **more: Any) -> TaskRow:
    return row(
        name, "directed", state, params={"kind": kind, "author_id": "a", "title": name}, in_place_of="draw", **more
    )


def counted(found: Missing) -> dict[tuple[str, str], int]:
    return {(one.flow, one.what): one.count for one in found.pieces}


def tasks_in(canvas: Any) -> list[dict[str, Any]]:
    """The tasks of a canvas, in source order."""
    if not isinstance(canvas, Mapping):
        return []
    if not str(canvas["task"]).startswith("celery."):
        return [dict(canvas)]
    parts = canvas["kwargs"]
    inner = [*parts.get("tasks", ()), *(parts[name] for name in ("header", "body") if name in parts)]
    return [one for part in inner for one in tasks_in(part)]


def test_a_complete_campaign_misses_nothing() -> None:
    found = what_is_missing([session("a1", State.SUCCEEDED), comments("一", State.SUCCEEDED)], {}, ["a1"])
    assert found == Missing([])
    assert found.canvas() is None


def test_a_session_does_only_what_is_left() -> None:
    found = what_is_missing([session("a1", State.FAILED)], {"s-a1-0": {"comment": 2, "like_video": 2}})
    (task,) = tasks_in(found.canvas())
    assert task["kwargs"] == {**DAY, "comments": 1, "video_likes": 0, "replies": 0}
    assert task["options"] == {"priority": 5, "time_limit": 900, "queue": "account.a1"}
    everything = {"s-a1-0": {"comment": 3, "like_video": 2}}
    assert what_is_missing([session("a1", State.FAILED)], everything).pieces == []


def test_what_several_failed_sessions_did_adds_up() -> None:
    rows = [session("a1", State.FAILED), session("a1", State.FAILED, round=1)]
    done = {"s-a1-0": {"comment": 1}, "s-a1-1": {"comment": 1, "like_video": 2}}
    (task,) = tasks_in(what_is_missing(rows, done).canvas())
    assert (task["kwargs"]["comments"], task["kwargs"]["video_likes"]) == (1, 0)


def test_accounts_that_did_not_run_are_listed_and_run() -> None:
    found = what_is_missing([session("a1", State.SUCCEEDED)], {}, ["a1", "a2"])
    (piece,) = found.pieces
    assert (piece.what, piece.count, piece.why) == ("a2", 1, {"did_not_run": 1})
    (task,) = tasks_in(found.canvas())
    assert task["options"]["queue"] == "account.a2"
    assert what_is_missing([comments("一", State.SUCCEEDED)], {}, ["a1"]).pieces == []


@pytest.mark.parametrize("state", [State.READY, State.RUNNING, State.HELD, State.NEEDS_REVIEW, State.WAITING])
def test_what_is_under_way_is_not_missing(state: State) -> None:
    found = what_is_missing([session("a1", state), comments("一", state)], {}, ["a1"])
    assert (found.pieces, found.under_way) == ([], 2)


def test_a_later_round_counts_for_the_first() -> None:
    rows = [
        comments("一", State.FAILED),
        comments("二", State.STOPPED),
        comments("一", State.SUCCEEDED, "again", round=1),
    ]
    found = what_is_missing(rows, {})
    assert counted(found) == {("collect_comments", "a 二"): 1}
    assert found.pieces[0].why == {"stopped": 1}


def test_what_only_a_later_round_asked_for_counts_as_well() -> None:
    """The first round found no titles; the second did, and one of its videos failed."""
    titles = {"author_id": "a", "count": 2}
    rows = [
        row("t0", "collect_titles", State.FAILED, params=titles),
        row("t1", "collect_titles", State.SUCCEEDED, params=titles, round=1),
        comments("一", State.FAILED, round=1),
    ]
    assert counted(what_is_missing(rows, {})) == {("collect_comments", "a 一"): 1}


def test_titles_bring_their_fan_out_along() -> None:
    rows = [
        row("t", "collect_titles", State.FAILED, params={"author_id": "a", "count": 2}),
        row("e", "each_title", State.STOPPED, params={"most": 50, "priority": 4}, takes_from=("t",)),
    ]
    titles, each = tasks_in(what_is_missing(rows, {}).canvas())
    assert (titles["task"], titles["kwargs"]) == ("collect_titles", {"author_id": "a", "count": 2})
    assert (each["task"], each["kwargs"]) == ("each_title", {"most": 50, "priority": 4})


def test_titles_whose_fan_out_failed_are_collected_again() -> None:
    rows = [
        row("t", "collect_titles", State.SUCCEEDED, params={"author_id": "a", "count": 2}),
        row("e", "each_title", State.FAILED, params={"most": 50}, takes_from=("t",)),
    ]
    found = what_is_missing(rows, {})
    assert [one["task"] for one in tasks_in(found.canvas())] == ["collect_titles", "each_title"]
    assert found.pieces[0].why == {"app_failed": 1}  # that of the fan-out: the titles themselves succeeded
    with_children = [*rows, comments("一", State.FAILED, in_place_of="e")]
    assert counted(what_is_missing(with_children, {})) == {("collect_comments", "a 一"): 1}


def test_directed_work_is_drawn_for_what_is_missing_of_each_kind() -> None:
    request = {"comment": 3, "reply": 2, "like_comment": 1, "comment_texts": ["好"], "video_loop": 60}
    rows = [
        row("draw", "draw_directed", State.SUCCEEDED, params=request, takes_from=("g",)),
        directed("d1", "comment", State.SUCCEEDED), directed("d2", "comment", State.FAILED),
        directed("d3", "reply", State.RUNNING), directed("d4", "reply", State.SUCCEEDED),
        directed("d5", "like_comment", State.SUCCEEDED),
        comments("一", State.FAILED),
    ]  # fmt: skip
    found = what_is_missing(rows, {})
    assert counted(found) == {("directed", "comment"): 2, ("collect_comments", "a 一"): 1}
    assert found.pieces[-1].why == {"app_failed": 1, "not_drawn": 1}
    again, earlier, draw = tasks_in(found.canvas())
    assert [again["task"], earlier["task"], draw["task"]] == ["collect_comments", EARLIER, "draw_directed"]
    assert draw["kwargs"] == {**request, "comment": 2, "reply": 0, "like_comment": 0}


def test_directed_work_that_is_not_drawn_yet_is_not_missing() -> None:
    rows = [row("draw", "draw_directed", State.WAITING, params={"comment": 3}, takes_from=("g",))]
    assert what_is_missing(rows, {}).pieces == []
    (piece,) = what_is_missing([replace(rows[0], state=State.FAILED)], {}).pieces
    assert (piece.count, piece.why) == (3, {"not_drawn": 3})


def test_tasks_of_scripts_are_planted_as_they_were() -> None:
    like = {"kind": "like_comment", "author_id": "a", "title": "一"}
    rows = [
        row("x", "directed", State.FAILED, params=like, phone="P1"),
        row("y", "directed", State.SUCCEEDED, params=like, phone="P1"),
        row("z", "directed", State.FAILED, params=like),
        row("w", "directed", State.FAILED, params=like, takes_from=("x",)),
        row("n", "directed", State.STOPPED, params=like, code="not_needed"),
    ]
    found = what_is_missing(rows, {})
    assert [task["options"].get("queue") for task in tasks_in(found.canvas())] == ["phone.P1", None]
    assert found.by_hand == 1


def test_nothing_is_ever_planted_twice() -> None:
    """Rounds of drawn outcomes: what is planted never exceeds what was asked, and ends when all succeeded."""
    for seed in range(50):
        rng = random.Random(seed)
        states = [State.SUCCEEDED, State.FAILED, State.STOPPED]
        rows = [comments(f"v{n}", rng.choice(states)) for n in range(6)]
        rows += [session(f"a{n}", rng.choice(states)) for n in range(3)]
        for number in range(1, 12):
            found = what_is_missing(rows, {}, ["a0", "a1", "a2", "a3"])
            planted = tasks_in(found.canvas())
            if not planted:
                break
            assert len(planted) == sum(piece.count for piece in found.pieces)
            for place, task in enumerate(planted):
                state = rng.choice(states)
                pin = str(task["options"].get("queue", "")).removeprefix("account.") or None
                rows.append(
                    row(f"{number}-{place}", task["task"], state, params=task["kwargs"], account=pin, round=number)
                )
        else:
            continue
        done = [one for one in rows if one.state == State.SUCCEEDED]
        assert len({str(one.params.get("title")) for one in done if one.flow == "collect_comments"}) == 6
        assert len({one.account for one in done if one.flow == "nurture"}) == 4
        assert len(done) == 10
