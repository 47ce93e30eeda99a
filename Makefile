# Two commands: `make demo` and `make test`. Each sets everything up from nothing (python3 3.11 or later, git and make;
# no root), and later runs set up again only when a lock file or pyproject.toml has changed.

PY = .venv/bin/python
CANDIDATES = $(PYTHON) python3.13 python3.12 python3.11 python3
# Compiling every package up front costs pip six seconds; Python compiles the ones it imports.
PIP = -q --disable-pip-version-check --no-compile

.PHONY: demo test lint setup bench lock clean

demo: setup
	@$(PY) -m mailbot demo

test: lint
	$(PY) -m pytest -rs

lint: setup
	$(PY) -m ruff format --check
	$(PY) -m ruff check
	$(PY) -m mypy

bench: setup
	$(PY) -m bench

setup: .venv/.ready

# A candidate must run, not only exist: pyenv leaves a python3.13 that only says which versions it has.
# Two steps, because pip refuses a folder beside hashes; the second needs no network, hatchling came with the first.
# uv takes a tenth of the time; where it is there and fails (its settings are not pip's), pip has its turn.
.venv/.ready: requirements/dev.txt pyproject.toml
	@set -eu; \
	for python in $(CANDIDATES); do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; python=; \
	done; \
	[ -n "$$python" ] || { echo "mailbot needs Python 3.11 or later, and none of these is: $(CANDIDATES)." \
	  "Install one, or say where it is: make $(or $(MAKECMDGOALS),setup) PYTHON=/path/to/python3" >&2; exit 1; }; \
	echo "Setting up .venv with $$($$python --version)"; \
	rm -rf .venv; \
	if command -v uv >/dev/null 2>&1 && uv venv -q --python "$$(command -v $$python)" .venv \
	  && uv pip install -q --python $(PY) --require-hashes -r requirements/dev.txt \
	  && uv pip install -q --python $(PY) --no-deps --no-build-isolation -e .; then :; else \
	  rm -rf .venv; \
	  "$$python" -c 'import ensurepip' 2>/dev/null || { echo "This Python cannot make a virtual environment." \
	    "On Debian and Ubuntu: apt-get install python3-venv, or have uv on the PATH." >&2; exit 1; }; \
	  "$$python" -m venv .venv; \
	  $(PY) -m pip install $(PIP) --require-hashes -r requirements/dev.txt; \
	  $(PY) -m pip install $(PIP) --no-deps --no-build-isolation -e .; \
	fi; \
	touch $@

# Needs uv. The locks hold names, versions and hashes, and no index: whatever index is configured serves them.
# Pins stay where they still fit; remove a lock to renew all of it. editables is what hatchling needs for
# `pip install -e`, and tells only a build that may download it. build.txt is for the image: all that makes the wheel.
LOCK = uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
  --no-annotate --no-header

lock:
	$(LOCK) pyproject.toml -o requirements/run.txt
	echo editables | $(LOCK) pyproject.toml - --extra fast --extra dev -o requirements/dev.txt
	echo hatchling | $(LOCK) - -c requirements/dev.txt -o requirements/build.txt

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis dist demo-out
	find . -name __pycache__ -prune -exec rm -rf {} +
