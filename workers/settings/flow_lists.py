"""Reads settings that list flows."""

from __future__ import annotations

import re

ALL_FLOWS = "all"


def flow_names(value: str) -> tuple[str, ...]:
    """Returns the names of flows, separated by commas; `all` stands for every flow."""
    names = tuple(filter(None, (part.strip() for part in value.split(","))))
    for name in names:
        if not re.fullmatch(r"[\w.-]{1,64}", name):
            raise ValueError(f"{name!r} is not the name of a flow")
    return names


def has_flow(names: tuple[str, ...], flow: str) -> bool:
    """Returns whether a setting of flow names names this flow."""
    return flow in names or ALL_FLOWS in names
