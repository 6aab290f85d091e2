"""The sheets of an export and their columns: one for each flow, from the flow's own columns, and those beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flows.specs.catalogue import SPECS
from flows.specs.flow_spec import Column
from gateway.exports.words import Language, word
from gateway.exports.workbook.parts import Heading, Series

COMMON = (
    "task_id", "campaign", "campaign_id", "account", "phone", "started", "ended", "result", "reason", "step",
    "evidence",
)  # fmt: skip
OTHER, ATTEMPTS, COMPLETENESS, LONG_TEXTS = "other", "attempts", "completeness", "long_texts"
RECORDS = "records"
OF_ATTEMPTS = (
    "task_id", "campaign", "flow", "number", "account", "phone", "started", "ended", "seconds", "result", "code",
    "culprit", "step", "reason", "remedy", "evidence",
)  # fmt: skip
OF_COMPLETENESS = (
    "campaign", "campaign_id", "stage", "author", "account", "asked", "got", "missing", "why", "items_asked",
    "items_got", "items_missing",
)  # fmt: skip
OF_RECORDS = (
    "ended", "flow", "kind", "result", "account", "phone", "author", "video", "asked", "got", "seconds", "code",
    "culprit", "step", "reason", "number", "task_id", "campaign_id", "evidence",
)  # fmt: skip
OF_LONG_TEXTS = ("task_id", "column", "piece", "text")
_OF_ID = 38  # an id has 36 characters
_WIDTHS: Mapping[str, float] = {
    "task_id": _OF_ID, "campaign_id": _OF_ID, "started": 27, "ended": 27, "reason": 44, "why": 40, "remedy": 44,
    "data": 60, "code": 30, "title": 36, "video": 36, "text": 60, "target_comment": 40, "done_at": 27, "at": 27,
    "number": 8, "seconds": 11, "asked": 9, "got": 9, "missing": 9, "evidence": 12, "result": 10, "piece": 6,
}  # fmt: skip


def all_series(language: Language, zone: str) -> dict[str, Series]:
    """Returns the series of a workbook in the order of its sheets. Times say their zone in the heading."""

    def heads(keys: Sequence[str]) -> list[Heading]:
        return [_heading(word(language, key), key, zone if key in ("started", "ended") else "") for key in keys]

    found: dict[str, Series] = {}
    for name, flow in SPECS.items():
        own = [_of_flow(column, language, zone) for column in flow.columns]
        found[name] = Series(stage_name(name, language), [*heads(COMMON), *own], flow.result_title)
    found[OTHER] = Series(word(language, OTHER), [*heads(COMMON), *heads(("flow", "data"))])
    more = (
        (RECORDS, OF_RECORDS),
        (ATTEMPTS, OF_ATTEMPTS),
        (COMPLETENESS, OF_COMPLETENESS),
        (LONG_TEXTS, OF_LONG_TEXTS),
    )
    for key, columns in more:
        found[key] = Series(word(language, key), heads(columns))
    return found


def stage_name(flow: str, language: Language) -> str:
    """Returns the pages' word for a flow; without one its spec's heading in Chinese, and else its own name."""
    told = word(language, flow, "flow")
    return SPECS[flow].heading if told == flow and language == "zh" and flow in SPECS else told


def _of_flow(column: Column, language: Language, zone: str) -> Heading:
    text = column.english if language == "en" else column.heading
    return _heading(text, column.key, zone if column.kind == "moment" else "")


def _heading(text: str, key: str, zone: str) -> Heading:
    return Heading(f"{text} ({zone})" if zone else text, _WIDTHS.get(key, 14))
