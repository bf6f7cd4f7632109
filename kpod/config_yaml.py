"""YAML as settings use it: plain values alone, bounded, nothing invisible. No torch."""

from __future__ import annotations

import re
from typing import Any

import yaml

LONGEST_YAML = 200_000  # characters; a configuration has some 3,000


class _PlainLoader(yaml.SafeLoader):
    """Plain values alone: an alias, with which a few lines can stand for a thousand million, is refused."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError(f"an alias (*{self.peek_event().anchor}), which settings have no use for")
        return super().compose_node(parent, index)


class _PlainDumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def load_yaml(text: str) -> Any:
    """Plain values out of YAML. Raises YAMLError for what is none, too long, too deep, or has aliases."""
    if len(text) > LONGEST_YAML:
        raise yaml.YAMLError(f"{len(text):,} characters, of at most {LONGEST_YAML:,}")
    try:
        return yaml.load(text, Loader=_PlainLoader)
    except RecursionError:
        raise yaml.YAMLError("brackets too deep") from None
    except (ValueError, OverflowError) as error:  # a date of month 13, a number of 5,000 digits
        raise yaml.YAMLError(f"a value that cannot be ({error})") from error


def dump_yaml(values: Any, **options: Any) -> str:
    """Plain values as YAML in which no character is invisible: such are written as escapes."""
    text = yaml.dump(values, Dumper=_PlainDumper, allow_unicode=True, **options)
    if all(character.isprintable() or character == "\n" for character in text):
        return text
    return yaml.dump(values, Dumper=_PlainDumper, allow_unicode=False, **options)


_EXPONENT = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+")


def read_value(text: str) -> Any:
    """A YAML value, with a bare 1e-3 read as a number (YAML 1.1 wants 1.0e-3)."""
    return float(text) if _EXPONENT.fullmatch(text.strip()) else load_yaml(text)
