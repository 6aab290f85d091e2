"""What is filmed of one attempt, where the settings ask for it: a picture of each step, a recording of the screen."""

from __future__ import annotations

import logging
from typing import Self

from flows.failures import FlowFailure, Stopped
from flows.phone import PhoneError
from workers.attempts.claim import Claim
from workers.attempts.outcome import Failed
from workers.evidence.film import Film, Filmed
from workers.evidence.success import keep_success
from workers.execution.worker import Worker
from workers.phone.adb import Adb
from workers.phone.recording import NoRecording, ScreenRecording, sweep
from workers.phone.transport import Deadline
from workers.runtime.watch import SlotWatch
from workers.settings.flow_lists import has_flow

log = logging.getLogger("phonefleet.evidence")

START_SECONDS, SWEEP_SECONDS = 2.0, 1.0
FETCH_SECONDS = 5.0
RECORD_SECONDS = 1.0  # left of the lease and of the hard limit, so that the failure itself can be recorded


class Reel:
    """The pictures and the recording of one attempt. It films nothing of flows that the settings do not name.

    As a context manager it puts the recording away at the end.
    """

    def __init__(self, worker: Worker, got: Claim, watch: SlotWatch) -> None:
        self._worker = worker
        self._claim = got
        self._watch = watch
        self._film: Film | None = None
        self._recording: ScreenRecording | None = None
        self._why = ""  # there is no recording

    def begin(self) -> None:
        """Begins, on a phone that is connected. Raises PhoneError when it is not."""
        config, flow = self._worker.settings, self._claim.flow
        if has_flow(config.record, flow):
            self._record()
        elif self._worker.connection.may_hold_recordings:
            self._sweep()
        if has_flow(config.film, flow):
            self._film = Film(self._worker.connection.connect().quick_screenshot, self._watch)
            self._watch.after_step = self._film.step_ended

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.put_away()

    def succeeded(self) -> None:
        """Keeps the strip of the attempt to look at beside one that failed, now and then. Never raises an Exception."""
        worker, frames = self._worker, () if self._film is None else self._film.frames
        keep_success(worker.settings, worker.identity, self._claim, self._watch, frames)

    def of_failure(self, failed: Failed) -> Filmed:
        """Returns what is kept of an attempt that failed. Takes at most 5 seconds. Never raises an Exception."""
        frames = () if self._film is None else self._film.frames
        if self._recording is None:
            return Filmed(frames, None, self._why)
        try:
            if failed.code == "phone_hung":
                raise NoRecording("not asked: the phone hangs")
            if not self._may_touch():
                raise NoRecording("not asked: the phone must be left")
            return Filmed(frames, self._recording.fetch(self._deadline(FETCH_SECONDS)))
        except Exception as error:  # noqa: BLE001  # whatever a phone answers, the failure is recorded
            return Filmed(frames, None, f"{error}"[:300])

    def put_away(self) -> None:
        """Ends the recording, and deletes it from the phone if it may still be touched. Never raises an Exception."""
        recording, self._recording = self._recording, None
        if recording is None:
            return
        self._worker.connection.may_hold_recordings = True
        try:
            self._watch.check_lease()
            recording.drop(self._deadline(START_SECONDS))
            self._worker.connection.may_hold_recordings = False
        except Exception as error:  # noqa: BLE001  # the next attempt deletes it
            recording.let_go()
            log.info("the recording stays on phone %s until its next task: %s", self._worker.identity.serial, error)

    def _record(self) -> None:
        fence, self._worker.connection.may_hold_recordings = self._claim.fence, True
        recording = ScreenRecording(self._adb(), f"{fence.task_id[:36]}-{fence.attempt}")
        try:
            recording.start(self._deadline(START_SECONDS))
        except (PhoneError, NoRecording) as error:
            recording.let_go()
            self._why = f"{error}"[:300]
            log.info("phone %s records no screen: %s", self._worker.identity.serial, error)
        else:
            self._recording = recording

    def _sweep(self) -> None:
        try:
            sweep(self._adb(), self._deadline(SWEEP_SECONDS))
        except PhoneError as error:
            log.info("phone %s is not swept of recordings: %s", self._worker.identity.serial, error)
        else:
            self._worker.connection.may_hold_recordings = False

    def _may_touch(self) -> bool:
        try:
            self._watch.check()
        except FlowFailure:
            return True  # the flow's time is over, which may be this very failure
        except Stopped:
            return False
        return True

    def _adb(self) -> Adb:
        return Adb(self._worker.identity.adb_port, self._worker.identity.address)

    def _deadline(self, seconds: float) -> Deadline:
        return Deadline(seconds, lambda: self._watch.remaining() - RECORD_SECONDS)
