"""Which worker of an ablation takes which run: groups stay together, and nobody is idle while there is work."""

from __future__ import annotations

from pathlib import Path

from kpod.ablation_shares import Shares
from kpod.ablation_store import Cell


def cells(seeds: int, methods: str, values: str = "") -> list[Cell]:
    return [
        Cell(method, seed, Path(f"{method}{value}{seed}"), "x" if value else "", value)
        for seed in range(seeds)
        for value in values or [""]
        for method in methods
    ]


def taken(shares: Shares, worker: int) -> str | None:
    cell = shares.next(worker)
    return None if cell is None else cell.folder.name


def test_a_worker_stays_with_its_seed_while_another_has_the_next():
    shares = Shares(cells(3, "ab"))
    assert [taken(shares, worker) for worker in (1, 2, 1, 2, 2, 1)] == ["a0", "a1", "b0", "b1", "a2", "b2"]
    assert len(shares) == 0 and taken(shares, 1) is None


def test_values_of_a_setting_are_groups_of_their_own():
    shares = Shares(cells(1, "ab", "xy"))
    assert [taken(shares, worker) for worker in (1, 2, 1, 2)] == ["ax0", "ay0", "bx0", "by0"]


def test_who_has_nothing_left_helps_with_the_longest_from_its_end():
    shares = Shares(cells(2, "abcd"))
    assert [taken(shares, worker) for worker in (1, 2, 2, 2)] == ["a0", "a1", "b1", "c1"]
    assert [taken(shares, worker) for worker in (3, 3, 1, 2, 3)] == ["d0", "c0", "b0", "d1", None]


def test_what_a_worker_that_left_has_not_taken_is_anybodys():
    shares = Shares(cells(2, "ab"))
    assert [taken(shares, worker) for worker in (1, 2)] == ["a0", "a1"]
    shares.leave(1)
    assert [taken(shares, worker) for worker in (3, 2, 3)] == ["b0", "b1", None]
