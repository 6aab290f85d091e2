"""Judges the steps of a recorded flow against its app profile: each follows from the one before and reads. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flows.profile import AppProfile
from flows.recorded.acting import acting_selector
from flows.recorded.plan import MOST_COLUMNS, Back, Find, Mistake, Open, Plan, Read, ReadList, Step, Swipe, Tap, Type

NO_ACTS = "a recorded flow only reads: an act needs code that verifies it (docs/decisions/recorded-flows.md)"
PARTS_OF_LISTS = ("list", "row")


def judge_plan(plan: Plan, profile: AppProfile) -> list[Mistake]:
    """Returns the mistakes of the steps, in their order."""
    return [*_chain(plan.steps), *_parts(plan.steps, profile), *_parameters(plan), *_result(plan)]


def _mistake(place: int, field: str, reason: str, remedy: str) -> Mistake:
    return Mistake(where=("steps", place, field) if field else ("steps", place), reason=reason, remedy=remedy)


def _chain(steps: tuple[Step, ...]) -> Iterator[Mistake]:
    """Yields steps that do not begin on the page on which the one before ended."""
    if not isinstance(steps[0], Open):
        yield _mistake(0, "do", "the first step does not open the app", "begin with do: open")
    at = ""
    for place, step in enumerate(steps):
        if not isinstance(step, Open) and at and step.page != at:
            yield _mistake(
                place, "page", f"it is on page {step.page}, and the step before ended on {at}", "name that page"
            )
        if isinstance(step, Tap | Find) and step.to == step.page:
            reason = "the tap opens no other page, so that it may act"
            yield _mistake(place, "to", reason, f"name the page that it opens, or take it out; {NO_ACTS}")
        at = step.page if isinstance(step, Type | Swipe | Read | ReadList) else step.to


def _parts(steps: tuple[Step, ...], profile: AppProfile) -> Iterator[Mistake]:
    """Yields pages and parts that the profile does not name, and taps on what acts."""
    for place, step in enumerate(steps):
        for field, page in _pages(step):
            if page not in profile.pages:
                yield _mistake(place, field, f"the profile has no page {page}", "correct the name, or add the page")
        selectors: Mapping[str, str] = {}
        if not isinstance(step, Open) and step.page in profile.pages:
            selectors = profile.pages[step.page].selectors
            for field, part in _parts_of(step):
                if part not in selectors:
                    reason = f"page {step.page} of the profile has no part {part}"
                    yield _mistake(place, field, reason, "correct the name, or add the part to the profile")
        tapped = step.part if isinstance(step, Tap) else "row" if isinstance(step, Find) else ""
        word = acting_selector(selectors.get(tapped, ""))
        if word:
            yield _mistake(place, "part", f"the tap on {tapped} may act: {word}", f"take it out; {NO_ACTS}")


def _pages(step: Step) -> Iterator[tuple[str, str]]:
    if not isinstance(step, Open):
        yield "page", step.page
    if isinstance(step, Open | Tap | Find | Back):
        yield "to", step.to


def _parts_of(step: Step) -> Iterator[tuple[str, str]]:
    if isinstance(step, Tap | Find | Type):
        yield "part", step.part
    if isinstance(step, Swipe):
        yield "until", step.until
    if isinstance(step, Read | ReadList):
        yield from (("columns", one.part) for one in step.columns.values())
    if isinstance(step, Find | ReadList):
        yield from (("page", part) for part in PARTS_OF_LISTS)


def _parameters(plan: Plan) -> Iterator[Mistake]:
    used: set[str] = set()
    for place, step in enumerate(plan.steps):
        for field, kind in (("equals", "text"), ("text", "text"), ("most", "count")):
            name = getattr(step, field, None)
            if not isinstance(name, str):
                continue
            used.add(name)
            given = plan.parameters.get(name)
            if given is None:
                yield _mistake(place, field, f"there is no parameter {name}", "add it to parameters")
            elif given.kind != kind:
                yield _mistake(place, field, f"parameter {name} is a {given.kind}", f"name one that is a {kind}")
    for name in sorted(plan.parameters.keys() - used):
        yield Mistake(where=("parameters", name), reason="no step uses it", remedy="take it out")


def _result(plan: Plan) -> Iterator[Mistake]:
    lists = [place for place, step in enumerate(plan.steps) if isinstance(step, ReadList)]
    for place in lists[1:]:
        yield _mistake(
            place, "do", "a second list is read", "read one list in a flow, and make another flow for the other"
        )
    named: set[str] = set()
    for place, step in enumerate(plan.steps):
        if not isinstance(step, Read | ReadList):
            continue
        for name in step.columns:
            if name in named:
                yield _mistake(place, "columns", f"two columns are called {name}", "give each a name of its own")
            named.add(name)
    if not named:
        yield Mistake(where=("steps",), reason="nothing is read", remedy="add a step with do: read or do: list")
    elif len(named) > MOST_COLUMNS:
        yield Mistake(where=("steps",), reason=f"{len(named)} columns are read", remedy=f"read {MOST_COLUMNS} at most")
