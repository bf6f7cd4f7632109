"""Data sets of the hub: by name through the real client from a hub on the loopback, and from folders laid out alike.

The client reads its address and its cache's place once, when it is imported: a process of its own each time.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections import Counter

import pytest

from kpod.errors import InputError
from kpod.tasks.hub import parse_hub
from kpod.tasks.loading import questions_and_task
from kpod.tasks.paper_splits import _lists
from tests.conftest import ROOT
from tests.support.hub_repositories import (
    asdiv_rows,
    commonsense_rows,
    gsm8k_rows,
    svamp_rows,
    write_repository,
)
from tests.support.hub_server import COMMIT, hub_server

pytestmark = pytest.mark.slow

READ = """
import json, sys
from kpod.errors import InputError
from kpod.tasks.hub import parse_hub
from kpod.tasks.loading import questions_and_task
assert "datasets" not in sys.modules
try:
    source = parse_hub(sys.argv[1])
    fingerprint = source.fingerprint()
    assert "datasets" not in sys.modules
    rows, notes = source.read()
    questions, task = questions_and_task(rows, str(source), source.task, stem=source.label)
    print(json.dumps({"fingerprint": fingerprint, "task": task.name, "notes": notes, "questions":
                      [[q.id, q.text, q.answer, q.split, q.rationale] for q in questions]}))
except InputError as error:
    print(json.dumps({"error": str(error), "fingerprint": fingerprint}))
assert "torch" not in sys.modules
"""


@pytest.fixture
def read(tmp_path):
    """Read a source in a new process, the hub being at the given address; the cache stays for the test."""

    def run(source: str, address: str, **environment: str) -> dict:
        settings = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "0"}
        settings |= {"PYTHONPATH": str(ROOT), "HF_HUB_DISABLE_XET": "1"}
        done = subprocess.run(
            [sys.executable, "-c", READ, source],
            env=os.environ | settings | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Generating" not in done.stderr and "%|" not in done.stderr, "no progress bars of others"
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture
def nowhere():
    """An address where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_gsm8k_by_name_has_the_papers_splits_and_then_needs_no_network(read, nowhere, tmp_path):
    made = {"train": gsm8k_rows(7473), "test": gsm8k_rows(1319)}
    folder = write_repository(tmp_path / "gsm8k", {"main": made, "socratic": {"train": gsm8k_rows(3, "socratic")}})
    with hub_server({}, datasets={"openai/gsm8k": folder}) as (address, requests):
        first = read("hub:openai/gsm8k", address)
        assert any(path.endswith("main/train-00000-of-00001.parquet") for path in requests)
        assert not any("socratic" in path for path in requests), "only what the configuration needs"
        before = len(requests)
        assert read("hub:openai/gsm8k", address) == first
        assert len(requests) == before > 0
    assert (first["task"], first["notes"]) == ("gsm8k", [])
    assert Counter(split for *_, split, _ in first["questions"]) == {"train": 7473, "dev": 660, "test": 659}
    test_set = {identity: split for identity, *_, split, _ in first["questions"] if "-test-" in identity}
    assert [test_set[f"gsm8k-test-{position:05d}"] for position in range(4)] == ["test", "test", "dev", "dev"]
    identity, _, answer, _, rationale = first["questions"][-1]
    assert (identity, answer, rationale) == ("gsm8k-test-01318", "1320", "1318 + 2 = 1320 pens.")
    # Offline, by a dead address, and by the commit: the same set, known by the same fingerprint.
    assert read("hub:openai/gsm8k:main", nowhere, HF_HUB_OFFLINE="1")["fingerprint"] == first["fingerprint"]
    assert read(f"hub:openai/gsm8k@{COMMIT}", nowhere) == first
    other = read("hub:openai/gsm8k:main:test", nowhere)
    assert len(other["questions"]) == 1319 and other["fingerprint"] != first["fingerprint"]


def test_a_configuration_that_was_not_fetched_is_fetched(read, nowhere, tmp_path):
    configs = {name: {"train": gsm8k_rows(3, name)} for name in ("one", "two")}
    folder = write_repository(tmp_path / "made", configs)
    with hub_server({}, datasets={"maker/made": folder}) as (address, _):
        assert "in one?" in read("hub:maker/made:one", address)["questions"][0][1]
        offline = read("hub:maker/made:two", nowhere, HF_HUB_OFFLINE="1")
        assert "maker/made is not in the hub's cache, and HF_HUB_OFFLINE is set" in offline["error"]
        assert offline["fingerprint"] is None
        assert "in two?" in read("hub:maker/made:two", address)["questions"][0][1]
        assert "has several configurations: one, two" in read("hub:maker/made", address)["error"]


def test_what_the_hub_does_not_give(read, nowhere, tmp_path):
    folder = write_repository(tmp_path / "made", {"data": {"train": gsm8k_rows(3)}})
    with hub_server({}, {"maker/shut"}, {"maker/made": folder}) as (address, _):
        assert "The hub has no data set maker/none, or hides" in read("hub:maker/none", address)["error"]
        assert "behind its terms of use" in read("hub:maker/shut", address)["error"]
        assert "no revision 'old' on the hub" in read("hub:maker/made@old", address)["error"]
    dead = read("hub:maker/other", nowhere)["error"]
    assert "could not be reached for maker/other" in dead and "hub:./FOLDER" in dead


def test_a_conversion_by_the_hub_has_no_readme(read, tmp_path):
    rows = [
        {"context": "Rain.", "query": "So?", "options": ["wet", "dry", "cold", "hot"], "correct_option": number}
        for number in range(4)
    ]
    folder = write_repository(tmp_path / "logiqa", {"default": {"train": rows, "test": rows[:2]}}, readme=False)
    with hub_server({}, datasets={"lucasmccabe/logiqa": folder}) as (address, requests):
        found = read("hub:lucasmccabe/logiqa", address)
        assert any("refs%2Fconvert%2Fparquet" in path for path in requests)
        assert read("hub:lucasmccabe/logiqa:default", address)["questions"] == found["questions"]
    assert found["task"] == "logiqa"
    assert [question[0] for question in found["questions"]] == [
        *(f"logiqa-train-{position:04d}" for position in range(4)), "logiqa-test-0000", "logiqa-test-0001",
    ]  # fmt: skip
    assert found["questions"][1][1:3] == ["Rain.\nSo?\n(A) wet (B) dry (C) cold (D) hot", "B"]


def known(monkeypatch, folder, name):
    """The known set `name`, its files being in `folder`."""
    source = parse_hub(f"hub:{name}")
    monkeypatch.setitem(source.__dict__, "folder", folder)
    return source


def test_svamp_by_its_numbers(monkeypatch, tmp_path):
    halves = {"train": svamp_rows(range(1, 701)), "test": svamp_rows(range(701, 1001))}
    source = known(monkeypatch, write_repository(tmp_path / "svamp", {"data": halves}), "ChilleD/SVAMP")
    rows, notes = source.read()
    questions, task = questions_and_task(rows, str(source), source.task)
    assert (task.name, notes) == ("svamp", ())
    assert Counter(question.split for question in questions) == {"train": 700, "dev": 150, "test": 150}
    assert (questions[6].id, questions[6].text) == ("svamp-chal-7", "Ada has 7 pens, How many are 2 more?")


def test_asdiv_by_its_order_and_only_where_it_is_whole(monkeypatch, tmp_path):
    folder = write_repository(tmp_path / "a", {"asdiv": {"validation": asdiv_rows(2305)}})
    source = known(monkeypatch, folder, "EleutherAI/asdiv")
    questions, _ = questions_and_task(source.rows(), str(source), source.task)
    counts = Counter(question.split for question in questions)
    assert counts == {"train": 1533, "dev": 313, "test": 314, "unassigned": 145}
    assert (questions[0].id, questions[0].split) == ("asdiv-nluds-0001", "dev")
    folder = write_repository(tmp_path / "b", {"asdiv": {"validation": asdiv_rows(9)}})
    source = known(monkeypatch, folder, "EleutherAI/asdiv")
    rows, notes = source.read()
    assert notes == ("validation has 9 rows and not 2305: the paper's splits are not applied.",)
    assert {row.get("kpod_split") for _, row in rows} == {None}


def test_commonsense_qa_without_the_test_set_that_has_no_answers(monkeypatch, tmp_path):
    listed = sorted(_lists()["commonsense_qa"]["dev"])
    train = [f"{'0' * 25}{key}" for key in listed] + [f"{number:032d}" for number in range(9741 - len(listed))]
    splits = {
        "train": commonsense_rows(train),
        "validation": commonsense_rows([f"v{number}" for number in range(1221)]),
        "test": commonsense_rows(["t1"], answers=False),
    }
    source = known(monkeypatch, write_repository(tmp_path / "c", {"data": splits}), "tau/commonsense_qa")
    questions, task = questions_and_task(source.rows(), str(source), source.task)
    assert task.name == "commonsense_qa" and questions[0].answer == "B"
    assert Counter(question.split for question in questions) == {"train": 8520, "dev": 1221, "test": 1221}


def test_drop_keeps_its_number_questions(monkeypatch, tmp_path):
    answers = [(["2"], ["number"]), (["the cat"], ["span"]), (["3", "3"], ["number", "number"]), (["4"], ["span"])]
    rows = [
        {"query_id": f"q{number}", "passage": "It is.", "question": "How many?",
         "answers_spans": {"spans": spans, "types": types}}
        for number, (spans, types) in enumerate(answers)
    ]  # fmt: skip
    source = known(monkeypatch, write_repository(tmp_path / "d", {"data": {"validation": rows}}), "ucinlp/drop")
    read, notes = source.read()
    questions, _ = questions_and_task(read, str(source), source.task)
    assert [(question.id, question.answer) for question in questions] == [("q0", "2"), ("q2", "3")]
    assert notes == ("2 of 4 rows of validation left out: not answers that are one number.",)


def test_a_local_folder_is_known_by_its_content(tmp_path):
    folder = write_repository(tmp_path / "mine", {"main": {"train": gsm8k_rows(3), "test": gsm8k_rows(2)}})
    source = parse_hub(f"hub:{folder}:main")
    questions, task = questions_and_task(source.rows(), str(source), source.task, stem=source.label)
    assert (len(questions), task.name, source.label, source.is_folder) == (5, "gsm8k", "mine", True)
    before = source.fingerprint()
    assert parse_hub(f"hub:{folder}:main").fingerprint() == before
    (folder / "notes.md").write_text("nothing of the data")
    assert source.fingerprint() == before
    (folder / "main" / "test-00000-of-00001.parquet").unlink()
    assert source.fingerprint() != before
    with pytest.raises(InputError, match=r"cannot be loaded: .*test"):
        source.rows()


def test_what_a_folder_does_not_have(tmp_path):
    folder = write_repository(tmp_path / "mine", {"one": {"train": gsm8k_rows(3)}, "two": {"train": gsm8k_rows(3)}})
    for name, message in {
        f"hub:{folder}": r"several configurations: one, two\. Name one, as .*:one",
        f"hub:{folder}:three": r"no configuration 'three'; there is one, two",
        f"hub:{folder}:one:dev": r"has no split 'dev'; there is 'train'",
        "hub:./nowhere": r"There is no folder nowhere",
    }.items():
        with pytest.raises(InputError, match=message):
            parse_hub(name).rows()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("hub:openai/gsm8k", ("openai/gsm8k", None, None, None)),
        ("hub: openai/gsm8k : main ", ("openai/gsm8k", "main", None, None)),
        ("hub:a/b::test@refs/convert/parquet", ("a/b", None, "test", "refs/convert/parquet")),
        ("hub:/a b/c:main:train", ("/a b/c", "main", "train", None)),
    ],
)
def test_how_a_set_is_named(text, parts):
    source = parse_hub(text)
    assert (source.name, source.config, source.split, source.revision) == parts
    assert parse_hub(str(source)) == source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hub:", "no name"),
        ("hub:a/b:c:d:e", "3 options"),
        ("hub:a/b@", "no revision behind @"),
        ("hub:a/b/c", "'a/b/c', which is no name on the hub"),
        ("hub:./a@main", "a revision of a folder"),
    ],
)
def test_a_name_that_cannot_be(text, message):
    with pytest.raises(InputError, match=rf"{message}.*Write hub:NAME\[:CONFIG"):
        parse_hub(text)
