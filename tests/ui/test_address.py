"""The address and the page keep in step."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.app_pages import address_of, open_app


def test_the_address_chooses_run_and_question(use_runs):
    use_runs("whole")
    app = open_app("keypoints", question="q017")
    assert app.selectbox(key="question").value == "q017"
    assert set(address_of(app)) == {"run", "question"}


@pytest.mark.parametrize("garbage", ["", "q9999", "../../etc/passwd", "<script>", "q003 ", "\x00"])
def test_garbage_in_the_address_falls_back_to_the_first(garbage):
    app = AppTest.from_function(settled_page)
    app.query_params["run"] = garbage
    app.run()
    assert not app.exception
    assert app.selectbox(key="run").value == "a"
    assert address_of(app) == {"run": "a"}


def read_page():
    import streamlit as st

    from kpod.ui import address

    st.text(f"{address.read_number('n', 0.5, 0.0, 1.0)} {address.read_choice('c', ['1', '2', 'final'], 2)}")


@pytest.mark.parametrize("garbage", ["", "nan", "inf", "-1e9", "99999", "x", "1,5", "0x1"])
def test_garbage_in_a_view_falls_back_to_the_default(garbage):
    app = AppTest.from_function(read_page)
    app.query_params["n"] = app.query_params["c"] = garbage
    app.run()
    assert app.text[0].value == "0.5 2"


def test_a_view_is_read_from_the_address():
    app = AppTest.from_function(read_page)
    app.query_params["n"], app.query_params["c"] = "0.25", "1"
    app.run()
    assert app.text[0].value == "0.25 0"


def test_garbage_everywhere_opens_the_page(use_runs):
    use_runs("whole")
    app = open_app("keypoints", run="<b>", question="../..", epoch="x", threshold="nan", token="1e99")
    assert app.selectbox(key="question").value == "q000"


def test_choosing_writes_the_address(use_runs):
    use_runs("whole")
    app = open_app("keypoints")
    box = app.selectbox(key="question")
    box.select(box.options[7]).run()
    assert address_of(app)["question"] == "q007"
    app.button(key="next-question").click().run()
    assert address_of(app)["question"] == "q008"
    app.button(key="previous-question").click().run()
    app.button(key="previous-question").click().run()
    assert address_of(app)["question"] == "q006"


def test_going_back_in_the_browser_wins_over_the_widget(use_runs):
    use_runs("whole")
    app = open_app("keypoints", question="q003")
    app.button(key="next-question").click().run()
    app.query_params["question"] = "q003"
    app.run()
    assert app.selectbox(key="question").value == "q003"


def settled_page():
    import streamlit as st

    from kpod.ui import address

    labels = st.session_state.get("labels", {"a": "A running", "b": "B running"})
    address.settle("run", list(labels))
    st.selectbox("Run", list(labels), format_func=labels.__getitem__, key="run")


def test_a_choice_survives_its_label_changing_under_it():
    app = AppTest.from_function(settled_page).run()
    app.selectbox(key="run").select("B running").run()
    assert address_of(app) == {"run": "b"}
    app.session_state["labels"] = {"a": "A finished", "b": "B finished"}
    app.run()
    assert not app.exception
    assert address_of(app) == {"run": "b"}
    assert app.selectbox(key="run").value == "b"


def figure_page():
    import plotly.graph_objects as go

    from kpod.ui.saved_figures import figure, format_choice

    format_choice()
    figure(go.Figure(), "drawn")


@pytest.mark.parametrize(("asked", "form"), [("svg", "svg"), ("png", "png"), ("SVG figures", "png"), ("<b>", "png")])
def test_the_address_names_the_form_of_figures_by_its_id(asked, form):
    app = AppTest.from_function(figure_page)
    app.query_params["figure-format"] = asked
    app.run()
    assert not app.exception and app.segmented_control(key="figure-format").value == form
    assert address_of(app) == {"figure-format": form}
    assert f'"format":"{form}"' in app.get("plotly_chart")[0].proto.config.replace(" ", "")
