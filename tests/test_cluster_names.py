"""Names of clusters: the words that mark them, or what somebody called them, in the run's notes."""

from __future__ import annotations

import json

import pytest

from kpod.cluster_names import cluster_names, names_from_terms, rename_clusters
from kpod.errors import InputError
from kpod.run_management import NOTES, read_note, write_note
from kpod.run_store import load_run
from tests.support.made_run import make_run

TERMS = [["pens", "boxes", "each", "more"], ["boats"], []]


@pytest.fixture
def run(tmp_path):
    run = make_run(tmp_path / "run", upto="map")
    run.update(summary=run.state.summary | {"cluster_terms": TERMS})
    return run


def test_without_names_the_words_are_the_names(run):
    assert cluster_names(run) == ["pens, boxes, each", "boats", "cluster 2"]


def test_a_name_is_kept_in_the_notes_and_no_artefact_changes(run, tmp_path):
    before = {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()}
    rename_clusters(run, {0: "  Buying \n pens ", 2: "Other"}, tmp_path)
    assert cluster_names(load_run(run.folder)) == ["Buying pens", "boats", "Other"]
    after = {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()}
    assert after.pop(NOTES) and after == before


@pytest.mark.parametrize("name", ["", "  ", "pens, boxes, each"])
def test_an_empty_name_and_that_of_the_words_give_the_words_back(run, tmp_path, name):
    rename_clusters(run, {0: "Buying"}, tmp_path)
    rename_clusters(run, {0: name}, tmp_path)
    assert cluster_names(run) == names_from_terms(run)
    assert not (run.folder / NOTES).exists()


def test_names_and_the_note_leave_each_other_alone(run, tmp_path):
    write_note(run, "A note", tmp_path)
    rename_clusters(run, {1: "Boats of Ann"}, tmp_path)
    write_note(run, "Another", tmp_path)
    assert read_note(run.folder) == "Another" and cluster_names(run)[1] == "Boats of Ann"
    write_note(run, "", tmp_path)
    assert cluster_names(run)[1] == "Boats of Ann"
    rename_clusters(run, {1: ""}, tmp_path)
    assert not (run.folder / NOTES).exists()


def test_after_another_clustering_a_name_holds_no_more(run, tmp_path):
    rename_clusters(run, {0: "Buying"}, tmp_path)
    run.update(summary=run.state.summary | {"cluster_terms": [["trains"], *TERMS[1:]]})
    assert cluster_names(run)[0] == "trains"


def test_what_cannot_be_a_name(run, tmp_path):
    with pytest.raises(InputError, match="There is no cluster 3; the run has 3 of them"):
        rename_clusters(run, {3: "x"}, tmp_path)
    with pytest.raises(InputError, match="at most 60 characters; got 61"):
        rename_clusters(run, {0: "x" * 61}, tmp_path)
    with pytest.raises(InputError, match="lies outside the runs folder"):
        rename_clusters(run, {0: "x"}, tmp_path / "other")


@pytest.mark.parametrize(
    "entries",
    [None, 7, "x", [7], [{}], [{"cluster": "0", "name": "x", "terms": TERMS[0]}], [{"cluster": 9, "name": "x"}],
     [{"cluster": 0, "name": 5, "terms": TERMS[0]}], [{"cluster": 0, "name": " ", "terms": TERMS[0]}]],
)  # fmt: skip
def test_damaged_names_are_none(run, entries):
    (run.folder / NOTES).write_text(json.dumps({"cluster_names": entries}))
    assert cluster_names(run) == names_from_terms(run)


@pytest.mark.parametrize("terms", [None, 7, [7, None], "pens", {"a": 1}])
def test_damaged_words_are_none(run, terms):
    run.update(summary=run.state.summary | {"cluster_terms": terms})
    assert all(name.startswith("cluster ") for name in cluster_names(run))
