"""The OpenAPI document: what FastAPI says of the routes, and what the door adds to every one of them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gateway.problem import ProblemDetails
from gateway.signing import KEY_HEADER

ABOUT = (
    "Every request is signed and sealed, and so is every answer: see the guide beside this document. "
    "The bodies described here are those inside the seal."
)
SCHEMES = {
    "key": {"type": "apiKey", "in": "header", "name": KEY_HEADER, "description": "The id of your key."},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "With webhook-id and webhook-timestamp, as Standard Webhooks has them.",
    },
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, summary=app.summary, description=ABOUT, routes=app.routes
        )
        schemas = document["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs", {}))
        schemas["ProblemDetails"] = problem
        document["components"]["securitySchemes"] = SCHEMES
        document["security"] = [{name: [] for name in SCHEMES}]
        app.openapi_schema = document
    return app.openapi_schema
