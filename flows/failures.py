"""The failures of flows: one table of codes, each with its kind, its culprit and its remedy.

The kind is the retry rule: retry here, hand to another phone, report at once, or outcome unknown. The culprit names
whose fault the failure is, for the analysis of repeated failures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

MOST_NAMED = 5


class Kind(StrEnum):
    """The rule for what follows a failure."""

    RETRY_HERE = "retry_here"
    OTHER_PHONE = "other_phone"
    FATAL = "fatal"
    UNKNOWN = "unknown"


class Culprit(StrEnum):
    """The culprit of a failure."""

    PHONE = "phone"
    APP = "app"
    ACCOUNT = "account"
    CONTENT = "content"
    NETWORK = "network"
    FLOW = "flow"
    TASK = "task"  # its input


@dataclass(frozen=True, slots=True)
class Rule:
    """The meaning of a failure code: its kind, its culprit, and the remedy for people."""

    kind: Kind
    culprit: Culprit
    remedy: str


INPUT_REMEDY = (
    'switch on "USB debugging (Security settings)" in the developer options: 开发者选项 → USB调试（安全设置）;'
    " Xiaomi asks for a SIM card and an account for it"
)

CODES: Mapping[str, Rule] = MappingProxyType(
    {
        # the content is not there: no other phone will find it either
        "video_not_found": Rule(Kind.FATAL, Culprit.CONTENT, "check author and title, or raise the video loop"),
        "comment_not_found": Rule(Kind.FATAL, Culprit.CONTENT, "the comment may be deleted; or raise the comment loop"),
        "author_not_found": Rule(Kind.FATAL, Culprit.CONTENT, "check the author id"),
        "row_not_found": Rule(
            Kind.FATAL, Culprit.CONTENT, "look in the app whether it is there; or raise the most of the recorded step"
        ),
        "titles_shortfall": Rule(Kind.FATAL, Culprit.CONTENT, "ask for fewer titles or fewer comments a title"),
        "targets_not_reached": Rule(Kind.FATAL, Culprit.CONTENT, "raise the loops, or lower the targets"),
        "bad_input": Rule(Kind.FATAL, Culprit.FLOW, "mend the parameters named in the reason"),
        "result_too_large": Rule(Kind.FATAL, Culprit.FLOW, "ask for less at once, or return less from the task"),
        "comment_ambiguous": Rule(
            Kind.FATAL, Culprit.CONTENT, "several comments look alike: no account acts on one that cannot be told"
        ),
        # this account cannot: another may
        "may_not_act": Rule(
            Kind.OTHER_PHONE, Culprit.ACCOUNT, "another account takes it; check this account in the app"
        ),
        "logged_out": Rule(Kind.OTHER_PHONE, Culprit.ACCOUNT, "log the account in on this phone"),
        "wrong_account": Rule(
            Kind.OTHER_PHONE, Culprit.ACCOUNT, "the phone holds another account; the ledger was corrected"
        ),
        "rate_limited": Rule(Kind.OTHER_PHONE, Culprit.ACCOUNT, "the account rests until a person looked"),
        "verification_asked": Rule(
            Kind.OTHER_PHONE, Culprit.ACCOUNT, "a person answers the verification page on the phone"
        ),
        # responsible use said no in the transaction of the point of no return
        "no_basis": Rule(Kind.FATAL, Culprit.CONTENT, "give the author a basis: phonefleet authors basis"),
        "own_comment": Rule(
            Kind.FATAL, Culprit.CONTENT, "choose a comment of somebody else: the fleet acts on none of its own"
        ),
        "approval_refused": Rule(Kind.FATAL, Culprit.TASK, "a person decided against it: see phonefleet approvals"),
        "not_approved": Rule(
            Kind.FATAL, Culprit.TASK, "submit it again, and have a named person approve it: phonefleet approvals"
        ),
        "cap_reached": Rule(
            Kind.OTHER_PHONE, Culprit.ACCOUNT, "wait for the next day, or have an admin change the cap"
        ),
        "text_repeated": Rule(
            Kind.OTHER_PHONE, Culprit.ACCOUNT, "another account takes it; or give another text: none twice on one video"
        ),
        "video_full": Rule(
            Kind.FATAL,
            Culprit.CONTENT,
            "choose another video, or have an admin change the cap of comments on one: phonefleet authors caps",
        ),
        "comment_full": Rule(
            Kind.FATAL, Culprit.CONTENT, "choose another comment, or have an admin change the caps on one comment"
        ),
        "author_full": Rule(
            Kind.FATAL,
            Culprit.CONTENT,
            "submit it again on another day, or have an admin change the cap of a day's dislikes or reports",
        ),
        "quota_reached": Rule(
            Kind.FATAL,
            Culprit.TASK,
            "the campaign's own quotas leave no more: plant a further one, or raise its quotas",
        ),
        "account_quota_reached": Rule(
            Kind.OTHER_PHONE, Culprit.ACCOUNT, "another account takes it; or raise the campaign's quota per_account"
        ),
        # the app or the phone
        "list_not_loaded": Rule(Kind.RETRY_HERE, Culprit.NETWORK, "check the phone's network"),
        "network_down": Rule(Kind.OTHER_PHONE, Culprit.NETWORK, "check the phone's network"),
        "send_failed": Rule(Kind.RETRY_HERE, Culprit.NETWORK, "sending failed: check the phone's network"),
        "app_crashed": Rule(Kind.RETRY_HERE, Culprit.APP, "look at the evidence; update the app"),
        "app_missing": Rule(Kind.OTHER_PHONE, Culprit.APP, "install the app on this phone"),
        # of a flow package: the phone can do all other work
        "other_app_missing": Rule(
            Kind.OTHER_PHONE, Culprit.FLOW, "install the app of this flow package on the phones, or pin its tasks"
        ),
        "page_drift": Rule(Kind.OTHER_PHONE, Culprit.APP, "the app's page changed: mend the app profile"),
        "text_unclear": Rule(
            Kind.RETRY_HERE,
            Culprit.APP,
            "the screen did not stand still while emoji on it were read; look at the evidence",
        ),
        "page_not_reached": Rule(Kind.RETRY_HERE, Culprit.APP, "look at the evidence"),
        "video_changed": Rule(
            Kind.RETRY_HERE, Culprit.APP, "the app went on to another video before the act, which was left undone"
        ),
        "input_refused": Rule(Kind.OTHER_PHONE, Culprit.PHONE, INPUT_REMEDY),
        "text_not_set": Rule(
            Kind.RETRY_HERE, Culprit.PHONE, "look at the phone: a keyboard or a dialog may cover the input field"
        ),
        "text_refused": Rule(
            Kind.OTHER_PHONE, Culprit.TASK, "the app's input field takes other texts, and not this one: change the text"
        ),
        "phone_lost": Rule(Kind.OTHER_PHONE, Culprit.PHONE, "check cable, hub and power"),
        "phone_hung": Rule(Kind.OTHER_PHONE, Culprit.PHONE, "restart the phone"),
        "ui_server_lost": Rule(Kind.RETRY_HERE, Culprit.PHONE, "restart the phone if it goes on"),
        "ledger_away": Rule(Kind.RETRY_HERE, Culprit.NETWORK, "see whether the database answers: phonefleet doctor"),
        # time, and the unknown
        "time_limit": Rule(Kind.OTHER_PHONE, Culprit.PHONE, "raise the run-time limit or look at the evidence"),
        "too_little_time": Rule(
            Kind.OTHER_PHONE, Culprit.TASK, "give the task a longer run-time limit, or a later end"
        ),
        "too_many_waiting": Rule(
            Kind.FATAL,
            Culprit.TASK,
            "ask for less at once, or wait until some tasks have ended: key and campaign have a limit",
        ),
        "outcome_unknown": Rule(
            Kind.UNKNOWN, Culprit.PHONE, "look on the app whether it was done, then settle it: phonefleet review"
        ),
        "unverifiable": Rule(
            Kind.UNKNOWN, Culprit.CONTENT, "what would tell is gone from the app: ask who was there, then settle it"
        ),
        "ticket_error": Rule(
            Kind.FATAL, Culprit.FLOW, "a defect before the task was claimed: see the log of the worker that had it"
        ),
        "not_registered": Rule(
            Kind.FATAL, Culprit.FLOW, "name the module of this task in PHONEFLEET_TASKS and start the hosts again"
        ),
        "flow_error": Rule(Kind.FATAL, Culprit.FLOW, "a defect in the flow: see the log of this task"),
    }
)


# Codes of refused acts → the remedy. A flow counts them in its details.
WHY_SKIPPED: Mapping[str, str] = MappingProxyType(
    {
        "no_basis": "give a basis to authors that the feed shows (phonefleet authors basis ID owned)",
        "cap_reached": "the caps leave no more: wait for the next day, ask for less, or see phonefleet authors caps",
        "video_full": "the cap of comments on a video leaves no more: raise the loops, or see phonefleet authors caps",
        "comment_full": "the caps of single comments leave no more: ask for less, or see phonefleet authors caps",
        "quota_reached": "the campaign's own quotas leave no more: ask for less, or raise them",
        "account_quota_reached": "the campaign's own quota of an account leaves no more: ask for less, or raise it",
        "text_repeated": "give more different texts",
        "own_comment": "raise the loops: what it met were comments of the fleet's own accounts",
        "already_liked": "the account liked what it met: raise the loops, or lower the targets",
        "already_done": "the account did it before: raise the loops, or lower the targets",
        "may_not_act": "look at the account in the app: it is told that it may not act",
    }
)


def remedy_for(code: str, details: Mapping[str, Any] | None = None) -> str:
    """Returns the remedy for a failure; if its flow counted refused acts, the remedies for the two main reasons.

    `details` are an attempt's: `refused` is code → number, `without_basis` author id → number.
    """
    rule = CODES.get(code)
    counted = (details or {}).get("refused")
    if rule is None or code != "targets_not_reached" or not isinstance(counted, Mapping) or not counted:
        return "" if rule is None else rule.remedy
    numbers = {name: count for name, count in counted.items() if isinstance(count, int)}
    main = sorted(numbers, key=lambda name: (-numbers[name], name))[:2]
    told = dict.fromkeys(WHY_SKIPPED.get(name, CODES[name].remedy if name in CODES else rule.remedy) for name in main)
    authors = (details or {}).get("without_basis")
    if "no_basis" in main and isinstance(authors, Mapping) and authors:
        most = sorted(authors, key=lambda one: (-authors[one], one))
        more = f" and {len(most) - MOST_NAMED} more" if len(most) > MOST_NAMED else ""
        named = f"{WHY_SKIPPED['no_basis']}: it showed {', '.join(most[:MOST_NAMED])}{more}"
        return "; ".join(named if one == WHY_SKIPPED["no_basis"] else one for one in told)
    return "; ".join(told)


class FlowFailure(Exception):
    """A flow did not reach its goal. Has a code of CODES, a reason for people and details as data."""

    def __init__(self, code: str, reason: str, details: Mapping[str, Any] | None = None) -> None:
        if code not in CODES:
            raise ValueError(f"unknown failure code {code!r}; add it to flows.failures.CODES")
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.details: dict[str, Any] = dict(details or {})

    @property
    def kind(self) -> Kind:
        return CODES[self.code].kind

    @property
    def culprit(self) -> Culprit:
        return CODES[self.code].culprit

    @property
    def remedy(self) -> str:
        return remedy_for(self.code, self.details)


class Stopped(Exception):
    """The task must stop; the watch raises it before the next touch of the phone."""
