"""The Kubernetes example: its probes, ends and settings are the proxy's own. The session `lint` checks its schema."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from hopcheck_server.proxy.routes import health
from hopcheck_server.proxy.settings import Settings

ROOT = Path(__file__).parents[2]


def resources(name: str) -> dict[str, Any]:
    """The resources of a file, by kind."""
    return {one["kind"]: one for one in yaml.safe_load_all((ROOT / f"examples/kubernetes/{name}.yaml").read_text())}


PROXY, LITELLM = resources("llm-proxy"), resources("litellm")


def container_of(kinds: dict[str, Any]) -> dict[str, Any]:
    """The only container of a deployment."""
    (container,) = kinds["Deployment"]["spec"]["template"]["spec"]["containers"]
    return dict(container)


def environment(kinds: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one.get("value", "") for one in container_of(kinds)["env"]}


def test_probes_ask_what_the_proxy_answers() -> None:
    container = container_of(PROXY)
    served = {route.path for route in health.router.routes}
    probes = [container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")]
    assert probes == ["/health/live", "/health/live", "/health/ready"]
    assert set(probes) <= served


def test_no_probe_of_litellm_asks_a_provider() -> None:
    container = container_of(LITELLM)
    probes = {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert probes == {"/health/liveliness", "/health/readiness"}


def test_every_setting_is_one_of_the_proxy() -> None:
    known = {f"LLM_PROXY__{name.upper()}" for name in Settings.model_fields}
    assert set(environment(PROXY)) - known == set()


def test_a_pod_may_take_longer_to_end_than_the_proxy_does() -> None:
    env, pod = environment(PROXY), PROXY["Deployment"]["spec"]["template"]["spec"]
    takes_s = float(env["LLM_PROXY__DRAIN_DELAY_S"]) + float(env["LLM_PROXY__SHUTDOWN_GRACE_S"])
    assert takes_s < pod["terminationGracePeriodSeconds"]


def test_what_selects_a_pod_selects_its_labels() -> None:
    for kinds, app in ((PROXY, "llm-proxy"), (LITELLM, "litellm")):
        pod = kinds["Deployment"]["spec"]["template"]
        assert pod["metadata"]["labels"] == {"app": app} == kinds["Service"]["spec"]["selector"]
        assert kinds["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == {"app": app}
        assert kinds["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == app
    (allowed,) = LITELLM["NetworkPolicy"]["spec"]["ingress"]
    assert allowed["from"] == [{"podSelector": {"matchLabels": {"app": "llm-proxy"}}}]


def test_the_images_are_those_of_the_compose_file() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    for kinds in (PROXY, LITELLM):
        assert re.search(rf":-{re.escape(container_of(kinds)['image'])}\}}", compose)
