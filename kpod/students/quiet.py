"""Transformers and peft without bars, advice and warnings that tell a reader of our own progress display nothing."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Silence transformers' bars and warnings inside the block; errors are raised as ever."""
    from transformers.utils import logging

    bars, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def quiet_wrapping() -> Iterator[None]:
    """Silence what peft says of no model in particular as it wraps or merges one; all else is shown as ever."""
    with warnings.catch_warnings():
        # peft 0.21 asks the model by a name that transformers renames: both give the same answer.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        # transformers 5 has every T5 say that its head is tied; FlanT5's never was, and merging changes nothing there.
        warnings.filterwarnings("ignore", "Input and output embeddings are no longer tied", UserWarning)
        yield
