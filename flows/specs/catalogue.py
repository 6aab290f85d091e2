"""The catalogue: the specs of all flows by name, ours and those of flow packages."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flows.specs.collect_comments import CollectCommentsSpec
from flows.specs.collect_titles import CollectTitlesSpec
from flows.specs.directed import DirectedSpec
from flows.specs.dislike_comment import DislikeCommentSpec
from flows.specs.flow_spec import FlowSpec
from flows.specs.monitor_account import MonitorAccountSpec
from flows.specs.monitor_keyword import MonitorKeywordSpec
from flows.specs.monitor_post import MonitorPostSpec
from flows.specs.nurture import NurtureSpec
from flows.specs.report_comment import ReportCommentSpec

if TYPE_CHECKING:
    from flows.packages.load import Packages

_OURS: tuple[FlowSpec[Any, Any], ...] = (
    NurtureSpec(),
    CollectTitlesSpec(),
    CollectCommentsSpec(),
    DirectedSpec(),
    DislikeCommentSpec(),
    ReportCommentSpec(),
    MonitorPostSpec(),
    MonitorAccountSpec(),
    MonitorKeywordSpec(),
)
OURS = frozenset(spec.name for spec in _OURS)


def _packages() -> Packages | None:
    """Returns the flow packages of this process's environment; None where there are none, which imports nothing."""
    if not os.environ.get("PHONEFLEET_FLOWS") and not entry_points(group="phonefleet.flows"):
        return None
    from flows.packages.load import packages_beside  # noqa: PLC0415 - few installations have packages

    return packages_beside(OURS)


PACKAGES = _packages()
SPECS: Mapping[str, FlowSpec[Any, Any]] = MappingProxyType(
    {spec.name: spec for spec in _OURS} | ({} if PACKAGES is None else PACKAGES.specs)
)
# The versions of each flow of a package that this process has, oldest first; SPECS has the oldest.
VERSIONS: Mapping[str, Mapping[str, FlowSpec[Any, Any]]] = MappingProxyType(
    {}
    if PACKAGES is None
    else {name: {version: one.spec for version, one in each.items()} for name, each in PACKAGES.versions.items()}
)


def spec_of(name: str, version: str) -> FlowSpec[Any, Any] | None:
    """Returns the spec of this version of a flow; where this process does not have it, the one of SPECS, if any."""
    return VERSIONS.get(name, {}).get(version) or SPECS.get(name)
