# What one can do here. `make run` and `make test` set up everything they need by themselves.

PYTHON ?= python3.11
BIN := .venv/bin
DATA ?= ../shared/data

.PHONY: run demo test bench lint audit chromium clean

run: .venv/.installed  ## the dashboard at http://localhost:8501, its store in the user's data folder
	$(BIN)/stacklens prepare
	$(BIN)/stacklens serve

demo: .venv/.installed  ## the same with the sample incident in a throw-away store
	$(BIN)/stacklens prepare
	$(BIN)/stacklens demo

test: .venv/.installed-dev chromium lint  ## everything, browser journeys included
	$(BIN)/stacklens prepare
	$(BIN)/python -m pytest

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --recursive --severity-level medium --configfile pyproject.toml app components models pages
	$(BIN)/python tests/secrets_in_code.py

audit: .venv/.installed-dev  ## known faults of the pinned libraries; asks an advisory service, so it needs the net
	$(BIN)/pip install --quiet pip-audit
	$(BIN)/pip-audit --requirement constraints.txt --no-deps --disable-pip

bench: .venv/.installed-dev  ## the slow measurements, on the data sets in $(DATA)
	$(BIN)/stacklens evaluate classify --data $(DATA)/labelled/real_errors.jsonl
	$(BIN)/stacklens evaluate classify --data sample_data/corpus
	$(BIN)/stacklens evaluate group --data $(DATA)/loghub2k/loghub2k.csv.gz
	$(BIN)/stacklens evaluate search --data $(DATA)/loghub2k/loghub2k.csv.gz
	$(BIN)/stacklens evaluate active --data $(DATA)/labelled/real_errors.jsonl
	$(BIN)/stacklens evaluate active --data $(DATA)/error_catalogs/openstack_log_statements.csv.gz
	$(BIN)/stacklens evaluate active --data $(DATA)/error_catalogs/openstack_exceptions.csv.gz
	$(BIN)/stacklens evaluate active --data $(DATA)/bug_reports/mozilla_severity.csv.gz
	$(BIN)/python tests/benchmarks/learning.py $(DATA)
	$(BIN)/python tests/benchmarks/learning.py $(DATA) --real
	$(BIN)/stacklens evaluate pairs --data $(DATA)/stack_traces/defects4j_traces.jsonl.gz
	$(BIN)/stacklens evaluate speed --data $(DATA)/nezha_trainticket/trainticket_log_lines.csv.gz
	$(BIN)/stacklens evaluate ci --data $(DATA)/ci_logs
	$(BIN)/stacklens evaluate ner --data $(DATA)/ner/stacktraces.jsonl.gz
	$(BIN)/stacklens evaluate ner --data $(DATA)/ner/service_logs.jsonl.gz
	$(BIN)/stacklens evaluate resolution --data $(DATA)/labelled/real_errors.jsonl
	$(BIN)/stacklens evaluate resolution --data $(DATA)/feedback/triage.csv.gz
	$(BIN)/stacklens evaluate resolution --data $(DATA)/feedback/openbandit.csv.gz
	$(BIN)/stacklens evaluate anomaly --data $(DATA)/hdfs/hdfs_100k_sessions.csv.gz
	$(BIN)/stacklens evaluate anomaly --data $(DATA)/openstack/openstack_instance_sessions.csv.gz --edition kalaki
	$(BIN)/stacklens evaluate anomaly --data $(DATA)/hadoop/hadoop_container_sessions.csv.gz
	$(BIN)/stacklens evaluate anomaly --data $(DATA)/hdfs/hdfs_sessions.csv.gz --seeds 5
	$(BIN)/stacklens evaluate graph --data $(DATA)/servicegraph
	$(BIN)/stacklens evaluate graph --data sim:0
	$(BIN)/stacklens evaluate cascade --data sim:0
	$(BIN)/stacklens evaluate cascade --data $(DATA)/hpc_errors/bgl_fatal_errors.csv.gz
	$(BIN)/stacklens evaluate cascade --data $(DATA)/hpc_errors/mercury_errors.csv.gz
	$(BIN)/stacklens evaluate sequences --data $(DATA)/openstack/openstack_instance_sessions.csv.gz --edition kalaki
	$(BIN)/stacklens evaluate sequences --data $(DATA)/hadoop/hadoop_container_sessions.csv.gz
	$(BIN)/stacklens evaluate sequences --data $(DATA)/hdfs/hdfs_sessions.csv.gz
	$(BIN)/python tests/benchmarks/graph_size.py
	$(BIN)/python tests/benchmarks/load.py
	$(BIN)/python tests/benchmarks/ingest_real.py $(DATA)
	$(BIN)/python tests/benchmarks/formats.py $(DATA)
	$(BIN)/python tests/benchmarks/stream_soak.py
	$(BIN)/python tests/benchmarks/ablations.py 3 --unfrozen
	$(BIN)/python tests/benchmarks/batch_engines.py $(DATA)/labelled/real_errors.jsonl
	$(BIN)/stacklens evaluate drift --data $(DATA)/loghub2k/loghub2k.csv.gz --data2 $(DATA)/bug_reports/mozilla_severity.csv.gz

chromium:  ## for the browser journeys: found, or installed where that is allowed, else they skip and say so
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -yqq chromium fonts-dejavu; } \
	|| echo "no Chromium, and it cannot be installed here: the browser journeys will skip"

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

.venv/.installed-dev: .venv/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
