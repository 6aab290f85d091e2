"""The feed: each change once, to each tab, from one reading of the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from gateway.console.live import feed as feeds
from gateway.console.live.feed import Batch, Feed, event


class Ledger:
    """What a look finds, and how often one was taken."""

    def __init__(self, **fragments: Any) -> None:
        self.fragments: dict[str, Any] = fragments
        self.looks = 0
        self.rendered: list[str] = []

    def look(self) -> dict[str, Any]:
        self.looks += 1
        return dict(self.fragments)

    def render(self, name: str, value: Any, language: str) -> str:
        self.rendered.append(f"{name} {language}")
        return f"<{name} {language} {value}>"

    def feed(self) -> Feed:
        return Feed(self.look, self.render, every=0.01)


def everything(_: str) -> bool:
    return True


def asked(work: Callable[[], Any]) -> Any:
    return asyncio.run(work())


def test_only_what_changed_since_the_mark_is_sent() -> None:
    ledger = Ledger(a=1, b=1)

    async def work() -> list[Batch]:
        feed = ledger.feed()
        first = await feed.since("", "zh", everything)
        same = await feed.since(first.mark, "zh", everything)
        feed.see({"a": 2, "b": 1})
        changed = await feed.since(first.mark, "zh", everything)
        await feed.close()
        return [first, same, changed]

    first, same, changed = asked(work)
    assert first.html == "<a zh 1><b zh 1>"
    assert (same.html, same.mark) == ("", first.mark)
    assert changed.html == "<a zh 2>"
    assert changed.mark != first.mark


def test_a_mark_of_another_life_or_none_gets_everything() -> None:
    ledger = Ledger(a=1)

    async def work() -> list[str]:
        feed = ledger.feed()
        marks = ["", "12345678-9", "x", "-", f"{'9' * 30}", (await feed.since("", "zh", everything)).mark + "x"]
        found = [(await feed.since(mark, "zh", everything)).html for mark in marks]
        await feed.close()
        return found

    assert set(asked(work)) == {"<a zh 1>"}


def test_each_change_is_rendered_once_for_each_language_however_many_tabs() -> None:
    ledger = Ledger(a=1)

    async def work() -> None:
        feed = ledger.feed()
        for _ in range(5):
            for language in ("zh", "en"):
                await feed.since("", language, everything)
        await feed.close()

    asked(work)
    assert sorted(ledger.rendered) == ["a en", "a zh"]


def test_twenty_tabs_share_one_reader_and_each_gets_the_change() -> None:
    ledger = Ledger(a=1)

    async def first_change(stream: AsyncIterator[str]) -> str:
        async for part in stream:
            if "<a zh 2>" in part:
                return part
        raise AssertionError("the stream ended")

    async def work() -> list[str]:
        feed = ledger.feed()
        tabs = [asyncio.create_task(first_change(feed.stream("", "zh", everything, lambda: True))) for _ in range(20)]
        await feed.since("", "zh", everything)
        ledger.fragments = {"a": 2}
        found = await asyncio.wait_for(asyncio.gather(*tabs), 10)
        looks = ledger.looks
        await feed.close()
        assert looks < 20
        return found

    assert len(set(asked(work))) == 1


def test_a_stream_ends_with_its_session(monkeypatch: Any) -> None:
    monkeypatch.setattr(feeds, "STILL_SECONDS", 0.01)
    answers = iter([True, True, False])

    async def work() -> list[str]:
        feed = Ledger().feed()
        found = [part async for part in feed.stream("", "zh", everything, lambda: next(answers))]
        await feed.close()
        return found

    assert [one for one in asked(work) if one.startswith(":")] == [": still here\n\n"] * 2


def test_a_ledger_that_is_away_leaves_the_feed_as_it_was() -> None:
    ledger = Ledger(a=1)

    async def work() -> tuple[bool, str]:
        feed = ledger.feed()
        mark = (await feed.since("", "zh", everything)).mark
        ledger.look = lambda: 1 / 0  # type: ignore[assignment,method-assign,return-value]
        await asyncio.sleep(0)
        found = await feed.since(mark, "zh", everything)
        await feed.close()
        return found.mark == mark, found.html

    assert asked(work) == (True, "")


def test_hostile_line_ends_stay_inside_one_event() -> None:
    told = event(Batch("m-1", "a\nid: x\r\rdata: b\r\n\nc"))
    assert told == "id: m-1\ndata: a\ndata: id: x\ndata: \ndata: data: b\ndata: \ndata: c\n\n"
