from __future__ import annotations

from dataclasses import replace

from kpod.nano_scores import count_correct, held_out_problems, make_nano, score_by_steps
from kpod.students.decoder_only import load_decoder_only
from kpod.students.nano_pretraining import NanoOptions

TINY = NanoOptions(lessons=16, batch_size=4, layers=1, width=32, heads=2, inner_width=64)


def test_problems_to_measure_on_take_exactly_so_many_steps_and_are_the_same_every_time():
    for steps in (1, 4):
        problems = held_out_problems(20, steps)
        assert {problem.question.num_steps for problem in problems} == {steps}
        assert problems == held_out_problems(20, steps)


def test_nano_is_made_with_its_card(tmp_path):
    accuracy = make_nano(tmp_path / "nano", tmp_path / "checkpoints", replace(TINY, seed=3), num_scored=2)
    assert list(accuracy) == [1, 2, 3, 4, 5, 6]
    card = (tmp_path / "nano" / "README.md").read_text()
    assert "--seed 3 --lessons 16" in card and "| 6 | 0.0% |" in card and "apache-2.0" in card
    model, tokenizer = load_decoder_only(tmp_path / "nano")
    assert count_correct(model, tokenizer, held_out_problems(2, 1), max_new_tokens=4) == 0
    assert score_by_steps(model, tokenizer, num=2, most_steps=1) == {1: 0.0}
