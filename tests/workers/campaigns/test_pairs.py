"""Pairs of account and author: work counted a pair, material collected once, pinned only where asked."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.responsible_use.caps import Caps
from models.tables import Task
from models.transactions.read_write import read
from models.values.refused import Refused
from tests.support.ledger.campaign_run import run, succeeds
from tests.support.ledger.drive import known_account, owned_author, tasks
from workers.attempts.claim import Claim
from workers.attempts.outcome import Failed, Outcome
from workers.campaigns.build import check_day, plant_day
from workers.campaigns.cap_check import cap_problems, text_problems
from workers.campaigns.complete import family_of, missing_of, plant_missing
from workers.campaigns.draw import Comment, Used
from workers.campaigns.draw_pinned import Doers, asked_in_all, draw_shares, drawn_in_all
from workers.campaigns.given_campaign import given_campaign
from workers.planting.stage_params import DirectedRequest, PinnedShare
from workers.planting.validate import LedgerFacts

PAIRS: list[dict[str, Any]] = [
    {"account": "acc0001", "author": "xiaopeng"},
    {"account": "acc0002", "author": "xiaopeng", "pinned": True},
    {"account": "acc0003", "author": "chenzhen", "pinned": True},
]
FILE: dict[str, Any] = {
    "campaign": "一号一大V",
    "collect": {"pairs": PAIRS, "videos": 2, "comments": 5},
    "directed": {
        "per_account": {"comments": 1, "replies": 1, "comment_likes": 2},
        "comment_texts": ["支持", "不错", "学到了"],
        "reply_texts": ["同意", "是的", "有道理", "谢谢"],
    },
}
PINNED = select(Task.id, Task.pinned_account)
ACCOUNTS = ("acc0001", "acc0002", "acc0003")
KINDS = ("comment", "reply", "like_comment")


def refused(session: Session, **collect: Any) -> str:
    """The problems of the file with these changes to its collect part."""
    given = given_campaign({**FILE, "collect": {**FILE["collect"], **collect}})
    with pytest.raises(Refused) as told:
        check_day(session, given, LedgerFacts(session, sandbox=False))
    return str(told.value)


@pytest.fixture
def known(ledger: Engine) -> Engine:
    """A ledger with the accounts and authors of the file."""
    for author in ("xiaopeng", "chenzhen", "dongchedi"):
        owned_author(ledger, author)
    for account in ACCOUNTS:
        known_account(ledger, account)
    return ledger


def directed(engine: Engine, campaign: str) -> Counter[tuple[str | None, str, str]]:
    """The directed tasks, by the account that they are pinned to, the kind, and for pinned ones the author."""
    return Counter(
        (one.pinned_account, one.kwargs["kind"], one.kwargs["author_id"] if one.pinned_account else "any")
        for one in tasks(engine, campaign)
        if one.flow == "directed"
    )


def accounts_of(engine: Engine) -> dict[str, str | None]:
    """The accounts that tasks are pinned to."""
    return {row.id: row.pinned_account for row in read(engine, lambda session: session.execute(PINNED).all())}


def test_each_author_is_collected_once_and_each_pair_counts_its_work(known: Engine) -> None:
    campaign = plant_day(given_campaign(FILE), known, asked_by="li").handle.id
    assert sorted(one.kwargs["author_id"] for one in tasks(known, campaign) if one.flow == "collect_titles") == [
        "chenzhen",
        "xiaopeng",
    ]
    run(known, campaign, succeeds, "acc0001")
    each = FILE["directed"]["per_account"].values()
    expected = Counter[tuple[str | None, str, str]]()
    for account, author in ((None, "any"), ("acc0002", "xiaopeng"), ("acc0003", "chenzhen")):
        expected.update({(account, kind, author): count for kind, count in zip(KINDS, each, strict=True)})
    assert directed(known, campaign) == expected


def test_what_a_pinned_account_missed_is_planted_for_it_again(known: Engine) -> None:
    campaign = plant_day(given_campaign(FILE), known, asked_by="li").handle.id

    def says(got: Claim) -> Outcome:
        missed = (
            got.flow == "directed"
            and accounts_of(known)[got.fence.task_id] == "acc0002"
            and got.kwargs["kind"] == "like_comment"
        )
        return Failed("bad_input", "no") if missed else succeeds(got)

    run(known, campaign, says, "acc0001")
    missing = read(known, lambda session: missing_of(session, family_of(session, campaign)))
    assert {(one.flow, one.what): one.count for one in missing.pieces} == {("directed", "like_comment"): 2}
    second, _ = plant_missing(known, campaign, who="li")
    run(known, second, succeeds, "acc0001")
    assert directed(known, second) == {("acc0002", "like_comment", "xiaopeng"): 2}
    assert read(known, lambda session: missing_of(session, family_of(session, campaign))).pieces == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"authors": ["xiaopeng"]}, ["collect.authors", "the pairs name the authors already"]),
        ({"pairs": []}, ["collect.authors", "is missing", "pairs of account and author"]),
        ({"pairs": [PAIRS[0], PAIRS[0]]}, ["collect.pairs", "named twice: acc0001 and xiaopeng"]),
        ({"pairs": [PAIRS[0] | {"pined": True}]}, ["collect.pairs.0.pined", "no such field"]),
        ({"pairs": [{"account": "acc0001"}]}, ["collect.pairs.0.author", "is missing"]),
        ({"pairs": [PAIRS[0] | {"author": "nobody"}]}, ["collect.pairs", "author 'nobody' is unknown"]),
        ({"pairs": [PAIRS[0] | {"account": "acc9999"}]}, ["collect.pairs", "account 'acc9999' is unknown"]),
        ({"pairs": [PAIRS[0] | {"pinned": "yes"}]}, ["collect.pairs.0.pinned"]),
        ({"pairs": "acc0001"}, ["collect.pairs"]),
    ],
)
def test_a_pair_that_cannot_be_meant_is_refused(known: Engine, change: dict[str, Any], expected: list[str]) -> None:
    said = read(known, lambda session: refused(session, **change))
    for part in expected:
        assert part in said


def test_a_paired_account_takes_part_and_no_queue_stands_beside_pairs(known: Engine) -> None:
    file = {**FILE, "accounts": ["acc0001", "acc0002"], "directed": {**FILE["directed"], "queue": "account.acc0001"}}
    with pytest.raises(Refused) as told:
        plant_day(given_campaign(file), known, asked_by="li")
    assert "account 'acc0003' takes no part" in str(told.value)
    assert "a queue beside pairs leaves open whose work is counted" in str(told.value)


def test_the_caps_are_checked_for_the_videos_of_a_pinned_author() -> None:
    each = FILE["directed"] | {"per_account": {"comments": 3}}
    day = given_campaign({**FILE, "directed": each}).check()
    problems = [one.reason for one in cap_problems(day, ACCOUNTS, Caps(comments_per_account_video=1), {})]
    said = next(one for one in problems if "pinned" in one)
    assert "3 comments on 2 videos of xiaopeng" in said
    crowd = [{"account": f"acc{n}", "author": "xiaopeng", "pinned": True} for n in range(7)]
    day = given_campaign({**FILE, "collect": {**FILE["collect"], "pairs": crowd}}).check()
    problems = [one.reason for one in cap_problems(day, ACCOUNTS, Caps(comments_per_video=3), {})]
    assert any("7 pinned accounts shall write 7 comments on 2 videos of xiaopeng" in one for one in problems)
    assert any("up to 4 on one" in one.reason for one in text_problems(day, ACCOUNTS))


def material(*authors: str, videos: int = 2, comments: int = 10) -> list[Comment]:
    """Comments that can be told apart."""
    return [
        Comment(author, f"标题{at}", f"人{n}", f"话{n}")
        for author in authors
        for at in range(videos)
        for n in range(comments)
    ]


@given(
    seed=st.integers(0, 99),
    shares=st.lists(
        st.builds(
            PinnedShare,
            account=st.sampled_from(ACCOUNTS),
            author_id=st.sampled_from(["x", "y", "z"]),
            comment=st.integers(0, 3),
            reply=st.integers(0, 5),
            like_comment=st.integers(0, 30),
        ),
        max_size=4,
    ),
    rest=st.integers(0, 20),
    left=st.integers(0, 20),
)
def test_shares_stay_within_the_caps_on_their_author_and_act_on_no_target_twice(
    seed: int, shares: list[PinnedShare], rest: int, left: int
) -> None:
    work = DirectedRequest(
        comment=rest, reply=rest, like_comment=rest, pinned=tuple(shares),
        comment_texts=("支持", "不错"), reply_texts=("同意", "是的", "有道理"),
    )  # fmt: skip
    caps, doers = Caps(), Doers(dict.fromkeys(ACCOUNTS, left))
    found = draw_shares(material("x", "y"), work, caps, Used(), doers, seed=seed)
    assert found == draw_shares(material("x", "y"), work, caps, Used(), doers, seed=seed)
    replied, liked, posted = Counter[Any](), Counter[Any](), Counter[Any]()
    by_account, own = Counter[str | None](), set[Any]()
    for share, asked in zip(found, [*shares, None], strict=True):
        assert share.account == (asked.account if asked else None)
        by_account[share.account] += len(share.tasks)
        for task in share.tasks:
            assert asked is None or task["author_id"] == asked.author_id
            video = task["author_id"], task["title"]
            target = (*video, task.get("target_commenter"))
            replied[target] += task["kind"] == "reply"
            liked[target] += task["kind"] == "like_comment"
            posted[video, task.get("text")] += "text" in task
            if asked is not None and task["kind"] != "comment":
                assert (asked.account, task["kind"], target) not in own
                own.add((asked.account, task["kind"], target))
    assert all(by_account[one] <= left for one in ACCOUNTS)
    assert sum(by_account.values()) <= left * len(ACCOUNTS)
    assert max(replied.values(), default=0) <= caps.replies_per_comment
    assert max(liked.values(), default=0) <= caps.likes_per_comment
    assert max(posted.values(), default=0) <= 1
    asked_for, drawn = asked_in_all(work), drawn_in_all(found)
    assert all(drawn[kind] <= asked_for[kind] for kind in KINDS)


def test_a_pinned_share_leaves_out_what_its_account_did_before() -> None:
    found = material("x", videos=1, comments=3)
    before = {"acc0001": {("like_comment", found[0].key)}}
    work = DirectedRequest(pinned=(PinnedShare(account="acc0001", author_id="x", like_comment=9),))
    mine, _ = draw_shares(found, work, Caps(), Used(), Doers({"acc0001": 50}, targets=before), seed=1)
    assert sorted(task["target_commenter"] for task in mine.tasks) == ["人1", "人2"]
