"""What a record takes from the headers of a response."""

from __future__ import annotations

import pytest

from hopcheck_load.measurement.client import TimedResponse
from hopcheck_load.measurement.exchange import record_response
from hopcheck_load.measurement.records import Record
from hopcheck_load.measurement.workloads import TEXT, WORKLOADS


@pytest.mark.parametrize(
    ("headers", "self_ms"),
    [
        ({}, None),
        ({"x-litellm-overhead-duration-ms": "1.5"}, 1.5),
        ({"x-litellm-overhead-duration-ms": "soon", "x-mlflow-gateway-overhead-duration-ms": "2"}, 2.0),
        ({"server-timing": "proxy;dur=0.503, upstream;dur=12.001"}, 0.503),
        ({"server-timing": 'upstream;dur=12, gateway ; dur=3;desc="own"'}, 3.0),
        ({"server-timing": "upstream;dur=12.001"}, None),
        ({"server-timing": "proxy"}, None),
    ],
)
def test_what_a_target_reports_of_itself(headers, self_ms):
    record = Record("chat", 0, "hop", 0, "hopcheck:load.chat~00~chat:1")
    response = TimedResponse(status=200, headers=headers, reads=[(1, TEXT.encode())])
    record_response(record, response, key="", workload=WORKLOADS["chat"])
    assert (record.self_ms, record.failure) == (self_ms, "")
