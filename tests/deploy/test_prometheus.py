"""The alert rules and the dashboard ask for metrics and labels that LLM-Proxy has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from hopcheck_server.proxy.telemetry.metrics import Metrics

EXAMPLES = Path(__file__).parents[2] / "examples/prometheus"
DASHBOARD = json.loads((EXAMPLES / "llm-proxy-dashboard.json").read_text())
RULES = yaml.safe_load((EXAMPLES / "alerts.yml").read_text())["groups"][0]["rules"]

ASKED = {
    "the dashboard": [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]],
    "the alerts": [rule["expr"] for rule in RULES],
}


def measured() -> set[str]:
    """The names of all series that the proxy has, those of histograms included."""
    families = list(text_string_to_metric_families(Metrics(lambda: True).text().decode()))
    totals = {f"{family.name}_total" for family in families if family.type == "counter"}
    buckets = {f"{family.name}_bucket" for family in families if family.type == "histogram"}
    return totals | buckets | {family.name for family in families if family.type == "gauge"}


@pytest.mark.parametrize("where", ASKED)
def test_every_metric_is_measured(where: str) -> None:
    named = {name for text in ASKED[where] for name in re.findall(r"\bllm_proxy_\w+", text)}
    assert len(named) > 4
    assert named - measured() == set()


def test_the_dashboard_shows_every_metric() -> None:
    named = {name for text in ASKED["the dashboard"] for name in re.findall(r"\bllm_proxy_\w+", text)}
    assert {
        name for name in measured() if name.startswith("llm_proxy_") and not name.endswith("_created")
    } - named == set()


def test_panels_have_ids_and_places_of_their_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool isn't installed: apt-get has it in prometheus")
def test_prometheus_reads_every_query_of_the_dashboard(tmp_path: Path) -> None:
    queries = [text.replace("$__rate_interval", "1m") for text in ASKED["the dashboard"]]
    rules = [{"record": f"query_{at}", "expr": text} for at, text in enumerate(queries)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    command = ["promtool", "check", "rules", "rules.yml"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
