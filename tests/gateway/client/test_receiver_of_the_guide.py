"""The receiver that the guide shows starts with the command beside it, and takes what is signed alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from gateway.protocol.seal import Secret, seal, sign
from scripts.local.embedded import end, free_port
from tests.support.documents import ROOT, blocks
from tests.support.poll import wait_until

GUIDES = ("docs/interface/README.md", "docs/interface/README.zh-CN.md")
START = re.compile(
    r"^SEAL_KEY=\.\.\. SIGNING_SECRET=whsec_\.\.\. python (-m uvicorn \w+:app) --port 8800$", re.MULTILINE
)


@pytest.mark.fleet
@pytest.mark.parametrize("guide", GUIDES)
def test_it_starts_as_written(guide: str, tmp_path: Path) -> None:
    (code,) = [one.text for one in blocks(guide) if "app = FastAPI()" in one.text]
    (start,) = [found[1] for one in blocks(guide) if (found := START.search(one.text))]
    (tmp_path / "receiver.py").write_text(code, encoding="utf-8")
    secret, port = Secret.make("sec_1"), free_port()
    seal_key, signing_secret = secret.texts()
    told = {"PYTHONPATH": str(ROOT), "SEAL_KEY": seal_key, "SIGNING_SECRET": signing_secret}
    command = [sys.executable, *start.split(), "--port", str(port)]
    process = subprocess.Popen(command, cwd=tmp_path, env={**os.environ, **told})
    url, body = f"http://127.0.0.1:{port}/callbacks", b"{}"

    def answers() -> bool:
        assert process.poll() is None
        try:
            return requests.post(url, data=body, timeout=5).status_code == 400
        except requests.RequestException:
            return False

    try:
        wait_until(answers, 60, "the receiver to decline what nobody signed")
        now = datetime.now(UTC)
        body = seal({"task_id": "t1"}, secret=secret, event_type="task.succeeded", id="evt_1", now=now)
        headers = sign("evt_1", int(now.timestamp()), body, [secret])
        assert requests.post(url, data=body, headers=headers, timeout=30).status_code == 204
    finally:
        end(process, 10)
