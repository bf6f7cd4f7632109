"""The Results page's view of sensitivity: what stands in it, where it is empty, and ablations' runs."""

from __future__ import annotations

from tests.support.app_pages import element_keys, open_app, shown
from tests.support.made_run import make_run


def test_a_run_with_one_setting_changed_stands_beside_this_one(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "one")
    other = make_run(tmp_path / "other", name="<b>Wide</b>")
    other.config = other.config.model_copy(
        update={"curriculum": other.config.curriculum.model_copy(update={"delta_s": 3})}
    )
    other.write_config()
    app = open_app("results", run=run.id, view="Sensitivity")
    table = app.dataframe[0].value
    assert table[["setting", "value", "run"]].to_numpy().tolist() == [
        ["curriculum.delta_s", "1", run.name],
        ["curriculum.delta_s", "3", "<b>Wide</b>"],
    ]
    assert {"sensitivity-curriculum.delta_s", "csv-sensitivity", "figure-format"} <= element_keys(app)


def test_a_run_alone_says_how_to_make_another(use_runs):
    folder = use_runs("whole")
    text = shown(open_app("results", view="Sensitivity"))
    assert "No run differs from this one" in text
    assert f"python -m kpod run --config {folder / 'run' / 'config.yaml'} --set" in text
