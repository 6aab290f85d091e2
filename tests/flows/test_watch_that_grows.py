"""Watches whose post, account or word grows while they look: the ledger holds what the world has, each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, select

from models.responsible_use.authors import register_author
from models.tables import CollectedComment, CollectedTitle, Task
from models.transactions.read_write import read
from phonesim.roughness import is_sticker
from tests.flows.rig import Rig
from tests.support.watches import Hands, add, alerts, items, judge, looks, plant, post, watch_row
from workers.campaigns.watches.watch_spec import WatchSpec
from workers.policy.monitoring.words import WordRule

on_sqlite = pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)  # the phone is what matters here


class Watching:
    """A watch in a ledger, whose looks a phone carries out while the world goes on."""

    def __init__(self, rig: Rig, engine: Engine, spec: WatchSpec) -> None:
        self.rig, self.engine = rig, engine
        register_author(engine, str(spec.params.get("author_id", "xiaopeng")), "作者")
        self.watch = add(engine, spec)
        self.now = self.watch.created_at
        self.hands = Hands(engine)

    def look(self, during: Callable[[], object] = lambda: None, at: int = 12) -> int:
        """One look; `during` happens when the phone was touched so many times. How many items are new to the ledger."""
        (task_id,) = plant(self.engine, self.now)
        task = read(self.engine, lambda session: session.get_one(Task, task_id))
        check, touched = self.rig.watch.check, 0

        def count() -> None:
            nonlocal touched
            touched += 1
            if touched == at:
                during()
            check()

        self.rig.watch.check = count  # type: ignore[method-assign]
        try:
            found = self.rig.run(task.flow, **task.kwargs)
        finally:
            self.rig.watch.check = check  # type: ignore[method-assign]
        assert touched >= at
        kept = self.hands.result(task_id, found.model_dump(mode="json"))
        judge(self.engine, self.now)
        self.now = watch_row(self.engine, self.watch.id).next_due
        return int(kept["new"])


@on_sqlite
def test_a_post_that_grows_is_kept_whole_and_once(rig: Rig, ledger: Engine) -> None:
    author, video = rig.video(25, 45)
    where = {"author_id": author, "title": video["title"]}
    first = [(one.commenter, one.text) for one in rig.comments(video)]
    said: dict[tuple[str, str], str] = {}

    def say(*texts: str) -> None:
        for text in texts:
            body = {**where, "commenter": f"路人{len(said)}", "text": text}
            said[body["commenter"], text] = rig.shelf.post("/world/say", **body)["id"]

    watching = Watching(rig, ledger, post(params={**where, "most": 400}, words=WordRule(any=("刹车",))))
    during = lambda: say("刹车在第一次看时失灵", "好看")  # noqa: E731
    seen = [watching.look(during, at=25)]
    assert seen[0] in (len(first), len(first) + 2)  # an open list keeps its rows, unless the app was opened anew
    say("刹车又失灵", "刹车又失灵")
    seen.append(watching.look(lambda: say("刹车在第二次看时失灵")))
    seen.append(watching.look())
    seen.append(watching.look())
    assert sum(seen) == len(first) + 5
    assert seen[-1] == 0

    shown = [(who, "" if rig.rough and is_sticker(id_) else text) for (who, text), id_ in said.items()]
    kept = select(CollectedComment.commenter, CollectedComment.text)
    in_ledger = Counter((row[0], row[1]) for row in read(ledger, lambda session: session.execute(kept).all()))
    truth = Counter([*first, *shown])
    assert set(in_ledger) == set(truth)
    assert len(items(ledger)) == truth.total()
    told = [dict(one.details or {})["count"] for one in alerts(ledger)]
    counted = sum("刹车" in text for _, text in shown[2 if seen[0] > len(first) else 0 :])
    pending = sum(bool(one.matched and one.alerted_at is None) for one in items(ledger))
    assert sum(told) + pending == counted
    assert [look.outcome for look in looks(ledger)] == ["judged"] * 4
    assert not rig.truth()  # looks only read
    for who, text in said:
        assert rig.shelf.post("/world/delete_comment", **where, commenter=who, text=text)["deleted"]


@on_sqlite
@pytest.mark.parametrize(
    ("flow", "params"),
    [("monitor_account", {"author_id": "beifang_shijia", "most": 6}), ("monitor_keyword", {"keyword": "交付延期"})],
)
def test_videos_that_come_up_between_and_during_looks_are_kept_once(
    rig: Rig, ledger: Engine, flow: str, params: dict[str, Any]
) -> None:
    mark = f"{flow}{'粗' if rig.rough else ''}"

    def publish(number: int) -> None:
        rig.shelf.post("/world/publish", author_id="beifang_shijia", title=f"交付延期，第{number}次说明，{mark}")

    publish(1)
    watching = Watching(rig, ledger, post(flow=flow, params=params, words=WordRule(any=("延期",)), min_interval=0))
    first = watching.look()
    publish(2)
    found = [watching.look(lambda: publish(3)), watching.look(), watching.look()]
    assert first >= 1
    assert sum(found) == 2
    assert found[-1] == 0
    titles = read(ledger, lambda session: session.scalars(select(CollectedTitle.title)).all())
    assert sorted(title for title in titles if mark == title.rpartition("，")[2]) == sorted(
        f"交付延期，第{number}次说明，{mark}" for number in (1, 2, 3)
    )
    assert sum(dict(one.details or {})["count"] for one in alerts(ledger)) == 2
