"""The front end's own files: sent as Streamlit sends them, and nothing beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from kpod.ui.front_end import FrontEndFiles, script_names

SCRIPTS = Path(st.__file__).parent / "static" / "static" / "js"


async def streamlit(scope, receive, send) -> None:
    """What stands for all that is left to Streamlit."""
    await PlainTextResponse("left to Streamlit")(scope, receive, send)


@pytest.fixture
def client() -> TestClient:
    return TestClient(FrontEndFiles(streamlit))


def test_a_script_is_sent_whole_and_kept_by_the_browser(client):
    name = script_names("PlotlyChart")[0]
    answer = client.get(f"/static/js/{name}")
    assert answer.content == (SCRIPTS / name).read_bytes()
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["/", "/static/js/none.js", "/static/js/..", "/static/js/%2e%2e/%2e%2e/index.html", "/_stcore/health", "/x"]
)
def test_whatever_is_no_such_file_is_left_to_streamlit(client, path):
    assert client.get(path).text == "left to Streamlit"


def test_parts_of_files_and_other_methods_are_left_to_streamlit(client):
    path = f"/static/js/{script_names('PlotlyChart')[0]}"
    assert client.get(path, headers={"Range": "bytes=0-9"}).text == "left to Streamlit"
    assert client.post(path).text == "left to Streamlit"


def test_every_part_that_is_loaded_ahead_is_there():
    assert [name.partition(".")[0] for name in script_names("PlotlyChart", "DataFrame", "None")] == [
        "PlotlyChart",
        "DataFrame",
    ]
