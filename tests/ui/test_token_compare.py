"""The comparison of runs, seeds and epochs in every state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kpod.run_store import load_run
from tests.support.app_pages import address_of, element_keys, open_app, shown
from tests.support.made_run import make_run
from tests.support.second_run import second_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """A run, another seed, another tokeniser, other texts, and one that has no weights."""
    root = tmp_path_factory.mktemp("compare")
    make_run(root / "first", count=12)
    second_run(root / "first", root / "seed", name="Another seed")
    second_run(root / "first", root / "coarse", name="Another tokeniser", coarser=True)
    second_run(root / "first", root / "texts", name="Other texts", other_texts=True)
    make_run(root / "bare", count=12, upto="evaluation set", status="failed", name="Without weights")
    make_run(root / "few", count=3, name="Three questions")
    return root


@pytest.fixture
def open_compare(runs, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(runs))

    def open_it(other: str | None = None, **address: str):
        ids = {folder.name: load_run(folder).id for folder in runs.iterdir()}
        address |= {"other": ids[other]} if other else {}
        return open_app("keypoints", run=ids["first"], view="Compare", question="q003", **address)

    return open_it


def payload_of(app) -> dict:
    component = next(one for one in app.get("bidi_component") if '"pieces"' in one.proto.json)
    return json.loads(component.proto.json)


def test_by_default_the_first_epoch_stands_against_the_last(open_compare):
    app = open_compare()
    assert {"comparison", "agreement"} <= element_keys(app)
    assert (app.selectbox(key="epoch").value, app.selectbox(key="other_epoch").value) == ("6", "1")


def test_the_same_epoch_of_one_run_agrees_wholly(open_compare):
    text = shown(open_compare(epoch="4", other_epoch="4"))
    assert "<b>+1.00</b><span>rank correlation" in text and "<b>0.000</b><span>mean |A − B|" in text


def test_another_seed_is_compared_on_its_latest_weights(open_compare):
    app = open_compare("seed")
    assert "comparison" in element_keys(app)
    assert app.selectbox(key="other_epoch").value == "final"  # its last epoch was not its final weights
    assert address_of(app)["other"].endswith("-seed")


def test_other_tokens_are_compared_piece_by_piece(open_compare):
    app = open_compare("coarse")
    assert "comparison" in element_keys(app)
    pieces = payload_of(app)["pieces"]
    assert len(set(pieces["b"])) < len(pieces["b"]) == len(set(pieces["a"]))


@pytest.mark.parametrize(("unit", "by"), [("words", "mean"), ("steps", "sum")])
def test_words_and_steps_are_compared_as_the_address_says(runs, open_compare, unit, by):
    run_tokens = load_run(runs / "first").table("tokens", question="q003")
    app = open_compare("coarse", unit=unit, by=by)
    payload = payload_of(app)
    assert payload["unit"] == unit[:-1] and len(payload["pieces"]["texts"]) < len(run_tokens)
    if unit == "steps":
        assert payload["pieces"]["first"] == pytest.approx(
            run_tokens.groupby("step")["weight"].sum().tolist(), abs=1e-3
        )
        assert payload["top"] > 1


def test_other_texts_are_said_to_be_others(open_compare):
    assert "The rationales differ" in shown(open_compare("texts"))


def test_a_run_without_weights_is_no_choice(open_compare):
    options = open_compare().selectbox(key="other").options
    assert not any("Without weights" in option for option in options)


def test_a_question_that_the_other_lacks_is_said(runs, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(runs))
    ids = {folder.name: load_run(folder).id for folder in runs.iterdir()}
    app = open_app("keypoints", run=ids["first"], view="Compare", question="q009", other=ids["few"])
    assert "does not know this question" in shown(app)


@pytest.mark.parametrize("address", [{"other": "../../etc"}, {"epoch": "<b>"}, {"other_epoch": "99"}])
def test_a_hostile_address_falls_back(use_runs, address):
    use_runs("hostile")
    app = open_app("keypoints", view="Compare", question="q004", **address)
    assert "comparison" in element_keys(app)
    assert "../../etc" not in address_of(app).values()
