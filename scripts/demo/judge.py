"""The judge: compares each action of the ledger with phonesim's own log.

The two sources are independent: the ledger's database, and the file that phonesim wrote.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.tables import ActionRow
from models.transactions.read_write import read


@dataclass(frozen=True, slots=True, order=True)
class Deed:
    """One action in the app, with everything that both sides know of it."""

    account: str
    phone: str
    kind: str
    author_id: str
    title: str
    target_commenter: str
    target_comment: str
    text: str


def ledger_deeds(engine: Engine) -> list[Deed]:
    """Returns the actions in the ledger, except those that are known not to have happened."""

    def work(session: Session) -> list[Deed]:
        rows = session.scalars(select(ActionRow).where(ActionRow.outcome != "not_done")).all()
        return [
            Deed(
                row.account_id,
                row.phone_serial,
                row.kind,
                row.author_id,
                row.title,
                row.target_commenter,
                row.target_comment,
                row.text,
            )
            for row in rows
        ]

    return read(engine, work)


def true_deeds(truth: Path) -> list[Deed]:
    """Returns the actions that really happened, from phonesim's log."""
    with truth.open(encoding="utf-8") as lines:
        return [_deed(json.loads(line)) for line in lines if line.strip()]


def _deed(entry: dict[str, Any]) -> Deed:
    return Deed(
        entry["account"],
        entry["phone"],
        entry["kind"],
        entry["author_id"],
        entry["title"],
        entry["target_commenter"],
        entry["target_comment"],
        entry["text"],
    )


def mismatches(ledger: Iterable[Deed], truth: Iterable[Deed]) -> Sequence[str]:
    """Returns every action that one side has more often than the other; empty when they agree."""
    said, happened = Counter(ledger), Counter(truth)
    return [f"only in the ledger: {deed}" for deed in sorted((said - happened).elements())] + [
        f"only in the truth: {deed}" for deed in sorted((happened - said).elements())
    ]
