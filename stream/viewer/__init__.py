"""The viewer: a page in the browser that shows the plain and the enhanced image side by side, live."""

from sonolucent.stream.viewer.sink import Viewer, open_sink

__all__ = ["Viewer", "open_sink"]
