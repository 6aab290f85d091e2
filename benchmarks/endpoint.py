"""`python -m benchmarks.endpoint --port N --seconds 0.2`: a customer's endpoint that takes its time, as one process.

It answers each POST with 204 after `seconds`, over connections that it keeps alive. `GET /arrived` returns the
number of webhook-ids that were answered since the `DELETE /arrived` before it, and the time of the last answer.
"""

from __future__ import annotations

import argparse
import asyncio
import time

import uvicorn
from fastapi import FastAPI, Request, Response

from tests.support.arguments import at_least, within


def endpoint_app(seconds: float) -> FastAPI:
    """The endpoint, and how much has arrived."""
    app = FastAPI()
    answered: set[str] = set()
    last = [0.0]

    @app.get("/arrived")
    async def arrived() -> dict[str, float]:
        return {"count": len(answered), "last": last[0]}

    @app.delete("/arrived", status_code=204)
    async def begin() -> None:
        answered.clear()

    async def take(request: Request) -> Response:
        await request.body()
        await asyncio.sleep(seconds)
        answered.add(request.headers["webhook-id"])
        last[0] = time.monotonic()
        return Response(status_code=204)

    app.add_route("/{path:path}", take, methods=["POST"])  # a plain route: FastAPI's own cost stays out
    return app


def main() -> None:
    """Serve on loopback until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endpoint", description=__doc__)
    parser.add_argument("--port", type=at_least(0), required=True)
    parser.add_argument("--seconds", type=within(0, 60), default=0.2)
    told = parser.parse_args()
    uvicorn.run(endpoint_app(told.seconds), port=told.port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
