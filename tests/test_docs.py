"""The README's claims: whatever exists is named there, and what is named there exists."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_named_with_its_default() -> None:
    from app.settings import Settings

    for name, field in Settings.model_fields.items():
        row = re.search(rf"\| `STACKLENS_{name.upper()}` \| (.+?) \|", README)
        assert row, name
        if not callable(field.default_factory):
            assert row[1] == f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`", name


def test_every_command_is_named() -> None:
    import typer.main

    from app.cli import app

    for name in typer.main.get_command(app).commands:  # type: ignore[attr-defined]
        assert f"| `stacklens {name}" in README, name


def test_every_route_is_named() -> None:
    from app.api import clients, routes

    for route in (*routes.router.routes, *clients.router.routes):
        for method in route.methods:  # type: ignore[attr-defined]
            assert f"`{method} {route.path}`" in README, route  # type: ignore[attr-defined]


def test_every_page_is_named() -> None:
    from components.navigation import _PAGES

    for group, pages in _PAGES.items():
        for name, title, _ in pages:
            assert f"| {group} | {title} |" in README
            assert (ROOT / "pages" / f"{name}.py").is_file()
    assert {file.stem for file in (ROOT / "pages").glob("*.py")} - {"__init__"} == {
        name for pages in _PAGES.values() for name, _, _ in pages}


def test_the_tree_is_on_the_disk() -> None:
    tree = README.split("## The tree")[1].split("```")[1]
    top = ""
    for line in tree.strip().splitlines():
        indent, name = re.match(r"( *)([\w_]+)/", line).groups()  # type: ignore[union-attr]
        top = top if indent else name
        assert (ROOT / (f"{top}/{name}" if indent else name)).is_dir(), line


@pytest.mark.parametrize("name", re.findall(r"\]\((docs/[^)]+)\)", README))
def test_every_picture_is_there(name: str) -> None:
    assert (ROOT / name).is_file()


def test_the_python_version_is_the_one_that_is_required() -> None:
    required = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert f"Python {required.removeprefix('>=')}" in README


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make (\w+)", README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
