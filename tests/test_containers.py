"""Dockerfile and compose.yaml, checked without a container engine: who runs, what is asked whether it is well, what is kept out.

And that every command, option, setting, port, route and path that they name is one of this program's.
"""

import json
import re
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
import typer.main
import yaml

from app.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
SECRET = re.compile(r"PASSW|SECRET|TOKEN|CREDENTIAL|APIKEY|_KEY")
Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    """(word, rest) of every instruction, continued lines joined, comments left out."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n", " ", lines)
    return [(word.upper(), rest.strip()) for line in joined.splitlines() if line.strip() for word, _, rest in [line.partition(" ")]]


def stages() -> list[list[Instruction]]:
    found: list[list[Instruction]] = []
    for instruction in instructions():
        if instruction[0] == "FROM":
            found.append([])
        found[-1].append(instruction)
    return found


def of(word: str, stage: list[Instruction]) -> list[str]:
    return [rest for each, rest in stage if each == word]


def variables(stage: list[Instruction]) -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", " ".join(of("ENV", stage))))


COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
BUILD, FINAL = stages()[0], stages()[-1]


def check_command(words: list[str]) -> None:
    """The command and each of its options are the program's."""
    assert words[0] == "stacklens", words
    command = typer.main.get_command(__import__("app.cli", fromlist=["app"]).app).commands[words[1]]  # type: ignore[attr-defined]
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words[2:] if word.startswith("--")} <= options
    command.make_context(words[1], list(words[2:]), resilient_parsing=False)  # refuses values of a wrong kind


def test_the_image_is_built_in_stages_from_a_named_python() -> None:
    assert len(stages()) == 2
    required = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    for stage in stages():
        (base,) = of("FROM", stage)
        assert re.match(rf"python:{required.removeprefix('>=')}-slim-\w+( AS \w+)?$", base), base


def test_nothing_runs_as_root() -> None:
    (user,) = of("USER", FINAL)
    assert user.isdigit() and int(user) > 0
    assert [word for word, _ in FINAL].index("USER") < [word for word, _ in FINAL].index("CMD")
    assert f"--uid {user}" in " ".join(of("RUN", FINAL))
    for service in SERVICES.values():
        assert service["cap_drop"] == ["ALL"] and "no-new-privileges:true" in service["security_opt"]
        assert not service.get("privileged") and service.get("user") not in ("root", "0", 0)
        assert not any("docker.sock" in volume for volume in service.get("volumes", ()))


def test_every_container_is_asked_whether_it_is_well() -> None:
    (check,) = of("HEALTHCHECK", FINAL)
    (address,) = re.findall(r"http://[^'\"]+", check)
    assert urlsplit(address).path == "/api/v1/health"
    assert urlsplit(address).port == Settings.model_fields["port"].default
    for name, service in SERVICES.items():
        command = service.get("healthcheck", {}).get("test", [])
        assert name == "dashboard" or command[0] == "CMD", name  # the dashboard has the image's
        if command and name in OURS:
            check_command(command[1:])
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES and how["condition"] == "service_healthy"


def test_what_is_installed_is_pinned_and_torch_is_the_processors() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (torch,) = (need for need in project["dependencies"] if need.startswith("torch=="))
    installs = [part for run in of("RUN", BUILD) for part in run.split("&&") if "pip install" in part]
    assert any(torch in part and "--index-url" in part for part in installs)
    assert all(torch in part or "--constraint constraints.txt" in part for part in installs)
    assert "PIP_NO_CACHE_DIR" in variables(BUILD)
    assert "+cpu" in "".join(of("ARG", BUILD)) or "/cpu" in "".join(of("ARG", BUILD))
    for service in SERVICES.values():
        assert "build" in service or re.search(r":\d", service["image"]), "an image without a version"


def test_what_is_copied_exists_and_nothing_else_is_sent() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    allowed = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {source for rest in of("COPY", BUILD) for source in rest.split()[:-1]}
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)
    needed = {"app", "components", "models", "pages", "sample_data"}
    assert needed <= copied and not copied & {".", "tests", "docs"}
    assert not of("ADD", BUILD) and not of("ADD", FINAL)


def test_no_secret_is_written_down() -> None:
    for word, rest in instructions():
        assert not (word in ("ENV", "ARG") and SECRET.search(rest.upper())), rest
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), name
            assert re.search(r"://[^:/@]+:(?!\$\{)[^@/]+@", str(value)) is None, name


def test_every_command_is_the_programs() -> None:
    (command,) = of("CMD", FINAL)
    check_command(json.loads(command))
    for service in OURS.values():
        check_command(service["command"])


def test_every_setting_is_the_programs_and_has_a_value_it_takes() -> None:
    every = [variables(FINAL), *(service["environment"] for service in OURS.values())]
    for given in every:
        ours = {name: value for name, value in given.items() if name.startswith("STACKLENS_")}
        known = {name.removeprefix("STACKLENS_").lower(): value for name, value in ours.items()}
        assert known and known.keys() <= Settings.model_fields.keys()
        Settings.model_validate(known)
    assert all(isinstance(value, str) for service in SERVICES.values() for value in service.get("environment", {}).values())


def test_ports_agree_and_only_the_dashboard_is_published_to_this_machine_alone() -> None:
    port = str(Settings.model_fields["port"].default)
    assert of("EXPOSE", FINAL) == [port]
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "dashboard": [f"127.0.0.1:{port}:{port}"]
    }
    dashboard = SERVICES["dashboard"]
    assert dashboard["command"][dashboard["command"].index("--port") + 1] == port


def test_data_outlives_a_container() -> None:
    (volume,) = of("VOLUME", FINAL)
    assert volume == variables(FINAL)["STACKLENS_DATA_DIR"]
    mounted = {PurePosixPath(one.split(":")[1]) for service in SERVICES.values() for one in service["volumes"]}
    named = {one.split(":")[0] for service in SERVICES.values() for one in service["volumes"]}
    assert named == set(COMPOSE["volumes"]) and PurePosixPath(volume) in mounted
    assert all(f"{SERVICES['dashboard']['volumes'][0]}" in service["volumes"] for service in OURS.values())


@pytest.mark.parametrize(("words", "wrong"), [(["stacklens", "fly"], KeyError), (["stacklens", "serve", "--wings"], AssertionError),
                                              (["stacklens", "serve", "--port", "x"], typer.BadParameter)])  # fmt: skip
def test_a_command_that_is_not_the_programs_is_caught(words: list[str], wrong: type[Exception]) -> None:
    with pytest.raises(wrong):
        check_command(words)
