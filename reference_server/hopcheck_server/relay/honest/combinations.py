"""Honest relays that differ in many ways at once, so that all differences meet every case in a fraction of the time.

Those that declare to be another kind of gateway stay alone, as cases about the other kinds don't apply to them; so do
those that make every request wait.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from hopcheck_server.relay.honest import HONEST_RELAYS
from hopcheck_server.relay.honest.assembled import AssemblesStreams
from hopcheck_server.relay.honest.defaults import FillsDefaults, FillsMembers, HidesClients, StandsBehindAnEdge
from hopcheck_server.relay.honest.deployments import GoesBySessions, MarksWhatIsEncrypted
from hopcheck_server.relay.honest.headers import (
    AsksForNoCoding,
    BalancesLoad,
    DatesRetryAfter,
    EnvoyRateLimitHeaders,
    ListsOnSeveralLines,
    NewRateLimitHeaders,
    PadsHeaders,
    RulesGzipOut,
)
from hopcheck_server.relay.honest.limits import FillsBuckets
from hopcheck_server.relay.honest.requests import (
    CompressesStreams,
    DropsDeclaredFields,
    HidesBackups,
    ListsModelsAnew,
    NamesModelsAlike,
    RefusesUnknownFields,
    RewritesRequests,
    TracesByItself,
    WritesNewForms,
)
from hopcheck_server.relay.honest.responses import (
    CarriageReturns,
    ChunkedAnswers,
    ClosesConnections,
    Compresses,
    KeepAliveComments,
    MoreHeaders,
    NoSpaceAfterColon,
    OldProtocol,
    OneByteWrites,
    OtherKeyOrder,
    PlainContentType,
    PrettyPrints,
    SaysBadGateway,
    SaysBadRequest,
    SaysNotFound,
    SaysUnprocessable,
    SendsHints,
    VendorFields,
)
from hopcheck_server.relay.honest.streams import (
    JoinsRoleAndText,
    NumbersEvents,
    SpaceAfterDone,
    SplitsDeltas,
    WritesErrorsInChunks,
)
from hopcheck_server.relay.honest.translations import (
    AllowsLongAnswers,
    CallsOverloadUnavailable,
    KeepsConnectionsAlive,
    MovesLaterSystems,
    OffersNoneInsteadOfForbidding,
    WritesArgumentsWidely,
)
from hopcheck_server.relay.honest.typed import (
    AsksForUsage,
    LeavesNullsOut,
    WantsAChoice,
    WritesNulls,
    WritesWholeNumbers,
)
from hopcheck_server.relay.honest.typed_surfaces import NamesResponses, SplitsTexts, WritesLists
from hopcheck_server.relay.messages import Events, OutgoingRequest, RelayedResponse
from hopcheck_server.relay.relay import Relay
from hopcheck_server.relay.translating import TranslatingRelay


class Combination(Relay):
    """What each part does to a request, a response and the events of a stream is done one after another."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Edit an attempt, as each part does."""
        for part in self.parts("request"):
            outgoing = await part.request(self, outgoing)
        return outgoing

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Edit a response, as each part does."""
        for part in self.parts("response"):
            response = await part.response(self, response)
        return response

    async def events(self, events: Events) -> Events:
        """Edit the events of a stream, as each part does."""
        for part in self.parts("events"):
            events = part.events(self, events)
        async for event in events:
            yield event

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        """Write the events of a stream, as the one part does that writes them."""
        (part,) = self.parts("frames") or [Relay]
        async for frame in part.frames(self, events):
            yield frame

    @classmethod
    def parts(cls, method: str) -> list[type[Relay]]:
        """The parts with a method of that name, in their order; all but these methods compose by inheritance."""
        return [part for part in cls.__bases__[1:] if getattr(part, method) is not getattr(Relay, method)]


class RewritesTexts(
    Combination,
    WritesNewForms,
    RewritesRequests,
    VendorFields,
    WritesNulls,
    OtherKeyOrder,
    PrettyPrints,
    ChunkedAnswers,
    KeepAliveComments,
    CarriageReturns,
    SaysBadRequest,
):
    """JSON is written in another way, in both directions, and so are lines."""


class RewritesHeaders(
    Combination,
    TracesByItself,
    WritesLists,
    LeavesNullsOut,
    MoreHeaders,
    DatesRetryAfter,
    NewRateLimitHeaders,
    PlainContentType,
    BalancesLoad,
    NoSpaceAfterColon,
    SaysUnprocessable,
):
    """Headers are others, in both directions."""


class WritesSmallPieces(
    Combination,
    FillsBuckets,
    FillsDefaults,
    ListsModelsAnew,
    WritesWholeNumbers,
    SplitsDeltas,
    SplitsTexts,
    ClosesConnections,
    OneByteWrites,
    SaysNotFound,
):
    """Streams leave in the smallest pieces."""


class CompressesAll(
    Combination,
    NamesModelsAlike,
    AsksForUsage,
    HidesBackups,
    EnvoyRateLimitHeaders,
    HidesClients,
    Compresses,
    CompressesStreams,
    RulesGzipOut,
    SaysBadGateway,
):
    """Responses and streams are compressed, but not what the provider sends."""


class KeepsItsOwnBooks(
    Combination,
    NamesResponses,
    MarksWhatIsEncrypted,
    JoinsRoleAndText,
    ListsOnSeveralLines,
    AsksForNoCoding,
    SendsHints,
    NumbersEvents,
    RefusesUnknownFields,
):
    """Names, numbers and marks are its own."""


class SpeaksOldHttp(
    Combination,
    GoesBySessions,
    DropsDeclaredFields,
    FillsMembers,
    StandsBehindAnEdge,
    WantsAChoice,
    OldProtocol,
    SpaceAfterDone,
):
    """Responses are HTTP/1.0."""


class AssemblesAndPads(Combination, AssemblesStreams, PadsHeaders, WritesErrorsInChunks):
    """Whole responses are made of streams, and headers have white space around their values."""


class SaysOtherwise(
    MovesLaterSystems,
    OffersNoneInsteadOfForbidding,
    WritesArgumentsWidely,
    CallsOverloadUnavailable,
    KeepsConnectionsAlive,
):
    """All that translations say in another way."""


COMBINATIONS: tuple[type[Relay], ...] = (
    RewritesTexts,
    RewritesHeaders,
    WritesSmallPieces,
    CompressesAll,
    KeepsItsOwnBooks,
    SpeaksOldHttp,
    AssemblesAndPads,
)

ALONE: tuple[type[Relay], ...] = tuple(
    relay for relay in HONEST_RELAYS if not any(relay in combination.__bases__ for combination in COMBINATIONS)
)
"""The honest relays that are in no combination."""

TRANSLATED_COMBINATIONS: tuple[type[TranslatingRelay], ...] = (TranslatingRelay, SaysOtherwise, AllowsLongAnswers)
