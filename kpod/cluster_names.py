"""The names of a run's clusters: the words that mark them, or what somebody called them. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kpod.errors import InputError
from kpod.run_management import change_notes, read_notes
from kpod.run_store import Run

MAX_CLUSTER_NAME = 60
TERMS_IN_A_NAME = 3


def cluster_terms_of(run: Run) -> list[list[str]]:
    """The marking words of every cluster, best first, as the stage `cluster` found them; empty where it has not."""
    terms = run.state.summary.get("cluster_terms")
    if not isinstance(terms, list):
        return []
    return [[word for word in words if isinstance(word, str)] if isinstance(words, list) else [] for words in terms]


def names_from_terms(run: Run) -> list[str]:
    """What the clusters are called while nobody has renamed them."""
    return [
        ", ".join(words[:TERMS_IN_A_NAME])[:MAX_CLUSTER_NAME] or f"cluster {k}"
        for k, words in enumerate(cluster_terms_of(run))
    ]


def cluster_names(run: Run) -> list[str]:
    """The name of every cluster: what it was renamed to, else its marking words; empty where the run has no terms.

    A name is kept with the words of the cluster that it was given to: after another clustering it holds no more.
    """
    names = names_from_terms(run)
    for cluster, name in _kept(run).items():
        names[cluster] = name
    return names


def rename_clusters(run: Run, names: Mapping[int, str], root: Path | None = None) -> None:
    """Call clusters something else; an empty name, or that of the marking words, gives the words back.

    Written to the run's notes, never to an artefact of a stage. Raises InputError for a cluster that is none, a name
    that is too long, and a run outside the runs folder (`root`).
    """
    terms, own, kept = cluster_terms_of(run), names_from_terms(run), _kept(run)
    for cluster, name in names.items():
        if not 0 <= cluster < len(terms):
            raise InputError(f"There is no cluster {cluster}; the run has {len(terms)} of them, from 0.")
        name = " ".join(name.split())
        if len(name) > MAX_CLUSTER_NAME:
            raise InputError(f"A cluster's name has at most {MAX_CLUSTER_NAME} characters; got {len(name)}.")
        kept.pop(cluster, None)
        if name and name != own[cluster]:
            kept[cluster] = name
    entries = [{"cluster": k, "terms": terms[k], "name": name} for k, name in sorted(kept.items())]
    change_notes(run, root, cluster_names=entries or None)


def _kept(run: Run) -> dict[int, str]:
    """The names in the run's notes that fit its clusters; what is damaged, or of another clustering, is left out."""
    entries, terms = read_notes(run.folder).get("cluster_names"), cluster_terms_of(run)
    found = {}
    for entry in entries if isinstance(entries, list) else []:
        cluster, name = (entry.get("cluster"), entry.get("name")) if isinstance(entry, dict) else (None, None)
        if not isinstance(cluster, int) or not 0 <= cluster < len(terms) or entry.get("terms") != terms[cluster]:
            continue
        if isinstance(name, str) and name.strip():
            found[cluster] = name[:MAX_CLUSTER_NAME].encode(errors="replace").decode()
    return found
