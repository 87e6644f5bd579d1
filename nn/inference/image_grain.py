"""The speckle grain of the images that come: measured once, given, or nobody's business."""

from __future__ import annotations

import re
from typing import NamedTuple

from sonolucent.nn.images import BMode
from sonolucent.nn.speckle_grain import SpeckleGrain, measure_grain

GrainChoice = str | tuple[float, float]
"""How images are matched to the grain that a network knows: "auto" measures theirs, "off" leaves them as they are, and
"ROWSxCOLUMNS", or a pair, is their half-widths of a grain in pixels."""


def chosen_grain(choice: GrainChoice) -> SpeckleGrain | None:
    """The grain that is given; None for "auto" and "off".

    Raises:
        ValueError: it is none of what `GrainChoice` names.
    """
    if choice in ("auto", "off"):
        return None
    pair = re.fullmatch(r"([\d.]+) ?x ?([\d.]+)", choice) if isinstance(choice, str) else None
    try:
        rows, columns = map(float, pair.groups() if pair else choice)
    except (TypeError, ValueError):
        rows = columns = 0.0
    if not (0 < rows < 100 and 0 < columns < 100):
        raise ValueError(
            "grain must be auto, off, or half-widths of a grain in pixels, rows x columns, such as 1.4x1.8, "
            f"not {choice}"
        )
    return SpeckleGrain(rows, columns)


class GrainSeen(NamedTuple):
    """What has been seen of images' grain so far: the grain, once it is known, and how many images were looked at."""

    known: SpeckleGrain | None = None
    looks: int = 0


class ImageGrain:
    """The grain of images that are all made in one way.

    Args:
        choice: as `chosen_grain` takes it.
        dynamic_range_db: images lie in [-dynamic_range_db, 0].

    Attributes:
        off: whether images are left as they are.
        known: their grain, once it is.
        given: whether that was given.
    """

    def __init__(self, choice: GrainChoice, dynamic_range_db: float) -> None:
        self._choice, self._range_db = choice, dynamic_range_db
        self.known = chosen_grain(choice)
        self.off, self.given = choice == "off", self.known is not None
        self._looks = 0

    @property
    def seen(self) -> GrainSeen:
        """What has been seen so far; `resume` goes on from it."""
        return GrainSeen(self.known, self._looks)

    def resume(self, seen: GrainSeen) -> None:
        """Goes on where images before these ones have led; a grain that is given stays."""
        if not self.given:
            self.known, self._looks = seen

    def anew(self, dynamic_range_db: float) -> ImageGrain:
        """That of images which are made in another way, by the same choice."""
        return ImageGrain(self._choice, dynamic_range_db)

    def look(self, image_db: BMode) -> None:
        """Measures the grain of an image (n_z, n_x) unless it is known. The first that shows enough speckle counts; of
        those that do not, fewer and fewer are looked at."""
        if self.known is not None or self.off:
            return
        if self._looks & (self._looks - 1) == 0:
            self.known = measure_grain(image_db, self._range_db)
        self._looks += 1
