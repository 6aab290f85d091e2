"""The judge on rows made by hand: a good task, a lost, a doubled, a stuck one and a wrong review are each told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaos.judge import ActRow, Deed, Key, Rows, TaskRow, Verdict, judge
from models.tasks.states import State

LIKE: Key = ("like_comment", "xiaopeng", "试驾", "老王", "不错", "")
REPLY: Key = ("reply", "xiaopeng", "试驾", "老王", "不错", "说得好00001")
LIKED_VIDEO: Key = ("like_video", "chenzhen", "七座MPV", "", "", "")
NURTURED: Key = ("comment", "chenzhen", "七座MPV", "", "", "收藏了00002")
NAMES = ("kind", "author_id", "title", "target_commenter", "target_comment", "text")


def directed(task_id: str, key: Key, state: State = State.SUCCEEDED) -> TaskRow:
    return TaskRow(task_id, "directed", state, dict(zip(NAMES, key, strict=True)), account_id="acc0001")


def nurture(state: State = State.SUCCEEDED) -> TaskRow:
    kwargs = {"video_likes": 1, "comments": 1, "replies": 0, "texts": [NURTURED[5], "学到了00003"]}
    return TaskRow("nurture", "nurture", state, kwargs, account_id="acc0002", pinned_account="acc0002")


def deeds(*happened: tuple[Key, str]) -> list[Deed]:
    return [Deed(seq, 100.0 + seq, "SIM0001", account, key) for seq, (key, account) in enumerate(happened, 1)]


def act(task_id: str, key: Key, outcome: str, account: str = "acc0001") -> ActRow:
    return ActRow(task_id, 1, account, key, outcome, verified=outcome == "done")


GOOD = Rows(
    tasks=[directed("like", LIKE), directed("reply", REPLY), nurture(), TaskRow("join", "gather", State.SUCCEEDED)],
    edges=[("join", "like"), ("join", "reply")],
    attempts=[],
    acts=[act("like", LIKE, "done"), act("reply", REPLY, "done")],
    truth=deeds((LIKE, "acc0001"), (REPLY, "acc0001"), (LIKED_VIDEO, "acc0002"), (NURTURED, "acc0002")),
)


def counts(verdict: Verdict) -> dict[str, list[str]]:
    """The tasks found, by finding; without those kinds that found none."""
    names = ("lost", "doubled", "stuck", "review", "decidable")
    found = {name: [one.task_id for one in getattr(verdict, name)] for name in names}
    return {name: tasks for name, tasks in found.items() if tasks}


def with_task(task: TaskRow) -> Rows:
    return replace(GOOD, tasks=[task if one.id == task.id else one for one in GOOD.tasks])


def test_good_storm_has_no_finding() -> None:
    assert counts(judge(GOOD, 4)) == {}


@pytest.mark.parametrize("state", [State.FAILED, State.STOPPED])
def test_task_that_ended_without_success_is_lost(state: State) -> None:
    assert counts(judge(with_task(directed("like", LIKE, state)), 4)) == {"lost": ["like"]}


def test_task_that_was_never_planted_is_lost() -> None:
    assert counts(judge(GOOD, 5)) == {"lost": [""]}


@pytest.mark.parametrize(
    ("missing", "task"), [(LIKE, "like"), (REPLY, "reply"), (LIKED_VIDEO, "nurture"), (NURTURED, "nurture")]
)
def test_success_without_truth_is_lost(missing: Key, task: str) -> None:
    rows = replace(GOOD, truth=[deed for deed in GOOD.truth if deed.key != missing])
    assert counts(judge(rows, 4)) == {"lost": [task]}


@pytest.mark.parametrize(
    ("again", "account", "task"),
    [
        (LIKE, "acc0003", "like"),  # by another account: two accounts like what one should
        (REPLY, "acc0001", "reply"),
        ((*LIKED_VIDEO[:2], "另一个视频", *LIKED_VIDEO[3:]), "acc0002", "nurture"),  # one more than asked for
        ((*NURTURED[:5], "学到了00003"), "acc0002", "nurture"),  # the same, with another of its texts
        (("unlike_comment", *LIKE[1:]), "acc0001", "like"),  # taken back: tapped twice
    ],
)
def test_act_done_twice_is_doubled(again: Key, account: str, task: str) -> None:
    rows = replace(GOOD, truth=[*GOOD.truth, Deed(9, 109.0, "SIM0003", account, again)])
    assert counts(judge(rows, 4)) == {"doubled": [task]}


def test_act_that_nobody_asked_for_is_doubled() -> None:
    stray: Key = ("comment", "xiaopeng", "试驾", "", "", "没有人要说的话")
    rows = replace(GOOD, truth=[*GOOD.truth, Deed(9, 109.0, "SIM0003", "acc0001", stray)])
    assert counts(judge(rows, 4)) == {"doubled": [""]}


@pytest.mark.parametrize("state", [State.READY, State.RUNNING, State.WAITING, State.DELEGATED, State.HELD])
def test_task_that_has_not_ended_is_stuck(state: State) -> None:
    assert counts(judge(with_task(TaskRow("join", "gather", state)), 4)) == {"stuck": ["join"]}


def test_task_behind_a_review_waits_and_is_not_stuck() -> None:
    tasks = [
        directed("reply", REPLY, State.NEEDS_REVIEW),
        TaskRow("join", "gather", State.WAITING),
        TaskRow("after", "gather", State.WAITING),
    ]
    rows = replace(GOOD, tasks=tasks, edges=[("join", "reply"), ("after", "join")], truth=[], acts=[])
    assert "stuck" not in counts(judge(rows, 3))


def test_review_that_the_truth_decides_is_told() -> None:
    rows = replace(with_task(directed("reply", REPLY, State.NEEDS_REVIEW)), acts=[act("reply", REPLY, "declared")])
    assert counts(judge(rows, 4)) == {"review": ["reply"], "decidable": ["reply"]}


def test_review_is_right_when_the_same_account_did_the_same_for_another_task() -> None:
    twin = directed("twin", REPLY)
    rows = with_task(directed("reply", REPLY, State.NEEDS_REVIEW))
    acts = [act("reply", REPLY, "declared"), act("twin", REPLY, "done")]
    assert counts(judge(replace(rows, tasks=[*rows.tasks, twin], acts=acts), 5)) == {"review": ["reply"]}


def against(flow: str, state: State = State.SUCCEEDED) -> tuple[TaskRow, Key]:
    """A task that dislikes or reports a comment, and its act."""
    key: Key = (flow, "xiaopeng", "试驾", "小李", "骗人", "其他" if flow == "report_comment" else "")
    kwargs = dict(zip(NAMES[1:5], key[1:5], strict=True)) | ({"reason": key[5]} if key[5] else {})
    return TaskRow(flow, flow, state, kwargs, account_id="acc0001", pinned_account="acc0001"), key


@pytest.mark.parametrize("flow", ["dislike_comment", "report_comment"])
def test_a_dislike_or_report_is_done_once_by_its_task(flow: str) -> None:
    task, key = against(flow)
    tasks, once = [*GOOD.tasks, task], Deed(9, 109.0, "SIM0001", "acc0001", key)
    again = Deed(10, 110.0, "SIM0002", "acc0002", key)
    assert counts(judge(replace(GOOD, tasks=tasks, truth=[*GOOD.truth, once]), 5)) == {}
    assert counts(judge(replace(GOOD, tasks=tasks), 5)) == {"lost": [flow]}
    assert counts(judge(replace(GOOD, tasks=tasks, truth=[*GOOD.truth, once, again]), 5)) == {"doubled": [flow]}
    assert counts(judge(replace(GOOD, truth=[*GOOD.truth, once]), 4)) == {"doubled": [""]}


def test_a_dislike_that_was_taken_back_is_doubled() -> None:
    task, key = against("dislike_comment")
    truth = [
        Deed(9 + at, 109.0, "SIM1", "acc0001", (kind, *key[1:]))
        for at, kind in enumerate((key[0], "undislike_comment"))
    ]
    rows = replace(GOOD, tasks=[*GOOD.tasks, task], acts=[*GOOD.acts, act(task.id, key, "done")])
    assert counts(judge(replace(rows, truth=[*GOOD.truth, *truth]), 5)) == {"doubled": ["dislike_comment"]}


@pytest.mark.parametrize(
    ("flow", "outcome", "found"),
    [
        ("report_comment", "declared", {}),  # the app shows none: a person's by design
        ("report_comment", "done", {"review": ["report_comment"], "decidable": ["report_comment"]}),
        ("dislike_comment", "declared", {"review": ["dislike_comment"], "decidable": ["dislike_comment"]}),
    ],
)
def test_a_report_alone_may_be_a_persons(flow: str, outcome: str, found: dict[str, list[str]]) -> None:
    task, key = against(flow, State.NEEDS_REVIEW)
    rows = replace(GOOD, tasks=[*GOOD.tasks, task], acts=[*GOOD.acts, act(flow, key, outcome)])
    assert counts(judge(rows, 5)) == found
