"""What a name, an id or a title may be."""

from __future__ import annotations

import pytest

from models.values.names import check_names, id_fault, name_fault, name_problems, title_fault
from models.values.refused import Refused

SEEN_BY_NOBODY = {
    "blank behind": "xiaopeng ",
    "blank before": " xiaopeng",
    "ideographic blank": "xiaopeng\u3000",
    "no-break blank": "\u00a0xiaopeng",
    "carriage return": "xiaopeng\r",
    "line break behind": "xiaopeng\n",
    "tab": "xiao\tpeng",
    "line separator": "xiao\u2028peng",
    "NEL": "xiaopeng\u0085",
    "byte order mark before": "\ufeffxiaopeng",
    "byte order mark behind": "xiaopeng\ufeff",
    "byte order mark within": "xiao\ufeffpeng",
    "zero width blank behind": "xiaopeng\u200b",
    "zero width blank within": "xiao\u200bpeng",
    "word joiner": "xiao\u2060peng",
    "soft hyphen": "xiao\u00adpeng",
    "right to left override": "xiao\u202epeng",
    "isolate": "\u2066xiaopeng\u2069",
    "left to right mark": "xiaopeng\u200e",
    "joiner between letters": "xiao\u200dpeng",
    "joiner behind": "😀\u200d",
    "non-joiner in Chinese": "小\u200c鹏",
    "emoji style behind a letter": "xiaopeng\ufe0f",
    "Hangul filler": "\u3164",
    "half-width filler": "xiaopeng\uffa0",
    "Braille blank": "xiaopeng\u2800",
    "variation selector": "xiaopeng\ufe00",
    "selector of ideographs behind a letter": "xiaopeng\U000e0100",
    "kept invisible": "xiao\u2065peng",
    "kept among the tags": "xiaopeng\U000e0080",
    "grapheme joiner": "xiao\u034fpeng",
    "Mongolian separator": "xiao\u180epeng",
    "tag without a flag": "xiaopeng\U000e0067",
    "no character": "xiaopeng\uffff",
    "NUL": "xiao\x00peng",
    "half a pair": "xiao\ud83d",
    "delete": "xiaopeng\x7f",
    "escape": "xiao\x1b[31mpeng",
}
GOOD = {
    "plain": "xiaopeng",
    "Chinese": "小鹏汽车",
    "blank within": "Xiao Peng",
    "ideographic blank within": "小鹏\u3000汽车",
    "emoji": "小鹏😀",
    "emoji alone": "👍",
    "heart": "❤️",
    "family": "👨‍👩‍👧‍👦",
    "skin and profession": "👩🏽‍⚕️",
    "heart on fire": "❤️‍🔥",
    "keycap": "1️⃣",
    "flag": "🇨🇳",
    "flag with tags": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "rainbow flag": "🏳️‍🌈",
    "Persian with a non-joiner": "می\u200cخواهم",
    "Hindi with a joiner": "क्\u200dष",
    "private use": "shop \uf8ff",
    "ideographic variant": "葛\U000e0100",
    "longest": "名" * 191,
}


@pytest.mark.parametrize("value", SEEN_BY_NOBODY.values(), ids=SEEN_BY_NOBODY.keys())
def test_what_nobody_sees_is_in_no_name(value: str) -> None:
    assert name_fault(value) is not None
    assert id_fault(value) is not None


@pytest.mark.parametrize("value", GOOD.values(), ids=GOOD.keys())
def test_what_people_see_may_be_a_name_an_id_and_a_title(value: str) -> None:
    assert (name_fault(value), id_fault(value), title_fault(value)) == (None, None, None)


@pytest.mark.parametrize("value", ["", " ", "\u3000\n", "x" * 192, "😀" * 192])
def test_a_name_has_1_to_191_characters(value: str) -> None:
    assert "has not 1 to 191 characters" in str(name_fault(value))


def test_the_fault_is_named_with_its_code() -> None:
    assert name_fault("xiaopeng ") == "'xiaopeng ' ends with a blank or line break (U+0020)"
    assert name_fault("\ufeffa") == "'\\ufeffa' begins with the invisible character U+FEFF"
    assert name_fault("a\u200bb") == "'a\\u200bb' holds the invisible character U+200B, at place 2"
    (problem,) = name_problems("author id", "a\x00b")
    assert str(problem).startswith("author id: 'a\\x00b' holds the character NUL (U+0000), at place 2; give it as")


def test_an_id_has_one_form_and_a_name_may_have_the_form_that_the_app_shows() -> None:
    assert id_fault("caf\u00e9") is None
    assert "NFC" in str(id_fault("cafe\u0301"))
    assert name_fault("cafe\u0301") is None


def test_a_title_may_be_long_and_have_lines() -> None:
    assert title_fault("第一行\n第二行\t" + "长" * 5000 + "。") is None
    for value in ("title\n", " title", "ti\rtle", "\ufefftitle", "title\u200b", " "):
        assert title_fault(value) is not None


def test_all_that_is_wrong_with_two_fields_is_said_at_once() -> None:
    with pytest.raises(Refused) as refused:
        check_names("author id", "a ", "b\u200b")
    assert [one.field for one in refused.value.problems] == ["author id", "name"]


@pytest.mark.parametrize("blank", "\u00a0\u2000\u2007\u2009\u202f\u205f\u1680")
def test_an_id_holds_no_blank_that_looks_like_another(blank: str) -> None:
    assert id_fault(f"xiao{blank}peng") is not None
    assert id_fault("xiao peng") is None


@pytest.mark.parametrize("given", [None, 5, ["a"], b"a"])
def test_what_a_script_gives_that_is_no_text_is_refused(given: object) -> None:
    assert name_fault(given) == f"{given!r} is no text"  # type: ignore[arg-type]
