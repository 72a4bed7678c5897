"""What counts as drift between two cassettes of a case, and how it is reported."""

from __future__ import annotations

import json
from dataclasses import replace

import cassette_samples as samples
import pytest
from drift_samples import answered, cassette, with_body

from hopcheck.cassettes import RecordedVerdict
from hopcheck.drift import Change, compare, drift
from hopcheck.drift.compare import Part
from hopcheck.drift.render import html_text, markdown_text


def streamed(*deltas, **fields):
    one = samples.streamed("chat.one", "n0", ())
    events = [samples.event(**fields, choices=[{"index": 0, "delta": delta}]) for delta in deltas]
    return replace(one, response=replace(one.response, body=b"".join([*events, b"data: [DONE]\n\n"])))


def headed(one, *headers):
    return replace(one, response=replace(one.response, headers=headers))


def changes(before, after):
    return [(one.part, one.what, one.before, one.after) for one in compare(cassette(before), cassette(after)).changes]


def test_ids_times_and_the_order_of_keys_do_not_count():
    before = headed(answered(), ("date", "Mon"), ("x-litellm-call-id", "a"))
    value = dict(reversed(json.loads(before.response.body).items()))
    again = with_body(before, {**value, "id": "chatcmpl-2", "created": 1800000000})
    again = replace(
        headed(again, ("date", "Tue"), ("x-litellm-call-id", "b")), delivery=replace(before.delivery, head_us=9)
    )
    assert changes(before, again) == []


def test_texts_with_ids_ports_and_places_in_code_do_not_count():
    def reported(uuid, port, line):
        message = f'{uuid} at 127.0.0.1:{port} File "/env/{line}/site/router.py", line {line}'
        return answered(error={"message": message, "id": uuid})

    first = reported("11111111-2222-3333-4444-555555555555", 4000, 17)
    assert changes(first, reported("99999999-2222-3333-4444-555555555555", 51234, 180)) == []


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (answered(), replace(answered(), response=replace(answered().response, status=502)), ("status", "200", "502")),
        (answered(), headed(answered(), *samples.JSON_TYPE), ("header content-length", "<varies>", None)),
        (answered(), answered(service_tier="default"), ("body service_tier", None, "default")),
        (answered(model="a"), answered(model="b"), ("body model", "a", "b")),
        (answered(choices=[]), answered(choices=None), ("body choices", "[]", "null")),
        (streamed({"content": "Hi."}), streamed({"content": "Hi"}), ("event choices[0].delta.content", "Hi.", "Hi")),
        (
            streamed({"role": "assistant"}, {"content": "a"}),
            streamed({"role": "assistant", "content": "a"}, {"role": "assistant"}),
            ("event choices[0].delta.role", "assistant, absent", "assistant"),
        ),
    ],
)  # fmt: skip
def test_a_change_of_the_answer(before, after, found):
    assert changes(before, after) == [(Part.ANSWER, *found)]


def test_listings_count_as_a_whole_and_vectors_by_value():
    vector = answered(data=[{"embedding": [0.5, 0.25], "index": 0}])
    other = answered(data=[{"embedding": [0.5, 0.125], "index": 0}])
    assert changes(vector, other) == [(Part.ANSWER, "body data[].embedding", "[0.5, 0.25]", "[0.5, 0.125]")]
    named = answered(data=[{"object": name} for name in ("a", "c")])
    assert changes(answered(data=[{"object": "a"}, {"object": "b"}]), named) == [
        (Part.ANSWER, "body data[].object", "a, b", "a, c")
    ]


def test_fields_that_changed_alike_are_one_group():
    before, after = cassette(answered(info={"a": 1})), cassette(answered(info={"a": 1, "b": None, "c": None, "d": 2}))
    groups = drift({"chat.one": before}, {"chat.one": after}).groups
    assert [(group.what, group.ways) for group in groups] == [
        ("body info.d", ((None, "2"),)),
        ("body info.{b, c}", ((None, "null"),)),
    ]


def test_chunks_do_not_count_but_a_missing_end_does():
    whole, pieces = streamed({"content": "Hello"}), streamed({"content": "Hel"}, {"content": "lo"})
    assert changes(whole, pieces) == []
    cut = replace(whole, response=replace(whole.response, body=whole.response.body.replace(b"data: [DONE]\n\n", b"")))
    assert changes(whole, cut) == [(Part.ANSWER, "order of events", "piece, [DONE]", "piece")]


def test_quoted_bodies_and_durations_do_not_count():
    def reported(created, seconds):
        return answered(error={"message": f'Received: {{"created":{created}}}, time taken=1.{seconds} seconds'})

    assert changes(reported(1795470045, "01"), reported(1795479422, "0")) == []


def test_only_the_head_counts_if_the_proxy_left():
    whole = streamed({"content": "a"}, {"content": "b"})
    left = replace(whole, delivery=replace(whole.delivery, ended="left"))
    assert changes(whole, left) == []
    other = replace(streamed({"content": "c"}), delivery=left.delivery)
    assert changes(whole, other) == [(Part.ANSWER, "event choices[0].delta.content", "ab", "c")]
    left = replace(other, response=replace(other.response, body=other.response.body.replace(b"data: [DONE]\n\n", b"")))
    assert changes(whole, left) == changes(left, whole) == []
    failed = replace(left, response=replace(left.response, status=502))
    assert changes(whole, failed) == [(Part.ANSWER, "status", "200", "502")]
    before_head = samples.unanswered("chat.one", "n0")
    asked = replace(before_head, request=left.request)
    assert changes(asked, left) == []


def test_lookups_may_be_missing():
    listing = samples.listing()
    assert listing.repeat == "*"
    assert changes(answered(), answered()) == []
    found = compare(cassette(answered()), cassette(answered(), listing)).changes
    assert [one for one in found if one.part is Part.PROXY] == []


def test_cookies_of_other_cases_at_the_provider_do_not_count():
    one = answered()
    entry = samples.entry(one)
    shown = replace(entry, headers=(*entry.headers, ("cookie", "a=b"), ("x-new", "1")))
    found = compare(cassette(one, journal=[entry]), cassette(one, journal=[shown])).changes
    assert [(change.part, change.what) for change in found] == [(Part.PROVIDER, "header x-new")]


def test_attempts_at_the_provider():
    one = samples.answered("chat.one", "n0", "Hello")
    first = samples.entry(one)
    other = replace(first, body=first.body.replace(b"fake-model", b"other-model"), key="backup")
    found = compare(cassette(one, journal=[first]), cassette(one, journal=[other, replace(first, number=2)])).changes
    assert found == (
        Change(Part.PROVIDER, "attempts", "1", "2"),
        Change(Part.PROVIDER, "credential", "provider", "backup"),
        Change(Part.PROVIDER, "body model", "fake-model", "other-model"),
    )


def test_requests_that_only_one_of_them_was_asked():
    first, second = (samples.answered("chat.one", nonce, "Hello") for nonce in ("n0", "n1"))
    found = compare(cassette(first, journal=[]), cassette(second, journal=[])).changes
    asked = "POST /v1/chat/completions"
    assert found == (Change(Part.PROXY, asked, None, "sent"), Change(Part.PROXY, asked, "sent", None))


def test_a_verdict_that_got_worse_and_one_that_got_better():
    first, second = (
        RecordedVerdict("conforms", {"text": True, "id": False}),
        RecordedVerdict("deviates", {"text": False, "id": True}),
    )
    found = compare(cassette(verdict=first), cassette(verdict=second)).changes
    assert [(one.what, one.worse) for one in found] == [
        ("outcome", True),
        ("finding text", True),
        ("finding id", False),
    ]


def test_a_cause_that_only_one_verdict_met():
    gone, new = "contract.event: id is missing", "acceptance: status 400: tools"
    first, second = (RecordedVerdict("conforms", {"text": True}, (cause,)) for cause in (gone, new))
    found = compare(cassette(verdict=first), cassette(verdict=second)).changes
    assert [(one.what, one.before, one.after, one.worse) for one in found] == [
        (f"cause {new}", None, "met", True),
        (f"cause {gone}", "met", None, False),
    ]
    assert compare(cassette(verdict=first), cassette(verdict=first)).changes == ()


def test_many_ways_are_one_group():
    before = {
        f"chat.c{number}": replace(cassette(answered(model=f"m{number}")), case=f"chat.c{number}")
        for number in range(6)
    }
    after = {case: replace(cassette(answered(model=f"{case}")), case=case) for case in before}
    (group,) = drift(before, after).groups
    assert (len(group.ways), len(group.cases)) == (6, 6)
    assert "and in 2 more ways" in markdown_text(drift(before, after))
    assert html_text(drift(before, after)).count('class="way"') == 6
