"""What every setting means, takes and defaults to, read off the configuration itself; for forms and help. No torch."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

from kpod.config import RunConfig, Section


def describe_settings() -> list[dict[str, Any]]:
    """One row a setting, for forms and help: path, description, unit, default, the paper's value, and what it takes.

    `kind` is choice (one of `choices`), flag, whole, number, text or other (any YAML); `optional`: may be null;
    `bounds` has any of ge, gt, le, lt (for numbers) and min_length, max_length, pattern (for text).
    """
    rows = []
    for section_name, section_field in RunConfig.model_fields.items():
        section = section_field.annotation
        if not (isinstance(section, type) and issubclass(section, Section)):
            rows.append(_describe(section_name, section_field))
            continue
        rows.extend(_describe(f"{section_name}.{name}", field) for name, field in section.model_fields.items())
    return rows


def _describe(path: str, field: Any) -> dict[str, Any]:
    extra = field.json_schema_extra or {}
    default = None if field.is_required() else field.default
    bounds = {
        name: value
        for entry in field.metadata
        for name in ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")
        if (value := getattr(entry, name, None)) is not None
    }
    return {
        "setting": path,
        "description": field.description or "",
        "unit": extra.get("unit", ""),
        "default": default,
        "paper": extra.get("paper"),
        "bounds": bounds,
        **_taken(field.annotation),
    }


_KINDS = {bool: "flag", int: "whole", float: "number", str: "text"}


def _taken(annotation: Any) -> dict[str, Any]:
    """What a setting of this type takes: its kind, its choices, and whether it may be null."""
    parts = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    optional = type(None) in parts
    rest = [part for part in parts if part is not type(None)]
    if len(rest) == 1 and get_origin(rest[0]) is Literal:
        return {"kind": "choice", "choices": get_args(rest[0]), "optional": optional}
    kind = _KINDS.get(rest[0], "other") if len(rest) == 1 else "other"
    return {"kind": kind, "choices": (), "optional": optional}
