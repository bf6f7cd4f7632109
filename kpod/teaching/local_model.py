"""A teacher on this machine: any causal checkpoint, through transformers, in batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from kpod.errors import InputError
from kpod.teaching.generation import Generation
from kpod.teaching.journal import Answer
from kpod.teaching.options import TeachOptions
from kpod.teaching.prompts import STOP
from kpod.teaching.requests import Request

POOL_BATCHES = 16  # batches' worth of requests that are sorted by length together


def settle_api(options: TeachOptions, log: Callable[[str], None]) -> TeachOptions:
    """The options with `api` completions where it is chat and the checkpoint has no chat template.

    Raises InputError where there is no such checkpoint, or a system prompt has no place to stand in.
    """
    if options.api == "completions":
        return options
    from kpod.students.checkpoint_source import resolve_student
    from kpod.students.loading import load_tokenizer

    if load_tokenizer(resolve_student(options.model, lambda message: None).folder).chat_template:
        return options
    if options.system_prompt is not None:
        raise InputError(f"{options.model} has no chat template, so no system_prompt either: put it into prompt.")
    log(f"{options.model} has no chat template: it is given plain text to continue.")
    return options.model_copy(update={"api": "completions"})


def ask_local_model(generation: Generation) -> None:
    """Generate every wanted sample. Returns when all are there or a stop is wished for; a batch that a stop meets is
    generated again later. Raises InputError where there is no such checkpoint."""
    from kpod.students.checkpoint_source import resolve_student
    from kpod.students.decoder_only import load_decoder_only
    from kpod.students.loading import context_length

    options = generation.options
    resolved = resolve_student(options.model, generation.log)
    model, tokenizer = load_decoder_only(resolved.folder, dtype=options.dtype, device=options.device)
    context = context_length(model.config)
    wanted = generation.wanted()
    while pool := list(islice(wanted, options.batch_size * POOL_BATCHES)):
        prompts = {request.key: encode_request(request, options, tokenizer) for request in pool}
        pool.sort(key=lambda request: (request.sample, len(prompts[request.key])))
        for start in range(0, len(pool), options.batch_size):
            batch = pool[start : start + options.batch_size]
            if generation.stop.asked:
                return
            fitting = [
                request
                for request in batch
                if generation.needs(request) and _fits(request, prompts, context, generation)
            ]
            if fitting and not _answer_batch(model, tokenizer, fitting, prompts, generation):
                return


def encode_request(request: Request, options: TeachOptions, tokenizer: Any) -> list[int]:
    """Token ids of a prompt: by the tokenizer's chat template, or as it stands."""
    prompt = request.taught.prompt
    if options.api == "completions":
        return list(tokenizer(prompt)["input_ids"])
    system = [{"role": "system", "content": options.system_prompt}] if options.system_prompt else []
    text = tokenizer.apply_chat_template(
        [*system, {"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True
    )
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])  # the template has them


def _fits(request: Request, prompts: dict[Any, list[int]], context: int | None, generation: Generation) -> bool:
    needed = len(prompts[request.key]) + generation.options.max_tokens
    if context is None or needed <= context:
        return True
    generation.failure(
        request,
        f"prompt and longest answer take {needed} tokens, more than the teacher's context of {context}: "
        "lower max_tokens",
    )
    return False


def _answer_batch(
    model: Any, tokenizer: Any, batch: Sequence[Request], prompts: dict[Any, list[int]], generation: Generation
) -> bool:
    """Whether the batch was finished; not so where a stop was wished for."""
    options, begun = generation.options, time.monotonic()
    outputs = generate_batch(
        model,
        tokenizer,
        [prompts[request.key] for request in batch],
        options,
        seed=_batch_seed(options, batch),
        stopped=lambda: generation.stop.asked,
    )
    if outputs is None:
        return False
    seconds = (time.monotonic() - begun) / len(batch)
    for request, (text, num_tokens, finish) in zip(batch, outputs, strict=True):
        generation.sent()
        prompt_tokens = len(prompts[request.key])
        generation.answer(
            request, Answer(text, finish, prompt_tokens, num_tokens, False, round(seconds, 3), options.model)
        )
    return True


def _batch_seed(options: TeachOptions, batch: Sequence[Request]) -> int | None:
    """Of the first request: the same batches draw the same answers, and samples of one question differ."""
    if options.seed is None:
        return None
    first = batch[0]
    return (options.seed + first.sample + int(first.taught.request_hash, 16)) % 2**32


def generate_batch(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[list[int]],
    options: TeachOptions,
    *,
    seed: int | None,
    stopped: Callable[[], bool],
) -> list[tuple[str, int, str]] | None:
    """Text, number of tokens and finish reason (stop, length) of each prompt; None where `stopped()` became true."""
    import torch
    from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList

    class Stopped(StoppingCriteria):
        def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
            return torch.full((len(input_ids),), bool(stopped()), device=input_ids.device)

    size, pad_id = max(map(len, prompts)), tokenizer.pad_token_id
    ids_BL = torch.tensor([[pad_id] * (size - len(prompt)) + prompt for prompt in prompts])
    attended_BL = torch.tensor([[0] * (size - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    device = model.get_input_embeddings().weight.device
    end_ids = _end_ids(model, tokenizer)
    plain = options.api == "completions"
    if seed is not None:
        torch.manual_seed(seed)
    with torch.no_grad():
        generated_BL = model.generate(
            input_ids=ids_BL.to(device),
            attention_mask=attended_BL.to(device),
            generation_config=GenerationConfig(
                max_new_tokens=options.max_tokens,
                eos_token_id=end_ids,
                pad_token_id=pad_id,
                **_sampling(model, options),
                **({"stop_strings": [STOP]} if plain else {}),
            ),
            stopping_criteria=StoppingCriteriaList([Stopped()]),
            **({"tokenizer": tokenizer} if plain else {}),
        )
    if stopped():
        return None
    return [_finished(row, tokenizer, end_ids, plain=plain) for row in generated_BL[:, size:].tolist()]


def _sampling(model: Any, options: TeachOptions) -> dict[str, Any]:
    """Sampling as asked for; what is not set is the checkpoint's own."""
    if options.temperature == 0:
        return {"do_sample": False}
    own = model.generation_config
    temperature = options.temperature if options.temperature is not None else own.temperature
    top_p = options.top_p if options.top_p is not None else own.top_p
    given = {"temperature": temperature, "top_p": top_p, "top_k": own.top_k or 0}
    return {"do_sample": True} | {name: value for name, value in given.items() if value is not None}


def _end_ids(model: Any, tokenizer: Any) -> list[int]:
    """Chat models end a turn with a token of its own, which their generation settings name."""
    own = model.generation_config.eos_token_id
    ids = own if isinstance(own, list) else [own] if own is not None else []
    return sorted({*ids, tokenizer.eos_token_id})


def _finished(row: list[int], tokenizer: Any, end_ids: list[int], *, plain: bool) -> tuple[str, int, str]:
    end = next((position for position, token in enumerate(row) if token in end_ids), None)
    kept = row if end is None else row[:end]
    while end is None and kept and kept[-1] == tokenizer.pad_token_id:  # stopped before others of the batch
        kept = kept[:-1]
    text = tokenizer.decode(kept, skip_special_tokens=True)
    stopped = end is not None or (plain and STOP in text)
    return text.split(STOP, 1)[0] if plain else text, len(kept), "stop" if stopped else "length"
