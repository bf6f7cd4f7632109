"""A second run of the same questions, as another seed or another tokeniser would have made it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from kpod.run_store import Run, load_run


def second_run(first: Path, folder: Path, *, name: str, coarser: bool = False, other_texts: bool = False) -> Run:
    """A copy of a made run with an id, a name and weights of its own.

    `coarser` puts every second token to the one before it, where no space lies between; `other_texts` changes the
    rationales, so that nothing can be compared.
    """
    shutil.copytree(first, folder)
    run = load_run(folder)
    run.state = replace(run.state, id=f"{run.id}-{folder.name}", name=name)
    run.update()
    rng = np.random.default_rng(5)
    tokens = run.tokens
    tokens["weight"] = np.clip(tokens["weight"] + rng.normal(0, 0.15, len(tokens)), 0.01, 0.99)
    history = run.weight_history
    if coarser:
        joins = (tokens["position"] % 2 == 1) & (tokens["step"] == tokens["step"].shift())
        ends = tokens["character_end"].where(~joins.shift(-1, fill_value=False), tokens["character_end"].shift(-1))
        tokens["character_end"] = ends.astype(int)
        tokens = tokens[~joins].reset_index(drop=True)
        tokens["position"] = tokens.groupby("question_index").cumcount()
        history = history.merge(tokens[["question_index", "position"]])
    run.write_table("tokens", tokens)
    run.write_table("weight_history", history)
    if other_texts:
        questions = run.questions
        questions["rationale"] = questions["rationale"] + " "
        run.write_table("questions", questions)
    return run
