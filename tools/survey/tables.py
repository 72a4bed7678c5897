"""The survey's reports as tables in Markdown, ready to be put into a page. Pure: a function of the reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hopcheck_load.report.document import find, hops
from hopcheck_load.report.render.values import UNKNOWN, added, cpu_ms, findings, interval_of, ms

Document = Mapping[str, Any]

REST = {
    "chat latency": "a JSON answer",
    "10k latency": "prompt of 10,000 tokens",
    "paced ttft": "first token of a stream",
    "paced lag": "each event of it",
}
"""Columns of the table at rest: the heading of each workload and measure."""

LOADED = ("requests a second", "answered", "added, median", "95 % interval", "added p90", "added p99", "noise floor")
STREAMED = ("streams at a time", "first token", "95 % interval", "each event", "95 % interval", "its p99 in all")
INVALID = {"generator": "the generator was late", "upstream": "the upstream or the machine was full"}
"""Why a row's figures are invalid, by kind. The reports have it with figures."""

ENDS = ("CPU ms each", "generator late, p99", "")


def markdown(survey: Mapping[str, Any], reports: Sequence[tuple[str, Document]]) -> str:
    """Return the whole page.

    Args:
        survey: `{command, hops: {name: what it is}, left_out: {name: why}, missing: {run: why}}`.
        reports: What each was about (see `runs.Part`) and its document.
    """
    if not reports:
        return "Nothing was measured.\n"
    of_part = {part: [one for about, one in reports if about == part] for part, _ in reports}
    blocks = [
        *_conditions(survey, [document for _, document in reports]),
        *(block for part, some in of_part.items() for block in _part(part, some)),
        *_memory([document for _, document in reports]),
    ]
    return "\n".join(blocks) + "\n"


def _conditions(survey: Mapping[str, Any], documents: Sequence[Document]) -> Iterator[str]:
    machine = documents[0]["machine"]
    busy, stolen = (max(one["machine"][name] for one in documents) for name in ("busy_before", "stolen"))
    yield f"`{survey['command']}`, {documents[0]['started'][:16].replace('T', ' ')} UTC."
    yield (
        f"{machine['processor']}, {machine['processors']} processors, {machine['system']}, Python {machine['python']}; "
        f"clients at {machine['client_priority']} priority; "
        f"before a run up to {busy:.0%} of the processors' time was taken by others, during it up to {stolen:.1%} by "
        "other machines on the host."
    )
    yield ""
    yield from table(("hop", "what it is"), survey["hops"].items())
    reasons = {**survey["left_out"], **survey["missing"]}
    for why in dict.fromkeys(reasons.values()):
        yield f"\nLeft out: {', '.join(name for name in reasons if reasons[name] == why)}: {why}."


def _part(part: str, documents: Sequence[Document]) -> Iterator[str]:
    heads = {
        "rest": "At rest",
        "steps": "Rising rates",
        "steady": "One rate, for longer",
        "fleet": "Many streams at a time",
        "spike": "A spike, and the recovery from it",
    }
    yield f"\n### {heads[part]}\n"
    if part == "rest":
        yield from _rest(documents)
    elif part == "fleet":
        yield from _under_load(documents, STREAMED, _streamed)
    else:
        yield from _under_load(documents, LOADED, _loaded)
    for line in (line for document in documents for line in findings(document)):
        yield f"\n{line}."


def _rest(documents: Sequence[Document]) -> Iterator[str]:
    rows = []
    for document in documents:
        for hop in hops(document):
            first, *others = (_added(document, key.split(), hop) for key in REST)
            rows.append([hop, first, _tail(document, hop), *others, _each(document, hop, "chat")])
        first, *others = (ms((find(document, *key.split()) or {"floor": None})["floor"]) for key in REST)
        rows.append([f"noise floor, {', '.join(hops(document))}", first, "", *others, ""])
    head, *heads = REST.values()
    yield from table(("added to", head, "its p90", *heads, "CPU ms each"), rows)


def _tail(document: Document, hop: str) -> str:
    entry = (find(document, "chat", "latency") or {"added": {}})["added"].get(hop)
    p90 = entry and entry["difference_of_quantiles"]["p90"]
    return ms(p90["value"], sign=True) if p90 else UNKNOWN


def _added(document: Document, where: Sequence[str], hop: str) -> str:
    found = find(document, *where)
    entry = found and found["added"].get(hop)
    if not found or not entry:
        return UNKNOWN
    sure = "" if entry["within_floor"] else f" ({interval_of(entry)})"
    return f"{added(entry, found['floor'])}{sure}"


def _under_load(documents: Sequence[Document], head: Sequence[str], cells: Any) -> Iterator[str]:
    rows = [
        [hop, *cells(row, hop), _each(document, hop, row["name"]), ms(row["load"]["dispatch_p99"]), _doubts(row, hop)]
        for document in documents
        for hop in hops(document)
        for row in document["workloads"]
    ]
    yield from table(("hop", *head, *ENDS), rows)


def _measure(row: Document, name: str) -> Document:
    found: Document = next((one for one in row["measures"] if one["name"] == name), {"arms": {}, "added": {}})
    return found


def _loaded(row: Document, hop: str) -> list[str]:
    load, latency = row["load"], _measure(row, "latency")
    entry = latency["added"].get(hop)
    answered = f"{load['answered'][hop]:.4g} of {load['offered'][hop]:g}"
    if entry is None:
        return [_rate(row), answered, *(UNKNOWN for _ in LOADED[2:])]
    tails = (entry["difference_of_quantiles"][name] for name in ("p90", "p99"))
    differences = (UNKNOWN if one is None else ms(one["value"], sign=True) for one in tails)
    floor = ms(latency["floor"])
    return [_rate(row), answered, added(entry, latency["floor"]), interval_of(entry), *differences, floor]


def _rate(row: Document) -> str:
    """Return a row's rate, and its place in a run if that has a name: before a spike, in it, after it."""
    name, dot, place = row["name"].removeprefix(row["load"]["workload"]).partition(".")
    return f"{row['load']['rate']:g}{f' ({place})' if dot and not name else ''}"


def _streamed(row: Document, hop: str) -> list[str]:
    cells = [f"{row['load']['rate'] * 2.5:g}"]
    for name in ("ttft", "lag"):
        measure = _measure(row, name)
        entry = measure["added"].get(hop)
        cells += [added(entry, measure["floor"]), interval_of(entry)] if entry else [UNKNOWN, UNKNOWN]
    return [*cells, ms(_measure(row, "lag")["arms"].get(hop, {}).get("p99"))]


def _each(document: Document, hop: str, row: str) -> str:
    found = (one["cpu"].get(row, {}).get("ms_each") for one in document["processes"] if one["name"] == hop)
    return cpu_ms(next(found, None))


def _doubts(row: Document, hop: str) -> str:
    """Return why a row is invalid, or which hop was overloaded."""
    invalid = [f"**invalid**: {INVALID[kind]}" for kind in row["load"]["invalid"]]
    overloaded = [f"overloaded, {why}" for arm, why in row["load"]["overloaded"].items() if arm == hop]
    return "; ".join([*invalid, *overloaded])


def _memory(documents: Sequence[Document]) -> Iterator[str]:
    names = dict.fromkeys(hop for document in documents for hop in hops(document))
    rows = [[name, *map(_mb, _remembered(documents, name))] for name in names]
    yield "\n### Memory\n"
    yield "Resident set in MB: before the first run, at most in any, and two seconds after the last.\n"
    yield from table(("hop", "idle", "at load", "after"), rows)


def _remembered(documents: Sequence[Document], name: str) -> tuple[float | None, float | None, float | None]:
    seen = [one for document in documents for one in document["processes"] if one["name"] == name]
    most = [one["rss_load_mb"] for one in seen if one["rss_load_mb"] is not None]
    if not seen:
        return None, None, None
    return seen[0]["rss_idle_mb"], max(most, default=None), seen[-1]["rss_after_mb"]


def _mb(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Return a table's lines."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
