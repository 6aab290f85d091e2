"""Blame: who is at fault when attempts fail. Pure decisions over what failed lately.

The same failure on three phones is not the phones': it blames the content, or the flow. One phone
that fails task after task blames itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flows.failures import CODES, Culprit, Kind

PHONES_THAT_AGREE = 3  # the same failure on so many phones blames content or flow
TASKS_THAT_FAIL = 3  # a phone that fails so many different tasks in a row is quarantined
WINDOW = timedelta(minutes=30)
COOL_DOWN = timedelta(minutes=2)
LONGEST_COOL_DOWN = timedelta(hours=2)
HUB_PHONES = 10  # so many phones lost
HUB_SECONDS = 3.0  # within so many seconds are one hub, or one power supply

# What an account may not do says nothing of the content; neither does responsible use, or a person's stop.
NEVER_CONTENT = frozenset(code for code, rule in CODES.items() if rule.culprit is Culprit.ACCOUNT) | {"no_basis"}
# What a phone cannot be blamed for: the content, the account on it, the flow's own defects.
PHONE_MATTERS = frozenset({Culprit.PHONE, Culprit.APP, Culprit.NETWORK})


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt: what, where, when. `content` is the key of its video, or the author's id."""

    task_id: str
    flow: str
    content: str
    phone: str
    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Success:
    """An attempt that succeeded on a phone."""

    phone: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is held: a flow on one content, or the flow as a whole (`content` empty), and why."""

    flow: str
    content: str
    code: str
    phones: tuple[str, ...]

    @property
    def reason(self) -> str:
        """For people."""
        where = f"on {len(self.phones)} phones ({', '.join(self.phones)})"
        return (
            f"{self.flow} failed {where} with {self.code}: {'this content' if self.content else 'the flow'} is to blame"
        )

    @property
    def remedy(self) -> str:
        """What a person can do."""
        return CODES[self.code].remedy


def blamed(latest: Failure, failures: Sequence[Failure]) -> Verdict | None:
    """Does the latest failure, with those before it, blame content or flow?

    The same code on the same content by the same flow on three phones blames the content; on three
    contents and three phones, when it is the app's or the flow's own, the flow.
    """
    if latest.code in NEVER_CONTENT or CODES[latest.code].kind is Kind.UNKNOWN:
        return None
    recent = [
        one for one in failures if latest.at - one.at <= WINDOW and one.flow == latest.flow and one.code == latest.code
    ]
    recent.append(latest)
    here = tuple(sorted({one.phone for one in recent if one.content == latest.content}))
    if len(here) >= PHONES_THAT_AGREE:
        return Verdict(latest.flow, latest.content, latest.code, here)
    everywhere = tuple(sorted({one.phone for one in recent}))
    contents = {one.content for one in recent}
    if (
        CODES[latest.code].culprit in (Culprit.APP, Culprit.FLOW)
        and len(everywhere) >= PHONES_THAT_AGREE
        and len(contents) >= PHONES_THAT_AGREE
    ):
        return Verdict(latest.flow, "", latest.code, everywhere)
    return None


def to_quarantine(phone: str, failures: Sequence[Failure], successes: Sequence[Success]) -> str | None:
    """Why this phone is to be quarantined, from what happened on it; None when it is not."""
    last_success = max((one.at for one in successes if one.phone == phone), default=None)
    own = [
        one
        for one in failures
        if one.phone == phone
        and CODES[one.code].culprit in PHONE_MATTERS
        and (last_success is None or one.at > last_success)
    ]
    tasks = {one.task_id for one in own}
    if len(tasks) < TASKS_THAT_FAIL:
        return None
    codes = sorted({one.code for one in own})
    return f"failed {len(tasks)} tasks one after the other: {', '.join(codes)}"


def cool_down(times: int) -> timedelta:
    """How long a phone rests that is quarantined for the so-manieth time in a row: doubled each time, at most 2 h."""
    doublings: int = 2 ** max(0, min(times, 10) - 1)
    return min(LONGEST_COOL_DOWN, COOL_DOWN * doublings)


def one_hub(lost: Sequence[tuple[str, float]]) -> tuple[str, ...]:
    """Phones (serial, monotonic seconds) that were lost at one moment: one hub's, when they are ten or more."""
    times = sorted(lost, key=lambda one: one[1])
    for start in range(len(times)):
        together = [serial for serial, at in times[start:] if at - times[start][1] <= HUB_SECONDS]
        if len(together) >= HUB_PHONES:
            return tuple(sorted(set(together)))
    return ()
