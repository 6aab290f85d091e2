"""Rows of lists as they stand in the ledger, for a benchmark that inserts very many."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any


def campaign_row(campaign_id: str, key_id: str, at: datetime, **more: Any) -> dict[str, Any]:
    """A campaign of a customer's key."""
    return {
        "id": campaign_id,
        "name": campaign_id,
        "asked_by": "acme",
        "asked_for": None,
        "root": {"list": []},
        "join": "all",
        "seed": 1,
        "paused": False,
        "key_id": key_id,
        "reference": None,
        "request_digest": None,
        "callback_url": None,
        "sandbox": False,
        "created_at": at,
        "ended_at": None,
        "outcome": None,
        **more,
    }


def task_row(task_id: str, campaign_id: str, key_id: str, at: datetime, **more: Any) -> dict[str, Any]:
    """A task of it."""
    return {
        "id": task_id,
        "campaign_id": campaign_id,
        "position": 0,
        "flow": "collect_comments",
        "flow_version": "1.0",
        "args": [],
        "kwargs": {"author_id": "author1", "title": "标题"},
        "seed": 1,
        "state": "succeeded",
        "missing": 0,
        "join": "all",
        "is_errback": False,
        "depth": 0,
        "key_id": key_id,
        "reference": None,
        "runs_on": "phone",
        "acts": False,
        "pinned_account": None,
        "pinned_phone": None,
        "verifying": False,
        "author_id": "author1",
        "priority": 6,
        "not_before": at,
        "countdown": 0.0,
        "latest_end": at + timedelta(days=1),
        "soft_limit": 600,
        "hard_limit": 660,
        "attempt": 1,
        "stop_requested": False,
        "account_id": None,
        "phone_serial": None,
        "result": None,
        "created_at": at,
        **more,
    }


def delivery_row(delivery_id: str, key_id: str, at: datetime, task_id: str, **more: Any) -> dict[str, Any]:
    """A callback that arrived."""
    return {
        "id": delivery_id,
        "key_id": key_id,
        "lane": "lane",
        "endpoint_id": "endpoint",
        "url": "https://hooks.example.com/in",
        "event_type": "task.succeeded",
        "subject": f"task:{task_id}",
        "task_id": task_id,
        "campaign_id": None,
        "payload": {},
        "created_at": at,
        "state": "delivered",
        "attempts": 1,
        "next_at": at,
        "give_up_at": at,
        **more,
    }
