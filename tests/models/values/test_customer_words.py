"""What a customer reads names nobody of the operator's, and keeps what it said itself."""

from __future__ import annotations

import pytest

from models.values.customer_words import customer_words

OWN = "acme (key_0123456789abcdef)"
CAUSE = "collect_titles 0f0e0d0c-0b0a-4908-8706-050403020100 did not succeed: "
SAID = {
    "lena paused it: fired Bob": "the operator paused it",
    "lena paused it": "the operator paused it",
    "Zhang: a, b (x) stopped it: secret\nof two lines": "the operator stopped it",
    "Bob paused it paused it: why": "the operator paused it",
    f"{OWN} x stopped it: why": "the operator stopped it",
    "lena gave it up: nobody saw the comment": "the operator gave it up: nobody saw the comment",
    "phone p1 is paused by lena: battery swollen": "phone p1 is paused by the operator",
    "phone p1 is paused by lena": "phone p1 is paused by the operator",
    "held: flow comment is held by lena: Bob broke it. look at it": "held: the operator holds flow comment",
    "account acc0001 rests: lena said so": "account acc0001 rests until a person has looked at it",
    "account acc-77 is logged in on phone SIM9 too": (
        "its account is on another phone too: a person must log it out on one of them"
    ),
    "in quarantine for 20 s: secret-comment failed": "in quarantine for 20 s",
}
KEPT = (
    f"{OWN} paused it: lunch",
    f"{OWN} stopped it",
    "phone p1 is paused over the API",
    "account acc0001 is logged in on no phone that is online",
    "account acc0001 is on no phone that is online and able",
    "held: video of 小鹏: video_not_found on 3 phones (p1, p2, p3). look at the video",
    "no phone that is online and fit may take it: of 3 online 3 cannot work",
    "no comment with the text 'she stopped it' was found",
)


@pytest.mark.parametrize("before", ["", CAUSE], ids=["itself", "as the cause of another"])
@pytest.mark.parametrize("text", SAID)
def test_the_operators_people_and_reasons_are_hidden(text: str, before: str) -> None:
    assert customer_words(before + text) == before + SAID[text]


@pytest.mark.parametrize("before", ["", CAUSE], ids=["itself", "as the cause of another"])
@pytest.mark.parametrize("text", KEPT)
def test_everything_else_stays(text: str, before: str) -> None:
    assert customer_words(before + text) == before + text


def test_no_reason_stays_none() -> None:
    assert customer_words(None) is None
