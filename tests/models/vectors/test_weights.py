"""Weights: found, verified against their hash, refused in words when they are damaged or missing."""

import json
import shutil
from dataclasses import replace

import pytest

from models.vectors.encoder import TorchEncoder
from models.vectors.export import exported
from models.vectors.onnx_runtime import OnnxEncoder
from models.vectors.weights import DEFAULT, DEFAULT_SHA256, WeightsUnusable, resolve


@pytest.mark.model
def test_the_default_comes_with_the_package_and_is_the_published_one():
    source = resolve(DEFAULT)
    source.verify()
    assert (source.sha256, source.dims) == (DEFAULT_SHA256, 384)
    assert source.version_on("onnx", "int8") == "all-MiniLM-L6-v2@53aa5117/onnx-int8"
    assert source.version_on("torch", "int8") == "all-MiniLM-L6-v2@53aa5117/torch-fp32"


def test_a_folder_is_named_by_its_weights(tiny):
    source = resolve(str(tiny))
    assert source.dims == 32
    assert source.sha256[:8] in source.version_on("onnx", "fp32")


@pytest.mark.parametrize(
    "make",
    [
        lambda source, cache: source.verify(),
        lambda source, cache: TorchEncoder(source),
        lambda source, cache: exported(source, "fp32", cache),
        lambda source, cache: OnnxEncoder(source, "int8", cache),
    ],
    ids=["verify", "torch", "export", "onnx"],
)
def test_damaged_weights_are_refused_in_words(tiny, tmp_path, make):
    folder = shutil.copytree(tiny, tmp_path / "copy")
    source = resolve(str(folder))
    data = bytearray(source.weights.read_bytes())
    data[-3] ^= 1
    source.weights.write_bytes(data)
    with pytest.raises(WeightsUnusable, match=r"damaged: sha256"):
        make(source, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*.onnx"))


def test_the_default_with_other_weights_is_refused(tiny):
    with pytest.raises(WeightsUnusable, match="damaged"):
        replace(resolve(str(tiny)), sha256=DEFAULT_SHA256).verify()


@pytest.mark.parametrize("missing", ["model.safetensors", "config.json", "tokenizer.json"])
def test_an_incomplete_folder_says_what_is_missing(tiny, tmp_path, missing):
    folder = shutil.copytree(tiny, tmp_path / "copy")
    (folder / missing).unlink()
    with pytest.raises(WeightsUnusable, match=missing.replace(".", r"\.")):
        resolve(str(folder))


@pytest.mark.parametrize("config", ["{", "[]", "{}", '{"hidden_size": "wide"}'])
def test_an_unreadable_configuration_is_refused_in_words(tiny, tmp_path, config):
    folder = shutil.copytree(tiny, tmp_path / "copy")
    (folder / "config.json").write_text(config)
    with pytest.raises(WeightsUnusable, match="config"):
        resolve(str(folder))


def test_a_name_that_is_nowhere_is_refused_in_words(monkeypatch):
    import huggingface_hub

    def offline(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(WeightsUnusable, match="STACKLENS_ENCODER"):
        resolve("no-such-encoder")


def test_the_export_is_made_once_and_again_for_other_weights(tiny, tmp_path):
    source = resolve(str(tiny))
    first = exported(source, "fp32", tmp_path)
    written = first.stat().st_mtime_ns
    assert exported(source, "fp32", tmp_path) == first
    assert first.stat().st_mtime_ns == written
    assert [file.name for file in tmp_path.iterdir()] == [first.name]
    folder = shutil.copytree(tiny, tmp_path / "copy")
    config = json.loads((folder / "config.json").read_text())
    assert config["hidden_size"] == 32
