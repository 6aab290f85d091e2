"""The tasks between the stages for stock Celery: fan out, draw, gather. They draw as phonefleet does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from celery import chord, group
from celery.canvas import Signature

from benchmarks.stock import FAILED, StockTask, app
from benchmarks.stock_canvas import stock_canvas
from benchmarks.stock_told import tell
from chaos.fleet import CAPS
from models.responsible_use.caps import Caps
from workers.campaigns.draw import Comment, Used, draw
from workers.planting.stage_params import DirectedRequest


@app.task(base=StockTask, bind=True, shared=False, name="each_title")
def each_title(self: StockTask, titles: Mapping[str, Any], plan_id: str, settled: bool = False, most: int = 50) -> Any:
    """One collect_comments for each title, in this task's place."""

    def work() -> Any:
        fan = [
            app.signature(
                "collect_comments",
                kwargs={"author_id": title["author_id"], "title": title["title"], "most": most},
                immutable=True,
            )
            for title in titles["titles"]
        ]
        return _in_place(self, plan_id, fan, app.signature("gather")) if fan else []

    return self.perform(plan_id, settled, [titles], work)


@app.task(base=StockTask, bind=True, shared=False, name="gather")
def gather(self: StockTask, results: Sequence[Any], plan_id: str, settled: bool = False) -> Any:
    """The results of the stage before, as one list, without those that failed."""
    return self.perform(plan_id, settled, [], lambda: _flat(results))


@app.task(base=StockTask, bind=True, shared=False, name="draw_directed")
def draw_directed(
    self: StockTask, collected: Sequence[Any], plan_id: str, settled: bool = False, **request: Any
) -> Any:
    """Directed tasks drawn from what was collected, in this task's place. Drawn twice they are the same."""

    def work() -> Any:
        found = [
            Comment(one["author_id"], one["title"], comment["commenter"], comment["text"])
            for one in _flat(collected)
            for comment in one["comments"]
        ]
        drawn = draw(
            found, DirectedRequest.model_validate(request), Caps().with_values(CAPS), Used(), seed=_seed(plan_id)
        )
        fan = [app.signature("directed", kwargs=params, immutable=True) for params in drawn.tasks]
        return _in_place(self, plan_id, fan, app.signature("tally")) if fan else []

    return self.perform(plan_id, settled, [], work)


@app.task(base=StockTask, bind=True, shared=False, name="tally")
def tally(self: StockTask, results: Sequence[Any], plan_id: str, settled: bool = False) -> Any:
    """How much was done, by kind."""

    def work() -> dict[str, int]:
        kinds = [result["kind"] for result in _flat(results)]
        return {kind: kinds.count(kind) for kind in kinds}

    return self.perform(plan_id, settled, [], work)


def _in_place(task: StockTask, plan_id: str, fan: list[Signature], body: Signature) -> Any:
    canvas, tasks = stock_canvas(chord(group(fan), body.set(join="settled")), plan_id, app)
    for one in tasks:
        tell("desk", "planned", **one)
    return task.replace(canvas)


def _flat(results: Any) -> list[Any]:
    flat: list[Any] = []
    for result in results if isinstance(results, list) else [results]:
        if isinstance(result, list):
            flat.extend(_flat(result))
        elif not (isinstance(result, dict) and FAILED in result):
            flat.append(result)
    return flat


def _seed(plan_id: str) -> int:
    return int.from_bytes(plan_id.encode()[-6:], "big")
