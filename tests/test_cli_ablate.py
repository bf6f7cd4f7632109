"""`python -m kpod ablate`: what it takes, what it prints, and that it goes on."""

from __future__ import annotations

import pytest

from kpod.ablation_store import load_ablation
from kpod.cli_ablate import export_ablation
from kpod.errors import InputError
from tests.support.made_ablation import make_ablation
from tests.support.tiny_runs import run_kpod, tiny_config, write_questions


@pytest.mark.slow
def test_an_ablation_by_the_command_line(tmp_path, tiny_llama_folder):
    source = write_questions(tmp_path / "questions.jsonl", trained=2, measured=1)
    config = tmp_path / "config.yaml"
    config.write_text(tiny_config(source, tiny_llama_folder, evaluation={"max_new_tokens": 2}, seed=7).to_yaml())
    done = run_kpod(
        "ablate", "--config", config, "--methods", "plain, kpod+icl", "--seeds", 2, "--set", "evaluation.batch_size=1",
        KPOD_RUNS=str(tmp_path / "runs"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "runs" / "tiny-ablation"
    ablation = load_ablation(folder)
    assert ablation.status == "finished" and ablation.config.evaluation.batch_size == 1
    assert [run.folder.name for run in ablation.runs()] == [
        "plain-seed7", "kpod+icl-seed7", "plain-seed8", "kpod+icl-seed8",
    ]  # fmt: skip
    assert done.stdout == (folder / "table.md").read_text() + "\n" and "| KPOD + ICL | 2 |" in done.stdout
    assert "run 4 of 4: kpod+icl, seed 8, " in done.stderr and "taken from there" in done.stderr
    again = run_kpod("ablate", "--resume", folder)
    assert again.returncode == 0 and again.stdout == done.stdout and "run 1 of 4" not in again.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Give exactly one of --preset, --config and --resume; got none"),
        (("--preset", "example", "--resume", "x"), "got --preset and --resume"),
        (("--resume", "x", "--set", "seed=1"), "An ablation goes on as it was started"),
        (("--resume", "nowhere"), "nowhere is no ablation"),
        (("--preset", "example", "--methods", "plain,kpoo"), "'kpoo' is no method. Did you mean kpod?"),
        (("--preset", "example", "--equal", "steps"), "equal is 'steps'"),
        (("--preset", "nano", "--vary", "small_world.filler_share"), "write a setting and its values"),
        (("--preset", "nano", "--vary", "small_world.fillers=0,1"), "there is no 'fillers'"),
        (("--preset", "nano", "--processes", "0"), "The number of processes is 0"),
        (("--preset", "nano", "--processes", "9999"), "The number of processes is 9999"),
        (("--resume", "x", "--vary", "small_world.filler_share=0,1"), "An ablation goes on as it was started"),
    ],
)
def test_what_is_refused(kpod, tmp_path, arguments, message):
    code, _, said = kpod("ablate", *arguments)
    assert code == 2 and message in said and "Traceback" not in said
    assert not (tmp_path / "runs").exists()


def test_an_ablation_is_exported(tmp_path, capsys):
    made = make_ablation(tmp_path / "made", seeds=[0])
    export_ablation(
        made.folder,
        out=tmp_path / "shipped",
        figure=tmp_path / "figure.svg",
        steps_figure=tmp_path / "steps.svg",
        note="by hand",
    )
    told = capsys.readouterr()
    assert "2 steps" in (tmp_path / "steps.svg").read_text() and "## Where the time goes" in told.out
    assert load_ablation(tmp_path / "shipped").state.shipped["note"] == "by hand"
    assert (tmp_path / "figure.svg").read_text().startswith("<svg")
    assert "| KPOD | 1 |" in told.out and "without its runs in" in told.err and "figure.svg (" in told.err
    with pytest.raises(InputError, match=r"--figure is .*figure\.png; the figure is drawn as \.svg"):
        export_ablation(made.folder, figure=tmp_path / "figure.png")
