"""What several phones' failures blame, and when a phone is blamed itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flows.failures import CODES, Culprit
from models.values.enums import HoldScope
from workers.policy.blame import (
    BLAMES,
    COOL_DOWN,
    MOST_COOL_DOWN,
    PASSED_OVER,
    Blamed,
    Try,
    blamed_by,
    cool_down,
    phone_to_blame,
    quarantine_after,
)
from workers.policy.content import Content, content_of

COMMENT = Content("author", "video", "comment")
VIDEO = Content("author", "video")
AUTHOR = Content("author")


@pytest.mark.parametrize(
    ("code", "content", "blamed"),
    [
        ("comment_not_found", COMMENT, Blamed(HoldScope.COMMENT, "comment")),
        ("comment_not_found", VIDEO, Blamed(HoldScope.VIDEO, "video")),
        ("video_not_found", COMMENT, Blamed(HoldScope.VIDEO, "video")),
        ("list_not_loaded", AUTHOR, Blamed(HoldScope.AUTHOR, "author")),
        ("author_not_found", COMMENT, Blamed(HoldScope.AUTHOR, "author")),
        ("page_drift", COMMENT, Blamed(HoldScope.FLOW, "")),
        ("text_unclear", VIDEO, Blamed(HoldScope.VIDEO, "video")),
        ("flow_error", Content(), Blamed(HoldScope.FLOW, "")),
        ("list_not_loaded", Content(), None),
        ("phone_lost", COMMENT, None),
        ("phone_hung", COMMENT, None),
        ("may_not_act", COMMENT, None),
        ("outcome_unknown", COMMENT, None),
    ],
)
def test_what_a_failure_counts_against(code: str, content: Content, blamed: Blamed | None) -> None:
    assert blamed_by(code, content) == blamed


def test_an_accounts_failure_never_blames_content() -> None:
    assert all(CODES[code].culprit is not Culprit.ACCOUNT for code in BLAMES)


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({}, (False, False, False)),
        ({"author_id": "a"}, (True, False, False)),
        ({"author_id": "a", "title": "t"}, (True, True, False)),
        ({"author_id": "a", "title": "t", "target_comment": "c", "target_commenter": "n"}, (True, True, True)),
        ({"title": "t", "target_comment": "c"}, (False, False, False)),
        ({"author_id": 7, "title": "t"}, (False, False, False)),
        ({"author_id": "a" * 192}, (False, False, False)),
    ],
)
def test_what_parameters_are_about(params: dict[str, object], named: tuple[bool, bool, bool]) -> None:
    content = content_of(params)
    found = (content.author_id, content.video_key, content.comment_key)
    assert tuple(one is not None for one in found) == named


def tries(*codes: str | None) -> list[Try]:
    return [Try(f"t{number}", code) for number, code in enumerate(codes)]


@pytest.mark.parametrize(
    ("newest_first", "blamed"),
    [
        ([], False),
        (tries("phone_hung", "phone_lost"), False),
        (tries("phone_hung", "phone_lost", "app_crashed"), True),
        (tries("phone_hung", "phone_lost", None, "app_crashed"), False),
        (tries(None, "phone_hung", "phone_lost", "app_crashed"), False),
        (tries("phone_hung", "video_not_found", "phone_lost", "app_crashed"), False),
        (tries("phone_hung", "may_not_act", "phone_lost", "app_crashed"), False),
        ([Try("t1", "phone_hung")] * 5, False),
        (tries(*["text_not_set"] * 3), True),
        (tries(*["text_refused"] * 3), False),
        (tries("phone_hung", "phone_lost", "text_refused", "phone_hung"), False),
        ([*tries("phone_hung", "phone_lost"), Try("t8", None, says_nothing=True), Try("t9", "network_down")], True),
        (tries("ledger_away", "ledger_away", "ledger_away"), False),
        (tries("phone_hung", "ledger_away", "phone_lost", "page_drift"), True),
    ],
)
def test_when_a_phone_is_blamed(newest_first: list[Try], blamed: bool) -> None:
    assert (phone_to_blame(newest_first) is not None) is blamed


def test_what_is_passed_over_is_a_code() -> None:
    assert set(CODES) >= PASSED_OVER
    assert set(CODES) >= set(BLAMES)


def test_each_quarantine_lasts_twice_as_long_up_to_half_an_hour() -> None:
    assert [cool_down(times) for times in range(3)] == [COOL_DOWN, COOL_DOWN * 2, COOL_DOWN * 4]
    assert cool_down(100) == MOST_COOL_DOWN == timedelta(minutes=30)


LONG_AGO, LATER = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
THREE = [Try("a", "phone_hung"), Try("b", "phone_hung"), Try("c", "phone_hung")]


@pytest.mark.parametrize(
    ("code", "tries", "until", "before", "expected"),
    [
        ("phone_hung", THREE, None, 0, timedelta(seconds=20)),
        ("phone_hung", THREE[:2], None, 0, None),
        ("phone_hung", THREE, LATER + timedelta(seconds=1), 1, None),  # it is in quarantine already
        ("phone_hung", THREE[:1], LONG_AGO, 1, timedelta(seconds=40)),  # its canary
        ("video_not_found", THREE[:1], LONG_AGO, 1, None),  # its canary failed by no fault of the phone
    ],
)
def test_a_failure_puts_its_phone_into_quarantine(
    code: str, tries: list[Try], until: datetime | None, before: int, expected: timedelta | None
) -> None:
    found = quarantine_after(code, lambda: tries, until=until, before=before, now=LATER)
    assert (None if found is None else found.pause) == expected
