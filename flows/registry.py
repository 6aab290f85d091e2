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
from flows.specs.catalogue import PACKAGES, VERSIONS

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


def flow_named(name: str, version: str | None = None) -> Flow[Any, Any]:
    """Returns the flow with this name, of a package in this version. Raises KeyError, which names the existing flows.

    phonefleet's own flows have the version of phonefleet alone. None: the oldest version.
    """
    if version is not None and (name, version) in PACKAGED.of_version:
        return PACKAGED.of_version[name, version][0]
    if name in FLOWS and (version is None or version not in VERSIONS.get(name, {})):
        return FLOWS[name]
    told = "; ".join(one.reason for one in PACKAGED.problems if one.field == name)
    raise KeyError(told or f"no flow {name!r}; there are {', '.join(sorted(FLOWS))}")


def profile_of(name: str, version: str | None = None) -> AppProfile | None:
    """Returns the profile of the app that a packaged flow brings; None for a flow on the fleet's app."""
    if version is not None and (name, version) in PACKAGED.of_version:
        return PACKAGED.of_version[name, version][1]
    return PACKAGED.profiles.get(name)
