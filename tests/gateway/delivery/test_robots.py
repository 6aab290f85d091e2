"""The robots' requests, signatures and answers, as their makers document them; and the text of a message."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.alert_text import MORE, alert_message, is_quiet
from gateway.delivery.robots import MOST_BYTES, dingtalk_sign, feishu_sign, robot_error, robot_request
from models.notify.alerts import KINDS
from models.tables import Alert
from models.values.enums import ChannelKind

NOW = datetime(2026, 5, 1, 4, 30, 5, 250_000, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
ROBOTS = (ChannelKind.WECOM, ChannelKind.DINGTALK, ChannelKind.FEISHU)
URL = "https://robot.example/send?key=k"


def content(kind: ChannelKind, body: bytes) -> str:
    told = json.loads(body)
    text: str = told["content"]["text"] if kind is ChannelKind.FEISHU else told["text"]["content"]
    return text


def test_requests_have_the_documented_form() -> None:
    texts = {kind: robot_request(kind, URL, "", "告警 1", NOW) for kind in ROBOTS}
    assert json.loads(texts[ChannelKind.WECOM].body) == {"msgtype": "text", "text": {"content": "告警 1"}}
    assert json.loads(texts[ChannelKind.DINGTALK].body) == {"msgtype": "text", "text": {"content": "告警 1"}}
    assert json.loads(texts[ChannelKind.FEISHU].body) == {"msg_type": "text", "content": {"text": "告警 1"}}
    assert {one.url for one in texts.values()} == {URL}


def test_dingtalk_signs_in_the_address() -> None:
    request = robot_request(ChannelKind.DINGTALK, URL, "SEC000", "x", NOW)
    asked = parse_qs(urlsplit(request.url).query)
    assert asked["key"] == ["k"]
    assert asked["timestamp"] == ["1777609805250"]
    signed = hmac.new(b"SEC000", b"1777609805250\nSEC000", hashlib.sha256).digest()
    assert base64.b64decode(asked["sign"][0]) == signed
    assert "+" not in request.url.partition("sign=")[2]  # it stands in the address percent-encoded
    alone = robot_request(ChannelKind.DINGTALK, "https://robot.example/send", "SEC000", "x", NOW)
    assert alone.url.startswith("https://robot.example/send?timestamp=")


def test_feishu_signs_in_the_body() -> None:
    body = json.loads(robot_request(ChannelKind.FEISHU, URL, "demo", "x", NOW).body)
    assert body["timestamp"] == "1777609805"
    signed = hmac.new(b"1777609805\ndemo", b"", hashlib.sha256).digest()
    assert base64.b64decode(body["sign"]) == signed


def test_signatures_are_those_of_the_makers_own_examples() -> None:
    """Computed once with the Python that each page shows."""
    assert dingtalk_sign("this is secret", 1577262236757) == base64.b64encode(
        hmac.new(b"this is secret", b"1577262236757\nthis is secret", digestmod=hashlib.sha256).digest()
    ).decode("utf-8")
    assert feishu_sign("demo", 1599360473) == base64.b64encode(
        hmac.new(b"1599360473\ndemo", digestmod=hashlib.sha256).digest()
    ).decode("utf-8")


@pytest.mark.parametrize("kind", ROBOTS)
@pytest.mark.parametrize(
    "text", ['<at user_id="all">所有人</at>', "<@all>", '<font color="warning">x</font>', "\ud83d", "a\nb"]
)
def test_a_text_calls_nobody(kind: ChannelKind, text: str) -> None:
    told = content(kind, robot_request(kind, URL, "s", text, NOW).body)
    assert "<" not in told
    assert told.replace("＜", "<") == text.replace("\ud83d", "?")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b'{"errcode":0,"errmsg":"ok"}', None),
        (200, b'{"code":0,"data":{},"msg":"success"}', None),
        (200, b'{"Extra":null,"StatusCode":0,"StatusMessage":"success"}', None),
        (200, b'{"errcode":310000,"errmsg":"sign not match"}', "robot_310000: sign not match"),
        (200, b'{"errcode":45009,"errmsg":"api freq out of limit"}', "robot_45009: api freq out of limit"),
        (200, b'{"code":19021,"msg":"sign match fail"}', "robot_19021: sign match fail"),
        (200, b'{"StatusCode":0,"code":9499,"msg":"Bad Request"}', "robot_9499: Bad Request"),
        (200, b'{"errcode":1,"errmsg":"' + b"x" * 4000, "no_json"),
        (200, b"", "no_json"),
        (200, b"[]", "no_code"),
        (200, b'{"errcode":"0"}', "no_code"),
        (200, b"<html>", "no_json"),
        (200, b"[" * 4000, "no_json"),
        (302, b"", "http_302"),
        (500, b'{"errcode":0}', "http_500"),
    ],
)
def test_answers_are_believed_only_when_they_say_so(status: int, body: bytes, error: str | None) -> None:
    assert robot_error(status, body) == error


def alert(number: int, kind: str = "phone_unfit", text: str = "too hot", **more: object) -> Alert:
    at = NOW + timedelta(minutes=number)
    return Alert(at=at, kind=kind, subject=f"phone:SIM{number:04}", text=text, remedy="let it cool", **more)


def test_alike_alerts_stand_together() -> None:
    alerts = [alert(0, "account_rests", "acc0001 rests"), *(alert(number) for number in range(1, 41))]
    assert alert_message(alerts, ZONE, 4000).splitlines() == [
        "phonefleet 告警 41",
        "[05-01 12:30] Account rests: acc0001 rests → let it cool",
        "[05-01 12:31–05-01 13:10] Phone unfit × 40: too hot → let it cool",
        "    " + ", ".join(f"SIM{number:04}" for number in range(1, 11)) + " … +30",
    ]


def test_an_alert_that_is_over_says_so_and_breaks_no_line() -> None:
    text = alert_message([alert(0, text="a\nphonefleet 告警 9\u202e\x1b[2J", over_at=NOW)], ZONE, 4000)
    assert text.splitlines()[1:] == ["[05-01 12:30] Phone unfit: a␊phonefleet 告警 9\ufffd␛[2J (over)"]


@given(st.lists(st.tuples(st.sampled_from(sorted(KINDS)), st.text(max_size=1500)), min_size=1, max_size=60))
def test_a_message_fits_whatever_it_tells(told: list[tuple[str, str]]) -> None:
    alerts = [alert(number, kind, text) for number, (kind, text) in enumerate(told)]
    for kind in ROBOTS:
        text = alert_message(alerts, ZONE, MOST_BYTES[kind])
        assert len(content(kind, robot_request(kind, URL, "", text, NOW).body).encode()) <= MOST_BYTES[kind]
        assert len(text.encode("utf-8", "replace")) <= MOST_BYTES[kind]
        assert text.startswith(f"phonefleet 告警 {len(alerts)}\n")


def test_what_does_not_fit_is_named() -> None:
    alerts = [alert(number, kind, "长" * 190) for number, kind in enumerate(sorted(KINDS))]
    text = alert_message(alerts, ZONE, 2048)
    assert text.endswith(MORE)
    assert len(text.encode()) <= 2048


@pytest.mark.parametrize(
    ("period", "clock", "quiet"),
    [
        (("22:00", "08:00"), "2026-05-01T14:00:00+00:00", True),  # 22:00 in Shanghai
        (("22:00", "08:00"), "2026-05-01T13:59:00+00:00", False),
        (("22:00", "08:00"), "2026-05-01T23:59:00+00:00", True),
        (("22:00", "08:00"), "2026-05-01T00:00:00+00:00", False),  # 08:00
        (("12:00", "13:30"), "2026-05-01T05:00:00+00:00", True),
        (("12:00", "13:30"), "2026-05-01T05:30:00+00:00", False),
        ((None, None), "2026-05-01T16:00:00+00:00", False),
    ],
)
def test_quiet_hours_are_those_of_the_operators_zone(
    period: tuple[str | None, str | None], clock: str, quiet: bool
) -> None:
    assert is_quiet(*period, datetime.fromisoformat(clock), ZONE) is quiet
