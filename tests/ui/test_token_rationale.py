"""One rationale by tokens, words and steps, and the ways on from it."""

from __future__ import annotations

import json

import pytest

from kpod.run_store import load_run
from tests.support.app_pages import address_of, element_keys, open_app, shown


def payload_of(app) -> dict:
    component = next(one for one in app.get("bidi_component") if '"token_steps"' in one.proto.json)
    return json.loads(component.proto.json)


@pytest.mark.parametrize(("unit", "by"), [("tokens", "mean"), ("words", "max"), ("steps", "sum")])
def test_the_unit_and_how_its_weights_are_put_together_come_from_the_address(use_runs, unit, by):
    run = load_run(use_runs("whole") / "run")
    app = open_app("keypoints", question="q003", unit=unit, by=by)
    payload = payload_of(app)
    tokens = run.table("tokens", question="q003")
    assert sum(payload["counts"]) == len(tokens)
    if unit == "steps":
        assert payload["weights"][-1] == pytest.approx(tokens.groupby("step")["weight"].sum().tolist(), abs=1e-3)
        assert payload["ranges"]["fixed"][1] > 1
    if unit == "words":
        assert len(payload["texts"]) < len(tokens)
        assert "A word&#x27;s weight" in shown(app) or "weight is the max" in str([c.value for c in app.caption])


def test_a_pinned_token_pins_the_word_that_holds_it(use_runs):
    use_runs("whole")
    payload = payload_of(open_app("keypoints", question="q003", unit="words", token="12"))
    pin = payload["view"]["pin"]
    assert payload["first"][pin] <= 12 < payload["first"][pin] + payload["counts"][pin]


def test_the_looks_come_from_the_address_and_garbage_falls_back(use_runs):
    use_runs("whole")
    view = payload_of(open_app("keypoints", colours="own", cue="size", threshold="0.25", epoch="2"))["view"]
    assert view == {"epoch": 1, "threshold": 0.25, "pin": None, "colours": "own", "cue": "size"}
    view = payload_of(open_app("keypoints", colours="<b>", cue="9", threshold="1e9", epoch="-1", token="99999"))["view"]
    assert view == {"epoch": 5, "threshold": 0.5, "pin": None, "colours": "fixed", "cue": "bar"}


def test_roles_are_shown_where_the_run_knows_them(tmp_path, monkeypatch, use_runs):
    use_runs("whole")
    assert payload_of(open_app("keypoints"))["roles"] is None
    from tests.support.made_run import make_run

    run = make_run(tmp_path / "run", count=4)
    tokens = run.tokens
    tokens["role"] = ["number" if step else "other" for step in tokens["step"]]
    run.write_table("tokens", tokens)
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    assert set(payload_of(open_app("keypoints"))["roles"]) == {"number", "other"}
    assert "roles" in element_keys(open_app("keypoints", view="Corpus"))


def test_a_pinned_token_leads_to_its_occurrences(use_runs):
    use_runs("whole")
    app = open_app("keypoints", question="q003")
    assert app.button(key="to-concordance").disabled
    app = open_app("keypoints", question="q003", token="0")
    app.button(key="to-concordance").click().run()
    assert address_of(app)["view"] == "Concordance"
    assert "concordance" in element_keys(app)


def test_the_corpus_shows_every_figure(use_runs):
    use_runs("whole")
    app = open_app("keypoints", view="Corpus")
    assert {"classes", "loss", "frequency", "kinds-over-epochs"} <= element_keys(app)
    assert "Rank correlation of frequency and mean weight" in shown(app)


def test_the_corpus_of_a_run_without_losses_says_what_is_missing(use_runs):
    use_runs("weighed")
    text = shown(open_app("keypoints", view="Corpus"))
    assert "No token losses yet" in text
