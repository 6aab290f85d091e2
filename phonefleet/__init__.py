"""The names that a script imports to plan work for the fleet and to follow it; docs/python-interface.md explains them.

    from phonefleet import desk, flows, join_fleet, submit

Each name is imported from its room on first use: `import phonefleet` alone loads none of them. A customer's program,
which has no access to a ledger, uses `phonefleet.client` instead.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.tasks.progress import Progress
    from models.values.refused import Problem, Refused
    from phonefleet import client, desk, flows
    from scripts.connect import join_fleet, operator
    from scripts.terminal.following import follow_to_the_end
    from scripts.terminal.words import in_words
    from workers.campaigns.build import submit_day
    from workers.campaigns.campaign_file import CampaignFile
    from workers.campaigns.given_campaign import parse_campaign, read_campaign_file
    from workers.planting.handle import CampaignFailed, Handle, NotEnded
    from workers.planting.submit import submit

__all__ = [
    "CampaignFailed",
    "CampaignFile",
    "Handle",
    "NotEnded",
    "Problem",
    "Progress",
    "Refused",
    "client",
    "desk",
    "flows",
    "follow_to_the_end",
    "in_words",
    "join_fleet",
    "operator",
    "parse_campaign",
    "read_campaign_file",
    "submit",
    "submit_day",
]

# Name → its module; empty for modules of this package.
_HOME = {
    "CampaignFailed": "workers.planting.handle",
    "CampaignFile": "workers.campaigns.campaign_file",
    "Handle": "workers.planting.handle",
    "NotEnded": "workers.planting.handle",
    "Problem": "models.values.refused",
    "Progress": "models.tasks.progress",
    "Refused": "models.values.refused",
    "client": "",
    "desk": "",
    "flows": "",
    "follow_to_the_end": "scripts.terminal.following",
    "in_words": "scripts.terminal.words",
    "join_fleet": "scripts.connect",
    "operator": "scripts.connect",
    "parse_campaign": "workers.campaigns.given_campaign",
    "read_campaign_file": "workers.campaigns.given_campaign",
    "submit": "workers.planting.submit",
    "submit_day": "workers.campaigns.build",
}

if not TYPE_CHECKING:  # with __getattr__, a type checker would accept any name

    def __getattr__(name: str) -> Any:
        home = _HOME.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(home), name) if home else import_module(f"{__name__}.{name}")
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted(__all__)
