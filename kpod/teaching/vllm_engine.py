"""A teacher on this machine through vLLM's offline engine, where vLLM is installed.

NOT RUN by this project: its machines have no vLLM. Written to vLLM's documented API: `LLM(model, dtype)`,
`LLM.generate(prompts, sampling_params, use_tqdm)` with prompts of `prompt_token_ids`, and the fields of RequestOutput
and CompletionOutput. `vllm serve MODEL` with the endpoint backend does the same, and needs HTTP alone.
"""

from __future__ import annotations

import importlib
import time
from itertools import islice
from typing import Any

from kpod.errors import InputError
from kpod.teaching.generation import Generation
from kpod.teaching.journal import Answer
from kpod.teaching.local_model import encode_request
from kpod.teaching.prompts import STOP

REQUESTS_AT_ONCE = 256  # the engine batches by itself; after so many the journal is written and a stop is seen


def load_vllm() -> Any:
    """The module. Raises InputError where it is not installed."""
    try:
        return importlib.import_module("vllm")
    except ImportError as error:
        raise InputError(
            "The backend vllm needs the package vllm, which cannot be imported here. Install it, or start "
            "`vllm serve MODEL` anywhere and give its address as base_url, or use the backend transformers."
        ) from error


def ask_vllm(generation: Generation) -> None:
    """Generate every wanted sample; a stop is seen between batches. Raises InputError without vLLM or checkpoint."""
    vllm = load_vllm()
    from kpod.students.checkpoint_source import resolve_student
    from kpod.students.loading import load_tokenizer

    options = generation.options
    folder = resolve_student(options.model, generation.log).folder
    tokenizer = load_tokenizer(folder)
    engine = vllm.LLM(model=str(folder), dtype=options.dtype)
    wanted = generation.wanted()
    while not generation.stop.asked and (batch := list(islice(wanted, REQUESTS_AT_ONCE))):
        begun = time.monotonic()
        prompts = [{"prompt_token_ids": encode_request(request, options, tokenizer)} for request in batch]
        sampling = [
            vllm.SamplingParams(
                max_tokens=options.max_tokens,
                seed=None if options.seed is None else options.seed + request.sample,
                stop=[STOP] if options.api == "completions" else None,
                temperature=1.0 if options.temperature is None else options.temperature,
                top_p=1.0 if options.top_p is None else options.top_p,
            )
            for request in batch
        ]
        results = engine.generate(prompts, sampling, use_tqdm=False)
        seconds = round((time.monotonic() - begun) / len(batch), 3)
        for request, prompt, result in zip(batch, prompts, results, strict=True):
            output = result.outputs[0]
            counts = len(prompt["prompt_token_ids"]), len(output.token_ids)
            generation.sent()
            generation.answer(
                request, Answer(output.text, output.finish_reason or "unknown", *counts, False, seconds, options.model)
            )
