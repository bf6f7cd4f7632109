"""Distillation: the student learns the supervised steps with the weighted loss (Eq. 14, 15)."""
