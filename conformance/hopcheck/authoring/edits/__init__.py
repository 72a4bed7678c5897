"""Changes to requests, responses and streams, for mutants: an edit is given a JSON object, and changes it in place.

Whatever an edit isn't about (errors, model lists, `[DONE]`, comments) passes unchanged, to the byte.
"""

from hopcheck.authoring.edits.body_edits import (
    body,
    choices,
    conversation,
    error,
    every_object,
    messages,
    request_field,
    text,
    without_fields,
)
from hopcheck.authoring.edits.editing_relays import BeginsDespiteErrors, DropsFields, EditsErrors, EditsObjects
from hopcheck.authoring.edits.event_edits import (
    Chunk,
    add_before_done,
    chunk,
    chunk_choices,
    chunk_of,
    chunks,
    deltas,
    drop_chunks,
    drop_events,
    end_before,
    ending,
    every_event_object,
    finishes,
    join_texts,
    repeat_texts,
    text_event,
    text_of,
)

__all__ = [
    "BeginsDespiteErrors",
    "Chunk",
    "DropsFields",
    "EditsErrors",
    "EditsObjects",
    "add_before_done",
    "body",
    "choices",
    "chunk",
    "chunk_choices",
    "chunk_of",
    "chunks",
    "conversation",
    "deltas",
    "drop_chunks",
    "drop_events",
    "end_before",
    "ending",
    "error",
    "every_event_object",
    "every_object",
    "finishes",
    "join_texts",
    "messages",
    "repeat_texts",
    "request_field",
    "text",
    "text_event",
    "text_of",
    "without_fields",
]
