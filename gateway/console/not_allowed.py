"""The refusal of a request that no page answers."""

from __future__ import annotations


class NotAllowed(Exception):
    """The request is not answered: the HTTP status, and the catalogue's word for the reason."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why
