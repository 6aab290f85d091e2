"""The registry: all flows by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flows.collect_comments import CollectComments
from flows.collect_titles import CollectTitles
from flows.directed import Directed
from flows.flow import Flow
from flows.nurture import Nurture

FLOWS: Mapping[str, Flow[Any, Any]] = MappingProxyType(
    {flow.name: flow for flow in (Nurture(), CollectTitles(), CollectComments(), Directed())}
)


def flow_named(name: str) -> Flow[Any, Any]:
    """Returns the flow with this name. Raises KeyError, which names the existing flows."""
    try:
        return FLOWS[name]
    except KeyError:
        raise KeyError(f"no flow {name!r}; there are {', '.join(sorted(FLOWS))}") from None
