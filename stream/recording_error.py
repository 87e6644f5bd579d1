"""The error of everything that reads or writes recordings."""


class RecordingError(ValueError):
    """A file that cannot be read or written as a recording; the message says which, why and what to try."""
