"""`python -m kpod`: what the commands print, and how they answer a mistake."""

from __future__ import annotations

import re

import pytest

from kpod import presets
from kpod.config import RunConfig
from kpod.run_store import create_run, load_run
from tests.support.made_run import HOSTILE_NAME, make_run
from tests.support.tiny_runs import tiny_config, write_questions


def test_help_names_the_commands(kpod):
    code, out, _ = kpod("--help")
    assert code == 0
    for name in ("run", "presets", "runs", "show"):
        assert re.search(rf"\b{name}\b", out)


def test_presets_are_listed_and_printed_as_yaml(kpod):
    code, out, _ = kpod("presets")
    assert code == 0 and all(name in out for name in presets.PRESETS)
    code, out, _ = kpod("presets", "example")
    assert code == 0 and RunConfig.from_yaml(out) == presets.get("example")
    code, out, err = kpod("presets", "exmaple")
    assert (code, out) == (2, "") and "Did you mean example?" in err


def test_runs_of_an_empty_folder(kpod, tmp_path):
    code, out, _ = kpod("runs")
    assert code == 0 and f"No runs in {tmp_path / 'runs'}" in out and "python -m kpod run --preset example" in out


def test_runs_are_listed_whole(kpod, tmp_path):
    run = make_run(tmp_path / "runs" / ("deep" * 20) / "forty-word-problems")
    make_run(run.folder.parent / "hostile", hostile=True, upto="evaluation set", status="failed")
    code, out, _ = kpod("runs", run.folder.parent)
    assert code == 0
    line = next(line for line in out.splitlines() if "Forty word problems" in line)
    for part in ("finished", "kpod", "40", "of 12 (", str(run.folder)):
        assert part in line
    assert "failed" in out and HOSTILE_NAME.split("*")[0] in out


HOSTILE = ("[/bold]", "[red]x", "\x1b[31mred\x1b[0m", "a\nb", "[link=file:///]x[/link]", "\u202e")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_it_is(kpod, tmp_path, name):
    config = tiny_config(tmp_path / "q.jsonl", tmp_path, name=name)
    run = create_run(tmp_path / "runs" / "r", config)
    run.update(warnings=[f"careful {name}"], error=f"InputError: {name}")
    shown = "".join(character if character.isprintable() else "\ufffd" for character in name)
    for arguments in (("runs",), ("show", run.folder)):
        code, out, _ = kpod(*arguments)
        assert code == 0 and shown in out and "\x1b" not in out
    assert f"careful {shown}" in out and f"failed: InputError: {shown}" in out


def test_show_by_folder_name_and_id(kpod, tmp_path):
    run = make_run(tmp_path / "runs" / "forty", weights_collapsed=True)
    for name in (run.folder, "forty", run.id, run.name):
        code, out, _ = kpod("show", name)
        assert code == 0, name
        assert "Forty word problems  finished, method kpod" in out
        assert re.search(r"distill +\d+ s +0\.\d\d GB", out)
        assert "warning: Weights collapsed" in out
        assert re.search(r"base student: \d+ of 12 \(\d+\.\d%, .* without an answer", out)
        assert re.search(r"distilled: \d+ of 12", out)


def test_show_of_what_is_not_there(kpod, tmp_path):
    code, _, err = kpod("show", "nothing")
    assert code == 2 and "No run 'nothing' in" in err and "there: none" in err
    make_run(tmp_path / "runs" / "one", upto="created")
    make_run(tmp_path / "runs" / "two", upto="created")
    code, _, err = kpod("show", "nothing")
    assert "there: one, two" in err or "there: two, one" in err
    code, _, err = kpod("show", "Forty word problems")
    assert code == 2 and "2 runs are called" in err and str(tmp_path / "runs" / "one") in err
    (tmp_path / "empty").mkdir()
    code, _, err = kpod("show", tmp_path / "empty")
    assert code == 2 and "is no run: it has no run.json" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Give exactly one of --preset, --config and --resume; got none"),
        (["--preset", "example", "--config", "x.yaml"], "got --preset and --config"),
        (["--resume", "a", "--preset", "example"], "got --preset and --resume"),
        (["--resume", "a", "--out", "b"], "--out names a new folder"),
        (["--preset", "exampel"], "Did you mean example?"),
        (["--config", "missing.yaml"], "No configuration file at missing.yaml"),
        (["--resume", "missing"], "No run folder at missing"),
        (["--preset", "example", "--set", "seed"], "write a setting and its value"),
        (["--preset", "example", "--set", "sede=1"], "Did you mean seed?"),
        (["--preset", "example", "--set", "weights.epochs=0"], "weights.epochs is 0"),
        (["--preset", "example", "--set", "method=kpood"], "Did you mean kpod?"),
    ],
)
def test_a_mistake_prints_its_message_alone_and_makes_no_folder(kpod, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = kpod("run", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("Error: ") and message in err and "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_taken_folder_and_a_missing_source(kpod, tmp_path):
    (tmp_path / "taken").mkdir()
    code, _, err = kpod("run", "--preset", "example", "--out", tmp_path / "taken")
    assert code == 2 and "exists already. Continue it with --resume" in err
    config = tmp_path / "config.yaml"
    config.write_text(tiny_config(tmp_path / "missing.jsonl", tmp_path).to_yaml())
    code, _, err = kpod("run", "--config", config, "--out", tmp_path / "new")
    assert code == 2 and "Traceback" not in err
    assert load_run(tmp_path / "new").status == "failed"


def test_a_run_with_settings_and_its_resume(kpod, tmp_path, tiny_llama_folder):
    # Few enough questions that the map needs no UMAP.
    source = write_questions(tmp_path / "questions.jsonl", trained=2, measured=1)
    config = tmp_path / "config.yaml"
    config.write_text(tiny_config(source, tiny_llama_folder).to_yaml())
    code, out, err = kpod("run", "--config", config, "--set", "method=plain", "--set", "name=Plain one")
    assert code == 0, err
    folder = tmp_path / "runs" / "plain-one"
    assert f"Run 'Plain one' in {folder}" in err
    assert re.search(r"Plain one  finished, method plain", out) and "distilled: " in out
    assert load_run(folder).config.method == "plain" and not load_run(folder).has("weight_history")
    # A run's own configuration repeats it.
    assert RunConfig.from_file(folder / "config.yaml") == load_run(folder).config

    code, out, err = kpod("run", "--resume", folder, "--set", "evaluation.max_new_tokens=3")
    assert code == 0
    assert err.count("up to date, skipped") == 8 and "distill: up to date" in err
    assert load_run(folder).config.evaluation.max_new_tokens == 3
    code, _, err = kpod("run", "--resume", folder, "--set", "method=kpood")
    assert code == 2 and load_run(folder).status == "finished" and load_run(folder).config.method == "plain"


def test_show_names_the_clusters_by_their_words(kpod, tmp_path):
    run = make_run(tmp_path / "run")
    run.update(summary=run.state.summary | {"silhouette": 0.25, "cluster_terms": [["pens", "[red]cups"], ["trains"]]})
    code, out, _ = kpod("show", tmp_path / "run")
    assert code == 0
    assert "silhouette 0.250" in out and "0: pens, [red]cups" in out and "1: trains" in out
