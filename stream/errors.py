"""Errors whose message is for the user: what, where, and what to try."""


class BadInput(ValueError):
    """Something the user gave cannot be used; commands exit with status 2."""


class RecordingError(BadInput):
    """A file that cannot be read or written as a recording."""


class OutputError(BadInput):
    """A file that must not, or cannot, be written where it was asked for."""


class ConfigError(BadInput):
    """A configuration that cannot be used."""


class EdgeError(BadInput):
    """An endpoint that cannot be used."""


class ViewerError(BadInput):
    """The viewer cannot be served where it was asked for."""


class MetricsError(BadInput):
    """The metrics cannot be served where they were asked for."""


class ControlError(BadInput):
    """A run cannot be changed as it was asked to, or its control channel not be served where it was asked for."""


class StageFailed(RuntimeError):
    """A stage in a process of its own failed; the message is the stage's own. Commands exit with status 1."""


def as_failure(stage: str, error: Exception) -> Exception:
    """What a run says of whatever a stage raised: its message where it is for the user, else what it was and where.

    A package's own sink or transform may raise anything.
    """
    if isinstance(error, (BadInput, StageFailed)):
        return error
    kind = "" if isinstance(error, OSError) else f"{type(error).__name__}: "
    return StageFailed(f"{stage} failed: {kind}{error}")


class RecordingFailed(StageFailed):
    """The disk took no more: it is full, or fails. Commands exit with status 1."""


class OutputFailed(StageFailed):
    """The disk did not take a whole file; nothing is left of it. Commands exit with status 1."""


class RunAborted(StageFailed):
    """The user asked twice for the end, and got it at once. Commands exit with status 1."""

    def __init__(self) -> None:
        super().__init__("aborted; what was in flight is lost, and no ledger could be drawn up")
