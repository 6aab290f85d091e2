"""`phonefleet watch`, as an operator meets it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from models.responsible_use.authors import register_author
from models.tables import AuditEntry, Watch
from models.transactions.read_write import read
from tests.scripts.conftest import Run
from tests.support.installation import Installation
from tests.support.watches import Hands, judge, plant, seen, watch_row
from workers.campaigns.watches.manage import OPERATOR, list_watches

VIDEO = ("author_id=xiaopeng", "title=发布会 <全程>")
EVERY = ("--every", "10")
SAMPLE = Path(__file__).parents[2] / "workers" / "policy" / "monitoring" / "labelled_comments.csv"


@pytest.fixture
def there(here: Installation) -> Installation:
    """An installation that knows the author."""
    register_author(here.engine, "xiaopeng", "小鹏汽车")
    return here


def only(here: Installation) -> Watch:
    (watch,) = read(here.engine, lambda session: list_watches(session, OPERATOR))
    return watch


def test_a_watch_is_tried_added_shown_paused_resumed_and_removed(there: Installation, run: Run) -> None:
    assert "add one: phonefleet watch add" in run("watch", "list").out
    tried = run("watch", "try", "monitor_post", *VIDEO, *EVERY, "--any", "刹车")
    assert (tried.status, tried.err) == (0, "")
    assert "in the last 7 days: 1008 looks, 0 items collected, 0 count, 0 alerts" in tried.out
    assert read(there.engine, lambda session: session.query(Watch).count()) == 0

    more = ("--all", "车", "--none", "广告", "--threshold", "3", "--quiet", "22:00-08:00", "--who", "王芳")
    added = run("watch", "add", "刹车", "monitor_post", *VIDEO, *EVERY, "--any", "刹车", *more)
    assert added.out.endswith("watch 刹车 looks now, and then every 10 minutes\n")
    watch = only(there)
    assert (watch.words, watch.threshold) == ({"all": ["车"], "any": ["刹车"], "none": ["广告"]}, 3)
    assert (watch.quiet_from, watch.quiet_to, watch.created_by) == ("22:00", "08:00", "王芳")
    listed = run("watch", "list").out
    for words in ("刹车", "monitor_post", "发布会 <全程>", "every 10 minutes", "3 within 60 minutes", "no alert yet"):
        assert words in listed

    assert run("watch", "pause", "刹车").out == "watch 刹车 is paused\n"
    assert "paused" in run("watch", "list").out
    assert run("watch", "resume", watch.id).out.startswith("watch 刹车 looks again at ")
    assert run("watch", "remove", "刹车").out == "watch 刹车 is removed\n"
    assert "刹车" not in run("watch", "list").out
    assert run("watch", "show", "刹车").status == 2
    subject = select(AuditEntry.who).where(AuditEntry.subject == f"watch:{watch.id}")
    assert len(read(there.engine, lambda session: session.scalars(subject).all())) == 4


@pytest.mark.parametrize(
    ("flow", "params", "told"),
    [
        ("monitor_account", ("author_id=xiaopeng", "most=5"), "author_id=xiaopeng · most=5"),
        ("monitor_keyword", ("keyword=冬季续航",), "keyword=冬季续航 · most=30"),
    ],
)
def test_accounts_and_words_are_watched_as_posts_are(
    there: Installation, run: Run, flow: str, params: tuple[str, ...], told: str
) -> None:
    assert run("watch", "add", "w", flow, *params, "--cron", "0 8-20 * * MON-FRI").status == 0
    listed = run("watch", "list").out
    assert told in listed
    assert "at 0 8-20 * * MON-FRI" in listed


def test_looks_are_shown_with_what_they_brought(there: Installation, run: Run) -> None:
    run("watch", "add", "刹车", "monitor_post", *VIDEO, *EVERY, "--any", "刹车")
    hands, watch = Hands(there.engine), only(there)
    now = watch.created_at
    for texts in (("好看",), ("好看", "刹车失灵")):
        plant(there.engine, now)
        hands.see(*texts)
        judge(there.engine, now)
        now = watch_row(there.engine, watch.id).next_due
    plant(there.engine, now)
    hands.fail()
    judge(there.engine, now)
    shown = run("watch", "show", "刹车").out
    for words in ("judged", "failed", "不见了", "last alert"):
        assert words in shown
    assert "1 looks in a row failed" in shown


def test_a_trial_counts_what_is_collected(there: Installation, run: Run) -> None:
    run("watch", "add", "w", "monitor_post", *VIDEO, *EVERY)
    hands, watch = Hands(there.engine), only(there)
    (task_id,) = plant(there.engine, watch.created_at)
    result = seen("刹车失灵", "好看", "刹车又失灵")
    recent = (watch.created_at - timedelta(days=1)).isoformat()
    hands.result(task_id, {**result, "comments": [{**one, "at": recent} for one in result["comments"]]})
    tried = run("watch", "try", "monitor_post", *VIDEO, *EVERY, "--any", "刹车")
    assert "1008 looks, 3 items collected, 2 count, 1 alerts" in tried.out
    assert "2 within 60 minutes, and 1 is the threshold" in tried.out.replace("\n", " ").replace("  ", " ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("monitor_post", "author_id=xiaopeng"), "params.title"),
        (("monitor_post", "title"), "has no ="),
        (("monitor_post", *VIDEO, "most=0"), "params.most"),
        (("monitor_post", *VIDEO, "title=x"), "given twice"),
        (("nurture", "texts=x"), "watches nothing"),
        (("monitor_keyword", "keyword=x", "--cron", "0 0 31 2 *"), "is no cron line"),
        (("monitor_keyword", "keyword=x", "--mood", "angry"), "mood"),
        (("monitor_keyword", "keyword=x", "--words", "/nowhere"), "cannot be read"),
        (("monitor_account", "author_id=nobody"), "nobody"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_reason(
    there: Installation, run: Run, arguments: tuple[str, ...], told: str
) -> None:
    every = () if "--cron" in arguments else EVERY
    said = run("watch", "add", "w", *arguments, *every)
    assert said.status == 2
    assert told in said.err
    assert read(there.engine, lambda session: session.query(Watch).count()) == 0


def test_words_of_a_file_are_added_to_those_given(there: Installation, run: Run, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("失灵\n\n断轴\n", encoding="utf-8")
    run("watch", "add", "w", "monitor_post", *VIDEO, *EVERY, "--any", "刹车", "--words", tmp_path / "words.txt")
    assert only(there).words["any"] == ["刹车", "失灵", "断轴"]


def test_triage_is_measured_on_the_operators_own_sample(run: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("text,mood\n太差了,negative\n在哪买,neutral\n好看,negative\n", encoding="utf-8")
    said = run("watch", "mood", mine)
    assert (said.status, said.err) == (0, "")
    rows = [line.replace("│", " ").split() for line in said.out.splitlines()]
    assert [row for row in rows if row and row[0] in ("negative", "neutral", "positive")] == [
        ["negative", "2", "1", "100%", "50%"], ["neutral", "1", "1", "100%", "100%"], ["positive", "0", "1", "0%"],
    ]  # fmt: skip
    assert "mark" not in said.out
    marked = run("watch", "mood", SAMPLE).out
    for mark in ("negation", "irony", "mixed", "trap"):
        assert mark in marked
    mine.write_text("太差了,negative\n好看,lovely\n", encoding="utf-8")
    assert "line 2" in run("watch", "mood", mine).err
