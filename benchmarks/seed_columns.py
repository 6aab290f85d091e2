"""The columns of seeded records, as SQL over a row's number `seq`: what is drawn is a number, and a text is made of it.

So benchmarks/seed_counts.py counts the records by their numbers, which takes a tenth of the time, and writes the texts
once for each count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PHONES, AUTHORS, KEYS = 200, 50, 5
CAMPAIGN = 5000  # records of one: a ledger with more records has more campaigns, not larger ones
START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
FLOWS = ("collect_titles", "collect_comments", "directed", "nurture")
KINDS, OUTCOMES = ("attempt", "comment", "reply", "like_comment"), ("done", "failed", "succeeded")
CODES = ("video_not_found", "comment_not_found", "list_not_loaded", "page_drift", "phone_lost", "may_not_act")
STEPS = ("open", "video", "comments", "act")


def _draw(column: str, count: int) -> str:
    return f"(CRC32(CONCAT('{column}', seq)) % {count})"


def _among(words: Sequence[str]) -> str:
    return f"ELT(1 + {{}}, {', '.join(map(repr, words))})"


FAILED, ACTION = f"{_draw('failed', 10)} = 0", f"{_draw('action', 4)} = 0"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A column: its number, NULL of a row without; and the text that stands for the number `{}`."""

    number: str
    text: str = "{}"

    @property
    def value(self) -> str:
        """The column's own value."""
        return self.of(self.number)

    def of(self, number: str) -> str:
        """The text of a number that was drawn before."""
        return self.text.format(number)


def _of_failure(words: Sequence[str], column: str) -> Drawn:
    return Drawn(f"IF({ACTION} OR NOT {FAILED}, NULL, {_draw(column, len(words))})", _among(words))


# by which records are counted
DRAWN: Mapping[str, Drawn] = {
    "sandbox": Drawn(f"({_draw('sandbox', 50)} = 0)"),
    "flow": Drawn(f"IF({ACTION}, 2 + {_draw('acting', 2)}, {_draw('flow', len(FLOWS))})", _among(FLOWS)),
    "kind": Drawn(f"IF({ACTION}, 1 + {_draw('act', 3)}, 0)", _among(KINDS)),
    "outcome": Drawn(f"IF({ACTION}, 0, IF({FAILED}, 1, 2))", _among(OUTCOMES)),
    "code": _of_failure(CODES, "code"),
    "account_id": Drawn(_draw("account", PHONES), "CONCAT('acc', LPAD({}, 4, '0'))"),
    "phone_serial": Drawn(_draw("phone", PHONES), "CONCAT('SIM', LPAD({}, 4, '0'))"),
    "key_id": Drawn(f"IF({_draw('customer', 5)} = 0, {_draw('key', KEYS)}, NULL)", "CONCAT('key_', {})"),
    "campaign_id": Drawn(f"(seq DIV {CAMPAIGN})", "CONCAT('campaign-', LPAD({}, 6, '0'))"),
    "author_id": Drawn(_draw("author", AUTHORS), "CONCAT('author', LPAD({}, 3, '0'))"),
    "seconds": Drawn(f"(30 + {_draw('seconds', 300)})"),
}


def step(rows: int) -> int:
    """Returns the microseconds between two of so many records."""
    return int(YEAR.total_seconds() * 1e6) // rows


def first_since(moment: datetime, rows: int) -> int:
    """Returns the number of the first record that ended at this moment or later."""
    return min(rows, -(-int((moment - START).total_seconds() * 1e6) // step(rows)))


def values(rows: int) -> Mapping[str, str]:
    """Returns the expression of each column, over a sequence of numbers below `rows`."""
    return {
        "ended_at": f"TIMESTAMPADD(MICROSECOND, seq * {step(rows)}, '{START:%Y-%m-%d}')",
        "id": "CONCAT('a', seq)",
        **{name: drawn.value for name, drawn in DRAWN.items()},
        "culprit": _of_failure(("content", "phone", "app"), "culprit").value,
        "step": _of_failure(STEPS, "step").value,
        "reason": f"IF({ACTION} OR NOT {FAILED}, NULL, 'it is not there')",
        "task_id": "MD5(seq DIV 3)",
        "attempt": "1",
        "title": "CONCAT('新款发布会全程回顾 第', seq % 1000, '集')",
        "asked": "50",
        "got": _draw("got", 51),
        "evidence": FAILED,
    }
