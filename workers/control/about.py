"""Describes a task in words: flow, account, author, video, comment."""

from __future__ import annotations

from collections.abc import Callable

from models.tables import Attempt, Task

MOST = 24  # characters of a title or a comment


def about(task: Task, text: Callable[..., str] = str.format) -> str:
    """Returns a task's content, account and phone, as far as known; `text` says them in the reader's language."""
    given = task.kwargs if isinstance(task.kwargs, dict) else {}
    author = given.get("author_id") or task.author_id
    account, phone = task.account_id or task.pinned_account, task.phone_serial or task.pinned_phone
    comment = given.get("target_comment")
    parts = (
        str(given.get("kind") or ""),
        str(author or ""),
        quoted(given.get("title")),
        f"@{given['target_commenter']} {quoted(comment)}" if given.get("target_commenter") else "",
        text("account {account}", account=account) if account else "",
        text("phone {phone}", phone=phone) if phone else "",
    )
    return ", ".join(part for part in parts if part)


def quoted(text: object) -> str:
    """Returns the beginning of an external text in quotation marks; empty for an empty text."""
    whole = " ".join(str(text or "").split())
    return f"“{whole[:MOST]}{'…' if len(whole) > MOST else ''}”" if whole else ""


def evidence_of(attempt: Attempt | None) -> str:
    """Returns the address of an attempt's evidence; empty if it has none."""
    evidence = None if attempt is None else attempt.evidence
    return str(evidence.get("url") or "") if isinstance(evidence, dict) else ""
