"""The names that workers look up lie side by side, and the list of them is no stranger to what workers run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workers.host.hot_names import INTERNED, names_in

PAGES = """
import json, sys
import workers.host.zygote
from workers.host.hot_names import INTERNED
print(json.dumps({
    "pages": len({id(name) // 4096 for name in INTERNED}),
    "same": all(sys.intern(name) is name for name in INTERNED),
}))
"""

LEARN = """
import json
import workers.host.zygote
from workers.host import warm_up
from workers.host.hot_names import names_in
learnt = []
warm_up.warm_up(lambda ran: learnt.extend(names_in(ran.values())))
print(json.dumps(sorted(set(learnt))))
"""


def run(program: str) -> Any:
    """What a program of its own prints as JSON."""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=120)
    return json.loads(done.stdout.splitlines()[-1])


def test_the_names_lie_in_few_pages() -> None:
    found = run(PAGES)
    assert found["same"]
    assert found["pages"] < len(INTERNED) / 10  # sixty bytes each; some are the interpreter's own


def test_most_of_what_a_worker_looks_up_is_among_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEFLEET_DATABASE_URL", f"sqlite:///{tmp_path / 'ledger.db'}")
    monkeypatch.delenv("PHONEFLEET_REHEARSALS", raising=False)  # as an operator's host
    names = {name for name in run(LEARN) if name.isidentifier()}
    assert len(names) > 1000
    assert len(names & set(INTERNED)) > 0.7 * len(names), "write the list anew: python -m benchmarks.hot_names"


def sample(given: Any, *, by: object) -> Any:
    return given.found(key="worth"), lambda: by


def test_code_tells_its_names_its_texts_and_those_of_the_code_inside_it() -> None:
    found = set(names_in([sample.__code__]))
    assert {"given", "by", "found", "key", "worth", "sample.<locals>.<lambda>"} <= found
