"""Problems in the language that a request asks for: English, or Chinese as far as their form is known."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.problem import CODES, MOST_SAID, ApiProblem
from gateway.words.language import of_request
from models.values.refused import Problem
from tests.support.gateway.api_server import Api, Caller, Raw

WORDS = re.compile(r"[A-Za-z]{3,} [A-Za-z]{2,}")  # of an English sentence
MESSY: dict[str, Any] = {
    "reference": 5,
    "flow": "nurture",
    "params": [],
    "target": "everywhere",
    "priority": "high",
    "latest_end": "soon",
    "seed": 1.5,
    "dry_run": "perhaps",
    "other": 1,
}


def texts(details: dict[str, Any]) -> list[str]:
    """Everything in an answer that people read."""
    told = [details["title"], details.get("detail", "")]
    return told + [one[name] for one in details["problems"] for name in ("reason", "remedy")]


@pytest.fixture
def raw(api: Api) -> Raw:
    return Raw(api, api.caller("acme", plain_json_allowed=True))


def test_a_messy_request_is_refused_in_the_language_that_it_asks_for(raw: Raw) -> None:
    said = {}
    for language in ("en", "zh-CN"):
        answer = raw.send("POST", "/v1/tasks", MESSY, headers={"accept-language": language})
        said[language] = dict(raw.opened(answer))
    assert len(said["en"]["problems"]) > 5
    for name in ("code", "type", "status"):
        assert said["en"][name] == said["zh-CN"][name]
    fields = [[one["field"] for one in details["problems"]] for details in said.values()]
    assert fields[0] == fields[1]
    assert [one for one in texts(said["zh-CN"]) if WORDS.search(one)] == []
    assert WORDS.search(said["en"]["title"])


@pytest.mark.parametrize("accepted", ["", "fr", "*", "en-GB,zh;q=0.5", "zh;q=0", ";;;", "zh" * 500])
def test_what_does_not_ask_for_chinese_is_answered_in_english(raw: Raw, accepted: str) -> None:
    answer = raw.send("GET", "/v1/tasks/nothing", headers={"accept-language": accepted})
    assert raw.opened(answer)["detail"] == "no such task"


@pytest.mark.parametrize(
    ("method", "target", "told"),
    [
        ("GET", "/v1/tasks/nothing", "没有这个任务"),
        ("GET", "/v1/phones/nothing", "没有这台手机"),
        ("GET", "/v1/nowhere", "没有这个地址"),
        ("GET", "/v1/tasks?cursor=nonsense", "它不是这个列表的游标"),
        ("GET", "/v1/changes?since=99999", "还没有位置 99999 的变更"),
        ("POST", "/v1/phones/nothing/pause", "没有这台手机"),
    ],
)
def test_what_only_the_api_says_is_said_in_chinese(raw: Raw, method: str, target: str, told: str) -> None:
    answer = raw.send(method, target, headers={"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"})
    details = dict(raw.opened(answer))
    assert any(told in one for one in texts(details)), details
    assert [one for one in texts(details) if WORDS.search(one)] == []


def test_a_stranger_reads_the_refusal_in_its_language_too(api: Api, acme: Caller) -> None:
    raw = Raw(api, Caller("key_nobody", acme.secret, acme.client))
    answer = raw.send("GET", "/v1/tasks", headers={"accept-language": "zh"})
    assert (answer.status_code, answer.json()["title"]) == (401, "请求没有由有效的密钥签名")


def test_the_client_asks_in_its_language(api: Api, acme: Caller) -> None:
    assert acme.client._http.headers["accept-language"] == "en"


@pytest.mark.parametrize("code", CODES)
def test_every_title_has_chinese_words(code: str) -> None:
    assert ApiProblem(code).details("zh")["title"] != ApiProblem(code).details()["title"]


@given(st.text(max_size=600), st.text(max_size=600))
def test_any_text_is_answered_and_one_that_quotes_much_stays_as_it_is(reason: str, remedy: str) -> None:
    (english,) = ApiProblem("refused", problems=[Problem("x", reason, remedy)]).details()["problems"]
    (chinese,) = ApiProblem("refused", problems=[Problem("x", reason, remedy)]).details("zh")["problems"]
    for name in ("reason", "remedy"):
        assert len(english[name]) <= MOST_SAID or chinese[name] == english[name]


@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=300)), max_size=3))
def test_any_header_gives_a_language(headers: list[tuple[bytes, bytes]]) -> None:
    assert of_request([*headers, (b"Accept-Language", b"zh")]) in ("zh", "en")
