"""`python -m benchmarks.bare --port N`: what a gateway that does nothing of its own would cost.

Bare FastAPI routes under the same uvicorn, through the same engine on the same database: one INSERT
with its commit, and one SELECT by key. No key, no signature, no seal, no check, no campaign.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

import uvicorn
from fastapi import Body, FastAPI
from sqlalchemy import JSON, Engine, String, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from models.database.base import MYSQL_BINARY_TEXT, UtcTime
from models.database.engine import MOST_CONNECTIONS, connect
from models.transactions.read_write import read, write
from tests.support.arguments import at_least
from workers.settings import settings


class _Base(DeclarativeBase):
    pass


class Job(_Base):
    """Its columns: an id, a state, the body, a time."""

    __tablename__ = "bare_jobs"
    __table_args__ = MYSQL_BINARY_TEXT

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    state: Mapped[str] = mapped_column(String(64))
    body: Mapped[Any] = mapped_column(JSON())
    created_at: Mapped[datetime] = mapped_column(UtcTime())


def make_table(engine: Engine) -> None:
    """Make its table."""
    _Base.metadata.create_all(engine)


def bare_app(engine: Engine) -> FastAPI:
    """The two routes."""
    app = FastAPI()

    @app.post("/jobs", status_code=201)
    def submit(body: Annotated[dict[str, Any], Body()]) -> dict[str, str]:
        job_id = str(uuid4())

        def work(session: Session) -> None:
            values = {"id": job_id, "state": "ready", "body": body, "created_at": datetime.now(UTC)}
            session.execute(insert(Job), [values])

        write(engine, work)
        return {"id": job_id, "state": "ready"}

    @app.get("/jobs/{job_id}")
    def status(job_id: str) -> dict[str, Any]:
        def work(session: Session) -> dict[str, Any]:
            job = session.scalars(select(Job).where(Job.id == job_id)).one()
            return {"id": job.id, "state": job.state, "body": job.body, "created_at": job.created_at}

        return read(engine, work)

    return app


def main() -> None:
    """Serve on loopback until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bare", description=__doc__)
    parser.add_argument("--port", type=at_least(0), required=True)
    port = parser.parse_args().port
    uvicorn.run(
        bare_app(connect(settings().database_url, kept=MOST_CONNECTIONS)), port=port, log_config=None, access_log=False
    )


if __name__ == "__main__":
    main()
