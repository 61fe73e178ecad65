"""How programs send their errors here: the lines to copy, with this server's own address."""

import streamlit as st

from app.bootstrap import services


def how_to_send(*, expanded: bool) -> None:
    """Sentry's SDKs, OpenTelemetry, log shippers, a shell."""
    settings = services().settings
    here = f"{settings.host}:{settings.port}"
    with st.expander("Send errors here from a program", icon=":material/cable:", expanded=expanded):
        sentry, otel, shipper, shell = st.tabs(["Sentry SDK", "OpenTelemetry", "Fluent Bit, Vector", "Shell"])
        sentry.code(f'import sentry_sdk\n\nsentry_sdk.init(dsn="http://stacklens@{here}/1")', language="python")
        sentry.caption("Any of Sentry's SDKs: only the DSN changes. Errors, messages and structured logs are read.")
        otel.code(f"OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\nOTEL_EXPORTER_OTLP_ENDPOINT=http://{here}", language="ini")
        otel.caption("Logs are stored; of traces, spans that failed.")
        shipper.code(
            f"[OUTPUT]\n    Name   http\n    Match  *\n    Host   {settings.host}\n    Port   {settings.port}\n"
            "    URI    /api/v1/lines?sender=web-1\n    Format json\n    Compress gzip",
            language="ini",
        )
        shell.code(
            f"stacklens ingest app.log\ncurl --data-binary @app.log 'http://{here}/api/v1/lines?sender=app'",
            language="bash",
        )
