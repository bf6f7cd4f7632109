"""Clusters of questions for the curriculum's diversity term, and the map of them.

`embed_questions` -> `cluster_questions` -> `cluster_terms`, `silhouette`, `project_questions`.
"""

from kpod.question_clustering.clusters import cluster_questions, cluster_terms, silhouette
from kpod.question_clustering.embeddings import QuestionEmbeddings, compact_vectors, embed_questions
from kpod.question_clustering.projection import project_questions

__all__ = [
    "QuestionEmbeddings",
    "cluster_questions",
    "cluster_terms",
    "compact_vectors",
    "embed_questions",
    "project_questions",
    "silhouette",
]
