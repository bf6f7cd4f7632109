"""The validations of a run: kept, replaced by the next of the same rationales, told when stale, checked when read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from kpod.errors import InputError
from kpod.run_store import load_run
from kpod.weight_validation import (
    FILE,
    MARKDOWN,
    answer_losses_of,
    encoding_of,
    material_of_run,
    plain_scores,
    predictor_sentences,
    read_reports,
    save_report,
    validate,
)
from kpod.weight_validation.saved import is_stale
from tests.support.made_run import make_run


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run", count=8)


@pytest.fixture
def report(run):
    material = material_of_run(run)
    return validate(material, plain_scores(material), data="training rationales", resamples=20)


def test_kept_and_replaced(run, report):
    assert read_reports(run) == []
    kept = save_report(run, report)
    assert kept.fingerprint == "made-weights" and kept.made_at
    assert read_reports(load_run(run.folder)) == [kept]
    save_report(run, replace(report, data="held out: other.jsonl"))
    again = save_report(run, replace(report, resamples=50))
    found = read_reports(run)
    assert [each.data for each in found] == ["held out: other.jsonl", "training rationales"]
    assert found[1] == again and found[1].resamples == 50


def test_its_tables_are_kept_for_a_report_with_every_baseline(run, report):
    run.update(name="a|b <i>")
    save_report(run, report)
    kept = save_report(run, replace(report, data="held out: other.jsonl"))
    lines = (run.folder / MARKDOWN).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# Token weights of a\\|b &lt;i>"
    assert [line for line in lines if line.startswith("## ")] == ["## training rationales", "## held out: other.jsonl"]
    head = next(line for line in lines if line.startswith("| comparison"))
    assert all(name in head for name in ("learned weight", "is a digit", "token NLL", "inverse frequency"))
    rows = [line for line in lines if line.startswith("| results |")]
    assert len(rows) == 2
    for score in ("weight", "digit", "digit_or_operator", "nll", "inverse_frequency"):
        row = kept.auc_of("results", score)
        assert f"{row['auc']:.3f} ({row['low']:.3f} to {row['high']:.3f})" in rows[1]
    assert any(line.startswith("| digit |") for line in lines) and any(line.startswith("| word |") for line in lines)


def test_how_far_the_encodings_of_an_encoder_decoder_are_apart(run, report):
    assert encoding_of(run) == {}
    figures = {"nll_exact": 1.25, "nll_one_pass": 1.5, "encoding_difference": 0.375}
    run.update(summary=run.state.summary | {"weight_notes": figures})
    kept = save_report(run, replace(report, encoding=encoding_of(run)))
    assert read_reports(load_run(run.folder)) == [kept] and kept.encoding == figures
    (said,) = predictor_sentences(kept)
    assert "1.250 with every prefix" in said and "1.500 in one pass" in said and "differs by 0.375" in said
    assert said in (run.folder / MARKDOWN).read_text(encoding="utf-8") and predictor_sentences(report) == []
    run.update(summary=run.state.summary | {"weight_notes": {"nll_exact": "<b>"}})  # a run may come from anywhere
    assert encoding_of(run) == {}


@pytest.mark.parametrize(
    ("masked", "lost"),
    [(0.75, "masking loses 33% of what they are worth"), (0.5, "loses nothing of"), (0.4, "loses nothing of")],
)
def test_what_the_masks_leave_of_the_rationales(run, report, masked, lost):
    figures = {"nll_masked": masked, "nll_full": 0.5, "nll_empty": 1.25}
    run.update(summary=run.state.summary | {"weight_notes": figures | {"nll_rationales": 5}})
    kept = save_report(run, replace(report, losses=answer_losses_of(run)))
    assert read_reports(load_run(run.folder)) == [kept] and kept.losses == figures
    (said,) = predictor_sentences(kept)
    assert f"{masked:.3f} with the rationales masked" in said and "0.500 with whole" in said and lost in said
    assert said in (run.folder / MARKDOWN).read_text(encoding="utf-8")
    (said,) = predictor_sentences(replace(kept, losses=figures | {"nll_empty": 0.5}))
    assert said.endswith("0.500 with none (nats a token, over all prefixes).")  # rationales that are worth nothing
    run.update(summary=run.state.summary | {"weight_notes": figures | {"nll_full": "<b>"}})
    assert answer_losses_of(run) == {}


def test_weights_that_were_learned_anew(run, report):
    kept = save_report(run, report)
    assert not is_stale(run, kept)
    record = replace(run.state.stages["weights"], fingerprint="another")
    run.update(stages=run.state.stages | {"weights": record})
    assert is_stale(run, kept)


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row["aucs"][0].update(auc="<b>"),
        lambda row: row["aucs"][0].update(target="<script>"),
        lambda row: row["aucs"][0].update(score="other"),
        lambda row: row["words"][0].pop("count"),
        lambda row: row["classes"][0].update(weight=None),
        lambda row: row.update(aucs={"a": 1}),
        lambda row: row.pop("truth"),
        lambda row: row.update(losses={"nll_masked": 1.0, "nll_full": 1.0}),
        lambda row: row.update(encoding={"nll_exact": "<b>", "nll_one_pass": 1.0, "encoding_difference": 1.0}),
    ],
)
def test_a_file_from_anywhere_is_checked(run, report, change):
    save_report(run, report)
    path = run.folder / FILE
    content = json.loads(path.read_text())
    change(content["reports"][0])
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="is damaged"):
        read_reports(run)


def test_a_file_that_was_cut(run, report):
    save_report(run, report)
    path = run.folder / FILE
    path.write_text(path.read_text()[:100])
    with pytest.raises(InputError, match="Delete it and validate again"):
        read_reports(run)
