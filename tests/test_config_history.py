"""Settings of older versions: read as what they are now, said so, and in a run's log."""

from __future__ import annotations

import pytest
import yaml

from kpod.config import RunConfig, load_config, make_config, override, read_config
from kpod.config_history import translate_settings
from kpod.errors import InputError
from kpod.run_store import load_run
from tests.support.made_run import make_run


def older(before: object, **more: object) -> str:
    data = {"source": "a.jsonl", "keep_wrong_rationales": before, **more}
    return yaml.safe_dump({"name": "old", "data": data, "student": {"name": "x"}})


@pytest.mark.parametrize(("before", "now"), [(False, "drop"), (True, "keep")])
def test_an_older_setting_is_read_as_what_it_is_now(tmp_path, before, now):
    config, remarks = read_config(older(before))
    assert config.data.wrong_rationales == now and RunConfig.from_yaml(older(before)) == config
    assert remarks == (
        f"data.keep_wrong_rationales={str(before).lower()} is of an older version and was read as "
        f"data.wrong_rationales={now}.",
    )
    (tmp_path / "c.yaml").write_text(older(before))
    assert load_config(tmp_path / "c.yaml") == (config, remarks)
    assert read_config(config.to_yaml()) == (config, ())


@pytest.mark.parametrize("text", [older("perhaps"), older(1), older(False, wrong_rationales="keep")])
def test_what_cannot_be_translated_is_refused_with_what_to_write(text):
    with pytest.raises(InputError, match=r"It is now data\.wrong_rationales: drop for false and keep for true"):
        read_config(text)


def test_on_the_command_line_it_is_refused_with_what_to_write():
    config, _ = read_config(older(False))
    with pytest.raises(InputError, match=r"It is now data\.wrong_rationales: drop for false"):
        override(config, ["data.keep_wrong_rationales=true"])


@pytest.mark.parametrize("values", [None, [], {}, {"data": None}, {"data": []}, {"data": {"source": "a"}}])
def test_other_values_stay_as_they_are(values):
    assert translate_settings(values) == (values, ())


def test_a_run_of_an_older_version_opens_and_knows_what_was_translated(tmp_path):
    run = make_run(tmp_path / "run", upto="created", status="created")
    path = run.folder / "config.yaml"
    path.write_text(path.read_text().replace("wrong_rationales: drop", "keep_wrong_rationales: false"))
    opened = load_run(run.folder)
    assert opened.config == run.config and len(opened.remarks) == 1


LATER = {"rest_weight": 0.0, "generator_rate": None, "class_rate": 1.0, "predictor_rate": None, "final_rate": 1.0}


def test_settings_that_a_stored_file_does_not_have_yet_are_as_all_runs_had_them():
    given = {"name": "R", "data": {"source": "a"}, "student": {"name": "x"}, "weights": {"tolerance": 0.2}}
    config = make_config(given)
    stored = config.model_dump()
    stored["weights"] = {name: value for name, value in stored["weights"].items() if name not in LATER}
    read, remarks = read_config(yaml.safe_dump(stored))
    assert remarks == (
        "Settings that came after this file were read as what runs did before: weights.rest_weight=0, "
        "weights.generator_rate=null, weights.class_rate=1, weights.predictor_rate=null, weights.final_rate=1.",
    )
    assert read == make_config(config.model_dump() | {"weights": config.model_dump()["weights"] | LATER})
    assert read_config(config.to_yaml()) == (config, ())  # its own are kept where the file has them
    assert read_config(yaml.safe_dump(given))[0].weights.final_rate == 0.1  # what a person leaves out is the default
