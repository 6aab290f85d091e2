"""`python -m gateway.api.document`: writes the OpenAPI document to docs/interface/openapi.json."""

from __future__ import annotations

import json
from pathlib import Path

from gateway.api.app import describing_app

PATH = Path(__file__).parents[2] / "docs" / "interface" / "openapi.json"


def document() -> str:
    """Returns the document as JSON, in the order of the code, with unescaped Chinese."""
    return json.dumps(describing_app().openapi(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(document(), encoding="utf-8")
