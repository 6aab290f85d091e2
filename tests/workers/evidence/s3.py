"""A real S3-speaking server on loopback, and two that are none: one refuses, one accepts and never answers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import fsspec
import pytest

from scripts.local.embedded import free_port
from tests.support.poll import wait_until
from workers.runtime.linux import bound_to_me

START_SECONDS = 30.0
STOP_SECONDS = 10.0
BUCKET = "evidence-of-the-customer"
SECRET = "not-a-real-secret-key"


def speak_s3(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """The environment as an operator would set it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test-key-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@contextmanager
def s3_server() -> Iterator[str]:
    """moto's server in a process of its own; its address."""
    port = free_port()
    program = "import sys; from moto.server import main; main(sys.argv[1:])"
    process = subprocess.Popen(
        bound_to_me([sys.executable, "-c", program, "-H", "127.0.0.1", "-p", str(port)]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "AWS_ACCESS_KEY_ID": "moto", "AWS_SECRET_ACCESS_KEY": "moto"},
    )
    try:
        wait_until(lambda: _listens(port), START_SECONDS, "the S3 server")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


@contextmanager
def silent_server() -> Iterator[str]:
    """A server that accepts connections and never says a word; its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def make_bucket() -> None:
    """The customer's bucket, on the server that the environment names; it may be there already."""
    fsspec.filesystem("s3", skip_instance_cache=True).makedirs(BUCKET, exist_ok=True)


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
