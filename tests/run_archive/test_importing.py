"""Archives from anywhere: what a run's archive may not be, and that nothing of such a one is kept."""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import tarfile
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kpod.errors import InputError
from kpod.run_archive import export_run, import_archive
from kpod.run_archive.importing import MAX_ROWS
from kpod.run_archive.unpacking import MAX_MEMBERS
from kpod.run_store import FORMAT_VERSION, load_run
from tests.support.made_run import make_run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("made") / "run", count=12, name="Packed")


@pytest.fixture(scope="module")
def files(made) -> dict[str, bytes]:
    """The files of a good archive."""
    return {path.name: path.read_bytes() for path in made.folder.iterdir() if path.is_file() and path.name != "lock"}


def zipped(files: dict[str, bytes], top: str = "run/") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(top + name, content)
    return stream.getvalue()


def tarred(entries, files: dict[str, bytes], **options) -> bytes:
    """A tar.gz of `files`, then of further (entry, content)."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", **options) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"run/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for entry, content in entries:
            archive.addfile(entry, None if content is None else io.BytesIO(content))
    return stream.getvalue()


def entry(name: str, **values) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    for key, value in values.items():
        setattr(made, key, value)
    return made


def zip_entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr = mode << 16
    return made


def with_zip_entry(files: dict[str, bytes], info: zipfile.ZipInfo, content: bytes = b"x") -> bytes:
    stream = io.BytesIO(zipped(files))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(info, content)
    return stream.getvalue()


def assert_refused(content: bytes, runs, match: str, **options) -> None:
    before = sorted(os.listdir(runs)) if runs.exists() else []
    with pytest.raises(InputError, match=match):
        import_archive(io.BytesIO(content), runs, **options)
    assert sorted(os.listdir(runs)) == before, "something of it was kept"


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_an_exported_run_loads_elsewhere(made, tmp_path, kind):
    stream = io.BytesIO()
    export_run(made, stream, kind=kind)
    imported = import_archive(stream, tmp_path / "elsewhere")
    assert imported.remarks == () and imported.run.folder == tmp_path / "elsewhere" / "packed"
    assert imported.run.state == made.state and imported.run.config == made.config
    for name in ("questions", "tokens", "predictions"):
        pd.testing.assert_frame_equal(imported.run.table(name), made.table(name))


def test_a_path_is_as_good_as_a_stream(made, tmp_path, files):
    (tmp_path / "a.zip").write_bytes(zipped(files))
    assert import_archive(tmp_path / "a.zip", tmp_path / "runs").run.id == made.id
    with pytest.raises(InputError, match=r"Could not open .*b\.zip.*Give the path"):
        import_archive(tmp_path / "b.zip", tmp_path / "runs")


def test_a_run_that_is_here_already_gets_an_id_and_a_folder_of_its_own(made, tmp_path, files):
    first = import_archive(io.BytesIO(zipped(files)), tmp_path)
    second = import_archive(io.BytesIO(zipped(files)), tmp_path)
    assert second.run.folder.name == "packed-2" and second.run.id != first.run.id == made.id
    assert made.id in second.remarks[0] and second.run.id in second.remarks[0]
    assert load_run(second.run.folder).id == second.run.id
    third = import_archive(io.BytesIO(zipped(files)), tmp_path / "other", taken_ids=[made.id])
    assert third.run.id != made.id


@pytest.mark.parametrize("command", ["folder", "inside", "python", "long"])
def test_folders_packed_by_hand_load_too(made, tmp_path, files, command):
    """As `tar czf run.tgz run`, as `tar czf run.tgz -C run .`, with pax headers, and with long names."""
    top = {"folder": "run/", "inside": "./", "python": "run/", "long": "r" * 120 + "/"}[command]
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", format=tarfile.GNU_FORMAT if command == "long" else None) as archive:
        archive.addfile(entry(top.rstrip("/"), type=tarfile.DIRTYPE))
        for folder in ("tensorboard", "tensorboard/weights"):
            archive.addfile(entry(top + folder, type=tarfile.DIRTYPE))
        beside = {"lock": b"", "._run.json": b"mac", ".a.1.tmp": b"half", "tensorboard/weights/events.out.1": b"x"}
        for name, content in (beside | files).items():
            info = entry(top + name, size=len(content), mtime=1.5)  # a fraction of a second makes a pax header
            archive.addfile(info, io.BytesIO(content))
    run = import_archive(stream, tmp_path).run
    assert run.id == made.id
    assert not any((run.folder / name).exists() for name in ("._run.json", "lock", "tensorboard"))


def test_what_was_trained_comes_along(tmp_path, files):
    trained = {"adapter/adapter_config.json": b"{}", "checkpoints/weights-0123/step-00000001/values.json": b"{}"}
    run = import_archive(io.BytesIO(zipped(files | trained)), tmp_path).run
    assert all((run.folder / name).read_bytes() == b"{}" for name in trained)


ESCAPES = {
    "parent": "run/../evil.json",
    "parents": "../../../../etc/cron.d/evil",
    "absolute": "/etc/passwd",
    "drive": "C:/evil.json",
    "backslash": "run\\..\\evil.json",
    "stream": "run/log.txt:evil",
    "hidden": "run/.bashrc",
    "script": "run/sitecustomize.py",
    "pickle": "run/adapter/adapter_model.bin",
    "pickled optimiser": "run/checkpoints/a/step-1/optimizer.pt",
    "too deep": "run/adapter/a/b/c/d.json",
    "foreign table": "run/secrets.parquet",
    "foreign folder": "run/evil/x.json",
    "second run": "other/run.json",
    "dot part": "run/./run.json",
    "empty part": "run//run.json",
    "trailing dot": "run/adapter/config.json.",
    "control": "run/adapter/a\x07.json",
    "newline": "run/adapter/a\n.json",
    "right to left": "run/adapter/\u202egpj.json",
    "endless": "run/" + "a" * 500,
}


@pytest.mark.parametrize("name", ESCAPES.values(), ids=ESCAPES.keys())
def test_names_that_lead_elsewhere_are_refused(tmp_path, files, name):
    message = "no archive of a run that can be loaded.*nothing of this file was kept"
    for runs in ("a", "b"):
        (tmp_path / runs).mkdir()
    assert_refused(with_zip_entry(files, zip_entry(name)), tmp_path / "a", message)
    assert_refused(tarred([(entry(name, size=1), b"x")], files), tmp_path / "b", message)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_name_cut_at_a_nul_is_refused(tmp_path, files):
    content = with_zip_entry(files, zip_entry("run/notes.jsonX.py"), b"{}").replace(
        b"notes.jsonX.py", b"notes.json\0.py"
    )
    assert_refused(content, tmp_path, r"'run/notes\.json\\x00\.py' is no name of a file")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.CONTTYPE]
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path, files, kind):
    made = entry("run/notes.json", type=kind, linkname="/etc/passwd")
    if kind == tarfile.CONTTYPE:  # an old kind of plain file, which is read as one
        assert import_archive(io.BytesIO(tarred([(made, b"")], files)), tmp_path).run
        return
    assert_refused(tarred([(made, None)], files), tmp_path, "is a link, a device or a sparse file")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_in_a_zip_are_refused(tmp_path, files, kind):
    content = with_zip_entry(files, zip_entry("run/notes.json", kind | 0o777), b"/etc/passwd")
    assert_refused(content, tmp_path, r"notes\.json' is a link or a device")


def test_a_sparse_file_is_refused(tmp_path, files):
    sparse = entry("run/notes.json", pax_headers={"GNU.sparse.size": "99999999999", "GNU.sparse.map": "0,1"}, size=1)
    assert_refused(tarred([(sparse, b"x")], files, format=tarfile.PAX_FORMAT), tmp_path, "sparse")


def test_names_that_occur_twice_are_refused(tmp_path, files):
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = with_zip_entry(files, zip_entry("run/run.json"))
    assert_refused(content, tmp_path, r"run/run\.json' is in it twice")
    upper = with_zip_entry(files | {"adapter/a.json": b"{}"}, zip_entry("run/adapter/A.json"))
    assert_refused(upper, tmp_path, r"adapter/A\.json' is in it twice")
    assert_refused(tarred([(entry("run/run.json", size=1), b"x")], files), tmp_path, "is in it twice")


def test_too_many_members_are_refused(tmp_path, files):
    many = {f"adapter/{number}.json": b"" for number in range(MAX_MEMBERS)}
    assert_refused(zipped(files | many), tmp_path, "more than 2,000 members")
    assert_refused(tarred([], files | many), tmp_path, "more than 2,000 members")


@pytest.mark.parametrize("make", [zipped, lambda files: tarred([], files)], ids=["zip", "tar"])
def test_bombs_are_refused_by_what_comes_out_of_them(tmp_path, files, make):
    bomb = make(files | {"log.txt": b"\0" * 60_000_000})
    assert len(bomb) < 200_000
    assert_refused(bomb, tmp_path, "it unpacks to more than")
    assert_refused(make(files), tmp_path, "it unpacks to more than 0 MB", max_bytes=1000)


def test_a_size_in_a_header_is_not_believed(tmp_path, files):
    """The directory of the zip calls the bomb one byte long."""
    content = zipped(files | {"log.txt": b"\0" * 60_000_000})
    content = content.replace((60_000_000).to_bytes(4, "little"), (1).to_bytes(4, "little"))
    assert_refused(content, tmp_path, "unpacks to more than|damaged or cut short")


def test_an_encrypted_or_oddly_packed_member_is_refused(tmp_path, files):
    content = bytearray(zipped(files))
    at = content.rfind(b"PK\x01\x02")
    content[at + 8] |= 1
    assert_refused(bytes(content), tmp_path, "is encrypted")
    odd = zip_entry("run/notes.json")
    odd.compress_type = zipfile.ZIP_LZMA
    assert_refused(with_zip_entry(files, odd, b"{}"), tmp_path, "another method than store and deflate")


def test_headers_that_ask_for_memory_are_refused(tmp_path, files):
    """A pax header and a long name of 50 MB of zeros, and a directory of a zip that says it has 2 GB."""
    long_header = entry("run/notes.json", pax_headers={"comment": "x" * 50_000_000})
    content = tarred([(long_header, b"")], files, format=tarfile.PAX_FORMAT)
    assert_refused(content, tmp_path, "asks for more than")
    assert_refused(
        tarred([(entry("run/" + "a" * 50_000_000), b"")], files, format=tarfile.GNU_FORMAT), tmp_path, "asks"
    )
    archive = bytearray(zipped(files))
    end = archive.rfind(b"PK\x05\x06")
    archive[end + 12 : end + 16] = (2_000_000_000).to_bytes(4, "little")
    assert_refused(bytes(archive), tmp_path, "no archive of a run that can be loaded")


def test_archives_cut_short_anywhere_leave_nothing(tmp_path, files):
    for content in (zipped(files), tarred([], files)):
        for share in (0.02, 0.3, 0.6, 0.9, 0.999):
            assert_refused(content[: int(share * len(content))], tmp_path, "no archive of a run that can be loaded")
    plain = gzip.decompress(tarred([], files))
    assert_refused(gzip.compress(plain[: len(plain) // 2 // 512 * 512]), tmp_path, "cut short|damaged")
    assert_refused(gzip.compress(plain.rstrip(b"\0") + b"\0" * 100), tmp_path, "no archive")
    assert_refused(gzip.compress(plain + b"more"), tmp_path, "goes on behind its end")


def test_damaged_bytes_are_noticed(tmp_path, files):
    for make in (zipped, lambda each: tarred([], each)):
        content = bytearray(make(files))
        middle = len(content) // 2
        content[middle : middle + 40] = bytes(40)
        assert_refused(bytes(content), tmp_path, "no archive of a run that can be loaded|is damaged")


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x03\x04", b"\x1f\x8b", b"Rar!\x1a\x07", b"%PDF-1.7", b"\0" * 4096]
)
def test_what_is_no_archive_is_refused(tmp_path, content):
    assert_refused(content, tmp_path, "no archive of a run that can be loaded")


def test_an_empty_archive_is_refused(tmp_path):
    assert_refused(zipped({}), tmp_path, "it is empty")
    assert_refused(tarred([], {}), tmp_path, "no archive of a run")


def damaged_contents(files: dict[str, bytes]) -> dict[str, tuple[dict[str, bytes | None], str]]:
    """Archives that are whole, of runs that cannot be read: changes to a good one's files, and the message."""
    state = json.loads(files["run.json"])

    def parquet(frame: pd.DataFrame) -> bytes:
        stream = io.BytesIO()
        frame.to_parquet(stream)
        return stream.getvalue()

    predictions = pd.read_parquet(io.BytesIO(files["predictions.parquet"]))
    newer = json.dumps(state | {"format_version": FORMAT_VERSION + 1}).encode()
    return {
        "newer": ({"run.json": newer}, "It was written by a newer KPOD Studio"),
        "no state": ({"run.json": None}, "has no run.json"),
        "no configuration": ({"config.yaml": None}, "No configuration file at .*In this archive"),
        "broken state": ({"run.json": b"{"}, r"In this archive run\.json is damaged"),
        "hostile status": ({"run.json": json.dumps(state | {"status": "<b>"}).encode()}, "status"),
        "aliases": ({"config.yaml": b"a: &a [x, x]\nb: [*a, *a]\n"}, "alias"),
        "foreign settings": ({"config.yaml": b"name: x\nevil: 1\n"}, "evil"),
        "no table": ({"tokens.parquet": b"PAR1 not at all"}, r"In this archive tokens\.parquet is damaged"),
        "cut table": ({"tokens.parquet": files["tokens.parquet"][:-30]}, r"tokens\.parquet is damaged"),
        "lost column": ({"predictions.parquet": parquet(predictions.drop(columns="output"))}, "no column output"),
        "other type": (
            {"predictions.parquet": parquet(predictions.assign(correct="<script>"))},
            "its column correct is text, not true or false",
        ),
    }


CASES = ("newer", "no state", "no configuration", "broken state", "hostile status", "aliases", "foreign settings")
CASES += ("no table", "cut table", "lost column", "other type")


@pytest.mark.parametrize("case", CASES)
def test_a_run_that_cannot_be_read_is_not_kept(tmp_path, files, case):
    changes, message = damaged_contents(files)[case]
    content = {name: value for name, value in (files | changes).items() if value is not None}
    assert_refused(zipped(content), tmp_path, message)


def test_a_table_of_a_few_bytes_with_endless_rows_is_refused(tmp_path, files):
    stream = io.BytesIO()
    same = pa.array([1]).take(pa.array([0] * 1_000_000))
    chunk = pa.table({name: same for name in ("epoch", "question_index", "position")} | {"weight": same.cast("double")})
    with pq.ParquetWriter(stream, chunk.schema) as writer:
        for _ in range(MAX_ROWS // 1_000_000 + 1):
            writer.write_table(chunk)
    assert len(stream.getvalue()) < 1_000_000
    assert_refused(zipped(files | {"weight_history.parquet": stream.getvalue()}), tmp_path, "51,000,000 rows")


def test_what_a_killed_import_left_is_deleted_after_a_day(tmp_path, files):
    old, young = tmp_path / ".import-old", tmp_path / ".deleted-young"
    old.mkdir()
    young.mkdir()
    os.utime(old, (1, 1))
    import_archive(io.BytesIO(zipped(files)), tmp_path)
    assert not old.exists() and young.exists()


def test_a_hostile_run_name_names_no_folder(tmp_path, files):
    state = json.loads(files["run.json"]) | {"name": "../../<script>alert(1)</script>"}
    config = files["config.yaml"].replace(b"name: Packed", b'name: "../../<script>"')
    run = import_archive(
        io.BytesIO(zipped(files | {"run.json": json.dumps(state).encode(), "config.yaml": config})), tmp_path
    ).run
    assert run.folder == tmp_path / "script"
