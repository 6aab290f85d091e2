"""How deep canvases may be planted in the place of tasks. Apart from the canvas, which commands do without."""

from __future__ import annotations

MAX_NESTING = 8
