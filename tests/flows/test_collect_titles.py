"""collect_titles against the simulated app."""

from __future__ import annotations

from typing import Any

import pytest

from flows.counts import margin
from tests.flows.rig import LONG, Rig


def author_with(rig: Rig, least: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An author and the videos, in the list's order, that show the margin and really have so many comments."""
    author = rig.world["authors"][0]
    return author, [
        video for video in author["videos"] if video["shown"] >= margin(least) and video["comments"] >= least
    ]


def test_titles_with_the_margin_are_taken_first_and_counted(rig: Rig) -> None:
    author, expected = author_with(rig, 50)
    result = rig.run("collect_titles", author_id=author["id"], count=2, least_comments=50)
    assert [title.title for title in result.titles] == [video["title"] for video in expected[:2]]
    assert all(title.real_count >= 50 for title in result.titles)
    assert [title.shown_count for title in result.titles] == [video["shown"] for video in expected[:2]]
    assert {title.author for title in result.titles} == {author["name"]}


@pytest.mark.kind_phone(LONG)
def test_a_shown_count_that_is_mostly_replies_does_not_pass(rig: Rig) -> None:
    """A video shows enough, but its comments without replies are too few: it is left out."""
    author = rig.world["authors"][0]
    deceptive = [v for v in author["videos"] if v["shown"] >= margin(40) and v["comments"] < 40]
    assert deceptive
    honest = len({v["title"] for v in author["videos"] if v["comments"] >= 40})
    result = rig.run("collect_titles", author_id=author["id"], count=min(12, honest), least_comments=40)
    assert not {title.title for title in result.titles} & {video["title"] for video in deceptive}


@pytest.mark.kind_phone(LONG)
def test_videos_below_the_margin_are_tried_before_a_shortfall(rig: Rig) -> None:
    """Asking for all that are there needs those that show between 1.0 and 1.1 times the number."""
    author, least = next(
        (author, least)
        for author in rig.world["authors"]
        for least in range(20, 120)
        if any(least <= v["shown"] < margin(least) and v["comments"] >= least for v in author["videos"][:60])
    )
    everyone = {v["title"] for v in author["videos"][:60] if v["comments"] >= least}
    result = rig.run("collect_titles", author_id=author["id"], count=len(everyone), least_comments=least)
    assert {title.title for title in result.titles} == everyone
    shown = [title.shown_count for title in result.titles]
    below = [count for count in shown if count < margin(least)]
    assert below
    assert shown[-len(below) :] == below  # they came last
    assert rig.watch.steps[-1] == "titles below the margin"


@pytest.mark.kind_phone(LONG)
def test_too_few_titles_are_a_shortfall_with_what_was_found(rig: Rig) -> None:
    author, _ = author_with(rig, 50)
    real = [video for video in author["videos"][:30] if video["comments"] >= 50]
    failure = rig.fails("collect_titles", author_id=author["id"], count=25, least_comments=50, video_loop=30)
    assert (failure.code, failure.kind) == ("titles_shortfall", "fatal")
    assert failure.details["asked"] == 25
    assert failure.details["got"] == len({video["title"] for video in real})
    assert {title["title"] for title in failure.details["titles"]} == {video["title"] for video in real}


def test_any_number_of_comments_will_do(rig: Rig) -> None:
    author = rig.world["authors"][0]
    result = rig.run("collect_titles", author_id=author["id"], count=5)
    assert [title.title for title in result.titles] == [video["title"] for video in author["videos"][:5]]
    assert {title.real_count for title in result.titles} == {None}


def test_identical_titles_are_given_once(rig: Rig) -> None:
    lists = {author["id"]: [video["title"] for video in author["videos"][:60]] for author in rig.world["authors"]}
    author_id, titles = next(
        (author_id, titles) for author_id, titles in lists.items() if len(set(titles)) < len(titles)
    )
    result = rig.run("collect_titles", author_id=author_id, count=len(set(titles)))
    assert sorted(title.title for title in result.titles) == sorted(set(titles))


def test_an_unknown_author_and_a_list_that_does_not_load_are_told_apart(rig: Rig) -> None:
    assert rig.fails("collect_titles", author_id="nobody", count=1).code == "author_not_found"
    rig.shelf.fault("network_down")
    assert rig.fails("collect_titles", author_id="xiaopeng", count=1).code == "list_not_loaded"


def test_rows_are_those_of_the_result_sheet(rig: Rig) -> None:
    assert len(rig.rows("collect_titles", author_id="xiaopeng", count=2)) == 2
    assert not rig.truth()
