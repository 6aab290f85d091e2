"""The JSON Schema of a campaign file and of a flow's parameters: editors complete fields and mark mistakes by it.

What only the ledger knows, and what one field says of another, is checked at submit alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.specs.catalogue import SPECS
from models.values.refused import refuse
from workers.campaigns.campaign_file import CampaignFile

CAMPAIGN = "campaign"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
VARIABLE = r"^\$\{[^{}]+\}$"
QUEUE = r"^(pool|account\..*\S.*|phone\..*\S.*)$"
# a field → the operator's own term, as docs/campaign-file.md has it
TERMS: Mapping[str, str] = {
    "campaign": "批次名称", "accounts": "执行账号", "nurture": "养号", "collect": "采集", "directed": "定向任务",
    "dislikes": "不喜欢评论", "reports": "举报评论", "without_basis": "无依据的作者", "seed": "随机种子",
    "until_complete": "补齐到", "comments": "评论数", "video_likes": "视频点赞数", "replies": "盖楼数",
    "video_loop": "视频循环数", "comment_loop": "评论循环数", "texts": "文本", "queue": "队列", "priority": "优先级",
    "time_limit": "时限", "authors": "视频号ID", "videos": "每位作者的视频数", "least_comments": "最少评论数",
    "per_account": "每账号", "comment_texts": "评论文本", "reply_texts": "盖楼文本", "comment_likes": "评论点赞数",
    "author_id": "视频号ID", "title": "标题", "target_commenter": "目标评论人", "target_comment": "目标评论",
    "reason": "举报原因", "account": "执行账号", "pairs": "一号一大V", "author": "视频号ID",
    "pinned": "固定由该账号执行", "variables": "变量", "schedule": "定时", "quotas": "配额", "callback_url": "回调地址",
    "per_author": "每作者", "every": "间隔分钟数",
    "cron": "cron 行",
}  # fmt: skip


def schema_of(what: str) -> dict[str, Any]:
    """Returns the schema of a campaign file (`campaign`) or of a flow's parameters (its name). Raises Refused."""
    if what == CAMPAIGN:
        schema = CampaignFile.model_json_schema()
    elif what in SPECS:
        schema = SPECS[what].params_model.model_json_schema()
    else:
        raise refuse("what", f"{what!r} has no schema", f"use one of {', '.join((CAMPAIGN, *sorted(SPECS)))}")
    _explain(schema)
    if what == CAMPAIGN:
        _allow_variables(schema)
    return {"$schema": DIALECT, **schema, "title": what}


def _explain(schema: Any) -> None:
    """Gives each field the operator's term, and each queue its form."""
    for name, field in schema.get("properties", {}).items():
        if name in TERMS:
            field["title"] = TERMS[name]
        if name == "queue":
            field["anyOf"][0]["pattern"] = QUEUE
    for part in schema.get("$defs", {}).values():
        _explain(part)


def _allow_variables(schema: Any) -> None:
    """Lets a variable stand in place of a number, true or false: `videos: ${videos}`."""
    for field in (*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()):
        _allow_variables(field)
        for one in (field, *field.get("anyOf", ())):
            if one.get("type") in ("integer", "boolean") and "anyOf" not in one:
                limits = {name: one.pop(name) for name in _LIMITS if name in one}
                one["anyOf"] = [limits, {"type": "string", "pattern": VARIABLE}]


_LIMITS = ("type", "minimum", "maximum")
