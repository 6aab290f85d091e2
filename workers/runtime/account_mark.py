"""The mark of an account: a machine word that stands for it in a slot, where its texts have no room."""

from __future__ import annotations

from hashlib import blake2b

from models.database.storable import storable_text
from models.fleet.phones import MOST_NAME

WORD_BYTES = 8


def account_mark(account_id: str, name: str) -> int:
    """Returns the mark of an account by its id and the name that the ledger keeps of it; never 0.

    Two accounts with one mark would have to be found among 2 ** 64, and every flow that acts reads the id itself.
    """
    texts = f"{len(account_id)}:{account_id}{storable_text(name, MOST_NAME)}"
    return int.from_bytes(blake2b(texts.encode("utf-8", "surrogatepass"), digest_size=WORD_BYTES).digest()) or 1
