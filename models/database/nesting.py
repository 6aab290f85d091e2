"""The depth to which canvases may be planted in place of tasks. Separate, so that commands do not import the canvas."""

from __future__ import annotations

MAX_NESTING = 8
