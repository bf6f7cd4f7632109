"""The key of an endpoint: from the environment into the request, and into nothing else."""

from __future__ import annotations

import os
from dataclasses import dataclass

from kpod.errors import InputError
from kpod.teaching.options import TeachOptions

SHORTEST_SECRET = 8
"""Servers without keys are given words such as "none" or "EMPTY"; taking those out of texts would damage them."""


@dataclass(frozen=True)
class Credentials:
    """A key, or None where the endpoint gets none, and the variable that it came from. Never shows the key."""

    variable: str | None
    key: str | None = None

    def __repr__(self) -> str:
        return f"Credentials({self.variable!r}, {'a key' if self.key else 'no key'})"

    def redact(self, text: str) -> str:
        """The text without the key, should a server have sent it back."""
        if self.key is None or len(self.key) < SHORTEST_SECRET:
            return text
        return text.replace(self.key, "[key]")

    @property
    def advice(self) -> str:
        """What to do where the endpoint takes no request for want of the right key."""
        if self.variable is None:
            return "api_key_variable is none, so no key was sent: name the environment variable that holds one"
        if self.key is None:
            return f"no key was sent: put one into the environment variable {self.variable}"
        return f"check the key in the environment variable {self.variable}"


def read_credentials(options: TeachOptions) -> Credentials:
    """The key that the options' variable holds; servers that want none work without.

    Raises InputError where a variable that is not the default one is empty, or the key cannot stand in a header.
    """
    variable = options.api_key_variable
    if variable is None:
        return Credentials(None)
    key = os.environ.get(variable, "").strip()
    if not key and variable != TeachOptions.model_fields["api_key_variable"].default:
        raise InputError(
            f"The environment variable {variable} holds no key. Set it, name another with api_key_variable, or set "
            "that to null where the endpoint wants no key."
        )
    if not key.isascii() or not key.isprintable():
        raise InputError(f"The key in the environment variable {variable} has characters that no header can hold.")
    return Credentials(variable, key or None)
