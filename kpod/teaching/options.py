"""The settings of a teacher's generation: validated once, frozen, from a YAML or JSON file. They never hold a key."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import ValidationError, field_validator, model_validator

from kpod.config import Section, setting
from kpod.config_yaml import dump_yaml, load_yaml, read_value
from kpod.errors import InputError

Backend = Literal["endpoint", "transformers", "vllm"]
DEFAULT_BASE_URL = "https://api.openai.com/v1"
KEYS_COME_FROM = "Keys come from the environment alone: set api_key_variable to the name of a variable that holds yours"
SECRET = ("api_key_variable", "base_url")
"""Settings in which a key may be given by mistake: their values are in no message."""


class TeachOptions(Section):
    """Everything that a generation needs but the key; `ANSWERING` names what decides how an answer turns out."""

    source: str = setting(..., "questions: a file, shipped:NAME, or any source that a run takes")
    out: str = setting(..., "file to write, in JSON Lines: questions with rationales")
    task: str | None = setting(None, "how answers are read; guessed from the source where not given")
    fields: dict[str, str] | None = setting(None, "field -> column of the source, where they have other names")
    split: str | None = setting(None, "only the questions of this split; none: all")
    limit: int | None = setting(None, "first so many questions", unit="questions", ge=1)
    duplicates: Literal["error", "first"] = setting("error", "what to do with an id that comes again")

    backend: Backend = setting("endpoint", "who answers: an endpoint, or a checkpoint here by transformers or vLLM")
    model: str = setting(..., "name at the endpoint; else a registered student, a checkpoint folder or a hub id")
    base_url: str = setting(DEFAULT_BASE_URL, "of the OpenAI-compatible endpoint, with its /v1")
    api_key_variable: str | None = setting("OPENAI_API_KEY", "environment variable with the key; none: send no key")
    api: Literal["chat", "completions"] = setting("chat", "chat messages, or plain text to continue (base models)")
    prompt: str | None = setting(None, "text with {question} and, if wanted, {answer_form}; none: the default")
    system_prompt: str | None = setting(None, "system message, for chat")

    samples: int = setting(1, "answers a question", unit="answers", ge=1, le=1000)
    until_correct: bool = setting(False, "ask no further sample of a question that has a correct one")
    temperature: float | None = setting(0.7, "of sampling; 0: greedy; none: the teacher's own", ge=0, le=5)
    top_p: float | None = setting(None, "nucleus of sampling; none: the teacher's own", gt=0, le=1)
    max_tokens: int = setting(1024, "longest answer", unit="tokens", ge=1)
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = setting(
        "max_tokens", "what the endpoint calls it; OpenAI's reasoning models want max_completion_tokens"
    )
    extra: dict[str, Any] = setting({}, "further fields of the request's body, such as {reasoning_effort: low}")
    seed: int | None = setting(None, "sample k is drawn with seed + k; none: none is sent", ge=0)

    concurrency: int = setting(8, "requests under way at once", unit="requests", ge=1, le=1024)
    timeout: float = setting(180.0, "longest wait for a whole answer", unit="seconds", gt=0)
    retries: int = setting(5, "further attempts for a request that fails", ge=0, le=100)
    backoff: float = setting(1.0, "first wait before an attempt; doubled each time, up to a minute", unit="s", ge=0)
    requests_per_minute: int | None = setting(None, "rate limit; none: only the endpoint's own", ge=1)
    tokens_per_minute: int | None = setting(None, "rate limit, prompt and answer together", unit="tokens", ge=1)
    give_up_after: int = setting(10, "stop when so many requests in a row have failed for good", ge=1)

    input_price: float | None = setting(None, "price of a million prompt tokens", unit="currency", ge=0)
    output_price: float | None = setting(None, "price of a million answer tokens", unit="currency", ge=0)
    cost_limit: float | None = setting(None, "send nothing that could pass it", unit="currency", gt=0)

    batch_size: int = setting(8, "answers generated together by transformers", unit="answers", ge=1)
    dtype: Literal["auto", "float32", "bfloat16"] = setting("auto", "arithmetic of a teacher here")
    device: str = setting("auto", "auto, cpu or cuda[:N]", pattern=r"^(auto|cpu|cuda(:\d+)?)$")

    changed: Literal["refuse", "keep", "restart"] = setting(
        "refuse",
        "where the journal was begun with other settings: refuse; keep its answers and ask the missing ones anew; "
        "or set it aside and start over",
    )

    @field_validator("api_key_variable")
    @classmethod
    def _name_of_a_variable(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
            raise ValueError(f"it must be the name of an environment variable, as OPENAI_API_KEY. {KEYS_COME_FROM}")
        return value

    @field_validator("base_url")
    @classmethod
    def _address_without_secrets(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            host = parts.hostname
            _ = parts.port  # raises ValueError where it is no number
        except ValueError:
            host = None
        if host is None or parts.scheme not in ("http", "https"):
            raise ValueError("it must be an address such as http://localhost:8000/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError(f"it must hold no user, password or query. {KEYS_COME_FROM}")
        return value.rstrip("/")

    @field_validator("prompt")
    @classmethod
    def _asks_the_question(cls, value: str | None) -> str | None:
        if value is not None and "{question}" not in value:
            raise ValueError("it must hold {question}, where the question goes")
        return value

    @model_validator(mode="after")
    def _agree(self) -> TeachOptions:
        if self.cost_limit is not None and (self.input_price is None or self.output_price is None):
            raise ValueError("cost_limit needs both prices: set input_price and output_price (a million tokens)")
        if self.system_prompt is not None and self.api == "completions":
            raise ValueError("system_prompt is a chat message, and api is completions: put it into prompt")
        if self.samples > 1 and self.temperature == 0:
            raise ValueError("greedy samples (temperature 0) are all the same: set temperature above 0, or samples 1")
        if Path(self.out).suffix.lower() not in (".jsonl", ".ndjson"):
            raise ValueError(f"out is {self.out!r}; the questions are written as JSON Lines: name it .jsonl")
        return self


ANSWERING = (
    "backend",
    "model",
    "base_url",
    "api",
    "prompt",
    "system_prompt",
    "temperature",
    "top_p",
    "max_tokens",
    "extra",
    "seed",
)
"""What decides how an answer turns out; the others only say how many, how fast and from where."""


def make_options(values: Any) -> TeachOptions:
    """Validated options from plain values. Raises InputError that names every bad one, and holds no key."""
    if not isinstance(values, dict):
        raise InputError(f"Options are a mapping of settings; got {type(values).__name__}. See: python -m kpod teach")
    try:
        return TeachOptions.model_validate(values)
    except ValidationError as error:
        raise InputError("\n".join(_explain(entry) for entry in error.errors())) from None


def read_options(path: str | Path) -> dict[str, Any]:
    """The plain values of a YAML or JSON file (YAML reads both). Raises InputError."""
    path = Path(path)
    try:
        values = load_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}). Give a YAML or JSON file of options.") from error
    except (yaml.YAMLError, UnicodeDecodeError):  # their messages quote the text, and a key may be in it
        raise InputError(f"{path} is not valid YAML or JSON in UTF-8. Mend it and try again.") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} holds {type(values).__name__}; options are a mapping, such as `model: gpt-4o-mini`.")
    return values


def read_assignment(text: str) -> tuple[str, Any]:
    """`NAME=VALUE` -> name and value, read as YAML. Raises InputError."""
    name, separator, value = text.partition("=")
    if not separator or name.strip() not in TeachOptions.model_fields:
        raise InputError(f"--set takes NAME=VALUE. {_unknown(name.strip())}")
    try:
        return name.strip(), read_value(value)
    except yaml.YAMLError:
        raise InputError(f"The value of --set {name.strip()}=... is not valid YAML; quote it.") from None


def options_yaml(options: TeachOptions) -> str:
    """The options as a file that `--config` takes."""
    return dump_yaml(options.model_dump(), sort_keys=False)


def _explain(entry: Any) -> str:
    name = ".".join(str(part) for part in entry["loc"])
    message = entry["msg"].removeprefix("Value error, ")
    if entry["type"] == "extra_forbidden":
        return _unknown(name)
    if entry["type"] == "missing":
        return f"{name} is missing: {TeachOptions.model_fields[name].description}."
    if not name:
        return f"{message}."
    given = "cannot be used" if name in SECRET else f"is {entry['input']!r}"
    return f"{name} {given}: {message}."


def _unknown(name: str) -> str:
    fields = list(TeachOptions.model_fields)
    if "key" in name.lower() or "token" in name.lower().split("_")[-1:]:
        return f"{_shortened(name)} is no option. {KEYS_COME_FROM}."
    near = difflib.get_close_matches(name, fields, n=1, cutoff=0.5)
    return (
        f"{_shortened(name)} is no option.{f' Did you mean {near[0]}?' if near else ''} Options: {', '.join(fields)}."
    )


def _shortened(name: str) -> str:
    """Of a name that is none: it may be a key that was pasted into the wrong place."""
    return repr(name) if len(name) <= 24 else f"A name of {len(name)} characters"
