"""A student's size, read from its files without loading it."""

from __future__ import annotations

import shutil

import pytest

from kpod.config import StudentSettings
from kpod.preflight.student import check_student, read_figures, safetensors_shapes
from kpod.students.loading import load_student


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "gpt2"])
def test_the_figures_are_those_of_the_model(request, family):
    folder = request.getfixturevalue(f"tiny_{family}_folder")
    found = read_figures("tiny", folder)
    model, _ = load_student(folder, device="cpu")
    tied = model.config.tie_word_embeddings
    assert found.num_parameters == sum(value.numel() for value in model.parameters()), tied
    assert (found.width, found.num_layers, found.vocabulary, found.context) == (32, 2, 512, 1024)
    assert len(found.linear_shapes) == (2 * 4 if family == "gpt2" else 2 * 7)


@pytest.mark.parametrize(("family", "matrices"), [("t5", 2 * (6 + 10)), ("t5_untied", 2 * (7 + 11)), ("bart", 2 * 16)])
def test_the_figures_of_an_encoder_decoder(request, family, matrices):
    """Of two layers a side: attention has four matrices, and each layer of the decoder twice as many."""
    folder = request.getfixturevalue(f"tiny_{family}_folder")
    found = read_figures("tiny", folder)
    model, _ = load_student(folder, device="cpu")
    saved = [*model.parameters(), *(value for name, value in model.named_buffers() if name == "final_logits_bias")]
    assert found.num_parameters == sum(value.numel() for value in saved)
    assert (found.width, found.num_layers, found.vocabulary) == (32, 2, 512)
    assert (found.family, found.share_a_token) == ("encoder_decoder", 0.5)
    assert found.context == (1024 if family == "bart" else None) and len(found.linear_shapes) == matrices


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "lacks weights"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "lacks a tokenizer"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"\xff" * 40), "cannot be read"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"\x05"), "cannot be read"),
        (lambda folder: (folder / "config.json").write_text("{"), "is no JSON"),
    ],
)
def test_a_damaged_checkpoint_is_told(tiny_llama_folder, tmp_path, damage, what):
    folder = shutil.copytree(tiny_llama_folder, tmp_path / "student")
    damage(folder)
    _, problems = check_student(StudentSettings(name=str(folder)))
    assert [problem.severity for problem in problems][:1] == ["error"] and what in problems[0].what


def test_a_header_that_claims_too_much_is_not_read(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes((2**60).to_bytes(8, "little") + b"{}")
    with pytest.raises(ValueError, match="claims"):
        safetensors_shapes(path)


def test_a_context_that_is_shorter_than_asked_for_is_told(tiny_llama_folder):
    _, problems = check_student(StudentSettings(name=str(tiny_llama_folder), max_tokens=4096))
    assert [(each.severity, each.setting) for each in problems] == [("warning", "student.max_tokens")]
