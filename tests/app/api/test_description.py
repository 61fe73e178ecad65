"""Schemathesis: whatever the description of the API allows or forbids, an answer is as described and no request is a failure.

Left out is one of its checks, that whatever the schema allows is accepted: an id that is not stored, a key that was used for
another request, a sentence that is no Sentry envelope are refused in words, and a schema cannot say so. `EXAMPLES` a route here;
`make bench` asks a hundred times more.
"""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks

from app.api.application import build_api
from app.bootstrap import build, services
from app.settings import Settings
from models.vectors.hashing import HashingEncoder

load_all_checks()
schemathesis.serializer.alias(["application/x-sentry-envelope", "application/x-ndjson", "application/x-protobuf"], "text/plain")
EXAMPLES = int(os.environ.get("STACKLENS_TEST_EXAMPLES", "12"))
LOG = "2026-05-01 10:00:00 ERROR connection to orders-db refused\n2026-05-01 10:00:02 CRITICAL disk 98 % full"
LEFT_OUT = [CHECKS.get_one("positive_data_acceptance")]


api = build_api(Settings())
schema = schemathesis.openapi.from_asgi("/openapi.json", api)


@pytest.fixture(scope="module", autouse=True)
def _filled(tmp_path_factory, corpus_cache):
    chosen = Settings(data_dir=tmp_path_factory.mktemp("data"), cache_dir=corpus_cache, sample=False)
    parts = build(chosen, encoder=HashingEncoder())
    parts.ingest.text(LOG, actor="ada")
    api.dependency_overrides[services] = lambda: parts
    yield
    parts.close()


@pytest.mark.filterwarnings("default")
@pytest.mark.slow
@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_what_is_described_is_what_is_answered(case):
    response = case.call()
    if response.status_code != 413:  # too long is refused before it is looked at
        case.validate_response(response, excluded_checks=LEFT_OUT)
