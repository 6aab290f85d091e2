"""The order of a customer's last tasks."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace as Row

from workers.policy.longest_first import LAST, last_of, order_of, seconds_of

NOW = datetime(2026, 3, 2, tzinfo=UTC)
USUAL = {("titles", "a"): 10.0, ("titles", "b"): 90.0, ("looks", "a"): 40.0}


def waits(name: str, flow: str, author: str | None, priority: int = 6) -> Row:
    return Row(id=name, flow=flow, author_id=author, priority=priority, not_before=NOW, position=int(name))


ROWS = [
    waits("1", "titles", "a"),
    waits("2", "titles", "b"),
    waits("3", "titles", "a"),
    waits("4", "looks", "a"),
    waits("5", "titles", None),
    waits("6", "titles", "b", priority=9),
]


def ordered(seconds: dict[str, float]) -> list[str]:
    return [row.id for row in sorted(ROWS, key=lambda row: order_of(row, seconds))]


def test_the_longest_come_first_within_a_priority_and_what_is_unknown_before_them() -> None:
    assert ordered(seconds_of(ROWS, USUAL)) == ["5", "2", "4", "1", "3", "6"]


def test_without_knowledge_tasks_keep_their_order() -> None:
    assert ordered({}) == ordered(seconds_of(ROWS, {})) == ["1", "2", "3", "4", "5", "6"]


def test_the_last_ones_are_some_for_each_phone() -> None:
    assert last_of(40) == 40 * LAST
