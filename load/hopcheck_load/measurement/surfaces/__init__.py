"""The surfaces on which hops are measured: what is sent to each, and what an event of its streams says."""

from collections.abc import Mapping

from hopcheck_load.measurement.surfaces.chat import CHAT
from hopcheck_load.measurement.surfaces.messages import MESSAGES
from hopcheck_load.measurement.surfaces.responses import RESPONSES
from hopcheck_load.measurement.surfaces.surface import Surface

SURFACES: Mapping[str, Surface] = {surface.name: surface for surface in (CHAT, RESPONSES, MESSAGES)}
"""All surfaces by name."""

__all__ = ["SURFACES", "Surface"]
