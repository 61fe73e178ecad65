# syntax=docker/dockerfile:1
# StackLens in one image: `stacklens serve` (dashboard and REST API), and by another command the worker or a stream's consumer.
# compose.yaml runs all of them beside NATS.

FROM python:3.11-slim-bookworm AS build
# Builds of torch for the processor alone: others bring several GB of libraries for graphics cards along.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PATH=/opt/venv/bin:$PATH
WORKDIR /opt/stacklens
RUN python -m venv /opt/venv
# What is depended on first: this layer stays as it is when only the source changes.
COPY pyproject.toml constraints.txt ./
RUN touch README.md \
 && pip install --no-deps --index-url "$TORCH_INDEX" torch==2.13.0 \
 && pip install --constraint constraints.txt . \
 && rm -rf build *.egg-info \
 && find /opt/venv -type d \( -name tests -o -name test \) -path '*/site-packages/*' -prune -exec rm -rf {} + \
 && rm -rf /opt/venv/lib/python3.11/site-packages/torch/include
COPY app app
COPY components components
COPY models models
COPY pages pages
COPY sample_data sample_data
COPY .streamlit .streamlit
# The exported encoder and the embedded corpus: a container then answers in seconds, and needs no network.
ENV PYTHONPATH=/opt/stacklens STACKLENS_CACHE_DIR=/var/cache/stacklens
RUN stacklens prepare && python -m compileall -q app components models pages

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/stacklens --shell /usr/sbin/nologin stacklens \
 && install --directory --owner=stacklens --group=stacklens /var/lib/stacklens /var/cache/stacklens
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/stacklens /opt/stacklens
COPY --from=build --chown=stacklens:stacklens /var/cache/stacklens /var/cache/stacklens
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/stacklens \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/var/cache/stacklens/numba \
    STACKLENS_DATA_DIR=/var/lib/stacklens \
    STACKLENS_CACHE_DIR=/var/cache/stacklens \
    STACKLENS_LOG_FORMAT=json \
    STACKLENS_LOG_LEVEL=info \
    STACKLENS_ALLOW_PUBLIC=true
WORKDIR /opt/stacklens
USER 10001
VOLUME /var/lib/stacklens
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/api/v1/health', timeout=8)"]
CMD ["stacklens", "serve", "--host", "0.0.0.0"]
