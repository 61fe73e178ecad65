"""The folders: nothing in them hides a module of Python or of a package, and all four come from this checkout."""

import importlib
import importlib.metadata
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("app", "components", "models", "pages")


def test_no_file_of_app_shadows_another_module() -> None:
    """Streamlit puts app/ first on the path: app/queue.py would be everybody's `queue`."""
    installed = {name.lower() for name in importlib.metadata.packages_distributions()} - set(FOLDERS)
    taken = (
        {name.lower() for name in sys.stdlib_module_names}
        | installed
        | {path.name for path in ROOT.iterdir() if path.is_dir()}
    )
    ours = {path.stem for path in (ROOT / "app").iterdir() if path.suffix == ".py" or path.is_dir()} - {
        "__init__",
        "__pycache__",
    }
    assert not ours & taken


@pytest.mark.parametrize("name", FOLDERS)
def test_each_folder_is_a_package_of_this_checkout(name: str) -> None:
    module = importlib.import_module(name)
    assert Path(str(module.__file__)) == ROOT / name / "__init__.py"


def test_tests_are_no_packages() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))
