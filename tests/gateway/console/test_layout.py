"""How pages are laid out: nothing is cut off, squeezed or torn apart, on the screen of a phone too."""

from __future__ import annotations

import re
from pathlib import Path

import gateway.console

TEMPLATES = Path(gateway.console.__file__).parent / "templates"


def test_every_table_scrolls_in_its_card() -> None:
    """A wide one would make the whole page scroll sideways on a phone; those of answers to forms too."""
    bare = re.compile(r"""(?<!role="region" aria-label="NAME">)<table""")
    for path in sorted(TEMPLATES.glob("*.html")):
        named = re.sub(r'aria-label="\{\{.*?\}\}"', 'aria-label="NAME"', path.read_text(encoding="utf-8"))
        assert bare.findall(re.sub(r">\s+<table", "><table", named)) == [], path.name
