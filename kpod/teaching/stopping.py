"""The wish to stop a generation: Ctrl-C, SIGTERM, or a file that anybody makes."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECONDS_BETWEEN_LOOKS = 0.1  # at the file: workers ask much more often


class StopWish:
    """`asked` is a wish to stop and keep what is under way, `at_once` one to leave even that."""

    def __init__(self, cancel_file: Path | None = None):
        self.cancel_file = cancel_file
        self.at_once = False
        self._asked = False
        self._last_look = float("-inf")

    @property
    def asked(self) -> bool:
        if not self._asked and self.cancel_file is not None:
            now = time.monotonic()
            if now - self._last_look >= SECONDS_BETWEEN_LOOKS:
                self._last_look, self._asked = now, self.cancel_file.is_file()
        return self._asked

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Inside, the first SIGINT or SIGTERM asks for a stop and the second for one at once (main thread only)."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask(number: int, frame: Any) -> None:
            self._asked, self.at_once = True, self._asked

        previous = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
