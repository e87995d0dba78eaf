"""Recording: Tracers, `bind`, views and writes. Read `tracer.py`, `recording.py`, `views.py`."""

from wengert.trace.evaluate import evaluate
from wengert.trace.nodes import Node, clear_recordings
from wengert.trace.recording import Recording
from wengert.trace.tracer import (
    ArrayTracer,
    ScalarTracer,
    Tracer,
    bind,
    current_body,
    current_recording,
    implements,
    install,
)
from wengert.trace.views import update

__all__ = [
    "ArrayTracer",
    "Node",
    "Recording",
    "ScalarTracer",
    "Tracer",
    "bind",
    "clear_recordings",
    "current_body",
    "current_recording",
    "evaluate",
    "implements",
    "install",
    "update",
]
