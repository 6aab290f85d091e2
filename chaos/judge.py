"""The judge: the ledger's tasks against phonesim's own log of what really happened. Pure.

lost     ended failed or stopped (every task of the storm could have been done: it takes nothing away
         from the content and forbids no account), or succeeded though its acts are not in the truth,
         or was never planted
doubled  an act is in the truth more often than its tasks asked for it, was taken back, or was asked for by none
stuck    neither ended, nor in review, nor waiting for something in review
review   needs_review; and wrongly so when the truth decides it. The app shows no report afterwards: one in doubt is a
         person's by design, and no finding

Texts are unique to a task and a comment is the target of one like, so that a directed act belongs
to a task by its content whatever the ledger says about accounts. A nurture's words are told by its
texts; its likes, by its account.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.tasks.states import ENDED, State

ACTS = ("comment", "reply", "like_comment", "like_video", "dislike_comment", "report_comment")
ALONE = ("dislike_comment", "report_comment")  # acts that are flows of their own
TAKEN_BACK = {"unlike_video": "like_video", "unlike_comment": "like_comment", "undislike_comment": "dislike_comment"}
NURTURE_ASKS = {"comment": "comments", "reply": "replies"}

Key = tuple[str, str, str, str, str, str]  # kind, author, title, target's commenter, target's text, text


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task as the ledger has it."""

    id: str
    flow: str
    state: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    account_id: str | None = None
    pinned_account: str | None = None
    failure_code: str | None = None
    reason: str | None = None
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """An attempt as the ledger has it."""

    task_id: str
    number: int
    phone_serial: str | None
    account_id: str | None
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    failure_code: str | None = None
    step: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ActRow:
    """An action as the ledger has it."""

    task_id: str
    attempt: int
    account_id: str
    key: Key
    outcome: str
    verified: bool
    declared_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of the truth."""

    seq: int
    at: float
    phone: str
    account: str
    key: Key


@dataclass(frozen=True, slots=True)
class Rows:
    """Everything that is judged."""

    tasks: Sequence[TaskRow]
    edges: Sequence[tuple[str, str]]  # task, the one that it runs after
    attempts: Sequence[AttemptRow]
    acts: Sequence[ActRow]
    truth: Sequence[Deed]


@dataclass(frozen=True, slots=True)
class Finding:
    """A task that is not as it should be; `task_id` is empty for what belongs to none."""

    task_id: str
    why: str
    deeds: tuple[Deed, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings by their kind."""

    lost: tuple[Finding, ...]
    doubled: tuple[Finding, ...]
    stuck: tuple[Finding, ...]
    review: tuple[Finding, ...]
    decidable: tuple[Finding, ...]  # of the reviews, those that the truth decides


def judge(rows: Rows, planned: int) -> Verdict:
    """Judge a storm of `planned` tasks."""
    by_key: dict[Key, list[Deed]] = defaultdict(list)
    for deed in rows.truth:
        by_key[deed.key].append(deed)
    directed: dict[Key, list[TaskRow]] = defaultdict(list)
    for task in rows.tasks:
        if task.flow in ("directed", *ALONE):
            directed[key_of(task.kwargs, task.flow)].append(task)
    nurtures = [task for task in rows.tasks if task.flow == "nurture"]
    lost = [*_unsuccessful(rows.tasks, planned), *_directed_lost(directed, by_key), *_nurture_lost(nurtures, rows)]
    doubled = [
        *_directed_doubled(directed, by_key),
        *_nurture_doubled(nurtures, rows),
        *_strays(directed, nurtures, rows),
    ]
    by_design = {act.task_id for act in rows.acts if act.key[0] == "report_comment" and act.outcome == "declared"}
    in_review = [task for task in rows.tasks if task.state == State.NEEDS_REVIEW and task.id not in by_design]
    review = [Finding(task.id, task.reason or "") for task in in_review]
    decidable = [one for one in review if not _undecidable(one.task_id, rows)]
    return Verdict(tuple(lost), tuple(doubled), tuple(_stuck(rows)), tuple(review), tuple(decidable))


def key_of(kwargs: Mapping[str, Any], flow: str = "directed") -> Key:
    """Returns the action that a task of this flow asks for, as the ground truth names it."""
    if flow in ALONE:
        kwargs = {**kwargs, "kind": flow, "text": kwargs.get("reason")}
    names = ("kind", "author_id", "title", "target_commenter", "target_comment", "text")
    kind, author, title, commenter, comment, text = (str(kwargs.get(name) or "") for name in names)
    return kind, author, title, commenter, comment, text


def _unsuccessful(tasks: Sequence[TaskRow], planned: int) -> Iterator[Finding]:
    for task in tasks:
        if task.state in (State.FAILED, State.STOPPED):
            yield Finding(task.id, f"{task.state} {task.failure_code}: {task.reason}")
    for number in range(planned - len(tasks)):
        yield Finding("", f"never planted: {number + 1} of {planned - len(tasks)}")


def _directed_lost(directed: Mapping[Key, list[TaskRow]], truth: Mapping[Key, list[Deed]]) -> Iterator[Finding]:
    for key, tasks in directed.items():
        done = [task for task in tasks if task.state == State.SUCCEEDED]
        for task in done[len(truth.get(key, ())) :]:
            yield Finding(task.id, f"succeeded, and the truth has no {key}")


def _directed_doubled(directed: Mapping[Key, list[TaskRow]], truth: Mapping[Key, list[Deed]]) -> Iterator[Finding]:
    for key, tasks in directed.items():
        deeds = truth.get(key, [])
        if len(deeds) > len(tasks):
            yield Finding(tasks[0].id, f"done {len(deeds)} times: {key}", tuple(deeds))


def _nurture_words(task: TaskRow, truth: Sequence[Deed]) -> dict[str, list[Deed]]:
    texts = set(task.kwargs.get("texts") or ())
    return {kind: [deed for deed in truth if deed.key[0] == kind and deed.key[5] in texts] for kind in NURTURE_ASKS}


def _nurture_lost(nurtures: Sequence[TaskRow], rows: Rows) -> Iterator[Finding]:
    for task in nurtures:
        if task.state != State.SUCCEEDED:
            continue
        for kind, deeds in _nurture_words(task, rows.truth).items():
            asked = int(task.kwargs.get(NURTURE_ASKS[kind]) or 0)
            if len(deeds) < asked:
                yield Finding(task.id, f"succeeded with {len(deeds)} of {asked} × {kind} in the truth", tuple(deeds))
    for account, (asked, deeds, tasks) in _likes(nurtures, rows, only=State.SUCCEEDED).items():
        if len(deeds) < asked:
            why = f"{account}: {asked} video likes succeeded, {len(deeds)} are in the truth"
            yield Finding(_liked_in_vain(tasks, deeds, rows), why)


def _nurture_doubled(nurtures: Sequence[TaskRow], rows: Rows) -> Iterator[Finding]:
    for task in nurtures:
        for kind, deeds in _nurture_words(task, rows.truth).items():
            asked = int(task.kwargs.get(NURTURE_ASKS[kind]) or 0)
            if len(deeds) > asked:
                yield Finding(task.id, f"{len(deeds)} × {kind}, {asked} asked for", tuple(deeds))
    for account, (asked, deeds, tasks) in _likes(nurtures, rows, only=None).items():
        if len(deeds) > asked:
            yield Finding(tasks[0].id, f"{account}: {len(deeds)} video likes, {asked} asked for", tuple(deeds))


def _likes(
    nurtures: Sequence[TaskRow], rows: Rows, only: State | None
) -> dict[str, tuple[int, list[Deed], list[TaskRow]]]:
    """By account: the likes asked for by its nurtures (those in one state), those in the truth, and the tasks."""
    tasks: dict[str, list[TaskRow]] = defaultdict(list)
    for task in nurtures:
        if only is None or task.state == only:
            tasks[str(task.pinned_account)].append(task)
    likes: dict[str, list[Deed]] = defaultdict(list)
    for deed in rows.truth:
        if deed.key[0] == "like_video":
            likes[deed.account].append(deed)
    return {
        account: (sum(int(task.kwargs.get("video_likes") or 0) for task in mine), likes[account], mine)
        for account, mine in tasks.items()
    }


def _liked_in_vain(tasks: Sequence[TaskRow], deeds: Sequence[Deed], rows: Rows) -> str:
    """The task whose like, done by the ledger, is not in the truth; the first task when none is found."""
    happened = {deed.key for deed in deeds}
    mine = {task.id for task in tasks}
    vain = [act for act in rows.acts if act.task_id in mine and act.key[0] == "like_video" and act.key not in happened]
    return vain[0].task_id if vain else tasks[0].id


def _strays(directed: Mapping[Key, list[TaskRow]], nurtures: Sequence[TaskRow], rows: Rows) -> Iterator[Finding]:
    """Returns the actions that were taken back, and those that no task asked for."""
    texts = {text for task in nurtures for text in task.kwargs.get("texts") or ()}
    nurtured = {task.pinned_account for task in nurtures}
    owner = {(act.account_id, act.key): act.task_id for act in rows.acts}
    for deed in rows.truth:
        kind = deed.key[0]
        if kind in TAKEN_BACK:
            done = (TAKEN_BACK[kind], *deed.key[1:])
            yield Finding(owner.get((deed.account, done), ""), f"a like was taken back: {deed.key}", (deed,))
        elif deed.key in directed or (kind in NURTURE_ASKS and deed.key[5] in texts):
            continue
        elif not (kind == "like_video" and deed.account in nurtured):
            yield Finding("", f"nobody asked for {deed.key}", (deed,))


def _stuck(rows: Rows) -> Iterator[Finding]:
    held = {task.id for task in rows.tasks if task.state == State.NEEDS_REVIEW}
    followers: dict[str, list[str]] = defaultdict(list)
    for task_id, after in rows.edges:
        followers[after].append(task_id)
    frontier = list(held)
    while frontier:
        for follower in followers[frontier.pop()]:
            if follower not in held:
                held.add(follower)
                frontier.append(follower)
    for task in rows.tasks:
        if task.state in ENDED or task.state == State.NEEDS_REVIEW:
            continue
        if task.id in held and task.state in (State.WAITING, State.DELEGATED):
            continue
        yield Finding(task.id, f"{task.state}; {task.waits_for or task.reason or ''}")


def _undecidable(task_id: str, rows: Rows) -> bool:
    """Returns whether a look at the app cannot tell: the same account did the same action for another task."""
    doubtful = [act for act in rows.acts if act.task_id == task_id and act.outcome == "declared"]
    others = Counter((act.account_id, act.key) for act in rows.acts if act.task_id != task_id)
    return bool(doubtful) and all(others[act.account_id, act.key] for act in doubtful)
