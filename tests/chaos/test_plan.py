"""The plan of a storm: exactly so many tasks, the promised shares, and the same for the same seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from chaos.material import Material, WorldDiffers, check_world, read_material
from chaos.plan import DAY_LIKES, DAY_REPLIES, Canvas, TooSmall, plan_work
from chaos.schedule import KINDS, plan_strikes
from workers.canvas.rows import PlantedRow
from workers.planting.plant import compile_for_planting

TARGET = ("author_id", "title", "target_commenter", "target_comment")
SIZES = [60, 150, 2000]


@pytest.fixture(scope="module")
def material() -> Material:
    return read_material(1, 40)


def rows(canvases: list[Canvas]) -> Iterator[PlantedRow]:
    for canvas in canvases:
        yield from compile_for_planting(canvas.signature, "all").rows


@pytest.mark.parametrize("tasks", SIZES)
def test_work_is_as_large_as_asked_and_mixed_as_promised(material: Material, tasks: int) -> None:
    canvases = plan_work(tasks, material, seed=1)
    assert sum(canvas.tasks for canvas in canvases) == tasks
    flows = Counter(row.task for row in rows(canvases))
    drawn = (DAY_LIKES + DAY_REPLIES) * sum(canvas.name.startswith("day") for canvas in canvases)
    assert drawn > 0
    assert flows["directed"] + drawn >= tasks / 2
    assert flows["nurture"] >= tasks / 10


def test_canvas_without_fan_out_plants_what_it_says(material: Material) -> None:
    for canvas in plan_work(300, material, seed=2):
        if not canvas.name.startswith("day"):
            assert len(compile_for_planting(canvas.signature, "all").rows) == canvas.tasks, canvas.name


def test_whatever_is_written_or_liked_is_asked_for_once(material: Material) -> None:
    planted = list(rows(plan_work(2000, material, seed=3)))
    asked = [
        tuple(sorted((name, str(value)) for name, value in row.kwargs.items()))
        for row in planted
        if row.task == "directed"
    ]
    assert len(set(asked)) == len(asked)
    texts = [str(row.kwargs["text"]) for row in planted if row.task == "directed" and "text" in row.kwargs]
    texts += [text for row in planted if row.task == "nurture" for text in row.kwargs["texts"]]
    assert len(set(texts)) == len(texts)


def test_same_seed_same_storm(material: Material) -> None:
    first, again, other = ([str(row.kwargs) for row in rows(plan_work(150, material, seed))] for seed in (5, 5, 6))
    assert first == again != other
    assert plan_strikes(40, 5) == plan_strikes(40, 5) != plan_strikes(40, 6)


def test_too_few_tasks_are_refused(material: Material) -> None:
    with pytest.raises(TooSmall, match="60 or more"):
        plan_work(10, material, seed=1)


@pytest.mark.parametrize("seed", range(3))
def test_long_storm_strikes_with_every_kind_and_after_points_of_no_return(seed: int) -> None:
    strikes = plan_strikes(300, seed)
    kinds = Counter(strike.kind for strike in strikes)
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 10
    assert sum(strike.aim == "no_return" for strike in strikes) >= 30
    assert sum(strike.aim != "any" for strike in strikes) >= 150
    assert [strike.at_share for strike in strikes] == sorted(strike.at_share for strike in strikes)


def test_another_world_is_refused(material: Material) -> None:
    with pytest.raises(WorldDiffers):
        check_world(material, [{"id": "xiaopeng", "videos": []}])


def test_some_acts_are_dislikes_and_reports_of_comments_of_their_own_from_a_named_account(material: Material) -> None:
    planted = list(rows(plan_work(2000, material, seed=4)))
    against = [row for row in planted if row.task in ("dislike_comment", "report_comment")]
    assert min(Counter(row.task for row in against).values()) > 20
    assert all(str(row.options["queue"]).startswith("account.") for row in against)
    on = [tuple(row.kwargs[name] for name in TARGET) for row in planted if "target_comment" in row.kwargs]
    assert len(set(on)) == len(on)
