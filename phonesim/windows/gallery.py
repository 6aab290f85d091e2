"""The gallery that every phone has: it shows one picture over the whole screen, on black."""

from __future__ import annotations

from phonesim.node import Node

GALLERY = "com.android.gallery3d"
FRAME, IMAGE = "android.widget.FrameLayout", "android.widget.ImageView"


def build_gallery(picture: bytes, width: int, height: int) -> Node:
    """The window of a picture; an empty one is a file that is not there."""
    whole = (0, 0, width, height)
    image = Node(IMAGE, whole, f"{GALLERY}:id/photo", package=GALLERY, picture=picture)
    return Node(FRAME, whole, f"{GALLERY}:id/gallery_root", package=GALLERY, children=[image])
