"""An answer predictor that is not the student, as the stage of token weights loads it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from kpod.pipeline_stages import foreign_predictor
from kpod.prompt_pairs import EncodedPair
from tests.support.tiny_t5 import build_t5_tokenizer, save_tiny_pair_student

RATIONALE = "She buys 4 pens. So she has 3 + 4 = 7 pens."


def context_with(predictor):
    row = {
        "question": "a",
        "text": "Mia has 3 pens. How many?",
        "answer": "7",
        "rationale": RATIONALE,
        "split": "train",
    }
    steps = pd.DataFrame({"question_index": [0, 0], "character_start": [0, 17], "character_end": [16, len(RATIONALE)]})
    return SimpleNamespace(
        config=SimpleNamespace(weights=SimpleNamespace(predictor=predictor), student=SimpleNamespace(device="cpu")),
        dtype="float32",
        reporter=SimpleNamespace(log=lambda message: None),
        questions=pd.DataFrame([row | {"trained": True}, row | {"trained": False}]),
        run=SimpleNamespace(steps=steps),
    )


def test_the_student_itself_needs_no_other():
    assert foreign_predictor(context_with("own")) is None


def test_a_checkpoint_comes_with_the_examples_in_its_own_tokens(tmp_path):
    found = foreign_predictor(context_with(str(save_tiny_pair_student(tmp_path / "t5"))))
    assert found.model.config.is_encoder_decoder and found.pad_id == 0
    (example,) = found.examples
    assert isinstance(example, EncodedPair) and np.unique(example.token_steps).tolist() == [0, 1]
    assert build_t5_tokenizer().decode(example.answer_ids).strip() == "7"
