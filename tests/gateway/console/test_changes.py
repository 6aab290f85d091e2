"""Changes: the values of an audit entry are words in the reader's language, neither keys nor Python."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.console.changes import values_told
from gateway.words.catalogue import catalogue
from models.fleet.phones import phone_online
from models.history.audit_log import for_reason, record_change
from models.transactions.read_write import write
from tests.support.console.served import Served

NO_BASIS, LATER = "依据：无依据，备注：–，到期：–", "找手机：是，of a later version：1"


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (None, "", ""),
        ({}, "–", "–"),
        ({"basis": "none", "note": None, "expires": ""}, "basis: no basis, note: –, expires: –", NO_BASIS),
        (
            {"params": {"keyword": "冬季续航", "most": 30}, "sandbox": False},
            "parameters: (keyword: 冬季续航, at most: 30), simulated phones: no",
            "参数：(关键词：冬季续航，最多：30)，模拟手机：否",
        ),
        ({"words": {"all": ["a", "b"], "any": []}}, "words: (all: a, b, any: –)", "词语：(全部：a，b，任一：–)"),
        ({"find": True, "of_a_later_version": 1}, "find the phone: yes, of a later version: 1", LATER),
        ({"flow": "nurture", "role": "admin"}, "task: nurture, role: admin", "任务：养号，角色：管理员"),
        ({"since": "2027-01-31T01:00:00+00:00"}, "since: 2027-01-31 09:00", "自：2027-01-31 09:00"),
        ({"name": "2027-01-31", "note": "True"}, "name: 2027-01-31, note: True", "名称：2027-01-31，备注：True"),
        ("canary on P1, P2", "canary on P1, P2", "在 P1, P2 上试用"),
        ("withdrawn", "taken back", "已撤回"),
        (7, "7", "7"),
        ([{"a": 1}], "(a: 1)", "(a：1)"),
    ],
)  # fmt: skip
def test_the_values_of_a_change_are_told_in_words(value: Any, english: str, chinese: str) -> None:
    assert values_told(catalogue("en"), value) == english
    assert values_told(catalogue("zh"), value) == chinese


def test_changes_and_a_phones_page_tell_values_and_our_own_reasons_in_chinese(console: Served) -> None:
    phone_online(console.engine, "N1", "usb:1-1.0", "shelf1", "m", "i")
    with for_reason("it is newer than 1.0"):
        write(
            console.engine,
            lambda session: record_change(session, "coordinator", "phone:N1", {"live": True}, {"find": False}),
        )
    person = console.as_role("admin")
    for path in ("/changes?subject=phone:N1", "/phones/N1"):
        page = person.get(path).text
        assert "找手机：否" in page, path
        assert catalogue("zh").said("it is newer than 1.0") in page, path
        assert "it is newer" not in page, path
        assert "False" not in page, path
    assert "在用：是" in person.get("/changes?subject=phone:N1").text
