"""What the zygote does to its memory before it forks leaves nothing behind that would disturb a worker."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workers.host import zygote
from workers.host.warm_up import LEARNING_ROUNDS
from workers.settings import read_settings

REHEARSE = """
import json, os, threading
def files():
    numbers = [fd for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")]
    return sorted(os.readlink(f"/proc/self/fd/{fd}") for fd in numbers)
import workers.host.zygote
from workers.app import app
from celery import current_app
from celery.worker import state
from kombu.asynchronous import get_event_loop
before = files()
from workers.host.warm_up import warm_up
engine = warm_up()
from kombu import pools
from redis.utils import get_lib_version
from workers.phone.phone import U2Phone
from workers.phone.ui_jar import pinned_jar
print(json.dumps({
    "threads": [thread.name for thread in threading.enumerate()],
    "new_files": [name for name in files() if name not in before],
    "app": current_app.main,
    "consumes": list(app.amqp.queues.consume_from),
    "told_to_stop": state.should_stop,
    "event_loop": get_event_loop() is not None,
    "connections": engine.pool.checkedin() + engine.pool.checkedout(),
    "engine": str(engine.url),
    "ledger_made": os.path.exists(engine.url.database),
    "connections_to_close_in_each_child": [repr(group) for group in pools._groups if group],
    "phones_held": sorted(U2Phone._open),
    "read_once": [get_lib_version.cache_info().currsize, pinned_jar.cache_info().currsize],
}))
"""

SCATTER = """
import json
import workers.host.zygote
from workers.host.heap_fill import fill_free_heap
def pages(size, count):
    kept = [bytes(size) for _ in range(count)]
    return len({id(one) // 4096 for one in kept})
before = pages(31, 250)
fill_free_heap()
print(json.dumps({"before": before, "after": pages(31, 250)}))
"""


FILL_AGAIN = """
import json
from workers.host.heap_fill import _libc, fill_free_heap
libc = _libc()
pieces = [libc.malloc(700) for _ in range(1000)]
fill_free_heap()
holes = set(pieces[::2])
for hole in holes:
    libc.free(hole)
fill_free_heap()
print(json.dumps({"left": len(holes & {libc.malloc(700) for _ in pieces})}))
"""

MERGE = """
import json, os
from workers.host.zygote import offer_memory
from workers.runtime.linux import may_merge_memory
before = may_merge_memory()
offer_memory()
read, write = os.pipe()
if os.fork() == 0:
    os.write(write, json.dumps({"before": before, "of_a_worker": may_merge_memory()}).encode())
    os._exit(0)
os.close(write)
print(os.read(read, 100).decode())
os.wait()
"""


IMMORTAL = """
import json, sys
from workers.host.zygote import preload
from workers.execution.identify_account import identify
def f():
    return "no name: %s", (1.5, "nor this one")
preload()
code = f.__code__
some = [identify, identify.__code__, identify.__globals__, json.JSONEncoder, code.co_consts, *code.co_consts]
made = {"made later": [1.5]}
print(json.dumps({
    "knows": sys.getrefcount(None) > 1 << 30,
    "immortal": [sys.getrefcount(one) > 1 << 30 for one in some if one is not None],
    "later": sys.getrefcount(made),
}))
"""


RAISE = """
import json, threading
from workers.host import warm_up
def fail(*_):
    raise RuntimeError("on purpose")
warm_up.Rehearsal.act = fail
warm_up.warm_up()
print(json.dumps({"threads": [thread.name for thread in threading.enumerate()]}))
"""


COUNT = """
import json
from workers.host import warm_up
rehearsed = []
class Counted(warm_up.Rehearsal):
    def act(self):
        rehearsed.append(1)
        super().act()
warm_up.Rehearsal = Counted
engine = warm_up.warm_up()
print(json.dumps({"rehearsed": len(rehearsed), "engine": str(engine.url)}))
"""


def run(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a program of its own prints as JSON."""
    monkeypatch.setenv("PHONEFLEET_DATABASE_URL", f"sqlite:///{tmp_path / 'real.db'}")
    monkeypatch.setenv("PHONEFLEET_TASKS", "tests.support.host.sample_tasks")
    monkeypatch.delenv("PHONEFLEET_REHEARSALS", raising=False)  # as an operator's host
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=300)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_rehearsal_leaves_one_thread_no_file_and_no_trace_in_celery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(REHEARSE, tmp_path, monkeypatch) == {
        "threads": ["MainThread"],
        "new_files": [],
        "app": "phonefleet",
        "consumes": ["pool"],  # Celery's own default, before a worker chooses
        "told_to_stop": None,
        "event_loop": False,
        "connections": 0,
        "engine": f"sqlite:///{tmp_path / 'real.db'}",
        "ledger_made": False,
        "connections_to_close_in_each_child": [],
        "phones_held": [],
        "read_once": [1, 1],
    }


def test_a_rehearsal_whose_tasks_fail_ends_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(RAISE, tmp_path, monkeypatch) == {"threads": ["MainThread"]}


@pytest.mark.parametrize(("asked", "rehearsed"), [(0, 0), (1, LEARNING_ROUNDS + 1)])
def test_a_host_rehearses_as_often_as_its_settings_say(
    asked: int, rehearsed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = run(f"import os; os.environ['PHONEFLEET_REHEARSALS'] = '{asked}'\n{COUNT}", tmp_path, monkeypatch)
    assert counted == {"rehearsed": rehearsed, "engine": f"sqlite:///{tmp_path / 'real.db'}"}


def test_small_objects_lie_side_by_side_once_the_holes_are_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = run(SCATTER, tmp_path, monkeypatch)
    assert pages["after"] <= 6  # 250 objects of 64 bytes fill 4 pages
    assert pages["after"] < pages["before"]


def test_no_hole_is_left_that_was_made_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(FILL_AGAIN, tmp_path, monkeypatch) == {"left": 0}


def test_what_was_made_before_the_fork_is_not_counted_where_the_interpreter_can_do_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run(IMMORTAL, tmp_path, monkeypatch)
    assert found["knows"] is (sys.version_info >= (3, 12))
    assert set(found["immortal"]) == {found["knows"]}
    assert found["later"] == 2  # the variable and the question


@pytest.mark.parametrize("wanted", [True, False])
def test_the_kernel_may_merge_the_memory_of_workers_where_the_operator_says_so(
    wanted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONEFLEET_MERGE_MEMORY", str(int(wanted)))
    found = run(MERGE, tmp_path, monkeypatch)
    cannot = found["before"] is None  # it is older than Linux 6.4, or was built without KSM
    assert found == {"before": None if cannot else False, "of_a_worker": None if cannot else wanted}


def test_a_kernel_that_cannot_merge_memory_is_told_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(zygote, "settings", lambda: read_settings({"PHONEFLEET_MERGE_MEMORY": "1"}))
    monkeypatch.setattr(zygote, "merge_memory", lambda: False)
    zygote.offer_memory()
    assert "PHONEFLEET_MERGE_MEMORY changes nothing" in caplog.text
