"""Builds the canvas of the operator's day from a campaign file, and plants it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from flows.checks import MOST_TEXTS
from models.database.clock import database_now
from models.fleet.accounts import known_accounts
from models.responsible_use.authors import read_caps
from models.responsible_use.caps import basis_refusal
from models.responsible_use.usage import actions_by_account
from models.tables import Phone
from models.transactions.read_write import read
from models.values.refused import Problem, Refused, refuse
from workers.campaigns.campaign_file import CampaignFile, Collecting, Placed
from workers.campaigns.cap_check import cap_problems, text_problems
from workers.campaigns.directed_shares import directed_shares, pinned_share, work_of
from workers.campaigns.given_campaign import GivenCampaign
from workers.campaigns.named_comments import MOST_NAMED, params_of
from workers.campaigns.quota_check import quota_problems
from workers.campaigns.until import until
from workers.canvas.signatures import Canvas, chain, chord, group, task
from workers.planting.handle import Handle
from workers.planting.submit import PlantedCanvas, plant_canvas
from workers.planting.validate import LedgerFacts, priority_problem, unknown_queue
from workers.planting.validation_errors import Loc
from workers.runtime.process_engine import process_engine
from workers.settings import settings


def submit_day(day: GivenCampaign | CampaignFile, *, asked_by: str, engine: Engine | None = None) -> Handle:
    """Plants a campaign file and rings its tasks. Raises Refused with every problem, and then plants nothing."""
    return plant_day(day, engine or process_engine(), asked_by=asked_by).rung()


def plant_day(day: GivenCampaign | CampaignFile, ledger: Engine, *, asked_by: str) -> PlantedCanvas:
    """Plants a campaign file; the coordinator rings its tasks. Raises Refused with all problems, and plants nothing."""
    given = GivenCampaign(day.model_dump()) if isinstance(day, CampaignFile) else day
    checked = read(ledger, lambda session: check_day(session, given, LedgerFacts(session, sandbox=False)))
    refuse_callback(given, checked.day)
    refuse_schedule(checked.day, "plant it with phonefleet submit, or leave the schedule out to plant it once")
    return plant_canvas(
        ledger,
        day_canvas(checked),
        name=checked.day.campaign,
        asked_by=asked_by,
        seed=checked.day.seed,
        asked_for=checked.day.model_dump(mode="json"),
        complete_until=checked.complete_until,
        quotas=checked.day.own_quotas,
    )


def refuse_callback(given: GivenCampaign, day: CampaignFile) -> None:
    """Raises Refused for an operator's file with a callback: a customer's key signs it, and the operator has none."""
    if day.callback_url is not None:
        remedy = "leave it out, or send the file with a key: POST /v1/campaigns"
        problem = Problem("callback_url", "only a customer's campaign has callbacks: its key signs them", remedy)
        raise Refused([given.at(("callback_url",), problem)])


def refuse_schedule(day: CampaignFile, remedy: str) -> None:
    """Raises Refused for a file with a schedule: what plants a file once must not plant it unasked."""
    if day.schedule is not None:
        raise refuse("schedule", "the file is to be planted again and again, and this plants it once", remedy)


@dataclass(frozen=True, slots=True)
class CheckedDay:
    """A checked campaign file, the accounts that take part, and until when its missing work is planted by itself."""

    day: CampaignFile
    accounts: Sequence[str]
    complete_until: datetime | None = None


def day_canvas(checked: CheckedDay) -> Canvas:
    """Returns the day's canvas: one nurture session for each account; in parallel titles → comments → directed.

    Each named comment has a task of its own, which waits for its approval.

    A failed task stops only the tasks that need its result.
    """
    day = checked.day
    parts = list(_sessions(day, checked.accounts))
    if day.collect is not None:
        collected = group([_author_collection(day.collect, author) for author in day.collect.all_authors])
        parts.append(chord(collected, _after_collection(day, checked.accounts)))
    parts += [
        task(one.flow, params_of(one), immutable=True, queue=f"account.{one.account}")
        for _, comments in day.named
        for one in comments
    ]
    return group(parts)


def _sessions(day: CampaignFile, accounts: Sequence[str]) -> Iterator[Canvas]:
    """Yields one nurture session for each account, on its phone; if the file names a queue, one session there."""
    if day.nurture is None:
        return
    options, params = day.nurture.options(), day.nurture.params()
    pinned = options.pop("queue", None)
    for queue in [pinned] if pinned is not None else [f"account.{account}" for account in accounts]:
        yield task("nurture", params, immutable=True, queue=queue, **options)


def _author_collection(wanted: Collecting, author: str) -> Canvas:
    asked = {
        "author_id": author,
        "count": wanted.videos,
        "least_comments": wanted.least_comments,
        "video_loop": wanted.video_loop,
    }
    fan = {"most": wanted.comments, "video_loop": wanted.video_loop, **wanted.options()}
    return chain(task("collect_titles", asked, immutable=True, **wanted.options()), task("each_title", fan))


def _after_collection(day: CampaignFile, accounts: Sequence[str]) -> Canvas:
    if day.directed is None:
        return task("gather", join="settled")
    work = directed_shares(day, accounts)
    drawn = {
        **work_of(day.directed.per_account, len(work.counted)),
        **({"pinned": [pinned_share(day.directed.per_account, pair) for pair in work.pinned]} if work.pinned else {}),
        "comment_texts": list(day.directed.comment_texts),
        "reply_texts": list(day.directed.reply_texts),
        **({"most_per_author": day.quotas.per_author} if day.quotas is not None and day.quotas.per_author else {}),
        "video_loop": day.directed.video_loop,
        "comment_loop": day.directed.comment_loop,
        **day.directed.options(),
    }
    return task("draw_directed", drawn, join="settled")


def check_day(session: Session, given: GivenCampaign, facts: LedgerFacts) -> CheckedDay:
    """Checks a campaign against these facts. Raises Refused with every problem of its fields and names.

    If a list is too long, Refused names only such lists: otherwise there could be a problem for each of their entries.
    """
    too_long = list(given.too_long(most_entries()))
    if too_long:
        raise Refused(too_long)
    day: CampaignFile | None = None
    problems: list[Problem] = list(given.lost)
    more = 0
    try:
        day = given.fields()
    except Refused as refused:
        problems += refused.problems
        more = refused.more
    accounts = given.accounts()
    taking_part = [one for one, live in facts.accounts.items() if live] if accounts is None else accounts
    problems += _account_problems(session, facts, given, taking_part)
    problems += _author_problems(facts, given)
    if day is not None:
        problems += _queue_problems(facts, given, day)
        problems += _named_problems(session, facts, given, day)
        problems += _room_problems(session, facts, day, taking_part)
        ends = _complete_until(session, given, day, problems)
        if not problems:
            return CheckedDay(day, taking_part, ends)
    raise Refused(problems, more)


def _named_problems(session: Session, facts: LedgerFacts, given: GivenCampaign, day: CampaignFile) -> Iterator[Problem]:
    if day.dislikes or day.reports:
        from workers.campaigns.named_check import named_problems  # noqa: PLC0415 - few campaigns name comments

        yield from named_problems(session, facts, given, day.named)


def _complete_until(
    session: Session, given: GivenCampaign, day: CampaignFile, problems: list[Problem]
) -> datetime | None:
    """Returns the moment of `until_complete`, if any; adds a problem when it cannot be meant."""
    if day.until_complete is None:
        return None
    try:
        return until(day.until_complete, database_now(session), settings().timezone)
    except ValueError as error:
        problem = Problem("until_complete", str(error), "name a moment to come, such as 23:00, or leave it out")
        problems.append(given.at(("until_complete",), problem))
        return None


def most_entries() -> Mapping[Loc, int]:
    """Returns how long each list of a campaign file may be, by its place. `accounts: all` is no list."""
    texts = [("nurture", "texts"), ("directed", "comment_texts"), ("directed", "reply_texts")]
    return {
        ("accounts",): settings().most_accounts,
        ("collect", "authors"): settings().most_authors,
        ("collect", "pairs"): settings().most_accounts,
        **dict.fromkeys(texts, MOST_TEXTS),
        **dict.fromkeys([("dislikes",), ("reports",)], MOST_NAMED),
    }


def _account_problems(
    session: Session, facts: LedgerFacts, given: GivenCampaign, taking_part: Sequence[str]
) -> Iterator[Problem]:
    if not taking_part and given.accounts() is None:
        yield given.at(("accounts",), _nobody(session, sandbox=facts.sandbox))
    for place, account in enumerate(given.accounts() or ()):
        if account not in facts.accounts:
            unknown = Problem("accounts", f"account {account!r} is unknown", "see: phonefleet accounts list")
            yield given.at(("accounts", place), unknown)
    for at, account in given.paired_accounts():
        if account not in facts.accounts:
            reason, remedy = f"account {account!r} is unknown", "see: phonefleet accounts list"
        elif account not in taking_part:
            reason, remedy = f"account {account!r} takes no part", "add it to accounts, or take the pair out"
        else:
            continue
        yield given.at(at, Problem("collect.pairs", reason, remedy))


def _nobody(session: Session, *, sandbox: bool) -> Problem:
    others = len(known_accounts(session, sandbox=not sandbox))
    if others:
        if sandbox:
            remedy = "use a key that is no sandbox key, or start simulated phones: a host with PHONEFLEET_SANDBOX=1"
            return Problem("accounts", f"none of a simulated phone is known; {others} of real phones are", remedy)
        reason = f"none of a real phone is known; {others} of simulated phones are, which a sandbox key alone may use"
        return Problem(
            "accounts", reason, "ask with a sandbox key, or start real phones: a host without PHONEFLEET_SANDBOX=1"
        )
    return Problem("accounts", "no account is known yet", "start the hosts, or: phonefleet accounts add")


def _author_problems(facts: LedgerFacts, given: GivenCampaign) -> Iterator[Problem]:
    authors = given.authors()
    facts.read_bases(author for _, author in authors)
    for at, author in authors:
        basis, field = facts.basis(author), "collect.authors" if at[1] == "authors" else "collect.pairs"
        if basis is None:
            yield given.at(at, Problem(field, f"author {author!r} is unknown", "phonefleet authors add ID NAME"))
        elif given.writes:
            refusal = basis_refusal(author, basis, facts.today)
            if refusal is not None:
                remedy = "an admin sets a basis: phonefleet authors basis; or say without_basis: collect_only"
                yield given.at(at, Problem(field, refusal.reason, remedy))


def _queue_problems(facts: LedgerFacts, given: GivenCampaign, day: CampaignFile) -> Iterator[Problem]:
    for name in ("nurture", "collect", "directed"):
        part: Placed | None = getattr(day, name)
        if part is None:
            continue
        for problem in unknown_queue(facts, part.queue or "", name):
            yield given.at((name, "queue"), problem)
        for problem in priority_problem(facts.highest_priority, part.priority, f"{name}.priority"):
            yield given.at((name, "priority"), problem)


def _room_problems(
    session: Session, facts: LedgerFacts, day: CampaignFile, accounts: Sequence[str]
) -> Iterator[Problem]:
    logged_in = session.execute(select(Phone.serial, Phone.account_id))
    on_phone = {serial: account for serial, account in logged_in if account is not None}
    done_today = actions_by_account(session, facts.today, sandbox=facts.sandbox)
    yield from cap_problems(day, accounts, read_caps(session), done_today, on_phone)
    yield from quota_problems(day, accounts, on_phone)
    yield from text_problems(day, accounts)
