"""The rights of the fleet at a Redis: those that tickets need (docs/decisions/embedded-redis.md)."""

from __future__ import annotations

import contextlib

SETUP_USER = "setup"  # it is there until the scripts are loaded
# Neither what is dangerous by Redis's own word, nor kinds of data that tickets do not use.
ALLOWED = (
    "+@all",
    *(f"-@{kind}" for kind in ("dangerous", "admin", "scripting", "hyperloglog", "geo", "bitmap", "stream")),
    "+info",
    "+evalsha",
    "+script|exists",
)
# Nobody loads the scripts into a Redis of the operator's own before the fleet comes, so kombu and redis-py do.
ALLOWED_AT_OPERATORS = (*ALLOWED, "+script|load")


def user_line(name: str, password: str) -> str:
    """Returns the line of a Redis's configuration that gives the fleet its user."""
    return f"user {name} on >{password} ~* &* {' '.join(ALLOWED_AT_OPERATORS)}"


def fleet_scripts() -> tuple[str, ...]:
    """Returns all scripts that kombu and the gateway's rate limit run: by their digests, and no others are loaded."""
    from kombu.transport.redis import REFRESH_BINDING, SWEEP_BINDINGS  # noqa: PLC0415 - a command that only asks for the address needs none
    from limits.storage import RedisStorage  # noqa: PLC0415
    from redis.lock import Lock  # noqa: PLC0415

    # the package's data are bytes, whatever it says
    rate = bytes(RedisStorage.SCRIPT_ACQUIRE_SLIDING_WINDOW).decode()
    lock = (Lock.LUA_RELEASE_SCRIPT, Lock.LUA_EXTEND_SCRIPT, Lock.LUA_REACQUIRE_SCRIPT)
    return (REFRESH_BINDING, SWEEP_BINDINGS, *lock, rate)


def let_fleet_in(port: int, setup_password: str, password: str) -> None:
    """Loads the scripts, then lets the fleet in, and nobody else any more: from now on no right can be given."""
    import redis  # noqa: PLC0415 - here and below: the constants above are for whoever starts or names a Redis
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    with (
        contextlib.suppress(redis.RedisError),  # it does not answer yet
        redis.Redis(
            port=port,
            username=SETUP_USER,
            password=setup_password,
            socket_timeout=1,
            socket_connect_timeout=1,
            retry=Retry(NoBackoff(), retries=0),
        ) as client,
    ):
        for script in fleet_scripts():
            client.script_load(script)
        client.execute_command("ACL SETUSER", "default", "on", f">{password}", "~*", "&*", *ALLOWED)
        client.execute_command("ACL DELUSER", SETUP_USER)
