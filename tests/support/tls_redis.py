"""A throwaway Redis as an operator runs one on a network: TLS only, and one user with the rights of the fleet."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from scripts.local.embedded import end, find_redis, free_port
from tests.support.gateway.certificates import certificate
from tests.support.poll import wait_until
from workers.runtime.linux import bound_to_me

HOST = "127.0.0.1"
USER, PASSWORD = "fleet", "redis-password"


class TlsRedis:
    """Runs until its `with` block ends. `user`: the line `user …` of its configuration, with the password."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._folder = tempfile.TemporaryDirectory(prefix="phonefleet-redis-")
        self._chain, self.authority = certificate(Path(self._folder.name), HOST)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def url(self, *, host: str = HOST, authority: Path | None = None) -> str:
        """The address as the documents have it."""
        trusted = authority or self.authority
        return f"rediss://{USER}:{PASSWORD}@{host}:{self.port}/0?ssl_ca_certs={trusted}"

    def __enter__(self) -> Self:
        self.port = free_port()
        self._process = subprocess.Popen(
            bound_to_me([str(find_redis().path), "-"]), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        assert self._process.stdin is not None
        with self._process.stdin as config:
            config.write(self._config().encode())
        wait_until(self._answers, 15, "Redis to answer over TLS")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            end(self._process)
        self._folder.cleanup()

    def _config(self) -> str:
        lines = [
            f"bind {HOST}",
            "port 0",
            f"tls-port {self.port}",
            f"tls-cert-file {self._chain}",
            f"tls-key-file {self._chain}",
            f"tls-ca-cert-file {self.authority}",
            "tls-auth-clients no",
            f"dir {self._folder.name}",
            'save ""',
            "user default off",
            self._user,
        ]
        return "\n".join(lines) + "\n"

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "it ended"
        try:
            with redis.Redis.from_url(self.url(), socket_timeout=5, retry=Retry(NoBackoff(), 0)) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False
