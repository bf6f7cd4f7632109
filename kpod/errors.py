"""The exceptions that the whole engine shares."""


class InputError(ValueError):
    """A user's mistake. The message says what arrived, what is allowed and what to do.

    The command line prints the message alone; any other exception keeps its traceback.
    """


class RunCancelled(Exception):
    """The run was asked to stop and has; everything up to the last checkpoint is on disk."""
