"""Looks for secrets in the code and its settings; exits 1 and names the place of each that is not known to be harmless.

    python tests/secrets_in_code.py

The corpus, the sample and the tests are left out: made-up keys and passwords are what they are about.
"""

import sys
from pathlib import Path

from detect_secrets import SecretsCollection
from detect_secrets.settings import default_settings

ROOT = Path(__file__).resolve().parents[1]
LOOKED_AT = (
    *(f"{folder}/**/*" for folder in ("app", "components", "pages", "models", "docs", ".ci", ".streamlit")),
    "*",
)
TEXTS = ("", ".css", ".json", ".md", ".py", ".toml", ".txt", ".yaml", ".yml")
#: Place (file, text of the line) of what only looks like one.
HARMLESS = {
    ("", "user:password@"): "the form of an address, in words",
    ("models/corpus.py", "bcdfghjklmnpqrstvwxz"): "an alphabet",
    ("models/pretrained/", "sha256"): "hashes of weights",
    ("models/pretrained/", "safetensors"): "hashes of weights",
    ("models/pretrained/", "terms.txt"): "hashes of weights",
    ("models/vectors/weights.py", "SHA256"): "the hash of the encoder",
}


def harmless(file: str, line: str) -> bool:
    return any(file.startswith(start) and word.lower() in line.lower() for start, word in HARMLESS)


def main() -> int:
    files = sorted(
        str(file.relative_to(ROOT))
        for pattern in LOOKED_AT
        for file in ROOT.glob(pattern)
        if file.is_file() and file.suffix in TEXTS
    )
    secrets = SecretsCollection()
    with default_settings():
        for file in files:
            secrets.scan_file(str(ROOT / file))
    found = []
    for place, secret in secrets:
        file = str(Path(place).relative_to(ROOT))
        line = (ROOT / file).read_text(encoding="utf-8").splitlines()[secret.line_number - 1]
        if not harmless(file, line):
            found.append(f"{file}:{secret.line_number}: {secret.type}")
    print("\n".join(found) if found else f"no secret in {len(files)} files")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
