# Two commands for a newcomer: `make run` and `make test`. Everything lives in .venv, .venv-oracle and .cgt; `make clean` removes them.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13)))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
DEMO := .cgt/demo
export PYTHONUTF8 := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Small matrices on a core each: threads of their own made some tests forty times slower on busy cores.
export OPENBLAS_NUM_THREADS := 1

.PHONY: run test unit real history attack attack-full ui docs setup lint lock clean

run: setup  ## Set up and play three nights of the demonstration network, through Dagster
	@$(BIN)/cgt-etl demo --dir $(DEMO)

test: setup .venv-oracle/.ready  ## Set up and pass the tests
	@$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder

unit: setup  ## The fast tests alone, without those of hypothesis
	@$(BIN)/pytest -q -n 2 -m "not slow and not real and not hypothesis" tests/extract tests/door tests/contracts tests/landing tests/dialects tests/cli

real: setup  ## Land the third-party exports of ../shared/real, each a release of its own
	@$(BIN)/python scripts/real.py --dir .cgt/real

history: setup  ## Play thirty nights and build each again as of its night: the same bytes (an hour)
	@$(BIN)/python scripts/history.py --dir .cgt/history

attack: setup  ## Attacks on all that partners get from all, ten seeds; each defence deleted in turn
	@$(BIN)/python -m tests.attack 10

attack-full: setup  ## The same with fifty seeds and ledgers of five years (half an hour and more)
	@$(BIN)/python -m tests.attack 50 full

ui: setup  ## The Dagster UI and daemon on loopback, on what `make run` did
	@$(BIN)/python scripts/ui.py --dir $(DEMO)

docs: setup  ## dbt's own pages of every model, its SQL, its columns and what reads it, in one file (half a minute)
	@CGT_HOME=.cgt/docs $(BIN)/cgt-etl registry sync
	@mkdir -p .cgt/docs
	@CGT_BUILD_DB=$(CURDIR)/.cgt/docs/empty.duckdb DO_NOT_TRACK=1 $(BIN)/dbt docs generate --quiet --static --empty-catalog \
	  --project-dir dbt_project --profiles-dir dbt_project --target-path $(CURDIR)/.cgt/docs --log-path $(CURDIR)/.cgt/docs
	@echo ".cgt/docs/static_index.html"

lint: setup  ## Style, types, import walls, SQL
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports
	@CGT_HOME=.cgt/lint $(BIN)/cgt-etl registry sync
	@$(BIN)/sqlfluff lint --processes 2 dbt_project/models dbt_project/tests dbt_project/macros cgt_etl/dialects

setup: .venv/.ready
.venv/.ready: requirements/dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and none was found; name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "$(PYTHON) cannot make a virtual environment; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "Setting up .venv from the locked requirements (a minute or two, once) ..."
	@$(BIN)/pip install --quiet --require-hashes -r requirements/dev.lock
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $@

# What tests compare with and cannot live in .venv.
.venv-oracle/.ready: requirements/oracle.lock | setup
	@test -x .venv-oracle/bin/python || $(BIN)/python -m venv .venv-oracle
	@.venv-oracle/bin/pip install --quiet --require-hashes -r requirements/oracle.lock
	@touch $@

lock:  ## After a change of requirements/*.in (needs uv)
	for part in run postgres dev oracle; do uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-strip-extras --no-emit-index-url requirements/$$part.in -o requirements/$$part.lock; done

clean:
	rm -rf .venv .venv-oracle .cgt
