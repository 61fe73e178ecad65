"""One module a format, each from a line to what its front says; a new format is one line in `READERS`."""

from typing import Final

from models.text.formats import (
    ci,
    databases,
    json_lines,
    klog,
    log4j,
    logfmt,
    python_logging,
    rabbitmq,
    syslog,
    web_servers,
    windows,
)
from models.text.formats.head import Reader
from models.text.formats.table import NAME as TABLE
from models.text.formats.wrap import WRAPPERS

#: The most telling format first; the plain one, which reads everything, is not among them.
READERS: Final[tuple[Reader, ...]] = (
    *json_lines.READERS,
    *log4j.READERS,
    *python_logging.READERS,
    *syslog.READERS,
    *web_servers.READERS,
    *rabbitmq.READERS,
    *databases.READERS,
    *klog.READERS,
    *windows.READERS,
    *logfmt.READERS,
    *ci.READERS,
)
PLAIN: Final = "plain"
AUTO: Final = "auto"
#: The names that a caller may ask for besides AUTO.
NAMES: Final[tuple[str, ...]] = (*dict.fromkeys((*(reader.format for reader in READERS), *WRAPPERS, TABLE)), PLAIN)
