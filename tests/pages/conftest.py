"""The services over a store of one test, without the real encoder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from app import bootstrap
from app.settings import Settings
from models.vectors.hashing import HashingEncoder


@pytest.fixture
def parts(tmp_path: Path, corpus_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bootstrap.Services]:
    built = bootstrap.build(Settings(data_dir=tmp_path, cache_dir=corpus_cache), encoder=HashingEncoder())
    monkeypatch.setattr(bootstrap, "_services", built)
    yield built
    built.close()
    st.cache_resource.clear()
