"""Every check of the project: `nox` runs them all, `nox -s tests` one of them."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
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
EXAMPLE_KEYS = {"LITELLM_MASTER_KEY": "sk-for-a-look", "LLM_PROXY__INTERNAL_API_KEY": "sk-for-a-look"}
CHAIN_MARKERS = "litellm or locust or whole_gate"
"""The markers of the tests that the session `chain` runs."""

CASSETTES = "cassettes/litellm-1.106.2"
FORMATTED = ("contracts", "reference_server", "conformance", "load", "tools", "tests", "examples", "noxfile.py")


def prepare(session: nox.Session, *groups: str, editable: bool = True) -> None:
    """Install the pinned tools of some dependency groups, and hopcheck with all its extras."""
    wanted = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), *groups)
    session.install("-c", PINS, *wanted, *(["-e", ".[all]"] if editable else []))
    session.env["PYTHONDONTWRITEBYTECODE"] = ""


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format, layers, language, that cassettes hold no secrets, and the container files."""
    prepare(session, "lint")
    session.run("ruff", "check", *FORMATTED)
    session.run("ruff", "format", "--check", *FORMATTED)
    session.run("lint-imports")
    session.run("python", "-m", "tools.language")
    session.run("python", "-m", "hopcheck.cassettes", "cassettes")
    lint_containers(session)


def lint_containers(session: nox.Session) -> None:
    """Check the Dockerfiles and the compose file, as far as that is possible without a container engine."""
    session.run("hadolint", *DOCKERFILES)
    session.run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)
    if shutil.which("docker-compose") is None:
        session.warn(
            f"docker-compose isn't installed, so {COMPOSE} is checked by its schema only: install it with apt-get"
        )
        return
    for variables in sorted(Path("examples").glob("*.env")):
        command = ["docker-compose", "--file", COMPOSE, "--env-file", str(variables), "config", "--quiet"]
        session.run(*command, external=True, env=EXAMPLE_KEYS)


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    prepare(session, "types")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests of the project that need neither a network nor LiteLLM."""
    prepare(session, "tests")
    spread = ("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder")  # tests/conftest.py says which come first
    session.run("pytest", "-m", f"not ({CHAIN_MARKERS} or commands)", *spread, *session.posargs)


@nox.session
def commands(session: nox.Session) -> None:
    """Run the tests that start hopcheck's commands as processes."""
    prepare(session, "tests")
    session.run("pytest", "-m", f"commands and not ({CHAIN_MARKERS})", "-n", "2", *session.posargs)


@nox.session
def selftest(session: nox.Session) -> None:
    """Run the suite against itself: every mutant on its own cases, every honest relay on all cases.

    Then see that each mutant is met again by the report of its case.
    """
    prepare(session, "tests")
    session.run("hopcheck", "selftest", "--diagonal", *session.posargs)
    session.run("hopcheck", "selftest", "--reproduce", *session.posargs)


@nox.session
def matrix(session: nox.Session) -> None:
    """Run the whole mutation matrix, every mutant on every case; not a default session, since it takes longer."""
    prepare(session, "tests")
    session.run("hopcheck", "selftest", *session.posargs)


@nox.session
def replay(session: nox.Session) -> None:
    """Run the self-test on recorded LiteLLM traffic."""
    prepare(session, "tests")
    session.run("hopcheck", "selftest", "--replay", CASSETTES, *session.posargs)


@nox.session
def chain(session: nox.Session) -> None:
    """Run the tests that need LiteLLM, Locust or the reference proxy, and a short search of the reference proxy."""
    prepare(session, "tests")
    session.run("python", "-m", "hopcheck.fuzz.reference", "100")
    session.run("pytest", "-m", CHAIN_MARKERS, *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Search the reference proxy for longer; with `-- --mutants`, run the search's own self-test."""
    prepare(session)
    if "--mutants" in session.posargs:
        options = [option for option in session.posargs if option != "--mutants"]
        session.run("python", "-m", "hopcheck.selftest.fuzz_search", "--naive", "examples/naive_proxy/app.py", *options)
    else:
        session.run("python", "-m", "hopcheck.fuzz.reference", "2000", *session.posargs)


@nox.session
def calibrate(session: nox.Session) -> None:
    """Measure known delays, also with Locust and wrk; not a default session, since it needs a quiet machine."""
    prepare(session)
    session.run("python", "-m", "tools.calibrate", "--others", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure hopcheck's own parts and save the result; `-- --benchmark-compare` compares it with the last one."""
    prepare(session, "tests")
    files = sorted(str(path) for path in Path("tools/benchmarks").glob("bench_*.py"))
    columns = "--benchmark-columns=median,iqr,rounds"
    session.run("pytest", *files, "--benchmark-autosave", "--benchmark-warmup=on", columns, *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheel, and check that it holds exactly the packages' files."""
    prepare(session, "build", editable=False)
    folder = Path(session.create_tmp())
    session.run("python", "-m", "build", "--outdir", str(folder), silent=True)
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
