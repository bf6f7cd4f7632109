"""A look at the questions before a run, and rationales of a teacher, from the Distill page."""

from __future__ import annotations

import json
import time

import pytest

from kpod.teaching import process
from kpod.ui import distill_checks, distill_preview
from tests.support.app_pages import open_app, shown

HOSTILE = "<script>alert('q')</script> How many\u202e? \x07"


@pytest.fixture(autouse=True)
def nothing_run_yet(use_runs):
    use_runs("none")
    distill_checks._checked.clear()
    distill_preview._report.clear()
    distill_preview._checks.clear()


def open_data(source):
    return open_app("distill", group="data", preset="example", set=[f"data.source={source}", "data.task=null"])


def frames(app):
    return [table.value for table in app.dataframe]


def test_what_a_source_holds_is_shown():
    app = open_data("small_world:train=6,test=2,seed=3")
    assert "in 8 rows; splits: train 6, test 2" in shown(app) and "6 reach" not in shown(app)
    questions = next(table for table in frames(app) if "rationale" in table)
    assert len(questions) == 5 and questions["answer"].str.fullmatch(r"\d+").all()


def test_columns_are_guessed_shown_and_chosen(tmp_path):
    rows = [
        {"prompt": f"Ann has {n} pears and buys 3. How many?", "target": str(n + 3), "other": f"x{n}"} for n in range(9)
    ]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    app = open_data(path)
    assert "prompt · " in shown(app) and app.selectbox(key="field-question").value == "guessed"
    app.selectbox(key="field-question").select("other").run()
    assert app.session_state["draft"].values["data.fields"] == {"question": "other"}
    assert not app.exception
    app.selectbox(key="field-question").select("guessed").run()
    assert app.session_state["draft"].values["data.fields"] is None


def test_bad_rows_are_listed_with_their_place_and_hostile_texts_are_harmless(tmp_path):
    path = tmp_path / "mine.jsonl"
    good = {"id": HOSTILE, "question": HOSTILE, "answer": "3", "rationale": HOSTILE}
    path.write_text(json.dumps(good) + "\nno json <b>\n" + json.dumps({"id": "2", "question": "?"}) + "\n")
    app = open_data(path)
    mistakes = next(table for table in frames(app) if "where" in table)
    assert mistakes["where"].tolist() == ["line 2", "line 3"]
    assert "<script>" not in shown(app) and not app.exception


@pytest.mark.parametrize("source", ["missing.jsonl", "shipped:nothing", "small_world:tran=2"])
def test_a_source_that_cannot_be_read_says_why(source):
    app = open_data(source)
    assert "This cannot be read" in shown(app) or "cannot be used" in shown(app)
    assert not app.exception


def test_a_hub_set_is_fetched_only_when_asked():
    app = open_data("hub:openai/gsm8k")
    assert app.button(key="look") and "is not in the hub" in shown(app)
    assert "which is no name on the hub" in shown(open_data("hub:a b"))


def test_a_teacher_on_this_machine_writes_rationales_that_become_a_source():
    app = open_app("distill", view="teach")
    assert app.button(key="teach-start").disabled and "Name the model" in shown(app)
    app.segmented_control(key="teach-backend").set_value("transformers").run()
    app.selectbox(key="teach-local").select("nano")
    app.text_input(key="teach-source").set_value("small_world:train=2,test=1,max_steps=1,min_steps=1,seed=5")
    app.text_input(key="teach-name").set_value("../my <b>set</b>")
    app.number_input(key="teach-max-tokens").set_value(40)
    app.run()
    app.button(key="teach-start").click().run()
    assert not app.exception
    (options,) = distill_taught()
    out = options.with_name(options.name.removesuffix(".options.yaml"))
    assert out.name == "my-b-set-b.jsonl"
    deadline = time.monotonic() + 120
    while not out.is_file() or process.is_at_work(out):
        assert time.monotonic() < deadline, process.log_tail(out)
        time.sleep(0.2)
    app.run()
    assert "2 of 2" in app.get("progress")[0].proto.text
    app.button(key="teach-use").click().run()
    assert app.session_state["draft"].values["data.source"] == str(out)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == 2 and {row["split"] for row in rows} == {"train"} and all(row["rationale"] for row in rows)


def distill_taught():
    from kpod.ui.distill_teach import _folder

    return list(_folder().glob("*.options.yaml"))
