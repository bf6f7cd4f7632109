"""What keeps figures that are drawn anew every second from blinking: an image of the old one until the new is there."""

from __future__ import annotations

from kpod.ui.components import make_component

_MOUNT = make_component("afterimage", "kp-no-image", "afterimage")


def keep_afterimages() -> None:
    """For all figures of the page that have a key; takes no room."""
    _MOUNT(key="afterimage")
