"""Families of technologies, and a split of the corpus that keeps each on one side.

Errors of pgbouncer read like those of postgresql: a score over technologies would flatter. The
split therefore moves whole families, deals them out by a seed so that each side gets about its
share of every category and severity, and drops from the training side (then from validation) what
nearly stands on a side that measures.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.corpus import Template, render
from models.text.parse import parse_text
from models.text.signature import signature

#: Family to its members; a technology that is not here is a family of its own.
FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "ansible": ("ansible", "puppet", "chef", "saltstack"),
    "apache": ("apache", "modsecurity"),
    "aws": ("aws", "dynamodb", "ecs", "eks", "lambda", "rds", "s3", "ses", "sqs", "cloudformation"),
    "bluegene": ("bluegene", "cray", "hpc"),
    "cassandra": ("cassandra", "scylladb"),
    "cpp": ("asan", "clang", "cmake", "cpp", "ctest", "gcc", "gtest", "make", "tsan", "ubsan", "valgrind"),
    "cuda": ("cuda", "nvidia", "nccl"),
    "dotnet": ("csharp", "dotnet", "iis", "nuget", "xunit", "efcore"),
    "elasticsearch": ("elasticsearch", "kibana", "logstash", "opensearch", "filebeat"),
    "envoy": ("envoy", "istio"),
    "etcd": ("etcd",),
    "go": ("go", "golangci-lint"),
    "hadoop": ("hadoop", "hdfs", "mapreduce", "yarn"),
    "hardware": ("datacenter", "edac", "idrac", "ilo", "ipmi", "mce", "pcie", "redfish", "ups"),
    "hashicorp": ("consul", "nomad", "terraform", "vault"),
    "hibernate": ("hibernate", "hikaricp", "tomcat-jdbc"),
    "java": ("checkstyle", "java", "javac", "junit", "log4j", "mockito", "slf4j", "spotbugs"),
    "jackson": ("jackson",),
    "kafka": ("kafka", "kafka-connect", "kafka-streams", "schema-registry"),
    "kotlin": ("kotlin", "android"),
    "kubernetes": ("calico", "cert-manager", "containerd", "coredns", "cri-o", "helm", "kubelet", "kubernetes", "argo"),
    "lint": ("eslint", "flake8", "prettier", "pylint", "ruff"),
    "linux-kernel": ("linux", "linux-ata", "linux-clock", "linux-irq", "linux-kernel"),
    "mongodb": ("mongodb", "mongoose"),
    "mysql": ("mariadb", "mysql", "tidb", "vitess"),
    "nginx": ("nginx", "openresty"),
    "nodejs": ("ajv", "express", "mocha", "nestjs", "nextjs", "nodejs", "npm", "pm2", "yarn-js", "zod"),
    "oracle": ("oracle",),
    "php": ("laravel", "php", "php-fpm", "phpstan", "phpunit", "symfony", "wordpress", "composer"),
    "postgresql": ("cockroachdb", "patroni", "pg_repack", "pgbouncer", "postgresql", "psycopg", "yugabytedb"),
    "python": ("mypy", "pip", "poetry", "pytest", "python", "tox", "unittest", "conda"),
    "python-web": ("celery", "django", "fastapi", "flask", "gunicorn", "pydantic", "uvicorn"),
    "pytorch": ("pytorch", "tensorflow", "onnx", "jax"),
    "rabbitmq": ("activemq", "rabbitmq"),
    "redis": ("jedis", "redis", "sidekiq"),
    "ruby": ("bundler", "rails", "rspec", "rubocop", "ruby", "puma"),
    "rust": ("cargo", "cargo-test", "clippy", "rust"),
    "slurm": ("gridengine", "htcondor", "munge", "pbs", "slurm"),
    "spark": ("delta", "spark", "databricks"),
    "spring": ("eureka", "feign", "hystrix", "resilience4j", "spring", "spring-security"),
    "sqlalchemy": ("alembic", "sqlalchemy"),
    "ssh": ("ssh", "sshd", "sftp"),
    "systemd": ("journald", "systemd", "logrotate"),
    "vmware": ("vcenter", "vmware"),
    "web": ("angular", "browser", "cypress", "jest", "playwright", "react", "typescript", "vite", "vue", "webpack"),
    "windows": ("hyper-v", "powershell", "windows"),
    "xcode": ("ios", "macos", "swift", "xctest"),
}
_FAMILY: Final = {member: family for family, members in FAMILIES.items() for member in members}

#: Shares of validation and test; the rest trains.
VALIDATION, TEST = 0.13, 0.30
#: Above this cosine between a training and a measuring template the former is dropped.
NEAR: Final = 0.95
#: Rows of a matrix product that are held at once.
_BLOCK: Final = 256


class Split(NamedTuple):
    """The three sides; together they hold every template but those that were dropped as near-duplicates."""

    train: list[Template]
    validation: list[Template]
    test: list[Template]


def family(technology: str) -> str:
    """The family of a technology: itself where it has none."""
    return _FAMILY.get(technology, technology)


def split(templates: Sequence[Template], seed: int, vectors: NDArray[np.float32] | None = None) -> Split:
    """Whole families on one side; the same templates and seed give the same sides.

    `vectors` (t, d) float32, unit rows, the embedded templates in their order: with them, near
    means a cosine above NEAR; without, an equal signature. Either is dropped from the side that
    measures less.
    """
    side = _deal(templates, seed)
    rows = [
        np.array([i for i, template in enumerate(templates) if side[family(template.technology)] == s], dtype=int)
        for s in range(3)
    ]
    test = rows[2]
    validation = _without_near(templates, rows[1], test, vectors)
    train = _without_near(templates, rows[0], np.concatenate([validation, test]), vectors)
    return Split(*([templates[i] for i in chosen] for chosen in (train, validation, test)))


def _deal(templates: Iterable[Template], seed: int) -> dict[str, int]:
    """Family to side (0 train, 1 validation, 2 test): large families first, each to the side that lacks most of it."""
    cells: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for template in templates:
        cells[family(template.technology)].update(_cells(template))
    total = sum(cells.values(), Counter())
    shares = (1 - VALIDATION - TEST, VALIDATION, TEST)
    held: tuple[Counter[tuple[str, str]], ...] = (Counter(), Counter(), Counter())
    order = sorted(cells)
    random.Random(seed).shuffle(order)
    side = {}
    for name in sorted(order, key=lambda name: -cells[name].total()):
        side[name] = min(range(3), key=lambda s: _overfill(cells[name], held[s], total, shares[s]))
        held[side[name]].update(cells[name])
    return side


def _cells(template: Template) -> tuple[tuple[str, str], ...]:
    """What a template adds to the balance."""
    return (("category", template.category), ("severity", template.severity), ("all", ""))


def _overfill(
    new: Counter[tuple[str, str]], held: Counter[tuple[str, str]], total: Counter[tuple[str, str]], share: float
) -> float:
    """How full the cells that a family adds to would be, as shares of their quota; weighted by what it adds."""
    return sum(count * (held[cell] + count) / (share * total[cell]) for cell, count in new.items()) / new.total()


def _without_near(
    templates: Sequence[Template],
    rows: NDArray[np.int64],
    measured: NDArray[np.int64],
    vectors: NDArray[np.float32] | None,
) -> NDArray[np.int64]:
    """The rows that are near to none of `measured`."""
    taken = {signature_text(templates[row].text) for row in measured}
    kept = np.array([row for row in rows if signature_text(templates[row].text) not in taken], dtype=int)
    if vectors is None or not len(kept) or not len(measured):
        return kept
    near = [vectors[kept[start : start + _BLOCK]] @ vectors[measured].T > NEAR for start in range(0, len(kept), _BLOCK)]
    rest: NDArray[np.int64] = kept[~np.concatenate(near).any(axis=1)]
    return rest


@lru_cache(maxsize=8_192)
def signature_text(text: str) -> str:
    """The signatures of the events of a template's text, rendered once."""
    return "\n".join(signature(event).text for event in parse_text(render(text, 0), now=0.0))
