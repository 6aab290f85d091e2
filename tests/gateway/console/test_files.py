"""The console's scripts are those of their makers, byte for byte but for a comment, and small."""

from __future__ import annotations

import hashlib
from pathlib import Path

import gateway.console
from gateway.console.files import TYPES, address, answer, files

STATIC = Path(gateway.console.__file__).parent / "static"
OWN = {"console.css", "console.js", "phonefleet.svg", "pictures.js"}
# htmx.org 4.0.1 as npm has it, without the line that names a source map
VENDORED = {
    "htmx.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
    "hx-csp.min.js": "a7e1e6711ae6c3e50ad300fba7936cbe8d07599cdae313414a179ddd6b26e143",
    "hx-sse.min.js": "18ef2761356ec1fe0bb6d92612315b37517a7c1e9856b661c5ae81fef239d103",
}
MOST_BYTES = 120_000  # of all files together


def test_vendored_scripts_have_the_hashes_that_are_written_here() -> None:
    assert {name: hashlib.sha256((STATIC / name).read_bytes()).hexdigest() for name in VENDORED} == VENDORED


def test_nothing_else_is_given_out() -> None:
    assert set(files()) == OWN | set(VENDORED)
    assert {one.suffix for one in STATIC.iterdir()} - set(TYPES) == {".txt"}  # the licence


def test_all_of_it_is_small() -> None:
    assert sum(len(data) for _, data in files().values()) < MOST_BYTES


def test_a_file_is_given_by_the_address_of_its_content_alone() -> None:
    _, _, mark, name = address("console.js").split("/")
    assert answer(mark, name).body == (STATIC / name).read_bytes()
    for wrong in ((mark, "console.css"), ("0" * 16, name), (mark, "../view.py"), (mark, "htmx-LICENSE.txt")):
        assert answer(*wrong).status_code == 404
