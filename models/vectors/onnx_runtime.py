"""The fast runtime: ONNX Runtime, one text a run, as many runs at once as there are threads.

Dynamic int8 takes one activation scale per tensor. In a padded batch that scale, and so every row,
would depend on the neighbours; with one text a run it does not, no padding is computed, and on two
cores two single-threaded runs side by side are as fast as the best padded batch (386 to 369 texts
a second, 44 tokens each). Longest texts go first, so that the threads finish together.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar, cast

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.vectors.encoder import MAX_TOKENS, Progress, Tokens, UseTokens
from models.vectors.export import exported
from models.vectors.weights import Source

#: Texts between two reports of progress: about half a second.
_STEP = 128
_EMBEDDING: Final = "sentence_embedding"
_STATES: Final = "token_states"

T = TypeVar("T")


class OnnxEncoder:
    """MiniLM (or another BERT) exported once and cached. Safe to share between threads."""

    def __init__(self, source: Source, precision: str, cache: Path, threads: int = 2) -> None:
        self._source = source
        self._precision = precision
        self._tokenizer = _tokenizer(source)
        self._session = _session(exported(source, precision, cache))
        self._threads = threads

    @property
    def version(self) -> str:
        return self._source.version_on("onnx", self._precision)

    @property
    def dims(self) -> int:
        return self._source.dims

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        rows = np.empty((len(texts), self.dims), dtype=np.float32)
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]

        def fill(row: int) -> None:
            rows[row] = self._run(tokens[row], [_EMBEDDING])[0]

        self._each(fill, [len(ids) for ids in tokens], progress)
        return rows

    def encode_tokens(
        self, texts: Sequence[str], use: UseTokens[T], progress: Progress | None = None
    ) -> tuple[NDArray[np.float32], list[T]]:
        rows = np.empty((len(texts), self.dims), dtype=np.float32)
        tokens = self._tokenizer.encode_batch(list(texts))
        made: list[T | None] = [None] * len(tokens)

        def fill(row: int) -> None:
            rows[row], states = self._run(tokens[row].ids, [_EMBEDDING, _STATES])
            made[row] = use(Tokens(texts[row], tokens[row].ids, tokens[row].offsets, states))

        self._each(fill, [len(item.ids) for item in tokens], progress)
        return rows, cast("list[T]", made)

    def states_of(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """(T, dims) last hidden states of token ids as they are: a text with words masked, say."""
        states: NDArray[np.float32] = self._run(ids, [_STATES])[0]
        return states

    def tokenize(self, texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """Of each text the token ids and their places in it, in characters; (0, 0) for what is not of the text."""
        return [(item.ids, item.offsets) for item in self._tokenizer.encode_batch(list(texts))]

    def _run(self, ids: Sequence[int], outputs: list[str]) -> list[NDArray[np.float32]]:
        """The outputs for one text, without the batch axis."""
        row = np.array([ids], dtype=np.int64)  # (1, T)
        return [output[0] for output in self._session.run(outputs, {"input_ids": row, "attention_mask": np.ones_like(row)})]

    def _each(self, work: Callable[[int], None], lengths: Sequence[int], progress: Progress | None) -> None:
        """Does the work for every text, longest first."""
        order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
        if len(order) == 1:  # a single error must not wait for a thread
            work(0)
            if progress:
                progress(1, 1)
            return
        with ThreadPoolExecutor(self._threads) as pool:
            for done, _ in enumerate(pool.map(work, order), start=1):
                if progress and (done % _STEP == 0 or done == len(order)):
                    progress(done, len(order))


def _tokenizer(source: Source) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(source.folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def _session(file: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
