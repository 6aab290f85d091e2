"""The host agent's interface to the ledger, and its implementation on the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sqlalchemy import Engine

from models.fleet import equal_serials, health, host_crowded, host_cut_off, phones, phones_alive, unknown_phones
from models.fleet.health import Reading
from models.fleet.phones_alive import Alive, SeenAgain
from models.tasks import leases
from models.values.enums import PhoneState
from workers.attempts import rescue
from workers.dispatch import ring


class Ledger(Protocol):
    """The ledger as a host sees it. Every call raises what the database driver raises."""

    def phone_online(self, serial: str, address: str, host: str, model: str, incarnation: str) -> None:
        """This host serves this phone now, with a worker of this incarnation. Raises ServedElsewhere."""

    def phone_offline(self, serial: str, why: str, ago: float) -> None:
        """The phone is gone since `ago` seconds."""

    def phone_problem(self, serial: str, state: str, why: str, ago: float) -> None:
        """The phone is there but cannot work, since `ago` seconds."""

    def equal_serials(self, serial: str, model: str, phones: Sequence[str]) -> None:
        """Several phones have this serial; `phones` says how each is reached."""

    def waits_for_other_host(self, serial: str, address: str, model: str) -> None:
        """A phone of this host waits, since another host goes on serving one of its serial."""

    def forget_phone(self, address: str) -> None:
        """Deletes the row of a phone that was listed under adb's name before it told its serial."""

    def forget_unknown_phones(self) -> None:
        """Deletes this host's rows of unidentified phones at its start: it reports anew those that are there."""

    def phones_alive(self, incarnations: Sequence[str], seen: Mapping[str, SeenAgain]) -> Alive:
        """Reports this host and its workers as alive, and the accounts `seen` again. Returns what is known of them."""

    def renew_leases(
        self, running: Mapping[str, str], seconds: float, steps: Mapping[str, str | None]
    ) -> leases.Renewed:
        """Extends the leases of these (incarnation → the task that it runs); `steps`: the step of each task."""

    def stop_requests(self, running: Mapping[str, str]) -> set[str]:
        """Returns those that must leave their running task: it was stopped, or it or its phone was paused."""

    def incarnations_died(self, whys: Mapping[str, str]) -> list[str]:
        """Releases the tasks of dead incarnations (→ why). Returns the ids of the tasks to ring again."""

    def phones_health(self, host: str, readings: Sequence[Reading]) -> None:
        """Writes the health readings of this host's phones."""

    def broker_away(self, place: str, reason: str, remedy: str) -> bool:
        """This host is cut off from Redis: raises an alert, unless one tells that of the whole fleet.

        Returns whether one of this host lasts now.
        """

    def broker_well(self) -> None:
        """This host reaches Redis: ends its alert."""

    def adb_full(self, phones: int) -> None:
        """So many phones wait because this host's adb server has no room: raises an alert, unless one lasts."""

    def adb_has_room(self) -> None:
        """No phone waits for room: ends this host's alert."""

    def ring(self) -> None:
        """Publishes the tickets of all tasks that are owed one."""


class SqlLedger:
    """The ledger in a database. The lease calls have an engine of their own, `leases`, with short timeouts.

    `sandbox`: the phones of this host are simulated, for tasks of sandbox keys alone. `when_watched` is called with
    each report while somebody watches the shelf.
    """

    def __init__(
        self,
        host: str,
        engine: Engine,
        leases: Engine,
        *,
        sandbox: bool = False,
        when_watched: Callable[[], None] = lambda: None,
    ) -> None:
        self._host = host
        self._engine = engine
        self._leases = leases
        self._sandbox = sandbox
        self._when_watched = when_watched

    def phone_online(self, serial: str, address: str, host: str, model: str, incarnation: str) -> None:
        phones.phone_online(self._engine, serial, address, host, model, incarnation, sandbox=self._sandbox)

    def phone_offline(self, serial: str, why: str, ago: float) -> None:
        phones.phone_problem(self._engine, serial, PhoneState.OFFLINE, why, self._host, ago=ago, sandbox=self._sandbox)

    def phone_problem(self, serial: str, state: str, why: str, ago: float) -> None:
        phones.phone_problem(self._engine, serial, state, why, self._host, ago=ago, sandbox=self._sandbox)

    def equal_serials(self, serial: str, model: str, phones: Sequence[str]) -> None:
        equal_serials.equal_serials(self._engine, serial, model, self._host, phones, sandbox=self._sandbox)

    def waits_for_other_host(self, serial: str, address: str, model: str) -> None:
        equal_serials.waits_for_other_host(self._engine, serial, address, model, self._host, sandbox=self._sandbox)

    def forget_phone(self, address: str) -> None:
        unknown_phones.forget_phone(self._engine, address, self._host)

    def forget_unknown_phones(self) -> None:
        unknown_phones.forget_unknown_phones(self._engine, self._host)

    def phones_alive(self, incarnations: Sequence[str], seen: Mapping[str, SeenAgain]) -> Alive:
        alive = phones_alive.phones_alive(self._leases, incarnations, seen)
        if alive.watched:
            self._when_watched()
        return alive

    def renew_leases(
        self, running: Mapping[str, str], seconds: float, steps: Mapping[str, str | None]
    ) -> leases.Renewed:
        return leases.renew_leases(self._leases, running, seconds, steps)

    def stop_requests(self, running: Mapping[str, str]) -> set[str]:
        return leases.stop_requests(self._leases, running)

    def incarnations_died(self, whys: Mapping[str, str]) -> list[str]:
        return rescue.incarnations_died(self._engine, whys)

    def phones_health(self, host: str, readings: Sequence[Reading]) -> None:
        health.note_health(self._engine, host, readings)

    def broker_away(self, place: str, reason: str, remedy: str) -> bool:
        return host_cut_off.cut_off(self._leases, self._host, place, reason, remedy)

    def broker_well(self) -> None:
        host_cut_off.reaches_again(self._leases, self._host)

    def adb_full(self, phones: int) -> None:
        host_crowded.adb_full(self._leases, self._host, phones)

    def adb_has_room(self) -> None:
        host_crowded.adb_has_room(self._leases, self._host)

    def ring(self) -> None:
        ring.ring_ready(self._engine, explain=False)
