"""The dashboard loads into Grafana's own types, as Grafana's library has them, and nothing of it is lost on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import prometheus, stat, timeseries
from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

BOARD = Path(__file__).parents[2] / "docs" / "grafana" / "phonefleet.json"
OPTIONS = {"stat": stat.Options, "timeseries": timeseries.Options}


def board() -> Any:
    return json.loads(BOARD.read_text(encoding="utf-8"))


def loaded(given: Any) -> Dashboard:
    register_default_plugins()
    read: Dashboard = Dashboard.from_json(given)
    return read


def lost(given: Any, kept: Any, at: str = "") -> Iterator[str]:
    """What the types do not have: the loader leaves it out without a word."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for name, value in given.items():
            yield from lost(value, kept[name], f"{at}/{name}") if name in kept else [f"{at}/{name}"]
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for number, (one, other) in enumerate(zip(given, kept, strict=True)):
            yield from lost(one, other, f"{at}/{number}")
    elif given != kept:
        yield at


def lost_on_loading(given: Any) -> list[str]:
    return [*lost(given, json.loads(json.dumps(loaded(given), cls=JSONEncoder)))]


def test_the_dashboard_loads_and_nothing_is_lost() -> None:
    given = board()
    assert lost_on_loading(given) == []
    panels = loaded(given).panels or []
    assert len(panels) == len(given["panels"]) > 5
    for panel in panels:
        assert isinstance(panel, Panel)
        assert isinstance(panel.options, OPTIONS[panel.type_val]), panel.title
        assert panel.targets
        assert all(isinstance(one, prometheus.Dataquery) and one.expr for one in panel.targets), panel.title


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ((), "schemaversion"),
        (("panels", 0), "titel"),
        (("panels", 0, "options"), "colourMode"),
        (("panels", 1, "targets", 0), "query"),
        (("panels", 1, "fieldConfig", "defaults"), "units"),
    ],
)
def test_what_grafana_does_not_know_is_found(where: tuple[str | int, ...], name: str) -> None:
    given = spoilt = board()
    for step in where:
        spoilt = spoilt[step]
    spoilt[name] = "x"
    assert lost_on_loading(given) == ["".join(f"/{step}" for step in (*where, name))]


def test_two_panels_never_lie_over_each_other_and_none_is_wider_than_the_board() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in board()["panels"]:
        at = panel["gridPos"]
        assert 0 <= at["x"] < at["x"] + at["w"] <= 24, panel["title"]
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            assert taken.setdefault(cell, panel["title"]) == panel["title"]
