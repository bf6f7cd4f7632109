"""Difficulty over the epochs in every state."""

from __future__ import annotations

import pytest

from tests.support.app_pages import element_keys, open_app, shown


@pytest.mark.parametrize("counted", ["from the start", "from the end", "<b>"])
def test_all_steps_by_position_and_one_question(use_runs, counted):
    use_runs("whole")
    keys = element_keys(open_app("curriculum", view="Difficulty", counted=counted, question="q003"))
    assert {"all-difficulty", "difficulty-by-position", "difficulty"} <= keys


def test_before_distillation_it_says_what_is_missing(use_runs):
    use_runs("scheduled")
    assert "No difficulties by epoch yet" in shown(open_app("curriculum", view="Difficulty"))


def test_a_page_with_choices_in_its_address_can_be_left(use_runs):
    use_runs("whole")
    app = open_app("curriculum", view="Difficulty", counted="from the end", question="q003")
    app.button(key="to-keypoints").click().run()
    assert not app.exception
    assert "tokens" in element_keys(app) and app.session_state["question"] == "q003"
