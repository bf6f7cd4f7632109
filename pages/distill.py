"""Distill: set up a run from a preset, start it and watch it, or load one that ran elsewhere."""

from kpod.ui import distill

distill.page()
