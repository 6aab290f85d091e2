"""A task in words, so that a person can tell it from the next: flow, account, author, video, comment."""

from __future__ import annotations

from models.tables import Attempt, Task

MOST = 24  # characters of a title or a comment


def called(task: Task) -> str:
    """The flow and the beginning of the id: enough for the next command."""
    return f"{task.flow} {task.id[:8]}"


def about(task: Task) -> str:
    """What it is about and whose it is; empty where nothing is known yet."""
    given = task.kwargs if isinstance(task.kwargs, dict) else {}
    author = given.get("author_id") or task.author_id
    account, phone = task.account_id or task.pinned_account, task.phone_serial or task.pinned_phone
    comment = given.get("target_comment")
    parts = (
        str(given.get("kind") or ""),
        str(author or ""),
        quoted(given.get("title")),
        f"@{given['target_commenter']} {quoted(comment)}" if given.get("target_commenter") else "",
        f"account {account}" if account else "",
        f"phone {phone}" if phone else "",
    )
    return ", ".join(part for part in parts if part)


def quoted(text: object) -> str:
    """The beginning of a text of others; empty for none."""
    whole = " ".join(str(text or "").split())
    return f"“{whole[:MOST]}{'…' if len(whole) > MOST else ''}”" if whole else ""


def evidence_of(attempt: Attempt | None) -> str:
    """Where what a failed attempt saw is kept; empty where nothing is."""
    evidence = None if attempt is None else attempt.evidence
    return str(evidence.get("url") or "") if isinstance(evidence, dict) else ""
