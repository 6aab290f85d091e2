"""Readings of phones' health are told together while they say nothing new."""

from __future__ import annotations

from tests.workers.host.test_health import LOCKED, WELL, Shelf
from workers.host.health_watch import TOGETHER_SECONDS


def test_phones_that_are_as_they_were_are_told_of_together() -> None:
    shelf = Shelf(p1=WELL)
    shelf.look(100.0)
    shelf.answers["p2"] = WELL
    shelf.look(105.0)
    shelf.told.clear()
    assert shelf.look(130.0) == ["p1"]
    assert shelf.look(135.0) == ["p2"]
    shelf.look(130.0 + TOGETHER_SECONDS - 0.1)
    assert shelf.told == []
    shelf.look(130.0 + TOGETHER_SECONDS)
    assert [[one.serial for one in together] for together in shelf.told] == [["p1", "p2"]]


def test_one_that_is_news_is_told_at_once_with_those_that_wait() -> None:
    shelf = Shelf(p1=WELL, p2=WELL)
    shelf.look(100.0)
    shelf.answers["p2"] = LOCKED
    assert shelf.look(130.0) == ["p1", "p2"]
    assert {one.serial: one.unfit_why for one in shelf.told[-1]} == {"p1": None, "p2": "its screen is locked"}


def test_nobody_is_told_of_a_phone_that_left() -> None:
    shelf = Shelf(p1=WELL)
    shelf.look(100.0)
    shelf.look(130.0)
    del shelf.answers["p1"]
    shelf.look(130.0 + TOGETHER_SECONDS)
    assert len(shelf.told) == 1
