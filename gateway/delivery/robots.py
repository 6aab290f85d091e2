"""Group robots of 企业微信, 钉钉 and 飞书: requests as they document them, signatures and answers. Pure.

企业微信 developer.work.weixin.qq.com/document/path/91770; 钉钉 open.dingtalk.com/document/robots/custom-robot-access
and its page on security settings; 飞书 open.feishu.cn/document/client-docs/bot-v3/add-custom-bot.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from models.database.storable import storable_text
from models.values.enums import ChannelKind

# Bytes of UTF-8 in a text message: 企业微信 takes 2048, 钉钉 and 飞书 20 kB; beyond 4000 nobody reads on a phone.
MOST_BYTES = {ChannelKind.WECOM: 2048, ChannelKind.DINGTALK: 4000, ChannelKind.FEISHU: 4000}
MOST_ERROR = 300


@dataclass(frozen=True, slots=True)
class RobotRequest:
    """A message as it is posted."""

    url: str
    body: bytes


def robot_request(kind: ChannelKind, url: str, secret: str, text: str, now: datetime) -> RobotRequest:
    """Returns the request that tells a text. `secret`: of the robot's signature, if it asks for one."""
    content = no_markup(text).encode("utf-8", "replace").decode()
    seconds = int(now.timestamp())
    if kind is ChannelKind.FEISHU:
        message: dict[str, Any] = {"msg_type": "text", "content": {"text": content}}
        if secret:
            message |= {"timestamp": str(seconds), "sign": feishu_sign(secret, seconds)}
        return RobotRequest(url, _json(message))
    message = {"msgtype": "text", "text": {"content": content}}
    if kind is ChannelKind.DINGTALK and secret:
        millis = int(now.timestamp() * 1000)
        mark = "&" if "?" in url else "?"
        url = f"{url}{mark}timestamp={millis}&sign={quote(dingtalk_sign(secret, millis), safe='')}"
    return RobotRequest(url, _json(message))


def no_markup(text: str) -> str:
    """Returns a text without `<`: 飞书 would call everybody for <at user_id="all">, wherever it stands."""
    return text.replace("<", "＜")


def dingtalk_sign(secret: str, millis: int) -> str:
    """Returns 钉钉's signature: HMAC-SHA256 under the secret, of the time in milliseconds and the secret; base64."""
    digest = hmac.digest(secret.encode(), f"{millis}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(digest).decode()


def feishu_sign(secret: str, seconds: int) -> str:
    """Returns 飞书's signature: HMAC-SHA256 of nothing, under the time in seconds and the secret; base64."""
    digest = hmac.digest(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256)
    return base64.b64encode(digest).decode()


def robot_error(status: int, body: bytes) -> str | None:
    """Returns why a robot did not take a message; None when it did. Robots answer most refusals with 200."""
    if not 200 <= status < 300:
        return f"http_{status}"
    try:
        told = json.loads(body)
        codes = [told[name] for name in ("errcode", "code", "StatusCode") if name in told]
        words = next((told[name] for name in ("errmsg", "msg", "StatusMessage") if name in told), "")
    except (ValueError, TypeError, RecursionError):
        return "no_json"
    if not codes or any(type(code) is not int for code in codes):
        return "no_code"
    wrong = [code for code in codes if code]
    return storable_text(f"robot_{wrong[0]}: {words}", MOST_ERROR) if wrong else None


def _json(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode()
