"""One shared world behind all simulated phones: authors, videos, comments, accounts and their rules."""

from phonesim.world.entities import Account, Actor, Author, Comment, Reply, Video
from phonesim.world.world import Gone, MayNotAct, World

__all__ = ["Account", "Actor", "Author", "Comment", "Gone", "MayNotAct", "Reply", "Video", "World"]
