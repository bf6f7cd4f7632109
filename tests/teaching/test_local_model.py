"""A teacher on this machine: batches are what one at a time would be, templates are used, a stop loses nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from kpod.errors import InputError, RunCancelled
from kpod.teaching import local_model, stopping, vllm_engine
from kpod.teaching.prompts import make_prompt
from kpod.teaching.teach import teach
from tests.support.teacher_server import rows_of
from tests.support.tiny_students import load_student

TEMPLATE = (
    "{% for message in messages %}<s>{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant: {% endif %}"
)


@pytest.fixture
def local(options, tiny_llama_folder):
    """Options for the tiny teacher, greedy."""

    def make(**values):
        plain = {"backend": "transformers", "model": str(tiny_llama_folder), "device": "cpu", "dtype": "float32"}
        return options(**(plain | {"max_tokens": 12, "temperature": 0, "batch_size": 4} | values))

    return make


def answers(options):
    lines = [row for row in rows_of(options.out + ".journal") if row["kind"] == "answer"]
    return {(row["id"], row["sample"]): row for row in lines}


def greedy_ids(folder: Path, prompt: str, *, special: bool) -> list[int]:
    """Greedy continuation without a batch, a token a step."""
    model, tokenizer = load_student(folder)
    ids = tokenizer(prompt, return_tensors="pt", add_special_tokens=special)["input_ids"]
    start = ids.shape[1]
    with torch.no_grad():
        for _ in range(12):
            ids = torch.cat([ids, model(ids).logits[:, -1:].argmax(-1)], dim=1)
    return ids[0, start:].tolist()


def one_at_a_time(folder: Path, prompt: str, *, special: bool) -> str:
    return load_student(folder)[1].decode(greedy_ids(folder, prompt, special=special), skip_special_tokens=True)


def test_a_batch_is_what_one_at_a_time_would_be(local, tiny_llama_folder):
    chosen, said = local(), []
    teach(chosen, log=said.append)
    found = answers(chosen)
    assert len(found) == 6 and any("has no chat template" in line for line in said)
    for row, line in zip(rows_of(chosen.source), found.values(), strict=False):
        prompt = make_prompt(row["question"], "number", None, plain=True)
        expected = one_at_a_time(tiny_llama_folder, prompt, special=True)
        assert found[row["id"], 0]["output"] == expected
        assert line["finish_reason"] == "length" and line["completion_tokens"] == 12 and not line["estimated"]
    row = rows_of(chosen.out)[0]
    assert row["rationale_source"] == tiny_llama_folder.name and row["truncated"] is True


def test_the_chat_template_is_used_where_there_is_one(local, tiny_llama_folder, tmp_path):
    folder = shutil.copytree(tiny_llama_folder, tmp_path / "chatty")
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    chosen = local(model=str(folder), system_prompt="Add.", limit=1)
    teach(chosen)
    question = rows_of(chosen.source)[0]["question"]
    prompt = f"<s>system: Add.\n<s>user: {make_prompt(question, 'number', None, plain=False)}\n<s>assistant: "
    assert answers(chosen)["sum-00", 0]["output"] == one_at_a_time(folder, prompt, special=False)
    with pytest.raises(InputError, match="has no chat template, so no system_prompt either"):
        teach(local(system_prompt="Add.", out=str(tmp_path / "other.jsonl")))


def test_an_output_ends_at_the_next_question_or_at_the_end_of_a_turn(local, tiny_llama_folder, tmp_path, monkeypatch):
    whole = local(limit=2)
    teach(whole)
    text = answers(whole)["sum-00", 0]["output"]
    middle = text[4:7]
    monkeypatch.setattr(local_model, "STOP", middle)
    stopped = local(limit=2, out=str(tmp_path / "stopped.jsonl"))
    teach(stopped)
    line = answers(stopped)["sum-00", 0]
    assert line["output"] == text.split(middle)[0] and line["finish_reason"] == "stop"
    monkeypatch.undo()

    prompt = make_prompt(rows_of(whole.source)[0]["question"], "number", None, plain=True)
    ids = greedy_ids(tiny_llama_folder, prompt, special=True)
    folder = shutil.copytree(tiny_llama_folder, tmp_path / "turns")
    settings = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps(settings | {"eos_token_id": [2, ids[3]]}))
    ended = local(model=str(folder), limit=2, out=str(tmp_path / "ended.jsonl"))
    teach(ended)
    line = answers(ended)["sum-00", 0]
    assert line["finish_reason"] == "stop" and text.startswith(line["output"])
    assert line["completion_tokens"] == ids.index(ids[3]) <= 3


def test_samples_differ_and_a_seed_repeats_them(local, tmp_path):
    runs = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        chosen = local(temperature=1.0, samples=2, seed=seed, limit=2, out=str(tmp_path / f"{name}.jsonl"))
        teach(chosen)
        runs.append({key: line["output"] for key, line in answers(chosen).items()})
    assert runs[0] == runs[1] and runs[0] != runs[2]
    assert runs[0]["sum-00", 0] != runs[0]["sum-00", 1]


def test_a_stop_in_a_batch_is_continued(local, monkeypatch):
    monkeypatch.setattr(stopping, "SECONDS_BETWEEN_LOOKS", 0.0)  # three batches of a tiny teacher take less than that
    chosen = local(batch_size=2)
    asked = []
    original = local_model.generate_batch

    def spied(model, tokenizer, prompts, options, **keywords):
        if len(asked) == 1:  # while the second batch is generated
            Path(options.out + ".cancel").touch()
        asked.append(len(prompts))
        return original(model, tokenizer, prompts, options, **keywords)

    monkeypatch.setattr(local_model, "generate_batch", spied)
    with pytest.raises(RunCancelled, match="2 of 6"):
        teach(chosen)
    teach(chosen)
    assert len(answers(chosen)) == 6 and asked == [2, 2, 2, 2]


def test_a_prompt_that_does_not_fit_is_told(local):
    ended = teach(local(max_tokens=1000, limit=2))
    assert ended.summary.failed == 2
    assert "more than the teacher's context of 1024: lower max_tokens" in rows_of(ended.out)[0]["failure"]


def test_no_such_checkpoint(local, tmp_path):
    with pytest.raises(InputError, match="no student 'nowhere'"):
        teach(local(model="nowhere"))


def test_vllm_is_asked_for_where_it_is_missing(options):
    try:
        vllm_engine.load_vllm()
    except InputError as error:
        assert "vllm serve MODEL" in str(error) and "transformers" in str(error)
    else:
        pytest.skip("vLLM is installed here")
