"""Flows that read lists, on a phone whose lists run on, show stickers and fill their fields late."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.flows.rig import ACCOUNTS, HASTE, ROUGH_PAUSE_SECONDS, Rig
from tests.support.shelf import AdbServer, Shelf

pytestmark = pytest.mark.kind_phone("each test makes its phone as rough as it says")

KIND: dict[str, Any] = {"inertia": 1.0, "inertia_at_rest": False, "textless_rows": False, "slow_fields": False}
OPTIONS: list[dict[str, Any]] = [
    {"inertia": 2.0},
    {"inertia": 1.6, "inertia_at_rest": True},
    {"inertia": 2.0, "inertia_at_rest": True},
    {"textless_rows": True},
    {"slow_fields": True},
]
ALL: dict[str, Any] = {"inertia": 2.0, "inertia_at_rest": True, "textless_rows": True, "slow_fields": True}


@pytest.fixture(scope="module")
def shelf(adb: AdbServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A phone in a hurry, kind until a test makes it rough."""
    truth = tmp_path_factory.mktemp("phonesim") / "truth.jsonl"
    with Shelf(adb, truth, phones=1, accounts=ACCOUNTS, haste=HASTE) as simulated:
        yield simulated


@pytest.fixture
def rig(shelf: Shelf) -> Iterator[Rig]:
    with Rig(shelf) as held:
        held.longest_pause = ROUGH_PAUSE_SECONDS
        yield held
        shelf.heal()


@pytest.mark.parametrize("options", [*OPTIONS, ALL], ids=str)
def test_every_comment_is_read_once_and_in_order(rig: Rig, options: dict[str, Any]) -> None:
    author, video = rig.video(60, 100)
    rig.shelf.roughen(**KIND | options)
    result = rig.run("collect_comments", author_id=author, title=video["title"], most=1000)
    expected = rig.comments(video)
    assert [one.commenter for one in result.comments] == [one.commenter for one in expected]
    assert result.gaps == 0
    stickers = [one for one, true in zip(result.comments, expected, strict=True) if one.text != true.text]
    assert all(one.text == "" for one in stickers)
    assert bool(stickers) is bool(options.get("textless_rows"))
    assert all(one.at and one.precision for one in result.comments)


@pytest.mark.parametrize("options", [*OPTIONS, ALL], ids=str)
def test_titles_are_found_on_a_rough_phone(rig: Rig, options: dict[str, Any]) -> None:
    author = rig.world["authors"][0]
    rig.shelf.roughen(**KIND | options)
    result = rig.run("collect_titles", author_id=author["id"], count=5)
    assert [title.title for title in result.titles] == [video["title"] for video in author["videos"][:5]]
    assert {title.author for title in result.titles} == {author["name"]}
    assert [title.shown_count for title in result.titles] == [video["shown"] for video in author["videos"][:5]]


def test_directed_work_is_done_on_a_rough_phone(rig: Rig) -> None:
    author, video = rig.video(60, 100)
    rig.shelf.roughen(**KIND | {"inertia": 2.0, "inertia_at_rest": True, "slow_fields": True})
    target = rig.target(video, 30)
    result = rig.run(
        "directed", kind="reply", author_id=author, title=video["title"], target_commenter=target.commenter,
        target_comment=target.text, text="说得对",
    )  # fmt: skip
    assert result.verified
    assert [event["comment_id"] for event in rig.truth()] == [target.id]
