"""What every section of the configuration is made of: frozen, strict, each setting with its unit. No torch."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


def setting(default: Any, description: str, *, unit: str = "", paper: Any = None, **bounds: Any) -> Any:
    """A field with its meaning, unit and the paper's value (Feng et al. 2024, App. A)."""
    return Field(default, description=description, json_schema_extra={"unit": unit, "paper": paper}, **bounds)


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
