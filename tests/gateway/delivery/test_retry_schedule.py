"""When it is tried again, and how long an endpoint is left alone."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from gateway.delivery.retry_schedule import JITTER, again_in, breaker_pause
from gateway.protocol.retry_after import LONGEST_ASKED, read_retry_after
from workers.settings import read_settings

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SCHEDULE = read_settings({}).delivery_schedule


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    hours = 3600
    assert (5, 300, 1800, 2 * hours, 5 * hours, 10 * hours, 14 * hours, 20 * hours, 24 * hours) == SCHEDULE


@pytest.mark.parametrize("failed_before", range(9))
def test_each_wait_is_its_own_with_some_jitter(failed_before: int) -> None:
    waits = {again_in(SCHEDULE, failed_before, None, random.Random(seed)) for seed in range(20)}
    assert len(waits) == 20
    assert all(one is not None and 1 <= one / SCHEDULE[failed_before] <= 1 + JITTER for one in waits)


def test_ten_tries_are_all() -> None:
    assert again_in(SCHEDULE, 9, 10.0, random.Random(1)) is None


@pytest.mark.parametrize(("asked", "least"), [(None, 5), (2.0, 5), (60.0, 60), (0.0, 5)])
def test_what_the_receiver_asks_for_is_waited_for_if_it_is_longer(asked: float | None, least: float) -> None:
    wait = again_in(SCHEDULE, 0, asked, random.Random(1))
    assert wait is not None
    assert least <= wait <= max(least, 5 * (1 + JITTER))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("9" * 400, LONGEST_ASKED),
        ("Sun, 01 Mar 2026 08:02:00 GMT", 120.0),
        ("Sun, 01 Mar 2026 07:00:00 GMT", 0.0),
        ("Sun, 01 Mar 2099 07:00:00 GMT", LONGEST_ASKED),
        ("Sun, 01 Mar 2026 08:02:00 -0000", 120.0),
        ("Sun, 99 Mar 2026 08:02:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_bounded(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value, NOW) == seconds


def test_an_endpoint_is_left_alone_as_long_as_its_delivery_waits_but_half_an_hour_at_most() -> None:
    assert [breaker_pause(SCHEDULE, failed) for failed in (0, 1, 2, 3, 8, 99)] == [5, 300, 1800, 1800, 1800, 1800]
