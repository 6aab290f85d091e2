"""Reads the health of this host's phones, a few at once, on its own threads; tells the ledger of several together.

Phones that came one by one are due one by one: told at once, they would cost a transaction a second.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event, Thread
from typing import Any

from models.fleet.health import Reading
from workers.host.adb import AdbError
from workers.host.health import MUTE, UNANSWERED, Ailment, judge, question, read_health

log = logging.getLogger("phonefleet.health")

ROUND_SECONDS = 1.0  # between looks at who is due
TOGETHER_SECONDS = 10.0  # so long a reading waits for others if the phone is as fit or unfit as it was
AGAIN_SECONDS = 5.0  # who is not well, or did not answer, is asked again so soon
BATCH_SIZE = 4
ECHO = "phonefleet-echo"

Ask = Callable[[str, str], str]  # address and shell line → what the phone printed; raises AdbError


class HealthWatch:
    """Each phone is asked when it arrives, and every so many seconds from then on.

    One that does not answer now and then, or answers no more than an echo, is slow, and left as it was; one that
    never answers hangs, and takes no work.
    """

    def __init__(
        self,
        ask: Ask,
        phones: Callable[[], Mapping[str, str]],
        tell: Callable[[Sequence[Reading]], None],
        *,
        package: str | None,
        every: float,
    ) -> None:
        """`phones`: serial → address of those that are there now. `tell` may raise: they are asked again soon."""
        self._ask = ask
        self._phones = phones
        self._tell = tell
        self._package = package
        self._every = every
        self._due: dict[str, float] = {}  # serial → monotonic time of the next question
        self._ailments: dict[str, dict[str, Ailment]] = {}
        self._facts: dict[str, Mapping[str, Any]] = {}  # as it told them last
        self._unanswered: dict[str, int] = {}  # questions in a row
        self._untold: dict[str, Reading] = {}  # the last of each phone that the ledger was not told of
        self._untold_since = 0.0
        self._whys: dict[str, str | None] = {}  # why each phone is unfit, as it was told last
        self._ended = Event()
        self._pool = ThreadPoolExecutor(BATCH_SIZE, thread_name_prefix="health")
        self._thread = Thread(target=self._watch, name="health", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Stops asking, if it began; waits at most `seconds` for the questions under way."""
        self._ended.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._thread.ident is not None:  # a host that never came up has not started it
            self._thread.join(seconds)

    @property
    def alive(self) -> bool:
        """True while its thread runs."""
        return self._thread.is_alive()

    def look(self, now: float) -> None:
        """Does one round: asks the phones that are due (monotonic seconds), and reports their answers."""
        here = self._phones()
        self._due = {serial: due for serial, due in self._due.items() if serial in here}
        self._unanswered = {serial: times for serial, times in self._unanswered.items() if serial in here}
        self._untold = {serial: one for serial, one in self._untold.items() if serial in here}
        self._whys = {serial: why for serial, why in self._whys.items() if serial in here}
        due = {serial: address for serial, address in here.items() if self._due.get(serial, now) <= now}
        answers = self._answers(due)
        if self._ended.is_set():
            return
        for serial in due:
            if (reading := self._reading(serial, answers[serial])) is not None:
                self._note(reading, now)
            well = answers[serial] is not None and not self._ailments.get(serial)
            self._due[serial] = now + (self._every if well else min(self._every, AGAIN_SECONDS))
        self._report(now)

    def _note(self, reading: Reading, now: float) -> None:
        if not self._untold:
            self._untold_since = now
        self._untold[reading.serial] = reading

    def _report(self, now: float) -> None:
        """Tells the readings as soon as one of them is news; phones that the ledger did not hear of are asked again."""
        news = any(one.unfit_why != self._whys.get(serial, "never told") for serial, one in self._untold.items())
        waited = bool(self._untold) and now - self._untold_since >= min(TOGETHER_SECONDS, self._every / 3)
        if not news and not waited:
            return
        untold, self._untold = self._untold, {}
        if self._told(list(untold.values())):
            self._whys |= {serial: one.unfit_why for serial, one in untold.items()}
        else:
            self._due |= dict.fromkeys(untold, now + min(self._every, AGAIN_SECONDS))

    def _watch(self) -> None:
        while not self._ended.wait(ROUND_SECONDS):
            try:
                self.look(time.monotonic())
            except Exception:
                if not self._ended.is_set():  # a pool that is closed takes no questions
                    log.exception("the phones were not asked how they are")

    def _answers(self, due: Mapping[str, str]) -> dict[str, str | None]:
        """Returns each phone's output; None for those that did not answer."""
        line = question(self._package)
        running: dict[str, Future[str | None]] = {
            serial: self._pool.submit(self._said, serial, address, line) for serial, address in due.items()
        }
        while wait(running.values(), ROUND_SECONDS).not_done and not self._ended.is_set():
            continue
        ended = {serial: future for serial, future in running.items() if future.done() and not future.cancelled()}
        return {serial: ended[serial].result() if serial in ended else None for serial in running}

    def _said(self, serial: str, address: str, line: str) -> str | None:
        """Returns a phone's output; empty when it only answers an echo; None when it does not answer at all."""
        doubted = serial in self._unanswered
        if doubted and not self._answers_echo(address):
            return None
        try:
            return self._ask(address, line)
        except AdbError as error:
            log.info("phone %s does not say how it is: %s", serial, error)
        return "" if doubted or self._answers_echo(address) else None

    def _answers_echo(self, address: str) -> bool:
        try:
            return ECHO in self._ask(address, f"echo {ECHO}")
        except AdbError:
            return False

    def _reading(self, serial: str, answer: str | None) -> Reading | None:
        """Returns the reading to report of a phone; None while its silence may mean nothing."""
        before = self._ailments.get(serial, {})
        if answer is None:
            self._unanswered[serial] = self._unanswered.get(serial, 0) + 1
            if self._unanswered[serial] < UNANSWERED:
                return None
            found = {**before, MUTE.code: MUTE}
        else:
            self._unanswered.pop(serial, None)
            health = read_health(answer)
            self._facts[serial] = {**self._facts.get(serial, {}), **health.facts}
            found = judge(health, self._package or "", before)
        self._ailments[serial] = found
        why = "; ".join(ailment.why for ailment in found.values())
        remedy = "; ".join(ailment.remedy for ailment in found.values())
        return Reading(serial, self._facts.get(serial, {}), why or None, remedy)

    def _told(self, readings: Sequence[Reading]) -> bool:
        try:
            self._tell(readings)
        except Exception as error:  # noqa: BLE001  # a driver's own errors have no common base
            log.warning("the ledger was not told how %d phones are: %s", len(readings), error)
            return False
        return True
