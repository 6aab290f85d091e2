"""The OpenAPI document: FastAPI's description of the routes, plus the headers and seals of the middleware."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gateway.problem import ProblemDetails
from gateway.protocol.signed_text import KEY_HEADER

ABOUT = (
    "Every request is signed and sealed, and so is every answer: see the guide beside this document. "
    "The bodies described here are those inside the seal."
)
# Operation → the operations whose path takes the id in its answer.
LINKS: Mapping[str, tuple[str, Sequence[str]]] = {
    "submit_task": (
        "task_id",
        ("get_task", "list_attempts", "prioritise_task", "pause_task", "resume_task", "stop_task"),
    ),
    "submit_campaign": (
        "campaign_id",
        ("get_campaign", "prioritise_campaign", "pause_campaign", "resume_campaign", "stop_campaign"),
    ),
}
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
    """Makes the document once, then returns the same one."""
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
        for path in document["paths"].values():
            for operation in path.values():
                _link(operation)
        document["components"]["securitySchemes"] = SCHEMES
        document["security"] = [{name: [] for name in SCHEMES}]
        app.openapi_schema = document
    return app.openapi_schema


def _link(operation: dict[str, Any]) -> None:
    parameter, names = LINKS.get(operation["operationId"], ("", ()))
    if names:
        operation["responses"]["201"]["links"] = {
            name: {"operationId": name, "parameters": {parameter: "$response.body#/id"}} for name in names
        }
