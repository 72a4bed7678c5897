"""Every check of the project: `nox` runs them all, `nox -s tests` one of them.

All but `build` share one environment, which the session `environment` makes or brings up to date. `nox -j 2` runs those
that no time is measured in side by side.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import nox

nox.needs_version = ">=2026.10"  # sessions side by side
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "build", "tests", "commands", "selftest", "replay", "chain"]

PINS = "constraints-dev.txt"
PACKAGES = (
    "contracts/hopcheck_contracts",
    "reference_server/hopcheck_server",
    "conformance/hopcheck",
    "load/hopcheck_load",
)
DOCKERFILES = ("Dockerfile", "Dockerfile.suite")
COMPOSE = "docker-compose.yml"
OVERLAYS = {name: f"examples/docker-compose.{name}.yml" for name in ("keys", "shared")}
"""Compose files over the first one, by the example that they belong to."""
NEEDED = ("LITELLM_MASTER_KEY", "LLM_PROXY__INTERNAL_API_KEY", "LITELLM_SALT_KEY", "LITELLM_DATABASE_PASSWORD")
EXAMPLE_KEYS = dict.fromkeys(NEEDED, "sk-for-a-look")
CHAIN_MARKERS = "litellm or locust or whole_gate"
"""The markers of the tests that the session `chain` runs."""
PROCESSES = f"{CHAIN_MARKERS} or commands or image or hostile or real_clients"
"""The markers of all tests that the session `tests` leaves to others."""

CASSETTES = "cassettes/litellm-1.106.2"
FORMATTED = ("contracts", "reference_server", "conformance", "load", "tools", "tests", "examples", "noxfile.py")


ENVIRONMENT = Path(nox.options.envdir or ".nox", "environment").absolute()


@nox.session(reuse_venv=True)
def environment(session: nox.Session) -> None:
    """Install hopcheck with all its extras, and the pinned tools of every other session but `build`."""
    session.install("-c", PINS, *tools_of("lint", "types", "tests"), "-e", ".[all]")


def tools_of(*groups: str) -> tuple[str, ...]:
    """The requirements of some dependency groups."""
    return nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), *groups)


def project_session(*, side_by_side: bool = False) -> Callable[[Callable[[nox.Session], None]], object]:
    """Make a session that runs in the shared environment.

    Args:
        side_by_side: Whether it may run while another one does. What reads the clock may not.
    """
    return nox.session(venv_backend="none", requires=["environment"], allow_parallel=side_by_side)


def run(session: nox.Session, program: str, *words: str) -> None:
    """Run a program of the shared environment."""
    path = f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "VIRTUAL_ENV": str(ENVIRONMENT), "PYTHONDONTWRITEBYTECODE": ""}
    session.run(str(ENVIRONMENT / "bin" / program), *words, env=env, external=True)


@project_session(side_by_side=True)
def lint(session: nox.Session) -> None:
    """Check style, format, layers, language, that cassettes hold no secrets, and the container files."""
    run(session, "ruff", "check", *FORMATTED)
    run(session, "ruff", "format", "--check", *FORMATTED)
    run(session, "lint-imports")
    run(session, "python", "-m", "tools.language")
    run(session, "python", "-m", "hopcheck.cassettes", "cassettes")
    lint_containers(session)
    lint_kubernetes(session)
    lint_alerts(session)


def lint_containers(session: nox.Session) -> None:
    """Check the Dockerfiles and the compose files, as far as that is possible without a container engine."""
    run(session, "hadolint", *DOCKERFILES)
    run(session, "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE, *OVERLAYS.values())
    if shutil.which("docker-compose") is None:
        session.warn(
            f"docker-compose isn't installed, so {COMPOSE} is checked by its schema only: install it with apt-get"
        )
        return
    for variables in sorted(Path("examples").glob("*.env")):
        files = [COMPOSE, OVERLAYS[variables.stem]] if variables.stem in OVERLAYS else [COMPOSE]
        named = [word for file in files for word in ("--file", file)]
        command = ["docker-compose", *named, "--env-file", str(variables), "config", "--quiet"]
        session.run(*command, external=True, env=EXAMPLE_KEYS)


def lint_kubernetes(session: nox.Session) -> None:
    """Check the manifests by Kubernetes' own schemas."""
    manifests = sorted(str(path) for path in Path("examples/kubernetes").glob("*.yaml"))
    run(session, "kubernetes-validate", "--kubernetes-version", "1.33", "--strict", "--quiet", *manifests)


def lint_alerts(session: nox.Session) -> None:
    """Check the alert rules, and what they say about series that are made up."""
    if shutil.which("promtool") is None:
        session.warn("promtool isn't installed, so the alert rules aren't checked: apt-get has it in prometheus")
        return
    session.run("promtool", "test", "rules", "examples/prometheus/alerts.test.yml", external=True)


@project_session(side_by_side=True)
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    run(session, "mypy")


@project_session()
def tests(session: nox.Session) -> None:
    """Run the tests of the project that need neither a network nor LiteLLM."""
    # More processes than processors, as many tests wait.
    run(session, "pytest", "-m", f"not ({PROCESSES})", "-n", "5", "--dist", "worksteal", *session.posargs)


@project_session()
def commands(session: nox.Session) -> None:
    """Run the tests that start hopcheck's commands as processes."""
    run(session, "pytest", "-m", f"commands and not ({CHAIN_MARKERS})", "-n", "2", *session.posargs)


@project_session()
def selftest(session: nox.Session) -> None:
    """Run the suite against itself: every mutant on its own cases, every honest relay on all cases."""
    run(session, "hopcheck", "selftest", "--invariants")
    run(session, "hopcheck", "selftest", "--diagonal", *session.posargs)


@project_session()
def matrix(session: nox.Session) -> None:
    """Run the whole mutation matrix, every mutant on every case; not a default session, since it takes longer.

    Then see that each mutant is met again by the report of its case.
    """
    run(session, "hopcheck", "selftest", *session.posargs)
    run(session, "hopcheck", "selftest", "--reproduce", *session.posargs)


@project_session()
def mutants(session: nox.Session) -> None:
    """Run the mutants that were written from the requirements alone, and gate relays that have many faults each."""
    run(session, "hopcheck", "selftest", "--mutants", "tests/mutants", *session.posargs)
    run(session, "python", "-m", "tools.gated_faults")


@project_session()
def mutation(session: nox.Session) -> None:
    """Mutate what verdicts depend on, a seeded sample; not a default session, since it takes half an hour."""
    run(session, "python", "-m", "tools.mutation", *session.posargs)


@project_session()
def replay(session: nox.Session) -> None:
    """Run the self-test on recorded LiteLLM traffic, and judge the reference proxy on that with providers."""
    run(session, "hopcheck", "selftest", "--replay", CASSETTES, *session.posargs)
    run(session, "hopcheck", "gate", "--replay", CASSETTES, "--provider", "all")


@project_session()
def chain(session: nox.Session) -> None:
    """Run the tests that need LiteLLM or Locust, or judge a whole proxy."""
    run(
        session, "pytest", "-m", f"({CHAIN_MARKERS}) and not every_model", "-n", "4", *session.posargs
    )  # most of them wait


@project_session()
def examples(session: nox.Session) -> None:
    """Run the gate on the models of the example deployments that `chain` leaves out; not a default session."""
    run(session, "pytest", "-m", "every_model", "-n", "2", *session.posargs)


@project_session()
def transports(session: nox.Session) -> None:
    """Run the proxy's tests with the official client as its transport; not a default session: `tests` has the other."""
    session.env["LLM_PROXY__TRANSPORT"] = "openai"
    run(session, "pytest", "-n", "2", "-m", "not litellm", "tests/reference_server/proxy", *session.posargs)


@project_session()
def hostile(session: nox.Session) -> None:
    """Run gate and load on every hostile target, other commands on some; not a default session: it takes long."""
    run(session, "pytest", "-m", "hostile", "-n", "12", "tests/hostile", *session.posargs)  # most of them wait


@project_session()
def clients(session: nox.Session) -> None:
    """Run Claude Code and Codex through the reference proxy; not a default session, since it installs 800 MB first."""
    run(session, "pytest", "-m", "real_clients", *session.posargs)


@project_session()
def providers(session: nox.Session) -> None:
    """Run the gate on LiteLLM with every provider; not a default session, since it takes ten minutes."""
    run(session, "python", "-m", "tools.providers", *session.posargs)


@project_session()
def images(session: nox.Session) -> None:
    """Build the images and run them; not a default session, since it makes a Debian first.

    Without Debian's tools, only the images' own steps are taken, in a clean environment.
    """
    if all(map(shutil.which, ("buildah", "mmdebstrap"))):
        run(session, "python", "-m", "tools.images", *session.posargs)
        return
    session.warn("The images aren't built: install buildah and mmdebstrap with apt-get.")
    run(session, "pytest", "-m", "image", *session.posargs)


@project_session()
def soak(session: nox.Session) -> None:
    """Send half an hour of mixed traffic through the reference proxy; not a default session, since it takes so long."""
    run(session, "hopcheck", "soak", *session.posargs)


@project_session()
def fuzz(session: nox.Session) -> None:
    """Search the reference proxy for longer; with `-- --mutants`, run the search's own self-test."""
    if "--mutants" in session.posargs:
        options = [option for option in session.posargs if option != "--mutants"]
        run(
            session, "python", "-m", "hopcheck.selftest.fuzz_search", "--naive", "examples/naive_proxy/app.py", *options
        )
    else:
        run(session, "python", "-m", "hopcheck.fuzz.reference", "2000", *session.posargs)


@project_session()
def calibrate(session: nox.Session) -> None:
    """Measure known delays, also with Locust and wrk; not a default session, since it needs a quiet machine."""
    run(session, "python", "-m", "tools.calibrate", "--others", *session.posargs)


@project_session()
def survey(session: nox.Session) -> None:
    """Measure what hops cost, and LLM-Proxy next to a bare relay; not a default session: it needs a quiet machine.

    Arguments are the survey's: `nox -s survey -- --times 0.1` sees whether all of it runs.
    """
    run(session, "python", "-m", "tools.survey", *session.posargs)
    run(session, "python", "-m", "tools.yardsticks", "--rounds", "15")


@project_session()
def bench(session: nox.Session) -> None:
    """Measure hopcheck's own parts and save the result; `-- --benchmark-compare` compares it with the last one."""
    files = sorted(str(path) for path in Path("tools/benchmarks").glob("bench_*.py"))
    columns = "--benchmark-columns=median,iqr,rounds"
    run(session, "pytest", *files, "--benchmark-autosave", "--benchmark-warmup=on", columns, *session.posargs)


@nox.session(allow_parallel=True)
def build(session: nox.Session) -> None:
    """Build the wheel, and check that it holds exactly the packages' files."""
    session.install("-c", PINS, *tools_of("build"))
    folder = Path(session.create_tmp())
    session.run("python", "-m", "build", "--no-isolation", "--outdir", str(folder), silent=True)
    (wheel,) = folder.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    missing, strange = sorted(tree() - packed), sorted(packed - tree())
    if missing or strange:
        session.error(f"the wheel lacks {missing}, and should not hold {strange}")
    session.log(f"{wheel.name}: {len(packed)} files, as in the tree")
    session.install("-c", PINS, str(wheel))
    session.run("hopcheck", "cases", "chat.schema")


def tree() -> set[str]:
    """The files of the packages, by their paths in a wheel."""
    return {
        str(path.relative_to(Path(package).parent))
        for package in PACKAGES
        for path in Path(package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
