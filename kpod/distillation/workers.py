"""Processes that train one student together: who takes which rows, and how their gradients become one step."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed

from kpod.errors import InputError, RunCancelled


class ProcessLost(InputError):
    """Another process of the same training has ended, so this one cannot go on."""


STOPPED = {"run": "stopped"}  # said by the first process in place of anything else


class ToldToStop(RunCancelled):
    """The first process was asked to stop while this one waited for it."""


class Workers:
    """The processes of a training, of which this one is number `rank`; one alone, unless torch.distributed is up.

    The first leads: it alone writes files, reports, and decides to stop. All hold the same weights and optimiser, for
    all make the same steps from the same sum of gradients. What they do together raises ProcessLost where one is gone.
    """

    def __init__(self) -> None:
        together = distributed.is_available() and distributed.is_initialized()
        self.rank = distributed.get_rank() if together else 0
        self.size = distributed.get_world_size() if together else 1

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def shares(self, rows: np.ndarray) -> list[np.ndarray]:
        """Each process's rows of a step. Rows come in order of length, so that the shares are alike."""
        return [rows[rank :: self.size] for rank in range(self.size)]

    def sum_gradients(self, parameters: Sequence[Tensor], loss: float) -> float:
        """Replace every gradient by its sum over the processes; the sum of their losses.

        Each process's loss is its rows' part of the step's mean over all supervised tokens, so that sums are exact.
        """
        if self.size == 1:
            return loss
        parts = [torch.zeros_like(each) if each.grad is None else each.grad for each in parameters]
        flat = torch.cat([*(part.flatten() for part in parts), parts[0].new_tensor([loss])])
        _with_all(lambda: distributed.all_reduce(flat))
        start = 0
        for each in parameters:
            each.grad = flat[start : start + each.numel()].view_as(each)
            start += each.numel()
        return float(flat[-1])

    def agreed(self, value: bool) -> bool:
        """The first process's answer to a question of yes or no."""
        return bool(self.told(value))

    def told(self, value: Any = None) -> Any:
        """What the first process says, a value that JSON holds; the others wait for it.

        Raises ToldToStop in those where what it says is that the run was stopped.
        """
        if self.size == 1:
            return value
        message = [json.dumps(value)]
        _with_all(lambda: distributed.broadcast_object_list(message, src=0))
        said = json.loads(message[0])
        if said == STOPPED and not self.leads:
            raise ToldToStop("The run was stopped. The first process says where, and how to go on.")
        return said

    def stop(self) -> None:
        """Say, as the first process, that the run was stopped, to those that wait to be told anything."""
        self.told(STOPPED)


def _with_all(do: Callable[[], Any]) -> None:
    try:
        do()
    except RuntimeError as error:  # all that the back ends raise
        raise ProcessLost(
            f"Another process of this training has ended ({_reason(error)}). Its own output says why, unless it was "
            "killed; resume the run, with as many processes as you like."
        ) from error


def _reason(error: RuntimeError) -> str:
    """What a back end found, without the place in its source and its advice on how to look for faults in it."""
    first_line = str(error).partition("\n")[0]
    return re.sub(r"^\[[^\]]*:\d+\]\s*", "", first_line).partition(". ")[0]
