"""A callback endpoint: what comes is verified, opened, and taken once.

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
    """2xx says that it has arrived; anything else, and it comes again."""
    try:
        event = verify(request.headers, await request.body(), secret)
    except (SignatureRefused, SealBroken):
        return Response(status_code=400)
    if event.id not in taken:
        take(event)
        taken.add(event.id)
    return Response(status_code=204)


def take(event: Event) -> None:
    """What your system does with a result. Answer soon, and do what takes long afterwards."""
    print(event.type, event.data.get("reference"), event.data.get("state"), flush=True)


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8800")), log_level="warning")
