"""One request to an OpenAI-compatible endpoint (OpenAI, vLLM, llama.cpp, Ollama): the answer, or what went wrong."""

from __future__ import annotations

import asyncio
import email.utils
import json
import math
import time
from collections.abc import Mapping
from typing import Any

from kpod.errors import InputError
from kpod.teaching.credentials import Credentials
from kpod.teaching.journal import Answer
from kpod.teaching.options import TeachOptions
from kpod.teaching.prompts import STOP
from kpod.teaching.requests import CHARACTERS_A_TOKEN, Request

CONNECT_SECONDS = 10.0
LONGEST_WAIT = 3600.0  # of a Retry-After; beyond it nobody is helped by a process that sleeps
SHOWN = 200  # characters of what a server says
PASSING = (408, 409, 425, 429)  # and whatever is 500 or more: the same request may go through later


class RequestFailed(Exception):
    """A request had no usable answer. `again`: another attempt may; `wait`: seconds until then, by the server."""

    def __init__(self, reason: str, *, again: bool, wait: float | None = None):
        super().__init__(reason)
        self.reason, self.again, self.wait = reason, again, wait


class Endpoint:
    """A client for the options' endpoint; `ask` never retries by itself. Nothing that it raises holds the key."""

    def __init__(self, options: TeachOptions, credentials: Credentials):
        import openai  # a second of loading that only this needs

        self.options, self.credentials = options, credentials
        self._openai = openai
        # Without a key the client wants the header left out of every request in so many words.
        self._headers: Any = {} if credentials.key else {"Authorization": openai.Omit()}
        self._client = openai.AsyncOpenAI(
            api_key=credentials.key or "none",
            base_url=options.base_url,
            max_retries=0,
            timeout=openai.Timeout(options.timeout, connect=min(CONNECT_SECONDS, options.timeout)),
        )

    async def close(self) -> None:
        await self._client.close()

    async def ask(self, request: Request) -> Answer:
        """The answer. Raises RequestFailed for this request, InputError where no request can go through."""
        start = time.monotonic()
        body, failed, refusal = "", "", None
        try:
            async with asyncio.timeout(self.options.timeout):  # the client's own counts from byte to byte
                body = await self._send(request)
        except (TimeoutError, self._openai.APITimeoutError):
            failed = f"no answer within {self.options.timeout:g} s"
        except self._openai.APIConnectionError as error:
            failed = f"no connection to {self.options.base_url}: {self._cause(error)}"
        except self._openai.APIStatusError as error:
            refusal = error.response
        # Raised out here, so that no chain of exceptions leads to a request with the key in its header.
        if failed:
            raise RequestFailed(failed, again=True)
        if refusal is not None:
            raise await self._refused(refusal.status_code, refusal.headers, refusal.text)
        return self._read(body, request, time.monotonic() - start)

    async def _send(self, request: Request) -> str:
        """The body of the endpoint's answer, as text: whether it is JSON is found out here, not by the client."""
        options, prompt = self.options, request.taught.prompt
        values: dict[str, Any] = {options.max_tokens_field: options.max_tokens, "extra_headers": self._headers}
        for name in ("temperature", "top_p"):
            if getattr(options, name) is not None:
                values[name] = getattr(options, name)
        if options.seed is not None:
            values["seed"] = options.seed + request.sample
        if options.extra:
            values["extra_body"] = options.extra
        if options.api == "completions":
            sent = {"max_tokens": values.pop(options.max_tokens_field), **values, "prompt": prompt, "stop": [STOP]}
            raw = await self._client.completions.with_raw_response.create(model=options.model, **sent)
        else:
            system = [{"role": "system", "content": options.system_prompt}] if options.system_prompt else []
            messages: Any = [*system, {"role": "user", "content": prompt}]
            raw = await self._client.chat.completions.with_raw_response.create(
                model=options.model, messages=messages, **values
            )
        return raw.text

    def _read(self, body: str, request: Request, seconds: float) -> Answer:
        value = _parsed(body)
        choices = value.get("choices") if isinstance(value, dict) else None
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else None
        if choice is None:
            raise RequestFailed(f"rubbish instead of an answer: {self._shown(_said(body))}", again=True)
        text, refusal = _content(choice)
        finish = choice.get("finish_reason") if isinstance(choice.get("finish_reason"), str) else "unknown"
        if refusal is not None or finish == "content_filter":
            raise RequestFailed(f"refused by the teacher: {self._shown(refusal or 'content filter')}", again=False)
        if not text.strip() and finish != "length":  # cut while it thought, it would be again
            raise RequestFailed("an empty answer", again=True)
        usage = value.get("usage") if isinstance(value.get("usage"), dict) else {}
        counted = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
        counts = [count if _is_count(count) else None for count in counted]
        served = value.get("model")
        return Answer(
            output=self.credentials.redact(_whole_characters(text)),
            finish_reason=self._shown(finish),
            prompt_tokens=request.prompt_tokens if counts[0] is None else counts[0],
            completion_tokens=len(text) // CHARACTERS_A_TOKEN + 1 if counts[1] is None else counts[1],
            estimated=None in counts,
            seconds=round(seconds, 3),
            model=self._shown(served) if isinstance(served, str) else self.options.model,
        )

    async def _refused(self, status: int, headers: Mapping[str, str], body: str) -> Exception:
        """What an HTTP status means: RequestFailed for the request, or InputError for all of them."""
        said, address = self._shown(_said(body)), self.options.base_url
        if status in (401, 403):
            return InputError(f"{address} takes no request ({status}: {said}): {self.credentials.advice}.")
        if status == 404:
            return InputError(await self._not_found(said))
        if "insufficient_quota" in body:
            return InputError(f"{address} has no quota left for this key ({status}: {said}). Top it up and go on.")
        if status in PASSING or status >= 500:
            wait = retry_after(headers, time.time())
            if wait is not None and wait > LONGEST_WAIT:
                return InputError(
                    f"{address} asks to wait {wait / 3600:.1f} hours ({status}: {said}). Run the same command then: "
                    "what was answered is kept."
                )
            return RequestFailed(f"{status}: {said}", again=True, wait=wait)
        hint = ""
        if "max_completion_tokens" in body and self.options.max_tokens_field == "max_tokens":
            hint = " Set max_tokens_field to max_completion_tokens."
        return RequestFailed(f"{status}: {said}{hint}", again=False)

    async def _not_found(self, said: str) -> str:
        options = self.options
        try:
            async with asyncio.timeout(min(CONNECT_SECONDS, options.timeout)):
                raw = await self._client.models.with_raw_response.list(extra_headers=self._headers)
            listed = _parsed(raw.text)
            names = [str(each["id"]) for each in listed["data"]]
        except (TimeoutError, self._openai.OpenAIError, TypeError, KeyError):
            return (
                f"{options.base_url} answered 404 ({said}), and lists no models either. Check base_url: it usually "
                "ends in /v1."
            )
        if options.model in names:
            return (
                f"{options.base_url} serves the model {options.model!r}, and answered 404 ({said}) to api "
                f"{options.api!r}. Set api to {'completions' if options.api == 'chat' else 'chat'}."
            )
        shown = self._shown(", ".join(names[:20]) + (", ..." if len(names) > 20 else "")) or "no model at all"
        return f"{options.base_url} has no model {options.model!r} (404: {said}). It serves: {shown}. Set model."

    def _shown(self, text: str) -> str:
        """What a server said, on one line, shortened, without control characters and without the key."""
        text = self.credentials.redact(_whole_characters(text))
        text = " ".join("".join(character if character.isprintable() else " " for character in text).split())
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."

    def _cause(self, error: Exception) -> str:
        return self._shown(str(error.__cause__ or error)) or type(error.__cause__ or error).__name__


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a server asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110)."""
    for name, divisor in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) / divisor
        except ValueError:
            try:
                seconds = email.utils.parsedate_to_datetime(value).timestamp() - now
            except (TypeError, ValueError):
                continue
        if not math.isnan(seconds):
            return max(0.0, seconds)
    return None


def _parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _said(body: str) -> str:
    """The message of an error in any of the usual shapes, else the body itself."""
    value = _parsed(body)
    error = value.get("error", value) if isinstance(value, dict) else None
    message = error.get("message", error.get("detail")) if isinstance(error, dict) else error
    return message if isinstance(message, str) and message.strip() else body.strip() or "an empty body"


def _content(choice: dict[str, Any]) -> tuple[str, str | None]:
    """Text and refusal of a choice: of a chat message (a text or its parts), or of a completion."""
    message = choice.get("message")
    if not isinstance(message, dict):
        text = choice.get("text")
        return (text if isinstance(text, str) else ""), None
    content, refusal = message.get("content"), message.get("refusal")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(part for part in parts if isinstance(part, str))
    return (content if isinstance(content, str) else ""), refusal if isinstance(refusal, str) and refusal else None


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _whole_characters(text: str) -> str:
    """Halves of surrogate pairs, which JSON can spell and no file can hold, replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
