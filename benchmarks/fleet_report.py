"""The table and the targets of benchmarks/fleet.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.report import Line, Target, finish

HOST, COORDINATOR = "host", "coordinator"

MOST_IDLE_MB = 17.0
MOST_MB = 20.0
MOST_ASKED = {HOST: 2.0, COORDINATOR: 3.0}  # statements a second at rest, of each host
MOST_OF_STOCK = 0.45


def report(phones: int, tasks: int, ours: Mapping[str, Any], stock: Mapping[str, Any]) -> int:
    """Print and write what was measured; 1 when a target is missed."""
    rest, connections = ours["rest"], ours["connections"]
    hosts = "one host" if ours["hosts"] == 1 else f"{ours['hosts']} hosts of one machine"
    ratio = ours["phone_mb"] / stock["worker_mb"]
    return finish(
        "fleet",
        f"{phones} phones on {hosts}; at work: {tasks} tasks and a screenshot each; stock: a sample",
        ["ours", f"stock (sample of {stock['workers']})", "ours / stock"],
        [
            Line("MB a phone (PSS), nothing done yet", (ours["fresh_mb"], "", "")),
            Line("MB a phone, idle, its account read", (ours["idle_mb"], "", "")),
            Line("MB a phone, after work", (ours["phone_mb"], stock["worker_mb"], ratio)),
            Line("MB of the heaviest worker", (ours["heaviest_mb"], "", "")),
            Line("MB of the host agent, once a host", (ours["agent_mb"], "", "")),
            *(
                Line(f"statements a second at rest, {name}", (rest[name]["statements_a_second"], "", ""))
                for name in rest
            ),
            Line("phones looked at while that was counted", (ours["looked_at"], "", "")),
            *(Line(f"% of a core at rest, {name}", (rest[name]["cpu_percent"], "", "")) for name in rest),
            *(Line(f"connections at rest, {name}", (float(connections[name]), "", "")) for name in connections),
            Line("seconds from start until all consume", (ours["seconds_until_all_consume"], "", "")),
            Line("seconds from plugging in until one consumes", (ours["seconds_from_plugging_in"], "", "")),
            Line("seconds for all tasks", (ours["seconds_for_tasks"], stock["seconds_for_tasks"], "")),
        ],
        {"phones": phones, "ours": dict(ours), "stock": dict(stock), "ratio": ratio},
        [
            Target("MB a phone, idle", ours["idle_mb"], MOST_IDLE_MB),
            Target("MB a phone, after work", ours["phone_mb"], MOST_MB),
            Target("of stock", ratio, MOST_OF_STOCK),
            *(
                Target(f"statements, {name}", cost["statements_a_second"], MOST_ASKED.get(name, MOST_ASKED[HOST]))
                for name, cost in rest.items()
            ),
        ],
    )
