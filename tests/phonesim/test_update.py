"""Updates of the apps: what they show stays, how they show it changes, as a seed draws it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from phonesim.node import Node
from phonesim.practice.app import PracticeApp
from phonesim.reader.app import ReaderApp
from phonesim.reader.articles import Articles
from phonesim.update import KINDS, Kind, Update
from phonesim.world import World

SIZE = (1080, 2400)


@pytest.fixture
def practice() -> PracticeApp:
    app = PracticeApp(World(1, 1), "SIM0001", "acc0001", lambda: 0.0)
    app.start()
    return app


@pytest.fixture
def reader(practice: PracticeApp) -> ReaderApp:
    app = ReaderApp(Articles(1), practice)
    app.start()
    return app


def nodes(app: PracticeApp | ReaderApp) -> list[Node]:
    return [*app.render(*SIZE).walk()]


def ids(app: PracticeApp | ReaderApp) -> set[str]:
    return {node.resource_id for node in nodes(app) if node.resource_id}


def node(app: PracticeApp | ReaderApp, text: str) -> Node:
    return next(one for one in nodes(app) if one.text == text)


def updates(kind: Kind, count: int = 12) -> Iterator[Update]:
    return (Update(seed, (kind,)) for seed in range(count))


def test_the_same_seed_changes_an_app_in_the_same_way(reader: ReaderApp) -> None:
    for seed in range(20):
        reader.update = Update(seed)
        once = reader.render(*SIZE)
        reader.update = Update(seed)
        assert reader.render(*SIZE) == once


def test_seeds_draw_every_kind_one_to_three_at_a_time() -> None:
    drawn = [Update(seed).kinds for seed in range(60)]
    assert {kind for kinds in drawn for kind in kinds} == set(KINDS)
    assert {len(kinds) for kinds in drawn} == {1, 2, 3}


def test_renamed_ids_are_others_and_each_has_one_of_its_own(reader: ReaderApp) -> None:
    before, renamed = ids(reader), 0
    for update in updates("ids_renamed"):
        reader.update = update
        assert len(ids(reader)) == len(before)
        renamed += ids(reader) != before
    assert renamed > 6, "of twelve: a seed that draws a small share may spare the seven ids of this page"


def test_a_wrapped_item_opens_as_before(reader: ReaderApp) -> None:
    account = reader.articles.accounts[1]
    for update in updates("item_wrapped"):
        reader.stop()
        reader.update = update
        reader.start()
        left, top, right, bottom = node(reader, f"微信号：{account.id}").bounds
        reader.tap((left + right) // 2, (top + bottom) // 2)
        assert any(one.text == f"微信号：{account.id}" for one in nodes(reader))
        assert any(one.text == account.name for one in nodes(reader))
        assert not any(one.text == "公众号" for one in nodes(reader))


def test_a_moved_button_does_what_it_did(practice: PracticeApp) -> None:
    moved = 0
    for update in updates("button_moved"):
        practice.update = None
        practice.stop()
        practice.start()
        (button,) = [one for one in nodes(practice) if one.resource_id.endswith(":id/video_comment")]
        practice.update = update
        (there,) = [one for one in nodes(practice) if one.resource_id.endswith(":id/video_comment")]
        moved += there.bounds != button.bounds
        left, top, right, bottom = there.bounds
        practice.tap((left + right) // 2, (top + bottom) // 2)
        assert any(one.resource_id.endswith(":id/page_comments") for one in nodes(practice))
    assert moved


def test_changed_texts_are_those_of_the_app_and_not_of_people(reader: ReaderApp) -> None:
    before = {one.text for one in nodes(reader)}
    changed = 0
    for update in updates("text_changed"):
        reader.update = update
        now = {one.text for one in nodes(reader)}
        changed += now != before
        assert {account.name for account in reader.articles.accounts[:5]} <= now
    assert changed


def test_what_a_split_page_hides_is_behind_its_second_tab(reader: ReaderApp) -> None:
    hidden = 0
    article = next(account for account in reader.articles.accounts if account.articles)
    for seed in range(60):
        reader.stop()
        reader.update = None
        reader.start()
        reader.open_article(article, article.articles[0])
        shown = {one.text for one in nodes(reader) if one.text}
        reader.update = Update(seed, ("page_split",))
        missing = shown - {one.text for one in nodes(reader)}
        if not missing:
            continue
        hidden += 1
        left, top, right, bottom = node(reader, "简介").bounds
        reader.tap((left + right) // 2, (top + bottom) // 2)
        assert missing <= {one.text for one in nodes(reader)}
    assert hidden


def test_a_new_version_has_another_number() -> None:
    assert Update(7).version("2.4.1") == "2.4.107"
