"""Code that ran lies side by side afterwards, and does what it did."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

import pytest

from workers.host.hot_code import Codes, lay_side_by_side, noting_code

PAGES = """
import json
import workers.host.zygote
from workers.host.heap_fill import fill_free_heap
from workers.host.hot_code import lay_side_by_side, noting_code
def made(number):
    body = "".join(f"    x = x + {place}\\n" for place in range(number % 7 + 1))
    names = {}
    exec(f"def f(x):\\n{body}    return x", names)
    return names["f"]
functions = [made(number) for number in range(3000)]
hot = functions[::10]
def pages():
    return len({id(one.__code__) // 4096 for one in hot})
before, answers = pages(), [one(1) for one in hot]
with noting_code() as ran:
    for one in hot:
        one(1)
fill_free_heap()
lay_side_by_side(ran)
print(json.dumps({"before": before, "after": pages(), "same": answers == [one(1) for one in hot], "left": len(ran)}))
"""


@pytest.fixture(autouse=True)
def nothing_is_frozen() -> None:
    """A command that an earlier test ran in this process froze what there was, this file's functions too."""
    gc.unfreeze()


def test_code_that_ran_lies_in_few_pages() -> None:
    done = subprocess.run([sys.executable, "-c", PAGES], check=True, capture_output=True, text=True, timeout=60)
    found = json.loads(done.stdout)
    assert found["same"]
    assert found["left"] == 0
    assert found["after"] < found["before"] / 3


def make_closure(step: int) -> Callable[..., int]:
    def add(value: int, *, twice: bool = False) -> int:
        """Adds."""
        return value + step * (2 if twice else 1)

    return add


def numbers(most: int) -> Iterator[int]:
    for one in [number * 2 for number in range(most)]:
        yield from (one + add for add in (0, 1))


class Base:
    def name(self) -> str:
        return "base"


class Derived(Base):
    def name(self) -> str:
        return "derived of " + super().name()

    @property
    def loud(self) -> str:
        return self.name().upper()

    @staticmethod
    def fails() -> None:
        raise ValueError("on purpose")


def moved(work: Callable[[], Any]) -> tuple[Any, set[str]]:
    """What the work returns once its code was moved, and the names of what was moved."""
    with noting_code() as ran:
        work()
    names = {code.co_qualname for code in ran.values()}
    lay_side_by_side(ran)
    return work(), names


def test_closures_generators_and_methods_do_what_they_did() -> None:
    one, three = make_closure(1), make_closure(3)

    def work() -> Any:
        return one(1), three(1, twice=True), list(numbers(3)), Derived().loud

    before = [function.__code__ for function in (one, numbers, Derived.name)]
    answer, names = moved(work)
    assert answer == (2, 7, [0, 1, 2, 3, 4, 5], "DERIVED OF BASE")
    assert {"make_closure.<locals>.add", "numbers", "numbers.<locals>.<genexpr>", "Derived.loud"} <= names
    for function, old in zip((one, numbers, Derived.name), before, strict=True):
        assert function.__code__ is not old
        assert function.__code__ == old
    assert one.__code__ is three.__code__  # functions of one definition share it again
    assert make_closure(5)(1) == 6  # its outer function did not run: it makes functions of the old code
    assert one.__doc__ == "Adds."
    inner = [part for part in numbers.__code__.co_consts if isinstance(part, CodeType)]
    assert "numbers.<locals>.<genexpr>" in {code.co_qualname for code in inner}


def test_code_that_is_running_goes_on() -> None:
    running = numbers(2)
    assert next(running) == 0
    moved(lambda: list(numbers(2)))
    assert list(running) == [1, 2, 3]


def test_a_traceback_says_the_same_line() -> None:
    def last_line() -> str:
        with pytest.raises(ValueError, match="on purpose") as raised:
            Derived.fails()
        return str(raised.traceback[-1])

    before = last_line()
    after, names = moved(last_line)
    assert "Derived.fails" in names
    assert after == before


def test_code_of_threads_is_noted_and_nothing_is_noted_afterwards() -> None:
    ran: Codes = {}

    def fail_beside_a_thread() -> None:
        with noting_code() as found:
            thread = threading.Thread(target=make_closure, args=(1,))
            thread.start()
            thread.join(10)
            try:
                Derived.fails()
            finally:
                ran.update(found)

    with pytest.raises(ValueError, match="on purpose"):
        fail_beside_a_thread()
    assert {"make_closure", "Derived.fails"} <= {code.co_qualname for code in ran.values()}
    assert sys.getprofile() is None
    assert threading.getprofile() is None
