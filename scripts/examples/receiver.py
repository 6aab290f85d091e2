"""A callback endpoint: verifies and opens each callback, and processes it once.

SEAL_KEY=... SIGNING_SECRET=whsec_... python -m scripts.examples.receiver
"""

from __future__ import annotations

import os

import uvicorn
from fastapi import FastAPI, Request, Response

from phonefleet.client import Event, SealBroken, SignatureRefused, in_words, secret_of, verify

with in_words():
    secret = secret_of(os.environ)
taken: set[str] = set()  # keep the ids in your database: a callback may come twice
app = FastAPI()


@app.post("/callbacks")
async def callback(request: Request) -> Response:
    """Answers 2xx when the callback has arrived; after any other answer it is sent again."""
    try:
        event = verify(request.headers, await request.body(), secret)
    except (SignatureRefused, SealBroken):
        return Response(status_code=400)
    if event.id not in taken:
        take(event)
        taken.add(event.id)
    return Response(status_code=204)


def take(event: Event) -> None:
    """Processes a result in your system. Answer soon, and do long work afterwards."""
    print(event.type, event.data.get("reference"), event.data.get("state"), flush=True)


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8800")), log_level="warning")
