"""Students: which there are, where their checkpoints come from, and how they are loaded. No torch here."""
