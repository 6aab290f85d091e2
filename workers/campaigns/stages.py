"""The desk tasks between the stages: fan out the titles, draw the directed work, gather the results."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from celery import chord, group
from celery.canvas import Signature
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.content_key import content_key
from models.fleet.accounts import known_accounts
from models.responsible_use.authors import bases_of, read_caps
from models.responsible_use.caps import Caps, basis_refusal, operator_day
from models.responsible_use.own_accounts import own_names
from models.responsible_use.quotas import done_by, quotas_of
from models.responsible_use.usage import HAPPENED, accounts_on_videos, actions_by_account, comments_on_videos
from models.tables import ActionRow, Campaign, Phone, Task
from models.tasks.states import State
from models.transactions.read_write import read
from workers.app import app
from workers.campaigns.draw import Comment, Drawn, Used
from workers.campaigns.draw_pinned import Doers, Share, asked_in_all, draw_shares, drawn_in_all
from workers.desk import Desk
from workers.execution.register import desk_task
from workers.planting.stage_params import MOST_OF_EACH, DirectedRequest, EachTitle
from workers.settings import settings

MOST_EARLIER = 20_000


@desk_task
def each_title(
    desk: Desk, titles: Mapping[str, Any], most: int = MOST_OF_EACH, video_loop: int | None = None, **options: Any
) -> Signature | list[Any]:
    """Plants one collect_comments for each title in this task's place; a title that fails does not stop the others.

    `options` are the options of each collect_comments: queue, priority, time_limit (seconds).
    """
    wanted = EachTitle(most=most, video_loop=video_loop, **options)
    fan = [
        app.signature(
            "collect_comments",
            kwargs={"author_id": title["author_id"], "title": title["title"], **wanted.bounds()},
            immutable=True,
        ).set(**wanted.options())
        for title in titles["titles"]
    ]
    if not fan:
        return []
    return chord(group(fan), app.signature("gather").set(join="settled"))


@desk_task
def gather(desk: Desk, results: Sequence[Any]) -> list[Any]:
    """Returns the results of the stage before as one flat list."""
    return _flat(results)


@desk_task
def draw_directed(desk: Desk, collected: Sequence[Any], **request: Any) -> Signature | dict[str, Any]:
    """Draws from the collected comments, within the caps, and plants the directed tasks in this task's place.

    It draws no more tasks than the caps leave room for: on each video, and to the accounts that may act.
    """
    asked = DirectedRequest.model_validate(request)
    found = [comment for one in _flat(collected) for comment in _comments(one)]
    videos = list(dict.fromkeys((comment.author_id, comment.title) for comment in found))
    facts = read(desk.engine, lambda session: _ledger_facts(session, videos, sandbox=desk.sandbox))
    used = facts.used if asked.most_per_author is None else read(desk.engine, partial(_with_drawn, facts.used, desk))
    found = [one for one in found if one.commenter not in facts.ours and one.author_id not in facts.without]
    doers = read(desk.engine, lambda session: _doers(session, desk, asked, videos, facts.caps))
    shares = draw_shares(found, asked, facts.caps, used, replace(doers, targets=facts.targets), seed=desk.seed)
    drawn = Drawn((), asked_in_all(asked), drawn_in_all(shares))
    fan = [_directed(share, params, asked.options()) for share in shares for params in share.tasks]
    if not fan:
        return _tally([], drawn)
    body = app.signature("tally", kwargs={"asked": drawn.asked, "drawn": drawn.drawn})
    return chord(group(fan), body.set(join="settled"))


def _with_drawn(used: Used, desk: Desk, session: Session) -> Used:
    counts: Counter[str] = Counter()
    found = quotas_of(session, desk.campaign_id)
    for one in () if found is None else done_by(session, found.first):
        counts[one.author_id] += one.count
    return replace(used, drawn=counts)


def _directed(share: Share, params: Mapping[str, Any], options: Mapping[str, Any]) -> Signature:
    pinned = {} if share.account is None else {"queue": f"account.{share.account}"}
    return app.signature("directed", kwargs=params, immutable=True).set(**options, **pinned)


@desk_task
def collected_earlier(desk: Desk) -> list[dict[str, Any]]:
    """Returns the comments that were collected by the campaign which this one completes, as draw_directed takes them.

    Of more than 20,000 comments it draws so many. A campaign that completes none has none.
    """
    found = read(desk.engine, lambda session: _collected(session, desk.campaign_id))
    count = sum(len(one["comments"]) for one in found)
    if count > MOST_EARLIER:
        kept = set(random.Random(desk.seed).sample(range(count), MOST_EARLIER))
        place = itertools.count()
        for one in found:
            one["comments"] = [comment for comment in one["comments"] if next(place) in kept]
    return found


def _collected(session: Session, campaign_id: str) -> list[dict[str, Any]]:
    """Returns each video's comments, of all campaigns of the family; the latest collection of a video counts."""
    first = session.get_one(Campaign, campaign_id).completes
    if first is None:
        return []
    family = select(Campaign.id).where((Campaign.id == first) | (Campaign.completes == first))
    wanted = (
        select(Task.result)
        .where(Task.campaign_id.in_(family), Task.flow == "collect_comments", Task.state == State.SUCCEEDED)
        .order_by(Task.ended_at, Task.position)
    )
    videos: dict[tuple[str, str], dict[str, Any]] = {}
    for result in session.scalars(wanted.execution_options(yield_per=20)):
        if result is None:
            continue
        comments = [{"commenter": one["commenter"], "text": one["text"]} for one in result["comments"]]
        video = result["author_id"], result["title"]
        videos[video] = {"author_id": video[0], "title": video[1], "comments": comments}
    return list(videos.values())


@desk_task
def tally(desk: Desk, results: Sequence[Any], asked: Mapping[str, int], drawn: Mapping[str, int]) -> dict[str, Any]:
    """Returns by kind the numbers asked for, drawn within the material and the caps, and done."""
    return _tally(results, Drawn((), dict(asked), dict(drawn)))


def _tally(results: Sequence[Any], drawn: Drawn) -> dict[str, Any]:
    done: dict[str, int] = {}
    for result in results:
        done[result["kind"]] = done.get(result["kind"], 0) + 1
    return {"asked": drawn.asked, "drawn": drawn.drawn, "done": done}


def _flat(results: Sequence[Any]) -> list[Any]:
    flat: list[Any] = []
    for result in results:
        flat.extend(result) if isinstance(result, list) else flat.append(result)
    return flat


def _comments(collected: Mapping[str, Any]) -> list[Comment]:
    return [
        Comment(collected["author_id"], collected["title"], one["commenter"], one["text"])
        for one in collected["comments"]
    ]


@dataclass(frozen=True, slots=True)
class _LedgerFacts:
    """The actions done on the videos, the fleet's own names, the authors without a basis, and the caps."""

    used: Used
    ours: Set[str]
    without: Set[str]
    caps: Caps
    targets: Mapping[str, Set[tuple[str, str]]]  # account → kind and key of the comments that it acted on


def _ledger_facts(session: Session, videos: Sequence[tuple[str, str]], *, sandbox: bool) -> _LedgerFacts:
    keys = {content_key(author, title): (author, title) for author, title in videos}
    replies: dict[str, int] = {}
    likes: dict[str, int] = {}
    texts: dict[tuple[str, str], set[str]] = {}
    rows = session.execute(
        select(ActionRow.video_key, ActionRow.comment_key, ActionRow.kind, ActionRow.text, ActionRow.account_id).where(
            ActionRow.author_id.in_({author for author, _ in videos}),
            ActionRow.video_key.in_(list(keys)),
            ActionRow.sandbox == sandbox,
            HAPPENED,
        )
    )
    targets: dict[str, set[tuple[str, str]]] = {}
    for video, comment, kind, text, account in rows:
        if text:
            texts.setdefault(keys[video], set()).add(text)
        if comment is not None:
            counts = likes if kind == "like_comment" else replies
            counts[comment] = counts.get(comment, 0) + 1
            targets.setdefault(account, set()).add((kind, comment))
    today = operator_day(database_now(session), settings().timezone.key)
    authors = {author for author, _ in videos}
    bases = bases_of(session, authors)
    without = {one for one in authors if basis_refusal(one, bases.get(one), today) is not None}
    ours = own_names(session, sandbox=sandbox)
    commented = comments_on_videos(session, authors, keys.keys(), sandbox=sandbox)
    comments = {keys[key]: counts for key, counts in commented.items()}
    return _LedgerFacts(Used(replies, likes, texts, comments), ours, without, read_caps(session), targets)


def _doers(
    session: Session, desk: Desk, asked: DirectedRequest, videos: Sequence[tuple[str, str]], caps: Caps
) -> Doers:
    """Returns the accounts that may act, all of one sort or the queue's, and what the caps leave them today."""
    place, _, name = (asked.queue or "pool").partition(".")
    accounts = list(known_accounts(session, sandbox=desk.sandbox))
    if place == "account":
        accounts = [name]
    elif place == "phone":
        accounts = [session.scalar(select(Phone.account_id).where(Phone.serial == name)) or name]
    today = operator_day(database_now(session), settings().timezone.key)
    done = actions_by_account(session, today, sandbox=desk.sandbox)
    left = {one: max(0, caps.actions_per_account_day - done.get(one, 0)) for one in accounts}
    keys = {content_key(author, title): (author, title) for author, title in videos}
    acted = accounts_on_videos(session, {author for author, _ in videos}, keys.keys(), sandbox=desk.sandbox)
    return Doers(left, {keys[key]: those for key, those in acted.items()})
