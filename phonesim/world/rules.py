"""Who may act on what, and whose comments are seen. Pure state, no content."""

from __future__ import annotations


class Rules:
    """Accounts that may not act (anywhere, or on one author), and moderated ones."""

    def __init__(self) -> None:
        self._forbidden: set[tuple[str, str]] = set()
        self._moderated: set[str] = set()

    def forbid(self, account_id: str, author_id: str | None) -> None:
        """The account may no longer act: on this author, or with None on anybody."""
        self._forbidden.add((account_id, author_id or ""))

    def allow(self, account_id: str, author_id: str | None) -> None:
        """Take a `forbid` with the same arguments back; no effect if there was none."""
        self._forbidden.discard((account_id, author_id or ""))

    def may_act(self, account_id: str, author_id: str) -> bool:
        """May this account write on this author's videos?"""
        return not {(account_id, ""), (account_id, author_id)} & self._forbidden

    def moderate(self, account_id: str) -> None:
        """From now on the account alone sees what it wrote, earlier comments included."""
        self._moderated.add(account_id)

    def sees(self, viewer_id: str, writer_id: str) -> bool:
        """Does one account see what another wrote? An empty writer is the crowd."""
        return viewer_id == writer_id or writer_id not in self._moderated
