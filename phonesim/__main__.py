"""`python -m phonesim`: serve a shelf of simulated phones until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from phonesim.adb.port import HOST
from phonesim.pace import NoSuchTime, parse_times
from phonesim.roughness import NotRough, Roughness
from phonesim.server import Settings, Shelf
from phonesim.world import Emoji

PARENT_POLL_SECONDS = 0.5
WANTED_FILES = 65536  # a phone needs about four descriptors
MOST_HASTE = 100.0


def main() -> int:
    """Serve; 2 when the ports or the truth file cannot be had."""
    arguments = _parse()
    settings = Settings(
        phones=arguments.phones,
        accounts=arguments.accounts or arguments.phones,
        seed=arguments.seed,
        speed=arguments.speed,
        times=arguments.times,
        haste=arguments.haste,
        base_port=arguments.base_port,
        control_port=arguments.control_port,
        bind=arguments.bind,
        adb_port=arguments.adb_port,
        truth=arguments.truth,
        emoji=Emoji(arguments.emoji),
        rough=arguments.rough,
        update=arguments.update,
    )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    _allow_many_files()
    try:
        asyncio.run(_serve(settings, os.getppid() if arguments.die_with_parent else None))
    except OSError as error:
        print(f"phonesim: {error}", file=sys.stderr)
        return 2
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m phonesim", description=__doc__)
    parser.add_argument("--phones", type=_positive, default=1, help="how many phones (default 1)")
    parser.add_argument("--accounts", type=_positive, help="how many accounts the world has (default: as phones)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same world")
    parser.add_argument("--speed", type=_speed, default=1.0, help="1 as a real phone, 10 ten times faster, 0 no delays")
    parser.add_argument(
        "--times", type=_times, default={}, metavar="NAME=SECONDS,…",
        help="what these take on a real phone, e.g. dump=0.25,tap=0.06 (default: as a mid-range phone)",
    )  # fmt: skip
    parser.add_argument(
        "--haste", type=_haste, default=1.0,
        help="how many times faster the app's clock goes: toasts, fields that come late, lists that run on (default 1)",
    )  # fmt: skip
    parser.add_argument("--base-port", type=int, default=0, help="ADB port of the first phone (default: free ports)")
    parser.add_argument("--control-port", type=int, default=0, help="port of the control API (default: a free one)")
    parser.add_argument("--bind", default=HOST, help="address at which the ADB ports listen (default loopback)")
    parser.add_argument("--adb-port", type=int, default=0, help="port of an adb server that has the phones at USB")
    parser.add_argument("--truth", type=Path, help="write what really happened to this file, one JSON line each")
    parser.add_argument(
        "--emoji",
        choices=list(Emoji),
        default=Emoji.SOME,
        help="how many of the world's texts hold emoji (default some)",
    )
    parser.add_argument(
        "--rough", type=_rough, nargs="?", const=Roughness.rough(), default=Roughness(),
        metavar="NAME=VALUE,…", help="phones as rough as real ones, or just these options of roughness",
    )  # fmt: skip
    parser.add_argument(
        "--update",
        type=int,
        metavar="SEED",
        help="new versions of both apps, drawn by this seed: ids, places and texts",
    )
    parser.add_argument("--die-with-parent", action="store_true", help="end when the process that started this ends")
    return parser.parse_args()


def _rough(text: str) -> Roughness:
    try:
        return Roughness.parse(text)
    except NotRough as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _times(text: str) -> Mapping[str, float]:
    try:
        return parse_times(text)
    except NoSuchTime as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _haste(text: str) -> float:
    number = float(text)
    if not 0 < number <= MOST_HASTE:
        raise argparse.ArgumentTypeError(f"must be more than 0, and {MOST_HASTE:g} at most")
    return number


def _speed(text: str) -> float:
    number = float(text)
    if not number >= 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number


def _allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(settings: Settings, parent: int | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    shelf = Shelf(settings)
    ready = await shelf.start()
    print(json.dumps(ready, ensure_ascii=False), flush=True)
    watching = asyncio.create_task(_watch(parent, stop)) if parent is not None else None
    try:
        await stop.wait()
    finally:
        if watching is not None:
            watching.cancel()
        shelf.stop()


async def _watch(parent: int, stop: asyncio.Event) -> None:
    """A poll rather than PDEATHSIG, which also strikes when only the thread that forked ends."""
    while os.getppid() == parent:
        await asyncio.sleep(PARENT_POLL_SECONDS)
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
