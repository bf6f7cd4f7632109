"""What all tests share: no hub, few threads, tiny students, and the parts that a machine may lack."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Before any library reads them.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny students gain nothing, and threads that wait for each other spin

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def missing(reason: str) -> None:
    """Skip a test for want of `reason`; with KPOD_REQUIRE_ALL=1, as in CI, nothing may be missing."""
    if os.environ.get("KPOD_REQUIRE_ALL") == "1":
        pytest.fail(f"{reason} (KPOD_REQUIRE_ALL=1 allows no skip)")
    pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def no_wait_for_the_disk() -> Iterator[None]:
    """No power is cut in a test, and a tiny run alone would wait 68 times for some milliseconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: None)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The optional folder of real data sets beside the repository."""
    if not SHARED_DATA.is_dir():
        missing(f"the data folder ../shared/data is not beside the repository ({SHARED_DATA})")
    return SHARED_DATA


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium or Chrome."""
    found = next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)
    if found is None:
        missing(f"no browser on the PATH (looked for {', '.join(CHROMIUM_NAMES)})")
    return found


@pytest.fixture
def kpod(monkeypatch, capsys, tmp_path) -> Callable[..., tuple[int, str, str]]:
    """Runs a command in this process: exit status, what it printed, what it said on the side."""
    from kpod import cli  # here, so that other tests do not wait for it

    monkeypatch.setenv("KPOD_RUNS", str(tmp_path / "runs"))

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["kpod", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return command


def _tiny_student(tmp_path_factory: pytest.TempPathFactory, family: str) -> Path:
    # Imported here, so that tests without a student do not wait for torch.
    from tests.support.tiny_models import save_tiny_student

    return save_tiny_student(tmp_path_factory.mktemp("students") / f"tiny-{family}", family)


@pytest.fixture(scope="session")
def tiny_llama_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama of 2 layers, 32 wide, with its tokenizer; read only."""
    return _tiny_student(tmp_path_factory, "llama")


@pytest.fixture(scope="session")
def tiny_qwen2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _tiny_student(tmp_path_factory, "qwen2")


@pytest.fixture(scope="session")
def tiny_gpt2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _tiny_student(tmp_path_factory, "gpt2")


@pytest.fixture(scope="session")
def tiny_qwen3_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _tiny_student(tmp_path_factory, "qwen3")


def _tiny_pair_student(tmp_path_factory: pytest.TempPathFactory, family: str) -> Path:
    from tests.support.tiny_t5 import save_tiny_pair_student

    return save_tiny_pair_student(tmp_path_factory.mktemp("students") / f"tiny-{family}", family)


@pytest.fixture(scope="session")
def tiny_t5_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random T5 of 2 layers a side, 32 wide, its head tied to its embeddings, with its tokenizer; read only."""
    return _tiny_pair_student(tmp_path_factory, "t5")


@pytest.fixture(scope="session")
def tiny_t5_untied_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a head of its own and gated layers, as FlanT5 has; read only."""
    return _tiny_pair_student(tmp_path_factory, "t5-untied")


@pytest.fixture(scope="session")
def tiny_bart_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _tiny_pair_student(tmp_path_factory, "bart")


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory, tiny_llama_folder: Path) -> Path:
    """A run's folder, made by the command line: 18 made problems to learn from, 6 to measure on; read only."""
    from tests.support.tiny_runs import run_kpod, tiny_config, write_questions

    folder = tmp_path_factory.mktemp("tiny")
    source = write_questions(folder / "questions.jsonl", trained=18, measured=6)
    config = tiny_config(
        source,
        tiny_llama_folder,
        name="Tiny run",
        clustering={"num_clusters": 3},
        distillation={"epochs": 4, "batch_size": 4},
        evaluation={"max_new_tokens": 24},
    )
    (folder / "config.yaml").write_text(config.to_yaml(), encoding="utf-8")
    done = run_kpod("run", "--config", folder / "config.yaml", "--out", folder / "run")
    assert done.returncode == 0, done.stderr
    return folder / "run"
