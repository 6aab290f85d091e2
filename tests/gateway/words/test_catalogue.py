"""The catalogue: its files, its forms of texts, and the choice of a language."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from flows.failures import CODES
from gateway.words.catalogue import LOCALE, SPOKEN, all_texts, catalogue
from gateway.words.language import LANGUAGES, of_browser, of_terminal
from gateway.words.po_file import read_texts
from models.database import error_kinds
from models.values.enums import PhoneState
from workers.runtime import broker

FILES = sorted(LOCALE.glob("*/*.po"))
NAMES = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_each_file_is_what_gettexts_own_reader_takes_it_for(file: Path) -> None:
    with file.open("rb") as opened:
        whole = {one.id: one.string for one in read_po(opened) if one.id and one.string}
    assert dict(read_texts(file)) == whole
    assert len(whole) == len(list(read_texts(file)))  # none twice


def test_no_key_stands_in_two_files_of_a_language() -> None:
    for language in LANGUAGES:
        keys = [key for key, _ in all_texts(language)]
        assert sorted({key for key in keys if keys.count(key) > 1}) == []


def test_words_of_other_forms_are_read(tmp_path: Path) -> None:
    file = tmp_path / "a.po"
    text = (
        '# x\nmsgid ""\nmsgstr "Language: zh"\n\nmsgid "a \\"b\\"\\n"\n"c\\\\"\nmsgstr "甲"\n"乙"\n\n'
        'msgid "d"\nmsgstr ""\n'
    )
    file.write_text(text, encoding="utf-8")
    assert dict(read_texts(file)) == {'a "b"\nc\\': "甲乙"}


def test_the_chinese_words_take_the_same_values() -> None:
    for key, words in all_texts("zh"):
        assert set(NAMES.findall(words)) <= set(NAMES.findall(key)), key


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("phone P0004 is paused by 李娜: 换电池", "手机 P0004 被 李娜 暂停：换电池"),
        ("its battery has 52 °C", "电池 52 °C"),
        (
            "let it cool down: out of the sun, away from its neighbours, off the charger; it works again by itself",
            "让它降温：避开阳光，离开其他手机，拔掉充电；之后自动恢复",
        ),
        ("phone P7 is offline: unplugged", "手机 P7 离线：已拔出"),
        (
            "刹车: 2 new comments count (2 within 60 minutes, and 1 are the threshold); x · 发布会; words: 刹车 2",
            "刹车：2 条新评论计入（60 分钟内 2 条，阈值为 1）；x · 发布会；词：刹车 2",
        ),
        (
            "刹车: 1 new comment counts (1 within 1 minute, and 1 is the threshold); x · 发布会; words: 刹车 1",
            "刹车：1 条新评论计入（1 分钟内 1 条，阈值为 1）；x · 发布会；词：刹车 1",
        ),
        (
            "竞品: 9 new videos count (9 in this hour, and 2.5 are usual (4.5 deviations)); 鹏; rising: 降价 3",
            "竞品：9 个新视频计入（本小时 9 条，平时 2.5 条（偏离 4.5 倍））；鹏；上升：降价 3",
        ),
        ("nobody wrote this {one} down", "nobody wrote this {one} down"),
        ("list_not_loaded: its screen is locked", "列表未加载：屏幕已锁"),
        ("account acc1 rests: rate_limited", "账号 acc1 休息：被限频"),
        ("comment: the flow could not tell what came of it", "评论：流程无法判断结果"),
        (
            "directed 8c21a7fa-1111-4111-8111-111111111111 did not succeed: 'x' is not among the first 9 videos of y",
            "定向任务 8c21a7fa-1111-4111-8111-111111111111 没有成功：y 的前 9 个视频中没有 'x'",
        ),
        (
            "comments 3 of 5, replies 0 of 4 after 12 videos and 33 comments, 2 videos skipped (cap_reached 3×)",
            "评论 3/5，盖楼 0/4；看了 12 个视频和 33 条评论，跳过 2 个视频（上限已到 3×）",
        ),
        ("P7: its screen is locked", "P7：屏幕已锁"),
        ("planted by 李娜 in campaign 8c21: collect_titles", "李娜 在批次 8c21 中种下：标题采集"),
        ("attempt 1 begins", "第 1 次尝试开始"),
        ("attempt 1 begins as acc1", "第 1 次尝试开始，账号 acc1"),
        ("attempt 2 ends: succeeded", "第 2 次尝试结束：成功"),
        ("attempt 2 ends: lost, its worker stopped renewing the lease", "第 2 次尝试结束：中断，它的 worker 不再续租"),
        (
            "attempt 2 ends in step video and comment: failed, list_not_loaded: its screen is locked",
            "第 2 次尝试结束于步骤“找视频和评论”：失败，列表未加载：屏幕已锁",
        ),
        ("the task ends: succeeded", "任务结束：成功"),
        ("the task ends: failed, list_not_loaded: its screen is locked", "任务结束：失败，列表未加载：屏幕已锁"),
        ("comment declared as acc1, basis owned", "声明评论：账号 acc1，依据 自有"),
        ("comment: done, seen in the app", "评论：已完成，在应用里看到"),
        ("reply: not_done: the send button did not become ready", "盖楼：未发生：发送按钮一直不可用"),
        ("like_video: not_done", "点赞视频：未发生"),
        ("a late write of attempt 1 is refused: result", "拒绝第 1 次尝试的迟到写入：result"),
        ("callback task.succeeded is owed to key key_1", "应向密钥 key_1 发回调 task.succeeded"),
        ("callback task.succeeded: HTTP 503 after 0.20 s", "回调 task.succeeded：HTTP 503，用时 0.20 秒"),
        ("callback task.succeeded: no answer after 0.20 s", "回调 task.succeeded：没有应答，用时 0.20 秒"),
        ("刹车: nobody wrote this down", "刹车: nobody wrote this down"),
        ("", ""),
        ("phone {0.__class__} is paused by x: {y}", "手机 {0.__class__} 被 x 暂停：{y}"),
    ],
)
def test_reasons_of_the_ledger_are_told_in_chinese_by_their_form(text: str, chinese: str) -> None:
    assert catalogue("zh").said(text) == chinese
    assert catalogue("en").said(text) == text


def test_a_long_text_is_left_as_it_is_and_costs_nothing() -> None:
    long = "phone " + "x; " * 30_000
    assert catalogue("zh").said(long) == long


@pytest.mark.parametrize(
    ("own", "accepted", "fleet", "chosen"),
    [
        ("en", "zh-CN,zh;q=0.9", "zh", "en"),
        (None, "en-GB,en;q=0.8,zh;q=0.2", "zh", "en"),
        (None, "fr,zh;q=0.3,en;q=0.2", "en", "zh"),
        (None, "fr", "en", "en"),
        (None, "", "", "zh"),
        (None, ";q=,en;q=x,,en;q=0", "", "zh"),
        ("xx", "en", "", "en"),
    ],
)
def test_the_users_own_setting_comes_first_then_the_browsers_then_the_fleets(
    own: str | None, accepted: str, fleet: str, chosen: str
) -> None:
    assert of_browser(own, accepted, fleet) == chosen


@pytest.mark.parametrize(
    ("env", "chosen"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "PHONEFLEET_LANG": "en"}, "en"),
        ({"LANG": "C", "PHONEFLEET_LANG": "zh"}, "zh"),
        ({"LANG": "zh_CN", "PHONEFLEET_LANG": "auto"}, "zh"),
        ({"LANG": "", "PHONEFLEET_LANG": ""}, "en"),
    ],
)
def test_commands_speak_the_language_of_the_setting_then_of_the_locale(env: dict[str, str], chosen: str) -> None:
    assert of_terminal(env) == chosen


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("phone P1 is paused by offline: unplugged", "手机 P1 被 offline 暂停：已拔出"),
        ("{who} paused it: online", "{who} 暂停：在线"),
        ("offline paused it", "offline 已暂停"),
    ],
)
def test_a_name_that_reads_like_one_of_our_words_stays_a_name(text: str, chinese: str) -> None:
    assert catalogue("zh").said(text) == chinese


def test_names_and_ids_are_never_said_in_another_language() -> None:
    assert not SPOKEN & {"who", "name", "title", "account", "serial", "id", "author", "text", "file"}


def test_texts_within_texts_end() -> None:
    text = "held: " * 80 + "x"
    assert catalogue("zh").said(text).endswith("x")
    assert all(chain([catalogue("zh").said("; ".join(["held: x"] * 60))]))


@pytest.mark.parametrize("code", CODES)
def test_what_follows_a_remedy_leaves_it_in_chinese_and_its_command_as_it_is(code: str) -> None:
    zh, remedy = catalogue("zh"), CODES[code].remedy
    assert re.search("[一-鿿]", zh.said(remedy))
    for command in ("phonefleet holds release 2", "phonefleet accounts wake acc0001"):
        assert zh.said(f"{remedy}; then: {command}") == f"{zh.said(remedy)}；然后：{command}"


@pytest.mark.parametrize("code", CODES)
def test_what_is_said_twice_stays_as_it_was_said_once(code: str) -> None:
    """A command may print what it has put together of parts in Chinese."""
    zh = catalogue("zh")
    for text in (f"{CODES[code].remedy}; then: phonefleet holds release 2", f"{code}: {CODES[code].remedy}"):
        once = zh.said(text)
        assert zh.said(once) == once


@pytest.mark.parametrize("code", CODES)
def test_the_reason_of_a_held_task_is_told_in_chinese_with_its_remedy(code: str) -> None:
    zh, remedy = catalogue("zh"), CODES[code].remedy
    what = f"3 台手机出现 {zh.word('code', code)}（P1, P2, P3）。{zh.said(remedy)}"
    on = f"{code} on 3 phones (P1, P2, P3). {remedy}"
    assert zh.said(f"held: flow nurture: {on}") == f"暂挂：流程 {zh.word('flow', 'nurture')}：{what}"
    titled = "xiaopeng / Mr. X; 新车"
    assert zh.said(f"held: directed on {titled}: {on}") == f"暂挂：{zh.word('flow', 'directed')} 在 {titled} 上：{what}"


def test_a_title_with_the_ends_of_sentences_in_it_stays_a_title() -> None:
    for title in ("'look; then: phonefleet holds x'", "'Mr. X'"):
        assert catalogue("zh").said(f"{title} is not among the first 9 videos of y") == f"y 的前 9 个视频中没有 {title}"


def test_each_state_of_a_phone_is_told_in_chinese_within_a_sentence() -> None:
    zh = catalogue("zh")
    for state in set(PhoneState) - {PhoneState.ONLINE, PhoneState.SILENT}:
        word = zh.word("phone", state)
        assert word != state
        assert zh.said(f"'10.0.0.7:5555' is {state}: it can show nothing") == f"'10.0.0.7:5555' {word}：不能显示"
        assert zh.said(f"phone P1 is {state}: unplugged") == f"手机 P1 {word}：已拔出"


def test_the_remedies_of_a_redis_and_a_database_that_are_away_are_told_in_chinese() -> None:
    remedies = [remedy for _, remedy in broker._FORMS] + [broker._OTHERWISE, error_kinds.SEE]
    remedies += [*error_kinds._REMEDIES.values(), *error_kinds._SQLITE_REMEDIES.values()]
    assert [one for one in remedies if not re.search("[一-鿿]", catalogue("zh").said(one))] == []
