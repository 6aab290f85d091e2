"""The ledger journal: records a flow's actions in the ledger. The attempt's fence guards every write."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from flows.action import Action, ActionKind, ActionRefused
from models.database.clock import database_now
from models.database.storable import storable_text
from models.responsible_use import action_journal
from models.responsible_use.act import Act
from models.responsible_use.caps import Refusal
from models.tasks.fence import Fence
from models.transactions.read_write import read, write
from models.values.enums import ActionOutcome
from workers.attempts.claim import Claim
from workers.runtime.db_retry import retry_while_unavailable

log = logging.getLogger("phonefleet.journal")


def _never() -> bool:
    return False


class LedgerJournal:
    """Fulfils flows.session.Journal for one attempt. Its writes raise models.tasks.fence.LeaseLost."""

    def __init__(
        self,
        engine: Engine,
        claim: Claim,
        zone: str,
        may_wait: Callable[[], bool] = _never,
        acts: Collection[ActionKind] = tuple(ActionKind),
        profile_patch: int | None = None,
    ) -> None:
        """`may_wait`: returns whether the lease still lasts, so that an outcome may be written later.

        `acts`: the kinds of action that the flow's manifest declares. `profile_patch`: the patch by which the phone's
        screens are read, if one is.
        """
        if claim.account_id is None or claim.serial is None:
            raise ValueError("a journal is for attempts on a phone whose account is known")
        self._engine = engine
        self._fence: Fence = claim.fence
        self._has_quotas = claim.has_quotas
        self._flow = claim.flow
        self._account, self._serial, self._sandbox = claim.account_id, claim.serial, claim.sandbox
        self._zone = zone
        self._may_wait = may_wait
        self._acts = acts
        self._profile_patch = profile_patch

    def done(self) -> Sequence[Action]:
        """Returns the actions of earlier attempts at this task."""
        return [action for action, _ in self._done()]

    def verified(self, action: Action) -> bool:
        """True when the action was seen on the app afterwards, or found there by a verifying attempt."""
        return (action, True) in self._done()

    def refusal(self, action: Action) -> ActionRefused | None:
        """Returns the refusal that responsible use would give this action now, if any."""
        act = self._act(action)
        found = read(
            self._engine, lambda session: action_journal.refusal(session, act, self._zone, database_now(session))
        )
        return None if found is None else ActionRefused(found.code, found.reason)

    def declare(self, action: Action) -> int:
        """Writes the point of no return. Raises ActionRefused, LeaseLost; ValueError for an act of an unnamed kind."""
        if action.kind not in self._acts:
            raise ValueError(f"the manifest of {self._flow} declares no {action.kind}; add it to acts, or leave it out")
        act = self._act(action)
        number = write(
            self._engine,
            lambda session: action_journal.declare(session, self._fence, act, self._zone, has_quotas=self._has_quotas),
        )
        if isinstance(number, Refusal):
            log.info("the action %s is refused: %s: %s", act.kind, number.code, number.reason)
            raise ActionRefused(number.code, number.reason)
        log.info("the action %s is declared, with number %d", act.kind, number)
        return number

    def confirm(self, number: int, *, verified: bool) -> None:
        """Records that the action happened."""
        log.info("action %d happened%s", number, ", as the app shows" if verified else "; the app was not asked")
        self._conclude(number, happened=True, verified=verified, reason=None)

    def refute(self, number: int, reason: str) -> None:
        """Records that the action did not happen."""
        log.info("action %d did not happen: %s", number, reason)
        self._conclude(number, happened=False, verified=True, reason=reason)

    def _done(self) -> list[tuple[Action, bool]]:
        rows = read(self._engine, lambda session: action_journal.actions_of(session, self._fence.task_id))
        return [
            (
                Action(
                    ActionKind(row.kind), row.author_id, row.title, row.target_commenter, row.target_comment, row.text
                ),
                row.verified,
            )
            for row in rows
            if row.outcome == ActionOutcome.DONE
        ]

    def _conclude(self, number: int, *, happened: bool, verified: bool, reason: str | None) -> None:
        """Records the action's outcome. A second call changes nothing, so it is safe after a lost database answer."""

        def work(session: Session) -> None:
            action_journal.conclude(session, self._fence, number, happened=happened, verified=verified, reason=reason)

        retry_while_unavailable("an action's outcome", lambda: write(self._engine, work), self._may_wait)

    def _act(self, action: Action) -> Act:
        return Act(
            kind=action.kind.value,
            author_id=storable_text(action.author_id),
            title=storable_text(action.title),
            target_commenter=storable_text(action.target_commenter),
            target_comment=storable_text(action.target_comment),
            text=storable_text(action.text),
            account_id=self._account,
            phone_serial=self._serial,
            sandbox=self._sandbox,
            task_id=self._fence.task_id,
            profile_patch=self._profile_patch,
        )
