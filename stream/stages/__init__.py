"""The stages between source and sinks.

A transform is a function from one frame to the next; making it plans and warms up, so that frames find it ready. A
frame that it cannot use it refuses with `FrameRefused`: the pipeline counts it as dropped and goes on.
"""
