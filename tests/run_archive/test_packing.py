"""A run into an archive: what goes along, and that the same run gives the same bytes."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile

import pytest

from kpod.errors import InputError
from kpod.run_archive import archive_name, export_run, run_files
from tests.support.made_run import make_run


@pytest.fixture
def run(tmp_path):
    run = make_run(tmp_path / "runs" / "run", count=8, name="Packed")
    for name in (
        "adapter/adapter_config.json",
        "adapter/adapter_model.safetensors",
        "checkpoints/weights-0123/step-00000007/values.json",
        "weight_generator.safetensors",
        "lock",
        "cancel",
        "process.json",
        ".tokens.parquet.7.tmp",
        "checkpoints/weights-0123/.step-00000008.tmp/values.json",
        "private.txt",
        "tensorboard/weights/events.out.tfevents.1",
        "adapter/optimizer.pt",
    ):
        (run.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (run.folder / name).write_bytes(b"{}")
    return run


TRAINED = [
    "weight_generator.safetensors",
    "adapter/adapter_config.json",
    "adapter/adapter_model.safetensors",
    "checkpoints/weights-0123/step-00000007/values.json",
]


def packed(run, **options) -> bytes:
    stream = io.BytesIO()
    export_run(run, stream, **options)
    return stream.getvalue()


def test_a_run_is_packed_without_what_is_no_part_of_it(run):
    plain = run_files(run.folder, checkpoints=False)
    assert plain[:4] == ["run.json", "config.yaml", "metrics.jsonl", "questions.parquet"]
    assert not set(plain) & {*TRAINED, "lock", "cancel", "process.json", "private.txt"}
    assert not any(name.startswith("tensorboard") for name in plain)  # metrics.jsonl has the same figures
    whole = run_files(run.folder, checkpoints=True)
    assert [name for name in whole if name not in plain] == TRAINED


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
@pytest.mark.parametrize("checkpoints", [False, True])
def test_the_archive_holds_the_files_under_one_folder(run, kind, checkpoints):
    content = packed(run, kind=kind, checkpoints=checkpoints)
    if kind == "zip":
        archive = zipfile.ZipFile(io.BytesIO(content))
        read = {name: archive.read(name) for name in archive.namelist()}
    else:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            read = {entry.name: archive.extractfile(entry).read() for entry in archive}
    names = run_files(run.folder, checkpoints=checkpoints)
    assert read == {f"packed/{name}": (run.folder / name).read_bytes() for name in names}


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_the_same_run_gives_the_same_bytes(run, kind):
    first = packed(run, kind=kind, checkpoints=True)
    os.utime(run.folder / "run.json", (1, 1))
    assert packed(run, kind=kind, checkpoints=True) == first


def test_links_stay_behind(run, tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text("secret")
    (run.folder / "notes.json").symlink_to(secret)
    (run.folder / "adapter" / "more.json").symlink_to(secret)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.json").write_text("secret")
    (run.folder / "checkpoints" / "linked").symlink_to(tmp_path / "elsewhere")
    assert b"secret" not in packed(run, kind="zip", checkpoints=True)
    assert "checkpoints/linked/a.json" not in run_files(run.folder, checkpoints=True)


def test_a_run_that_is_gone_and_a_kind_that_is_none(run):
    with pytest.raises(InputError, match=r"'rar' is no kind of archive; there is zip and tar\.gz"):
        packed(run, kind="rar")
    (run.folder / "run.json").unlink()
    with pytest.raises(InputError, match=r"is gone or damaged"):
        packed(run)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SVAMP, SmolLM2-135M", "svamp-smollm2-135m"),
        ("../..", "run"),
        ("Adapter", "adapter-run"),
        ("TensorBoard", "tensorboard-run"),  # a folder of a run, whose files would be passed over
        ("x" * 99, "x" * 60),
    ],
)
def test_the_archive_is_called_as_the_run(run, name, expected):
    run.update(name=name)
    assert archive_name(run) == expected
