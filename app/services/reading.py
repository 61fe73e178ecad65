"""ReadingService: what an error is, by the corpus (embedded once, cached) and by the shipped network's heads."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

import models.text
from app.services.embedded_texts import embedded
from app.services.files import atomic_write
from app.settings import ROOT
from models.analyse.blend import BlendReader, of_network
from models.analyse.corpus_classifier import STATE, CorpusClassifier, State, Training, fit
from models.analyse.learned import LearnedReader
from models.analyse.token_head import Outputs, TokenHead
from models.corpus import Template, read_corpus, render
from models.records import Event, Reading
from models.text.parse import parse_text
from models.text.signature import VERSION, encoder_text, signature
from models.vectors.encoder import Encoder, TokenEncoder

#: Renderings per template: slots differ, so that no single filling decides.
RENDERINGS = 3
#: Changes with the classifier's code, so that an older fit is not taken from the cache.
METHOD = "corpus-kernel-1"
#: What counts as a word of a message, and how far it is looked for.
_WORD = re.compile(r"[A-Za-z]{3,}")
_LOOKED_AT = 500
#: The shipped network: weights, terms and card.
CLASSIFIER = ROOT / "models" / "pretrained" / "classifier"


class Serving(Protocol):
    """Which version reads: the model registry."""

    @property
    def reader_version(self) -> str: ...

    def read(
        self, vectors: NDArray[np.float32], texts: Sequence[str], outputs: Sequence[Outputs] | None, keys: Sequence[str] = ()
    ) -> list[Reading]: ...


class ReadingService:
    """Severity, category, confidence and actions of an error.

    Kernel regression on the corpus, blended with the network whose heads ship in `classifier`. Those belong to one
    trunk: with another encoder, or where None or an empty folder is given, the kernel reads alone.
    """

    def __init__(
        self,
        corpus: Path,
        encoder: Encoder,
        cache: Path,
        non_errors: Path | None = None,
        classifier: Path | None = CLASSIFIER,
    ) -> None:
        self._corpus = corpus
        self._non_errors = non_errors or corpus.parent / "non_errors.jsonl"
        self._encoder = encoder
        self._cache = cache
        self._classifier = classifier
        self._learned: Callable[[], LearnedReader | None] = lambda: None
        self._serving: Serving | None = None

    @property
    def version(self) -> str:
        """The version that answers now, and the labels of this store where it has any."""
        learned = self._learned()
        base = self._serving.reader_version if self._serving else self.shipped_version
        return base + (learned.version if learned else "")

    @property
    def shipped_version(self) -> str:
        return self._blend.version if self._blend else self._reader.version

    def learns_from(self, learned: Callable[[], LearnedReader | None]) -> None:
        """From now on every reading is taught by the labels that this gives; it is asked at each reading."""
        self._learned = learned

    def served_by(self, serving: Serving) -> None:
        """From now on the version that this chooses reads, and what ships where it chooses none."""
        self._serving = serving

    def read(
        self,
        vectors: NDArray[np.float32],
        texts: Sequence[str],
        outputs: Sequence[Outputs] | None = None,
        keys: Sequence[str] = (),
    ) -> list[Reading]:
        """One Reading per row (n, dims), unit rows; `texts` are what the encoder saw.

        `outputs` are what `head` made of them in the same pass; without them the trunk runs once more. `keys` (n) are of
        their signatures: by them an A/B test chooses who reads; without them the current version does.
        """
        serving = self._serving
        readings = serving.read(vectors, texts, outputs, keys) if serving else self.shipped(vectors, texts, outputs)
        return self.taught(vectors, readings)

    def taught(self, vectors: NDArray[np.float32], readings: list[Reading]) -> list[Reading]:
        """Readings of any version as the labels of this store have them."""
        learned = self._learned()
        return learned.read(vectors, readings) if learned else readings

    def shipped(
        self, vectors: NDArray[np.float32], texts: Sequence[str], outputs: Sequence[Outputs] | None = None
    ) -> list[Reading]:
        """The same by the shipped reader alone, whatever people have taught this store."""
        if self._blend is None:
            return self.kernel(vectors, texts)
        return self._blend.read(vectors, texts, self.outputs(texts) if outputs is None else outputs)

    def kernel(self, vectors: NDArray[np.float32], texts: Sequence[str]) -> list[Reading]:
        """What the kernel reader says alone."""
        return self._reader.read(vectors, texts)

    def by_kernel(
        self,
        kernel: CorpusClassifier,
        vectors: NDArray[np.float32],
        texts: Sequence[str],
        outputs: Sequence[Outputs] | None = None,
    ) -> list[Reading]:
        """What another fit of the kernel reader says, with the network where the product blends."""
        head = self.asks_head
        if head is None:
            return kernel.read(vectors, texts)
        blend = BlendReader(kernel, head.blend, kernel.version)
        return blend.read(vectors, texts, self.outputs(texts) if outputs is None else outputs)

    def network(self, vectors: NDArray[np.float32], texts: Sequence[str]) -> list[Reading]:
        """What the network says alone; needs `head`. Actions and evidence are the kernel's."""
        head = self.head
        if head is None:
            raise ValueError(f"the network that ships does not read with the encoder {self._encoder.version}")
        return of_network(self.outputs(texts), self.kernel(vectors, texts), head.version)

    def outputs(self, texts: Sequence[str]) -> list[Outputs]:
        """What the network says of texts, by a pass of the trunk."""
        head, encoder = self.head, self._encoder
        if head is None or not isinstance(encoder, TokenEncoder):
            return []
        return encoder.encode_tokens(texts, head)[1]

    @cached_property
    def head(self) -> TokenHead | None:
        """The network's part after the trunk; HeadUnusable where its files are damaged."""
        if self._classifier is None or not self._classifier.is_dir() or not isinstance(self._encoder, TokenEncoder):
            return None
        head = TokenHead.load(self._classifier)
        return head if f"@{head.trunk[:8]}/" in self._encoder.version else None

    @property
    def asks_head(self) -> TokenHead | None:
        """The head that a new text has to be shown to: none where the product reads by the kernel alone."""
        return self.head if self._blend else None

    @cached_property
    def _blend(self) -> BlendReader | None:
        head = self.head
        if head is None or head.product != "blend":
            return None
        return BlendReader(self._reader, head.blend, f"{head.version}+{self._reader.version}")

    @cached_property
    def templates(self) -> list[Template]:
        return read_corpus(sorted(self._corpus.glob("*.jsonl")))

    @cached_property
    def others(self) -> list[str]:
        """What the encoder sees of the texts that are no errors."""
        lines = self._non_errors.read_text(encoding="utf-8").splitlines()
        return [prepared(json.loads(line)["text"]) for line in lines if line.strip()]

    def vectors(self) -> NDArray[np.float32]:
        """(templates * RENDERINGS, dims): the embedded corpus, template by template."""
        return self._vectors[: len(self.templates) * RENDERINGS]

    def other_vectors(self) -> NDArray[np.float32]:
        """(non-errors, dims): the embedded texts that are no errors."""
        return self._vectors[len(self.templates) * RENDERINGS :]

    def reference(self) -> NDArray[np.float32]:
        """(templates, dims): one rendering of each, the anomaly detector's first reference."""
        return self.vectors()[::RENDERINGS]

    def training(self) -> Training:
        """All that the reader is fitted on; a second to render, so only for fitting and measuring."""
        texts = rendered_texts(self.templates, RENDERINGS)
        return Training(self.templates, self.vectors(), texts, self._vectors[len(texts) :], self.others)

    def prepare(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Embeds the corpus and fits the reader now, with progress, instead of at the first reading."""
        self._progress = progress
        _ = self._reader

    _progress: Callable[[int, int], None] | None = None

    @cached_property
    def _reader(self) -> CorpusClassifier:
        others = self._vectors[len(self.templates) * RENDERINGS :]
        return CorpusClassifier(
            self.templates, self.vectors(), others, self._state, version=f"{METHOD}@{self._fingerprint}"
        )

    @cached_property
    def _fingerprint(self) -> str:
        """Changes with the corpus, the non-errors, the encoder and the code that reads text, and with nothing else."""
        digest = hashlib.blake2b(f"{self._encoder.version}\0{VERSION}\0{RENDERINGS}".encode(), digest_size=6)
        code = [*sorted(Path(models.text.__file__).parent.rglob("*.py")), Path(__file__)]  # a fix changes what is seen
        for file in (*sorted(self._corpus.glob("*.jsonl")), self._non_errors, *code):
            digest.update(file.read_bytes())
        return digest.hexdigest()

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        """(templates * RENDERINGS + non-errors, dims)."""
        file = self._cache / f"corpus-{self._fingerprint}.npy"
        try:
            vectors: NDArray[np.float32] = np.load(file, allow_pickle=False)
            if vectors.shape == (len(self.templates) * RENDERINGS + len(self.others), self._encoder.dims):
                return vectors
        except (OSError, ValueError):
            pass  # not there yet, or damaged: made anew below
        texts = [*rendered_texts(self.templates, RENDERINGS), *self.others]
        known = self._cache / f"corpus-texts-{self._encoder.dims}.npz"
        vectors = embedded(texts, self._encoder, known, self._progress)
        atomic_write(file, lambda stream: np.save(stream, vectors, allow_pickle=False))
        return vectors

    @cached_property
    def _state(self) -> State:
        file = self._cache / f"{METHOD}-{self._fingerprint}.npz"
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in STATE}
        except (OSError, ValueError, KeyError, BadZipFile):
            pass  # not there yet, or damaged: fitted anew below
        state = fit(self.training())
        atomic_write(file, lambda stream: np.savez(stream, **state))  # type: ignore[arg-type]
        return state


def rendered_texts(templates: Sequence[Template], renderings: int, first_seed: int = 0) -> list[str]:
    """What the encoder sees of each template, rendered with `renderings` seeds; template by template."""
    return [
        prepared(render(template.text, seed))
        for template in templates
        for seed in range(first_seed, first_seed + renderings)
    ]


def prepared(text: str) -> str:
    """What the encoder sees of a text: the same for the corpus, a paste and a stored event."""
    return encoder_text(signature(principal(text)))


def principal(text: str) -> Event:
    """The event of a text that is about one error: the first with a trace, else of the loudest the first that says something."""
    from models.analyse.judgement import louder

    events = parse_text(text, now=0.0) or [Event(raw=text, message=text.strip(), format="plain")]
    best = events[0]
    for event in events[1:]:
        if best.trace is not None:
            break
        is_louder = louder(best.level, event.level) != best.level
        speaks = event.level == best.level and _speaks(event) and not _speaks(best)
        if event.trace is not None or is_louder or speaks:
            best = event
    return best


def _speaks(event: Event) -> bool:
    """Whether a message has two words: "Failures:" and "# Time: 12:00" only introduce what follows."""
    return len(_WORD.findall(event.message[:_LOOKED_AT])) >= 2
