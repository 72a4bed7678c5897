"""Proxies that read neither requests nor responses: how each is started."""

from __future__ import annotations

from collections.abc import Sequence

from tools.gateways.installation import python_environment, system_program
from tools.gateways.place import CONFIGS, Gateway, Place


def _nginx(place: Place) -> Sequence[str]:
    program = system_program("nginx", "nginx-light")
    return [program, "-p", str(place.folder), "-e", "stderr", "-c", place.configured(CONFIGS / "nginx.conf")]


def _haproxy(place: Place) -> Sequence[str]:
    return [system_program("haproxy", "haproxy"), "-f", place.configured(CONFIGS / "haproxy.cfg")]


def _envoy(place: Place) -> Sequence[str]:
    # The binary itself: the package's wrapper ends with the shell that started it.
    (program,) = python_environment("envoy", "pyvoy").glob("lib/python*/site-packages/envoy/_bin/envoy")
    return [str(program), "-c", place.configured(CONFIGS / "envoy.yaml"), "--concurrency", "1", "--log-level", "error"]


def _caddy(place: Place) -> Sequence[str]:
    program = system_program("caddy", "caddy")
    words = ["run", "--adapter", "caddyfile", "--config", place.configured(CONFIGS / "Caddyfile")]
    return ["env", f"HOME={place.folder}", program, *words]


def _apache(place: Place) -> Sequence[str]:
    return [system_program("apache2", "apache2-bin"), "-f", place.configured(CONFIGS / "apache.conf"), "-DFOREGROUND"]


def _varnish(place: Place) -> Sequence[str]:
    program = system_program("varnishd", "varnish")
    listen = ["-a", f"127.0.0.1:{place.port}", "-n", str(place.folder / "varnish")]
    return [program, "-j", "none", "-F", "-f", place.configured(CONFIGS / "varnish.vcl"), *listen]


def _squid(place: Place) -> Sequence[str]:
    return [system_program("squid", "squid"), "--foreground", "-f", place.configured(CONFIGS / "squid.conf")]


def _lighttpd(place: Place) -> Sequence[str]:
    return [system_program("lighttpd", "lighttpd"), "-D", "-f", place.configured(CONFIGS / "lighttpd.conf")]


BYTE_PROXIES = (
    Gateway("nginx", _nginx),
    Gateway("envoy", _envoy),
    Gateway("haproxy", _haproxy),
    Gateway("apache", _apache),
    Gateway("caddy", _caddy),
    Gateway("lighttpd", _lighttpd),
    Gateway("squid", _squid),
    Gateway("varnish", _varnish),
)
