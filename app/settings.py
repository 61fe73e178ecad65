"""Settings: read once from STACKLENS_* variables; every one works unset."""

from functools import lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from platformdirs import user_cache_path, user_data_path
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
SAMPLE_DATA = ROOT / "sample_data"


class Settings(BaseSettings):
    """What may be set from outside; the README lists each one."""

    model_config = SettingsConfigDict(env_prefix="STACKLENS_", frozen=True)

    data_dir: Path = Field(default_factory=lambda: user_data_path("stacklens"), description="where the store is kept")
    database_url: str = Field(
        default="", repr=False, description="postgresql:// address of the store; empty: a SQLite file in data_dir"
    )
    cache_dir: Path = Field(default_factory=lambda: user_cache_path("stacklens"), description="exported models")
    host: str = Field(default="127.0.0.1", description="address the server listens on")
    port: int = Field(default=8501, ge=0, le=65535, description="port of dashboard and REST API; 0 picks a free one")
    encoder: str = Field(default="all-MiniLM-L6-v2", description="name, folder or hub name of the sentence encoder")
    runtime: Literal["onnx", "torch"] = Field(default="onnx", description="fast runtime or the torch reference")
    precision: Literal["fp32", "int8"] = Field(default="int8", description="of the fast runtime")
    threads: int = Field(default=2, ge=1, description="processor threads of the encoder")
    max_upload_mb: int = Field(default=200, ge=1, description="largest upload in the browser or by REST, in MB")
    max_unpacked_mb: int = Field(default=10_000, ge=1, description="what an archive may unpack to, in MB")
    not_sure_below: float = Field(default=0.26, ge=0, le=1, description="confidence under which a page says not sure")
    query_strategy: Literal["random", "margin", "entropy", "least_confident", "badge", "falcun", "clue", "typiclust"] = Field(
        default="margin", description="which errors the label queue asks about"
    )
    resolution_policy: Literal["auto", "corpus", "linear", "dqn"] = Field(
        default="auto", description="what orders the suggestions until one is promoted; auto: the winner by measurement"
    )
    explore: float = Field(default=0.1, ge=0, le=0.5, description="how often another plausible action is suggested first")
    worker: bool = Field(default=True, description="serve starts a worker for jobs beside it")
    jobs_url: str = Field(default="", description="redis:// address of the queue of jobs; empty: a file beside the store")
    retention_days: int = Field(default=0, ge=0, description="days that the text of an event is kept; 0 for ever")
    time_zone: str = Field(default="UTC", description="zone in which pages show times at first")
    public_url: str = Field(
        default="", description="address by which people reach the dashboard, for links in alerts; empty: host and port"
    )
    tokens: bool = Field(default=False, description="the API asks for a token; `stacklens token create` makes one")
    allow_public: bool = Field(
        default=False, description="listen on an address that other machines reach, though the dashboard has no sign-in"
    )
    log_format: Literal["text", "json"] = Field(default="text", description="of the program's own log on stderr")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="least level that is written; info adds a line for each request of the API"
    )
    sample: bool = Field(default=True, description="open an empty store with the sample incident")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"unknown time zone {name!r}; use a name such as Europe/Berlin")
        return name

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("a public address starts with http:// or https://")
        return url.rstrip("/")

    @property
    def address(self) -> str:
        """Where links from outside lead."""
        return self.public_url or f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def database(self) -> Path | str:
        """The SQLite file of the store, or the URL of its database."""
        return self.database_url or self.data_dir / "stacklens.db"

    @property
    def index_file(self) -> Path:
        """The saved vector index; can be deleted at any time, it is rebuilt from the store."""
        return self.data_dir / "index.faiss"


@lru_cache(maxsize=1)
def current() -> Settings:
    """The settings of this process, read at the first call."""
    return Settings()
