"""A phone to try a flow on: a simulated one that lives as long as the try, or one that adb knows."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from models.values.refused import refuse
from scripts.local.embedded import free_port
from workers.host.adb import NO_USB, Adb, AdbError
from workers.host.adb_program import find_adb
from workers.phone.phone import U2Phone
from workers.runtime.linux import bound_to_me
from workers.settings import settings

READY_SECONDS = 30.0
END_SECONDS = 10.0


@contextmanager
def simulated_phone(
    remaining: Callable[[], float], *, rough: bool, update: int | None = None
) -> Iterator[tuple[U2Phone, str]]:
    """Yields a simulated phone of its own, and the account that is logged in on it. Raises Refused.

    `update`: the seed of new versions of its apps.
    """
    port = free_port()
    with _process([find_adb().path, "-P", str(port), "server", "nodaemon"], NO_USB):
        command = [sys.executable, "-m", "phonesim", "--speed", "0", "--die-with-parent"]
        command += ["--rough"] if rough else []
        command += [] if update is None else ["--update", str(update)]
        with _process(command, {}) as phonesim:
            described = _ready(phonesim)
            adb = Adb(port)
            _connected(adb, described["address"])
            phone = U2Phone.connect(described["address"], described["serial"], port, remaining)
            try:
                yield phone, described["account"]
            finally:
                phone.close()


@contextmanager
def real_phone(address: str, remaining: Callable[[], float]) -> Iterator[tuple[U2Phone, str]]:
    """Yields the phone that the fleet's adb server knows by this address. Its account is not known.

    Raises Refused when it cannot be reached.
    """
    port = settings().adb_port
    try:
        serial = Adb(port).getprop(address, "ro.serialno")
    except AdbError as error:
        remedy = f"see what adb knows: adb -P {port} devices; PHONEFLEET_ADB_PORT names another server"
        raise refuse("--phone", f"{address} cannot be reached: {error}", remedy) from error
    phone = U2Phone.connect(address, serial, port, remaining)
    try:
        yield phone, ""
    finally:
        phone.close()


@contextmanager
def _process(command: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        bound_to_me(command), env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
        if process.poll() is None:
            process.kill()
        if process.stdout is not None:
            process.stdout.close()


def _ready(phonesim: subprocess.Popen[bytes]) -> dict[str, str]:
    """Returns what phonesim says of its phone. Raises Refused when it says nothing in time."""
    assert phonesim.stdout is not None
    readable, _, _ = select.select([phonesim.stdout], [], [], READY_SECONDS)
    line = phonesim.stdout.readline() if readable else b""
    try:
        phone: dict[str, str] = json.loads(line)["phones"][0]
    except ValueError:
        reason = f"no simulated phone is ready after {READY_SECONDS:g} s"
        raise refuse("phone", reason, "see what it says: python -m phonesim") from None
    return phone


def _connected(adb: Adb, address: str) -> None:
    """Connects adb to the phone, once the server is there. Raises Refused."""
    until = time.monotonic() + READY_SECONDS
    for _ in range(int(READY_SECONDS * 20)):
        try:
            return adb.connect(address)
        except AdbError as error:
            if time.monotonic() > until:
                raise refuse("phone", f"adb does not connect: {error}", "see: phonefleet doctor") from error
            time.sleep(0.05)
    raise refuse("phone", "adb does not connect", "see: phonefleet doctor")
