"""`phonefleet up`: runs all parts of a fleet on one machine, until Ctrl-C."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from sqlalchemy import Engine, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from gateway.keys.unopened import REMEDY, Unopened, note_unopened
from models.database.engine import FLEET, connect
from models.tables import Phone, User
from models.transactions.read_write import read
from models.values.enums import PhoneState
from models.values.refused import refuse
from scripts.connect import UNREACHABLE, address, not_migrated
from scripts.local import probes
from scripts.local.part_alerts import PartAlerts
from scripts.local.processes import DELIVERY, gateway
from scripts.local.processes import console as web_console
from scripts.local.ready import LOOPBACK, answers, check_ready, package_problems, stock_adb
from scripts.local.services import Services, base_services, start_fleet, start_flower
from scripts.local.supervisor import Change, PartNews, Supervisor
from scripts.terminal.language import put, said, word
from scripts.terminal.show import say
from workers.runtime.private_files import open_to_others
from workers.settings import settings

LOOK_SECONDS = 1.0
ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, and not listened at
SANDBOX = "PHONEFLEET_SANDBOX=1: its phones take tasks of sandbox keys alone; your own tasks wait until it is unset"
NO_KEY = "not there: PHONEFLEET_MASTER_KEY is not set"


def up(flower_port: int, gateway_port: int, console_port: int, console_host: str) -> None:
    """Runs all parts until a signal; a port of 0 leaves its part out. Raises Refused."""
    console, stop, var = Console(), threading.Event(), settings().var
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with only_one(var), contextlib.ExitStack() as stack:
        keyed = settings().master_key is not None
        asked = {"--flower-port": flower_port, "--gateway-port": gateway_port if keyed else 0}
        check_ready(settings(), {**asked, "--console-port": console_port})
        _check_redis()
        try:
            services = stack.enter_context(base_services(var, {}))
        except UNREACHABLE as error:
            raise not_migrated(error) from error
        engine = connect(services.env["PHONEFLEET_DATABASE_URL"], FLEET)
        stack.callback(engine.dispose)
        unopened = note_unopened(engine, refuse_all=True) if keyed else None
        known = phones_now(engine)
        start_fleet(services)
        _start_interfaces(services, gateway_port, console_host, console_port)
        awaited = _introduce(console, services, var, flower_port, gateway_port)
        awaited |= _introduce_console(console, engine, console_host, console_port)
        _tell_dangers(console, var, unopened)
        supervisor = Supervisor(services.processes, services.embedded)
        alerts = PartAlerts(engine, settings().host, var.resolve() / "log")
        while not stop.wait(LOOK_SECONDS):
            changes = supervisor.look()
            for line in part_lines(changes):
                say(console, line)
            alerts.tell(changes)
            services.processes.keep_logs_small()
            awaited = _tell_listening(console, awaited)
            known = _tell_news(console, engine, known)
        say(console, "ending; tasks that run are given time to finish")
    say(console, "ended")


def _start_interfaces(services: Services, gateway_port: int, console_host: str, console_port: int) -> None:
    """Starts what customers and people reach the fleet by; without a master key no customer has a key."""
    if settings().master_key is not None:
        services.processes.start(DELIVERY)
        if gateway_port:
            services.processes.start(gateway(gateway_port))
    if console_port:
        services.processes.start(web_console(console_host, console_port))


@contextlib.contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Locks the folder for this process; the lock ends with the process. Raises Refused."""
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (var / "up.lock").open("a+")
    except OSError as error:
        raise refuse("PHONEFLEET_VAR", f"{var}: {error.strerror}", "name a folder that may be written") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            process = file.read().strip()
            reason = f"phonefleet up runs on {var} already, as process {process}"
            raise refuse(
                "PHONEFLEET_VAR", reason, f"use that one, end it (kill {process}), or name another folder"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def phones_now(engine: Engine) -> dict[str, str]:
    """Returns the line to print for each phone, by serial."""

    def work(session: Session) -> dict[str, str]:
        return {one.serial: _said_of(one) for one in session.scalars(select(Phone).order_by(Phone.serial))}

    return read(engine, work)


def news(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Returns a line for each phone whose state changed."""
    changed = [(serial, told) for serial, told in now.items() if before.get(serial) != told]
    return [f"{word('noun', 'phone')} {serial}: {told}" for serial, told in changed]


def part_lines(changes: Sequence[PartNews]) -> list[str]:
    """A line for each part that ended, or was started again."""
    told = {
        Change.ENDED: "{name} ended {why}; it is started again",
        Change.STARTED: "{name} was started again",
        Change.STEADY: "{name} runs well again",
    }
    return [put(told[one.change], name=one.name, why=one.why) for one in changes]


def _said_of(phone: Phone) -> str:
    if phone.state != PhoneState.ONLINE:
        state = word("phone", phone.state)
        return f"{state}, {said(phone.why)}" if phone.why else state
    if not phone.account_id:
        return said("online, not known yet who is logged in")
    return put("online, account {account}", account=phone.account_id)


def _check_redis() -> None:
    if not os.environ.get("PHONEFLEET_REDIS_URL"):
        return
    state = probes.redis_server(settings(), embedded=False)
    if state.error:
        remedy = "start it, correct the address, or unset PHONEFLEET_REDIS_URL to run the embedded one"
        raise refuse("PHONEFLEET_REDIS_URL", f"no answer from {state.address}: {state.error}", remedy)


def _tell_dangers(console: Console, var: Path, unopened: Unopened | None) -> None:
    """Prints what keeps phones, keys or files from being as safe or as useful as people think."""
    held = stock_adb(settings().adb_usb)
    if held is not None:
        say(console, held)
    if unopened is not None and unopened.keys:
        say(console, f"{unopened.told}; {REMEDY}")
    if open_to_others(var):
        say(console, f"{var} is open to other users of this machine: chmod -R go= {var}")


def _tell_packages(console: Console, env: Mapping[str, str]) -> None:
    """Prints the flow packages that are not used, and why: the fleet runs without them."""
    for one in package_problems(settings(), env)[1]:
        say(console, f"{said(one.field)}: {said(one.reason)}")
        say(console, f"-> {said(one.remedy)}", 6)


def _introduce(console: Console, services: Services, var: Path, flower_port: int, gateway_port: int) -> dict[int, str]:
    """Prints the running parts. Returns port → the line to print once a part listens there."""
    chosen = settings()
    sources = [*(["USB"] if chosen.adb_usb else []), *chosen.adb_connect]
    shown = ", ".join(sources[:3]) + (put(" and {count} more", count=len(sources) - 3) if len(sources) > 3 else "")
    kind = "SQLite" if chosen.database_url.startswith("sqlite") else "MySQL or MariaDB"
    keyed = chosen.master_key is not None
    awaited = {gateway_port: _line("gateway", f"http://127.0.0.1:{gateway_port}")} if keyed and gateway_port else {}
    for name, where in (
        ("ledger", f"{kind}, {address()}"),
        ("Redis", services.redis),
        ("host", f"{chosen.host}, phones at {shown or put('no place')}, adb on port {chosen.adb_port}"),
        *([("sandbox", SANDBOX)] if chosen.sandbox else []),
        ("coordinator", "runs"),
        ("callbacks", "sent" if keyed else NO_KEY),
        *([] if awaited else [("gateway", "none" if keyed else NO_KEY)]),
    ):
        say(console, _line(name, where))
    _tell_packages(console, services.env)
    if flower_port:
        password = start_flower(services, var, flower_port)
        awaited[flower_port] = _line("Flower", f"http://127.0.0.1:{flower_port}, user operator, password in {password}")
    say(console, _line("logs", str(var / "log")))
    if awaited:
        say(console, "The addresses follow as soon as they can be asked.")
    say(console, "Next: phonefleet phones, phonefleet submit FILE (in another terminal). Ctrl-C ends everything.")
    return awaited


def _introduce_console(console: Console, engine: Engine, host: str, port: int) -> dict[int, str]:
    """Says how the first user is made, while there is none. Returns port → the line to print once it listens."""
    if not port:
        return {}
    if read(engine, lambda session: session.scalar(select(User.name).limit(1))) is None:
        say(console, _line("console", "has no user yet: phonefleet users add NAME --role admin (in another terminal)"))
    return {port: _line("console", f"http://{LOOPBACK if host in ANYWHERE else host}:{port}")}


def _line(name: str, where: str) -> str:
    label = said(name)
    return f"{label}{' ' * (12 - cell_len(label))} {said(where)}"


def _tell_listening(console: Console, awaited: Mapping[int, str]) -> dict[int, str]:
    """Prints the line of each port that listens now. Returns the others."""
    listening = [port for port in awaited if answers(port)]
    for port in listening:
        say(console, awaited[port])
    return {port: line for port, line in awaited.items() if port not in listening}


def _tell_news(console: Console, engine: Engine, known: dict[str, str]) -> dict[str, str]:
    try:
        now = phones_now(engine)
    except DatabaseError as error:
        if "" not in known:  # said once, until it answers again
            say(console, f"the ledger does not answer: {error.orig}; workers wait for it")
        return {**known, "": "silent"}
    for line in news(known, now):
        say(console, line)
    return now
