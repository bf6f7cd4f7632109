"""Warnings stand where they matter, and messages are text."""

from __future__ import annotations

from dataclasses import replace

from streamlit.testing.v1 import AppTest

from tests.support.app_pages import open_app, shown
from tests.support.made_run import make_run


def test_each_page_shows_the_warnings_of_its_own_stages(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run")
    texts = {"weights": "Weights collapsed.", "schedule": "The budget is overrun.", "evaluate": "Odd answers."}
    stages = {name: replace(run.state.stages[name], warnings=[text]) for name, text in texts.items()}
    run.update(stages=run.state.stages | stages, warnings=["Nobody owns this.", *texts.values()])

    def warned(page: str) -> set[str]:
        text = shown(open_app(page))
        return {name for name in (*texts.values(), "Nobody owns this.") if name in text}

    assert warned("overview") == {"Nobody owns this.", *texts.values()}
    assert warned("keypoints") == {"Nobody owns this.", texts["weights"]}
    assert warned("curriculum") == {"Nobody owns this.", texts["weights"], texts["schedule"]}


def messages():
    from kpod.errors import InputError
    from kpod.ui import parts

    parts.notice("info", "<b>title</b>", "<script>alert(1)</script>")
    parts.empty_state("<i>none</i>", "text", command="rm <file>")
    with parts.guarded():
        raise InputError("No file at <img src=x>. Give another.")


def test_messages_are_escaped_and_an_input_error_is_one_of_them():
    app = AppTest.from_function(messages).run()
    assert not app.exception
    text = shown(app)
    assert "&lt;b&gt;title&lt;/b&gt;" in text and "rm &lt;file&gt;" in text
    assert "No file at &lt;img src=x&gt;. Give another." in text
    assert not any(tag in text for tag in ("<script", "<img", "<b>title", "<i>none"))
