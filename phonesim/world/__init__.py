"""One shared world behind all simulated phones: authors, videos, comments, accounts and their rules."""

from phonesim.world.emoji import Emoji
from phonesim.world.entities import Account, Actor, Author, Comment, Reply, Video
from phonesim.world.world import Gone, MayNotAct, World

__all__ = ["Account", "Actor", "Author", "Comment", "Emoji", "Gone", "MayNotAct", "Reply", "Video", "World"]
