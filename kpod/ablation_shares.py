"""Which worker of an ablation takes which run next: those of one seed and value stay together. No torch."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable

from kpod.ablation_store import Cell


class Shares:
    """The runs that are still to be made.

    Methods under one seed and value of what is varied share their dearest stages, so one worker takes them, one after
    the other. Where no such group is left that nobody is at, a worker helps with the longest one, from its end.
    """

    def __init__(self, cells: Iterable[Cell]):
        self._groups: dict[tuple, deque[Cell]] = {}
        self._at: dict[Hashable, tuple] = {}
        for cell in cells:
            self._groups.setdefault((cell.seed, cell.setting, cell.value), deque()).append(cell)

    def __len__(self) -> int:
        return sum(map(len, self._groups.values()))

    def next(self, worker: Hashable) -> Cell | None:
        """The run that this worker is to take; None where none is left."""
        left = [key for key, cells in self._groups.items() if cells]
        if self._at.get(worker) not in left:
            self._at.pop(worker, None)
            unattended = [key for key in left if key not in self._at.values()]
            if unattended:
                self._at[worker] = unattended[0]
            elif left:
                return self._groups[max(left, key=lambda key: len(self._groups[key]))].pop()
            else:
                return None
        return self._groups[self._at[worker]].popleft()

    def leave(self, worker: Hashable) -> None:
        """The worker takes no more; what it has not taken is anybody's."""
        self._at.pop(worker, None)
