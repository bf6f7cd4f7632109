"""The concordance in every state, against the run's own tables."""

from __future__ import annotations

import pytest

from kpod.run_store import load_run
from tests.support.app_pages import element_keys, open_app, shown
from tests.support.made_run import HOSTILE_TEXTS


def test_without_a_word_it_asks_for_one(use_runs):
    use_runs("whole")
    assert "Which word?" in shown(open_app("keypoints", view="Concordance"))


def test_every_occurrence_is_counted(use_runs):
    run = load_run(use_runs("whole") / "run")
    rationales = run.questions["rationale"].dropna()
    app = open_app("keypoints", view="Concordance", search="=", match="token")
    count = sum(text.count("=") for text in rationales)
    assert f"<b>{count:,}</b><span>occurrences" in shown(app)
    assert {"concordance", "occurrence-weights"} <= element_keys(app)
    assert app.get("download_button")[0].proto.label == "All occurrences as CSV"


@pytest.mark.parametrize("word", ["zebra", "(", "[a-z]+", "\\", "<script>"])
def test_what_does_not_occur_is_said(use_runs, word):
    use_runs("whole")
    text = shown(open_app("keypoints", view="Concordance", search=word))
    assert "No occurrence" in text and "<script>" not in text


@pytest.mark.parametrize("text", HOSTILE_TEXTS[:6])
def test_hostile_texts_are_found_and_stay_text(use_runs, text):
    use_runs("hostile")
    app = open_app("keypoints", view="Concordance", search=text.strip(), match="anywhere")
    assert "concordance" in element_keys(app) or "No occurrence" in shown(app)
    assert text not in shown(app) or not text.startswith("<")


def test_choices_come_from_the_address_and_garbage_falls_back(use_runs):
    use_runs("whole")
    app = open_app("keypoints", view="Concordance", search="3", sort="lowest weight", match="nothing of the kind")
    assert app.selectbox(key="sort").value == "lowest weight"
    assert app.session_state["match"] == "whole word"
