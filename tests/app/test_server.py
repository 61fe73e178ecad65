"""The whole application in one process: the API answers in JSON, everything else is the dashboard."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import sys
from pathlib import Path
from app import bootstrap
from app.settings import Settings
from models.vectors.hashing import HashingEncoder

settings = Settings(data_dir=Path(sys.argv[1]), cache_dir=Path(sys.argv[2]), sample=False, max_upload_mb=7)
bootstrap._services = bootstrap.build(settings, encoder=HashingEncoder())
from app.server import build_app
from fastapi.testclient import TestClient

with TestClient(build_app(settings)) as client:
    for path in ("/", "/api/v1/health", "/api/v1/nothing", "/api/nothing", "/_stcore/health", "/docs"):
        response = client.get(path)
        print(path, response.status_code, response.headers["content-type"].split(";")[0])
    print(client.get("/inbox?issue=3", follow_redirects=False).headers["location"])
print("closed")
from streamlit import config

wanted = ("browser.gatherUsageStats", "client.showErrorDetails", "client.showErrorLinks", "logger.enableRich",
          "server.maxUploadSize")
print(*(config.get_option(name) for name in wanted))
"""


def test_the_api_and_the_dashboard_share_a_port(tmp_path, corpus_cache):
    run = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path), str(corpus_cache)],
        cwd=tmp_path,  # what Streamlit must be told does not hang on the folder one starts from
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-9:] == [
        "/ 200 text/html",
        "/api/v1/health 200 application/json",
        "/api/v1/nothing 404 application/json",
        "/api/nothing 404 application/json",
        "/_stcore/health 200 text/plain",
        "/docs 200 text/html",
        "http://testserver/?issue=3",
        "closed",
        "False none False False 7",
    ], run.stderr
