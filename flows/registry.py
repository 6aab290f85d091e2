"""The registry: all flows by name, ours and those of flow packages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flows.collect_comments import CollectComments
from flows.collect_titles import CollectTitles
from flows.directed import Directed
from flows.dislike_comment import DislikeComment
from flows.flow import Flow
from flows.monitor_account import MonitorAccount
from flows.monitor_keyword import MonitorKeyword
from flows.monitor_post import MonitorPost
from flows.nurture import Nurture
from flows.packages.code import Code, code_of
from flows.profile import AppProfile
from flows.report_comment import ReportComment
from flows.specs.catalogue import PACKAGES

_OURS: tuple[Flow[Any, Any], ...] = (
    Nurture(),
    CollectTitles(),
    CollectComments(),
    Directed(),
    DislikeComment(),
    ReportComment(),
    MonitorPost(),
    MonitorAccount(),
    MonitorKeyword(),
)
PACKAGED: Code = Code() if PACKAGES is None else code_of(PACKAGES)
FLOWS: Mapping[str, Flow[Any, Any]] = MappingProxyType({flow.name: flow for flow in _OURS} | PACKAGED.flows)


def flow_named(name: str) -> Flow[Any, Any]:
    """Returns the flow with this name. Raises KeyError, which names the existing flows."""
    try:
        return FLOWS[name]
    except KeyError:
        told = "; ".join(one.reason for one in PACKAGED.problems if one.field == name)
        raise KeyError(told or f"no flow {name!r}; there are {', '.join(sorted(FLOWS))}") from None


def profile_of(name: str) -> AppProfile | None:
    """Returns the profile of the app that a packaged flow brings; None for a flow on the fleet's app."""
    return PACKAGED.profiles.get(name)
