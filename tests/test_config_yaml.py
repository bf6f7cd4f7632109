"""YAML of settings: what is read, what is refused, and that nothing blows up."""

from __future__ import annotations

import time

import pytest
import yaml

from kpod.config import RunConfig
from kpod.config_yaml import LONGEST_YAML, dump_yaml, load_yaml, read_value
from kpod.errors import InputError

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("-2.5E+4", -25000.0),
        (".5e1", 5.0),
        ("3", 3),
        ("0.25", 0.25),
        ("true", True),
        ("null", None),
        ("", None),
        ("a b", "a b"),
        ("nan", "nan"),
        ("infinity", "infinity"),
        ("e5", "e5"),
        ("'1e-3'", "1e-3"),
        ("[1, 2]", [1, 2]),
    ],
)
def test_read_value(text, value):
    assert read_value(text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "an alias"),
        ("[" * 5_000, "too deep|expected"),
        ("[" * 5_000 + "]" * 5_000, "too deep"),
        ("a: " + "x" * LONGEST_YAML, "characters, of at most"),
        ("when: 2026-13-45", "cannot be"),
        ("seed: " + "9" * 5_000, "cannot be"),
        ("a: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("a: \x00", "special characters are not allowed"),
    ],
)
def test_what_is_refused_is_refused_soon_and_as_a_users_mistake(text, message):
    started = time.monotonic()
    with pytest.raises(yaml.YAMLError, match=message):
        load_yaml(text)
    with pytest.raises(InputError, match="not valid YAML"):
        RunConfig.from_yaml(text)
    assert time.monotonic() - started < 20


def test_equal_values_are_written_twice_and_not_as_an_alias():
    shared = [1, 2]
    assert load_yaml(dump_yaml({"a": shared, "b": shared})) == {"a": shared, "b": shared}


@pytest.mark.parametrize(
    "text", ["plain", "é 日本", "\u202eevil", "\u200b", "nul\x00", "new\nline", "\x1b[31m", "\ufeff"]
)
def test_text_goes_through_and_nothing_is_invisible(text):
    written = dump_yaml({"a": text})
    assert load_yaml(written) == {"a": text}
    assert all(character.isprintable() or character == "\n" for character in written)
