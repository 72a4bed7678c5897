"""Mutants of the cases about streamed calls."""

from typing import Any

from hopcheck.selftest.independent import violates

from .tools import Call, EditsPieces


@violates("tools.stream-args-concat")
class SkipsBlankPieces(EditsPieces):
    """A piece of arguments that is white space alone is lost."""

    def edit(self, piece: Call, state: dict[Any, Any]) -> None:
        text = piece.get("function", {}).get("arguments")
        if text and not text.strip():
            piece["function"]["arguments"] = ""


@violates("tools.stream-args-concat")
class SkipsEqualPieces(EditsPieces):
    """A piece of arguments that equals the one before it is lost."""

    def edit(self, piece: Call, state: dict[Any, Any]) -> None:
        text = piece.get("function", {}).get("arguments")
        if text and text == state.get("last"):
            piece["function"]["arguments"] = ""
        state["last"] = text or state.get("last")


@violates("tools.stream-id-first")
class NamesEachPiece(EditsPieces):
    """Each later piece of a call has the name of its function."""

    def edit(self, piece: Call, state: dict[Any, Any]) -> None:
        function = piece.setdefault("function", {})
        state.setdefault(piece["index"], function.get("name"))
        function["name"] = state[piece["index"]]


@violates("tools.stream-id-first")
class IdentifiesLate(EditsPieces):
    """The id of a call comes with the second piece of it."""

    def edit(self, piece: Call, state: dict[Any, Any]) -> None:
        index = piece["index"]
        if index not in state:
            state[index] = piece.pop("id", None)
        elif state[index]:
            piece["id"], state[index] = state[index], None


@violates("tools.stream-index")
class IndexesFirstPieces(EditsPieces):
    """Later pieces of a call have no index."""

    def edit(self, piece: Call, state: dict[Any, Any]) -> None:
        if not piece.get("id"):
            piece.pop("index", None)


@violates("tools.stream-index")
class IndexesByOne(EditsPieces):
    """All calls have the index of the first one."""

    def edit(self, piece: Call, state: dict[Any, Any]) -> None:
        piece["index"] = 0


@violates("tools.stream-interleaved")
class GivesPiecesToTheLatest(EditsPieces):
    """A piece without an id is taken for one of the call that began last."""

    def edit(self, piece: Call, state: dict[Any, Any]) -> None:
        if piece.get("id"):
            state["latest"] = piece["index"]
        piece["index"] = state.get("latest", piece["index"])
