"""What a run's status is shown as: a mark and a word, never a colour alone."""

STATUS_MARKS = {
    "finished": "● finished",
    "running": "◐ running",
    "queued": "◌ queued",
    "created": "○ created",
    "cancelled": "◼ cancelled",
    "failed": "✕ failed",
    "died": "✕ died",
}
