"""Moments as the driver writes and reads them: to the microsecond, and as its own functions do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from MySQLdb.constants import FIELD_TYPE
from MySQLdb.converters import conversions as drivers_own
from sqlalchemy import text

from models.database.driver_times import conversions
from models.database.engine import connect

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = (
    datetime(2030, 1, 31, 8, 0, 0, 123456),  # noqa: DTZ001 - as the driver has them
    datetime(2030, 1, 31, 8, 0),  # noqa: DTZ001
    datetime(2030, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001
    datetime(2024, 2, 29, 0, 0, 0, 1),  # noqa: DTZ001
    datetime(1000, 1, 1, 0, 0, 0, 10),  # noqa: DTZ001
    datetime(9999, 12, 31, 23, 59, 59),  # noqa: DTZ001
)


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_a_moment_comes_back_and_is_found(mariadb_database: str, moment: datetime) -> None:
    with connect(mariadb_database).begin() as connection:
        connection.execute(text("CREATE TABLE moments (moment DATETIME(6), stamp TIMESTAMP NULL)"))
        connection.execute(text("INSERT INTO moments (moment) VALUES (:moment)"), {"moment": moment})
        found = connection.execute(text("SELECT moment, stamp FROM moments WHERE moment = :moment"), {"moment": moment})
        assert found.one() == (moment, None)


def test_a_time_stamp_is_read_as_a_moment(mariadb_database: str) -> None:
    with connect(mariadb_database).connect() as connection:
        stamp = connection.scalar(text("SELECT FROM_UNIXTIME(1900000000.25)"))
    assert stamp == (EPOCH + timedelta(seconds=1_900_000_000.25)).replace(tzinfo=None)


@pytest.mark.parametrize(
    "written",
    [
        "2030-01-31 08:00:00.123456",
        "2030-01-31 08:00:00",
        "2030-01-31 08:00:00.5",
        "2030-01-31 08:00:00.120",
        "2030-01-31 08:00",
        "0000-00-00 00:00:00",
        "0000-00-00 00:00:00.000000",
        "2030-02-31 08:00:00",
        "2030-01-31",
        "",
        "now",
    ],
)
def test_what_the_driver_reads_is_read_as_it_does(written: str) -> None:
    expected, read = drivers_own[FIELD_TYPE.DATETIME](written), conversions()[FIELD_TYPE.DATETIME](written)
    # the driver has dates for what is no time of day; of the ledger no column holds these
    assert read == expected or (type(expected) is not datetime and read == datetime.fromisoformat(written))


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_what_is_written_is_what_the_driver_writes(moment: datetime) -> None:
    assert conversions()[datetime](moment, conversions()) == drivers_own[datetime](moment, drivers_own)


def test_nothing_else_of_the_driver_is_changed() -> None:
    changed = {key for key, value in conversions().items() if drivers_own.get(key) is not value}
    assert changed == {datetime, FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP}
    assert conversions().keys() == drivers_own.keys()
