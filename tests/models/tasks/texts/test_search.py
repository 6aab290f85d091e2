"""A search finds each collected title and comment that contains a text, and no other: against a look at all of them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, select

from models.retention.comments import delete_comments
from models.retention.erase import erase_person
from models.tables import CollectedComment, CollectedTitle, SearchedText, TextGram
from models.tasks.texts import fill
from models.tasks.texts import read as reading
from models.tasks.texts.fill import fill_texts
from models.tasks.texts.filters import TextFilter
from models.tasks.texts.fold import fold
from models.tasks.texts.read import CollectedText, texts_page
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.ledger.drive import rows_in
from tests.support.ledger.texts import collect, filled
from tests.support.threads import at_once

START = datetime(2026, 5, 1, tzinfo=UTC)
WORDS = (
    "的是",
    "是的",
    "好看",
    "看好",
    "哈哈",
    "新款",
    "😀",
    "👍🏽",
    "Ｈello",
    "hello",
    " ",
    "é",
    "كتاب",
    "\u202e",
    "\u200b",
    "\ufe0f",
)


def every_page(engine: Engine, which: TextFilter, limit: int = 50) -> list[CollectedText]:
    found: list[CollectedText] = []
    place: int | None = None
    for _ in range(1000):
        some, place = read(engine, lambda session, place=place: texts_page(session, which, place, limit))  # type: ignore[misc]
        found += some
        assert len(some) <= limit
        if place is None:
            return found
    raise AssertionError("it does not end")


def texts_of(engine: Engine, text: str, **more: Any) -> list[str]:
    return [one.text for one in every_page(engine, TextFilter(text=text, **more))]


def drawn_ledger(engine: Engine, drawn: random.Random) -> None:
    for number in range(12):
        texts = ["".join(drawn.choices(WORDS, k=drawn.randint(0, 7))) for _ in range(20)]
        author, title = f"author{number % 3}", "".join(drawn.choices(WORDS[:6], k=3)) + str(number)
        collect(engine, author, title, texts, START + timedelta(hours=number), sandbox=number == 7)


@pytest.mark.parametrize("seed", range(3))
def test_a_search_finds_what_a_look_at_every_text_finds(
    ledger: Engine, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROUNDS", ((3, 1), (7, 2)))
    monkeypatch.setattr(fill, "MOST_GRAMS", 60)
    drawn = random.Random(seed)
    drawn_ledger(ledger, drawn)
    filled(ledger)
    rows = read(
        ledger, lambda session: session.execute(select(CollectedComment, CollectedTitle).join(CollectedTitle)).all()
    )
    for _ in range(25):
        text = "".join(drawn.choices(WORDS, k=drawn.randint(1, 3)))
        author = drawn.choice((None, "author1"))
        since = drawn.choice((None, START + timedelta(hours=4)))
        until = drawn.choice((None, START + timedelta(hours=9)))
        which = TextFilter(text=text, author=author, since=since, until=until)
        if not fold(text):
            continue
        wanted = {
            one.id
            for one, title in rows
            if fold(text) in fold(one.text) and not title.sandbox
            if (author is None or title.author_id == author)
            if (since is None or one.first_seen_at >= since) and (until is None or one.first_seen_at < until)
        }
        found = [one.comment.id for one in every_page(ledger, which, drawn.choice((1, 3, 50))) if one.comment]
        assert sorted(found) == sorted(wanted), text
        moments = [one.collected_at for one in every_page(ledger, which)]
        assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("新款发布会全程回顾", "发布会"),
        ("Ｈｅｌｌｏ　Ｗｏｒｌｄ", "hello w"),
        ("STRASSE", "straße"),
        ("好\u200b看\u200d的\ufeff", "好看的"),
        ("abc\u202edef\u202c", "bcde"),
        ("太棒了👍🏽", "👍"),
        ("家👨\u200d👩\u200d👧", "👨👩👧"),
        ("赞", "赞"),
        ("=cmd|' /C calc'!A0", "=CMD|"),
        ("<script>alert(1)</script>", "<script>"),
        ("100% _sure_", "% _"),
        ("a'b\"c\\d", "'b\"c\\"),
        ("مرحبا بالعالم", "بالعالم"),
        ("Привет", "ПРИ"),
        ("カタカナ", "ｶﾀｶﾅ"),
        ("한국어", "국어"),
        ("one\n\ntwo\t three", "one two three"),
        ("x" * 65_530 + "终点", "终点"),
        ("".join(map(chr, range(0x4E00, 0x4E00 + 20_000))), chr(0x4E00 + 19_998) + chr(0x4E00 + 19_999)),
    ],
)  # fmt: skip
def test_texts_of_every_kind_are_found_in_titles_and_in_comments(ledger: Engine, text: str, query: str) -> None:
    collect(ledger, "xiaopeng", "视频", ["其他的话", text, query[::-1] + "。"], START)
    collect(ledger, "xiaopeng", text, ["路过"], START)
    filled(ledger)
    found = texts_of(ledger, query)
    assert text in found
    assert all(fold(query) in fold(one) for one in found)
    assert texts_of(ledger, query, kind="title") == [text]


@pytest.mark.parametrize("text", ["", " ", "\u200b", "a", "7", "\u202e\u202c", "\ud83d", "长" * 201])
def test_what_cannot_be_searched_is_refused_with_a_remedy(ledger: Engine, text: str) -> None:
    with pytest.raises(Refused, match="text: "):
        texts_of(ledger, text)


def test_a_video_is_named_by_its_author_and_exact_title(ledger: Engine) -> None:
    collect(ledger, "a", "同名", ["甲的"], START)
    collect(ledger, "b", "同名", ["乙的"], START + timedelta(seconds=1))
    collect(ledger, "a", "同名二", ["丙的"], START + timedelta(seconds=2))
    filled(ledger)
    assert [one.text for one in every_page(ledger, TextFilter(author="a", title="同名"))] == ["甲的"]
    assert [one.text for one in every_page(ledger, TextFilter(author="a"))] == ["丙的", "甲的"]
    assert every_page(ledger, TextFilter(author="c", title="同名")) == []
    with pytest.raises(Refused, match="title: several authors"):
        every_page(ledger, TextFilter(title="同名"))


def test_pairs_of_neighbours_that_do_not_stand_together_are_no_match(ledger: Engine) -> None:
    collect(ledger, "a", "视频", ["好看看好", "看好看"], START)
    filled(ledger)
    assert texts_of(ledger, "好看好") == []
    assert texts_of(ledger, "看好看") == ["看好看"]


def test_what_is_erased_or_deleted_leaves_no_gram(ledger: Engine) -> None:
    collect(ledger, "a", "视频", ["保密的话😀", "留下"], START)
    filled(ledger)
    before = rows_in(ledger, TextGram)
    erase_person(ledger, "甲0", "wang")
    assert texts_of(ledger, "保密") == []
    left = read(ledger, lambda session: set(session.scalars(select(TextGram.text_id))))
    assert left == read(ledger, lambda session: set(session.scalars(select(SearchedText.id))))
    assert rows_in(ledger, TextGram) < before
    everyone = select(CollectedComment.id)
    write(ledger, lambda session: delete_comments(session, session.scalars(everyone).all()))
    assert rows_in(ledger, SearchedText) == 1
    assert texts_of(ledger, "视频", kind="title") == ["视频"]


def test_a_comment_that_was_deleted_before_is_not_made_searchable(ledger: Engine) -> None:
    collect(ledger, "a", "视频", ["保密的话"], START)
    erase_person(ledger, "甲0", "wang")
    assert filled(ledger) == 1
    assert rows_in(ledger, SearchedText) == 1


def test_a_fill_that_breaks_off_leaves_nothing_half_done(ledger: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    collect(ledger, "a", "视频", ["好看"], START)
    filled(ledger)
    collect(ledger, "a", "视频二", ["好看的"], START)

    def breaks(_kind: object, _source: object) -> list[int]:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(fill, "keys_of", breaks)
        with pytest.raises(RuntimeError):
            fill_texts(ledger)
    assert rows_in(ledger, SearchedText) == 2
    assert filled(ledger) == 2
    assert texts_of(ledger, "好看") == ["好看的", "好看"] or texts_of(ledger, "好看") == ["好看", "好看的"]


def test_several_that_fill_at_once_make_each_text_searchable_once(ledger: Engine) -> None:
    drawn_ledger(ledger, random.Random(5))
    at_once([partial(filled, ledger) for _ in range(3)])
    assert rows_in(ledger, SearchedText) == rows_in(ledger, CollectedComment) + rows_in(ledger, CollectedTitle)
    assert filled(ledger) == 0


def test_simulated_phones_are_apart(ledger: Engine) -> None:
    collect(ledger, "a", "视频", ["真的"], START)
    collect(ledger, "a", "视频", ["真的"], START, sandbox=True)
    filled(ledger)
    assert len(texts_of(ledger, "真的")) == 1
    assert len(texts_of(ledger, "真的", sandbox=True)) == 1
    assert len(every_page(ledger, TextFilter(author="a", title="视频", sandbox=True))) == 1


@pytest.mark.parametrize("text", [None, "好看"], ids=["every one", "a search"])
def test_a_page_has_so_many_bytes_and_goes_on_from_there(
    ledger: Engine, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    monkeypatch.setattr("models.tasks.texts.read.PAGE_BYTES", 1000)
    texts = [f"好看{number}" + "长" * length for number, length in enumerate((5, 2000, 100, 300, 1, 1, 5000, 1))]
    collect(ledger, "author", "title", texts, START)
    filled(ledger)
    which = TextFilter(text=text)
    found: list[str] = []
    place: int | None = None
    for _ in range(len(texts)):
        page, place = read(ledger, lambda session, place=place: texts_page(session, which, place, 50))  # type: ignore[misc]
        assert len(page) == 1 or sum(one.bytes for one in page) <= 1000
        found += [one.text for one in page]
        if place is None:
            break
    assert place is None
    assert found == texts[::-1]
