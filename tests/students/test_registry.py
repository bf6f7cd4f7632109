from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kpod.errors import InputError
from kpod.students.registry import HUB_ID, STUDENTS, find_student, read_family, read_width


def test_a_registered_name_is_found():
    entry = find_student("flan-t5-large")
    assert (entry.family, entry.checkpoint) == ("encoder_decoder", "google/flan-t5-large")


def test_every_entry_is_under_its_own_name_and_names_a_hub_id_or_what_is_shipped():
    for name, entry in STUDENTS.items():
        assert entry.name == name and entry.num_parameters > 1e6
        if entry.is_local:
            assert read_family(Path(entry.checkpoint)) == entry.family
        else:
            assert HUB_ID.fullmatch(entry.checkpoint)


def test_a_local_folder_is_a_student(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    entry = find_student(str(tmp_path))
    assert entry.is_local and entry.family == "decoder_only" and entry.checkpoint == str(tmp_path.resolve())


def test_a_local_folder_wins_over_a_hub_id_of_the_same_name(tmp_path, monkeypatch):
    folder = tmp_path / "somebody" / "something"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "t5", "is_encoder_decoder": True}))
    monkeypatch.chdir(tmp_path)
    entry = find_student("somebody/something")
    assert entry.is_local and entry.family == "encoder_decoder"


def test_a_hub_id_is_taken_as_it_is():
    entry = find_student("EleutherAI/pythia-70m")
    assert entry.checkpoint == "EleutherAI/pythia-70m" and entry.family is None and not entry.is_local


def test_a_misspelt_name_names_the_nearest():
    with pytest.raises(InputError, match=r"no student 'smolm2-135'; nearest: smollm2-135m.*hub id"):
        find_student("smolm2-135")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "./nowhere/x",
        "../x",
        "a/b/c",
        "/no/such/folder",
        "org/",
        "/",
        "~nobody-here/x",
        "x" * 5000,
        "a\0b",
        "org/na me",
        "<b>",
    ],
)
def test_what_is_neither_name_nor_folder_nor_hub_id_is_refused(name):
    with pytest.raises(InputError, match=re.escape("registered name") + r"|no config\.json"):
        find_student(name)


def test_a_folder_without_configuration_is_no_model(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(InputError, match=r"no config\.json \(it holds notes\.txt\)"):
        find_student(str(tmp_path))


@pytest.mark.parametrize(("text", "said"), [("{", "no JSON"), ("[]", "model_type"), ('{"a": 1}', "model_type")])
def test_a_broken_configuration_is_refused(tmp_path, text, said):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError, match=said):
        read_family(tmp_path)


@pytest.mark.parametrize(
    ("config", "width"),
    [({"hidden_size": 576}, 576), ({"d_model": 512, "hidden_size": None}, 512), ({"n_embd": 64}, 64), ({}, None)],
)
def test_the_width_is_read_from_whatever_a_family_calls_it(tmp_path, config, width):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "any"} | config))
    assert read_width(tmp_path) == width
