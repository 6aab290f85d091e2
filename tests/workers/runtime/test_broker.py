"""When the broker counts as away, and what people are told of each form."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import pytest
from kombu.exceptions import BatchPublishError, OperationalError
from redis import Redis
from redis.exceptions import AuthenticationError, BusyLoadingError, OutOfMemoryError, ReadOnlyError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from scripts.local.probes import redis_server
from workers.runtime import broker as broker_file
from workers.runtime.broker import PROBE, QUIET_SECONDS, Broker, Condition, Trouble, trouble_of
from workers.runtime.log import _NoBrokerErrors
from workers.settings import read_settings

SICK = Trouble("it is ill", "heal it")


def caused(error: Exception, cause: Exception) -> Exception:
    """The error, raised from its cause."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), "maxmemory"),
        (ResponseError("Command # 1 (ZADD unacked_index) of pipeline caused error: OOM command not allowed"), "maxmem"),
        (caused(BatchPublishError("uncertain"), OutOfMemoryError("OOM command not allowed")), "maxmemory"),
        (ResponseError("MISCONF Redis is configured to save RDB snapshots, but"), "save to disk"),
        (ReadOnlyError("You can't write against a read only replica."), "names a replica"),
        (BusyLoadingError("Redis is loading the dataset in memory"), "wait"),
        (AuthenticationError("Authentication required."), "password"),
        (AuthenticationError("invalid username-password pair or user is disabled."), "password"),
        (ResponseError("WRONGPASS invalid username-password pair"), "password"),
        (ResponseError("NOPERM this user has no permissions to access one of the keys"), "all keys"),
        (ResponseError("BUSY Redis is busy running a script."), "SCRIPT KILL"),
        (ResponseError("UNKILLABLE Sorry the script already executed write commands"), "SCRIPT KILL"),
        (ResponseError("EXEC without MULTI"), "all keys"),
        (RedisConnectionError("max number of clients reached"), "maxclients"),
        (RedisConnectionError("No master found for 'fleet' : Redis - refused"), "start its Sentinels"),
        (ResponseError("NOREPLICAS Not enough good replicas to write."), "replication"),
        (ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value"), "holds something else"),
        (RedisConnectionError("Error 111 connecting to 127.0.0.1:1. Connection refused."), "start it"),
        (ConnectionRefusedError(111, "Connection refused"), "start it"),
        (caused(OperationalError("x"), RedisTimeoutError("Timeout reading from socket")), "hangs"),
        (TimeoutError(), "hangs"),
        (RedisConnectionError("Error -2 connecting to redis.invalid:6379. Name or service not known."), "host name"),
        (RedisConnectionError("Connection closed by server."), "CLIENT KILL"),
        (BrokenPipeError(32, "Broken pipe"), "CLIENT KILL"),
        (ResponseError("SOMETHING nobody has heard of"), "redis-cli INFO"),
    ],
)
def test_each_form_has_its_remedy(error: Exception, words: str) -> None:
    assert words in trouble_of(error).remedy


def test_a_reason_is_one_short_line() -> None:
    trouble = trouble_of(ResponseError("MISCONF \n\x1b[31m" + "x" * 5000))
    assert len(trouble.reason) <= 200
    assert trouble.reason.isprintable()


def test_it_is_news_once_that_it_is_away_and_once_that_it_is_over() -> None:
    condition = Condition()
    assert condition.answered(0) is None
    assert condition.failed(SICK, 10)
    assert condition == Condition(SICK, 10, 10, reachable=False)
    assert not condition.failed(SICK, 11)
    assert condition.lasts() == 1
    assert condition.answered(11.5) is None
    assert condition.reachable, "it may be used at once"
    assert condition.trouble == SICK
    assert condition.answered(11 + QUIET_SECONDS) == 1
    assert condition.lasts() == 0


def test_one_that_fails_every_other_second_is_away_all_the_time() -> None:
    condition = Condition()
    news = [condition.failed(SICK, second) if second % 2 else condition.answered(second) for second in range(1, 61)]
    assert [one for one in news if one] == [True]
    assert condition.lasts() == 58


def test_its_place_is_told_without_its_password() -> None:
    assert Broker("redis://me:geheim@10.0.0.7:6380/3").place == "10.0.0.7:6380/3"


@pytest.mark.parametrize(
    ("name", "told", "shown"),
    [
        ("celery.worker.consumer", (ResponseError("MISCONF"),), False),
        ("kombu.message", ("tag", TimeoutError()), False),
        ("celery.app.trace", ("task", ValueError("a flow's")), True),
        ("phonefleet.broker", (ResponseError("MISCONF"),), True),
        ("celery.worker", (), True),
    ],
)
def test_what_libraries_say_of_each_failure_is_left_out_of_the_log(
    name: str, told: tuple[object, ...], *, shown: bool
) -> None:
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, "%s" * len(told), told, None)
    assert _NoBrokerErrors().filter(record) is shown


@pytest.mark.parametrize("command", ["set", "brpop", "lpush", "zadd", "zrem", "hset", "hdel", "publish"])
def test_one_command_that_is_refused_keeps_it_away(empty_redis_url: str, command: str) -> None:
    with Redis.from_url(empty_redis_url) as operator:
        operator.execute_command("ACL SETUSER", "cut", "reset", "on", ">geheim", "~*", "&*", "+@all", f"-{command}")
        url = f"redis://cut:geheim@{urlsplit(empty_redis_url).netloc.rpartition('@')[2]}/0"
        broker = Broker(url)
        doctor = read_settings({"PHONEFLEET_REDIS_URL": url})
        try:
            assert not broker.look()
            assert broker.trouble is not None
            assert f"'{command}'" in broker.trouble.reason
            assert "commands" in broker.trouble.remedy
            assert f"'{command}'" in redis_server(doctor, embedded=False).error
            operator.execute_command("ACL SETUSER", "cut", f"+{command}")
            assert broker.look()
            assert not redis_server(doctor, embedded=False).error
            assert operator.keys() == [PROBE.encode()]
        finally:
            broker.close()
            operator.execute_command("ACL DELUSER", "cut")


class Client:
    """Stands in for a client of Redis."""

    closed = False

    def close(self) -> None:
        self.closed = True


def test_after_a_failure_the_primary_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that reconnects by itself goes to the old primary, which is a replica after a fail-over."""
    made: list[Client] = []

    def client(_url: str, **_options: object) -> Client:
        made.append(Client())
        return made[-1]

    def probed(asked: Client) -> None:
        if asked is made[0]:
            raise RedisConnectionError("The previous master is now a slave")

    monkeypatch.setattr(broker_file, "redis_client", client)
    monkeypatch.setattr(broker_file, "probe", probed)
    looked_at = Broker("sentinel://127.0.0.1:26379/0?master=fleet")
    assert not looked_at.look()
    assert looked_at.look()
    assert looked_at.look()
    assert [one.closed for one in made] == [True, False]
