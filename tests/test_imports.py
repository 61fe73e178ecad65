"""Who may import whom, read from the source: layers go one way, and heavy libraries stay where they belong."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: From the doors down to the pure core; a module may import from its own layer and from those below it.
LAYERS = (
    ("app.main", "app.server", "app.api", "app.cli", "app.cli_models", "app.cli_tokens"),
    ("pages",),
    ("components",),
    ("app.bootstrap",),
    ("app.jobs", "app.evaluation"),
    ("app.services",),
    ("app.storage",),
    ("app.domain", "app.logs", "app.settings"),
    ("models",),
)
DOORS = LAYERS[0]
#: Library to the only places that may import it.
LIBRARIES = {
    "streamlit": ("app.main", "app.server", "pages", "components"),
    "sqlalchemy": ("app.storage",),
    "alembic": ("app.storage",),
    "fastapi": ("app.api", "app.server"),
    "starlette": ("app.api", "app.server"),
    "torch": ("models",),
    "faiss": ("models",),
    "spacy": ("models",),
    "onnxruntime": ("models",),
    "sentence_transformers": ("models", "app.evaluation"),
    "ray": ("app.jobs.batch_ray",),
}
#: The server is a door that holds the API, and the command line starts it from within a function.
ALLOWED = {("app.server", "app.api")}
ALLOWED_INSIDE_FUNCTIONS = {("app.cli", "app.server"), ("app.cli", "app.cli_models"), ("app.cli", "app.cli_tokens")}


def place(module: str, among: tuple[str, ...]) -> str | None:
    """The longest of the names that is the module or holds it."""
    found = [name for name in among if module == name or module.startswith(name + ".")]
    return max(found, key=len, default=None)


def layer(module: str) -> int | None:
    return next((number for number, names in enumerate(LAYERS) if place(module, names)), None)


def imports(source: str) -> Iterator[tuple[str, bool]]:
    """Every module that a source imports, and whether inside a function."""

    def walk(node: ast.AST, inside: bool) -> Iterator[tuple[str, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((name.name, inside) for name in child.names)
            elif isinstance(child, ast.ImportFrom):
                if child.level:
                    yield "." * child.level, inside
                else:
                    yield from ((f"{child.module}.{name.name}", inside) for name in child.names)
            yield from walk(child, inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))

    yield from walk(ast.parse(source), False)


def violations(module: str, source: str) -> list[str]:
    """What a module imports against the rules."""
    return [f"{module} imports {name}" for name, inside in imports(source) if not allowed(module, name, inside)]


def allowed(module: str, name: str, inside: bool) -> bool:
    if name.startswith("."):
        return False  # one way to name a module
    places = LIBRARIES.get(name.partition(".")[0])
    if places is not None:
        return place(module, places) is not None
    mine, theirs = layer(module), layer(name)
    if theirs is None:
        return not name.startswith("app.") and name != "app"  # a part of app without a layer
    if mine is None:
        return False
    door, other = place(module, DOORS), place(name, DOORS)
    if door and other and door != other:
        return (door, other) in ALLOWED or (inside and (door, other) in ALLOWED_INSIDE_FUNCTIONS)
    return mine <= theirs


def modules() -> list[tuple[str, Path]]:
    files = sorted(
        file for folder in ("app", "components", "models", "pages") for file in (ROOT / folder).rglob("*.py")
    )
    return [(".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), file) for file in files]


@pytest.mark.parametrize(("module", "file"), modules(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_module_keeps_the_rules(module: str, file: Path) -> None:
    assert violations(module, file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("models.records", "from app.domain import Entry"),
        ("models.text.parse", "import app"),
        ("app.domain", "from app.storage.store import Store"),
        ("app.settings", "from app.services.search import SemanticSearchService"),
        ("app.storage.log", "from app.services.triage import TriageService"),
        ("app.services.triage", "from app.bootstrap import services"),
        ("app.services.triage", "from app.evaluation import metrics"),
        ("app.bootstrap", "from components import state"),
        ("components.plain", "from pages import inbox"),
        ("pages.inbox", "from app.api.routes import router"),
        ("app.services.search", "import streamlit as st"),
        ("app.api.routes", "import streamlit"),
        ("app.services.search", "from sqlalchemy import select"),
        ("app.cli", "from alembic import command"),
        ("components.plain", "from fastapi import FastAPI"),
        ("app.services.search", "import faiss"),
        ("app.bootstrap", "def load():\n    import torch"),
        ("pages.inbox", "import spacy"),
        ("app.jobs.batch", "from onnxruntime import InferenceSession"),
        ("app.services.embeddings", "from sentence_transformers import SentenceTransformer"),
        ("app.cli", "from app.server import serve"),
        ("app.cli", "def run():\n    from app.api import routes"),
        ("app.api.routes", "from app import server"),
        ("app.main", "import app.cli"),
        ("app.services.search", "from .embeddings import EmbeddingsService"),
        ("app.helpers", "from app.domain import Entry"),
        ("app.services.search", "from app import helpers"),
        ("app.services.search", "class A:\n    def f(self):\n        if True:\n            import app.cli"),
    ],
)
def test_a_violation_is_caught(module: str, source: str) -> None:
    assert len(violations(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("app.cli", "def run():\n    from app.server import serve"),
        ("app.server", "from app.api.application import build_api\nimport streamlit\nimport fastapi"),
        (
            "app.evaluation.search",
            "import sentence_transformers\nfrom app.services.search import SemanticSearchService",
        ),
        ("models.vectors.index", "import faiss\nimport torch\nfrom models.records import Neighbour"),
        ("pages.inbox", "from components import state\nfrom app.bootstrap import services\nimport pandas"),
        ("app.storage.log", "import sqlalchemy\nfrom app.domain import Entry\nfrom models.taxonomy import ACTIONS"),
    ],
)
def test_what_the_rules_allow_passes(module: str, source: str) -> None:
    assert violations(module, source) == []
