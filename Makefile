# Needs Python 3.11, 3.12 or 3.13, git and make; everything else is installed into .venv.

PYTHON ?= python3
WORKERS ?= 2
# Nobody has looked at today's date: what is judged by hand takes a root that tuned nothing.
ROOTS ?= $(shell date -u +%Y%m%d)
BIN := .venv/bin

.PHONY: help .venv demo test lint typecheck test-cluster test-site test-wheel oldest check-all bench measure readme figures recordings site notebook schema clean distclean

help: ## this list
	@awk -F ':.*## ' '/^[.a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.venv: .venv/.installed ## install, and only that

.venv/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	{ echo 'bestiary needs Python 3.11, 3.12 or 3.13; $(PYTHON) is not one: make PYTHON=/path/to/python3.12 ...' >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: .venv ## reproduce three phenomena with their controls, and draw them in figures/
	$(BIN)/bestiary check grokking sparse_attention_emergence adam_loss_spikes --figures figures

test: lint ## lint, then every test
	$(BIN)/pytest -n $(WORKERS) --dist loadfile

lint: .venv typecheck ## ruff and pyright
	$(BIN)/ruff check
	$(BIN)/ruff format --check

typecheck: .venv ## pyright alone
	$(BIN)/pyright

# Minutes, and processes that are killed; one test at a time, since each starts workers of its own.
test-cluster: .venv ## workers and schedulers of Dask that die, 100,000 runs, other versions
	$(BIN)/pytest tests/cluster --durations 10

# A Chromium that is there already, as a distribution has it; what drives it comes with the extra `browser`.
CHROMIUM ?= $(firstword $(foreach name,chromium chromium-browser google-chrome-stable google-chrome,$(shell command -v $(name))))

test-site: .venv/.browser ## the site in a headless Chromium: CHROMIUM=/path/to/it
	@test -n '$(CHROMIUM)' || { echo 'test-site: no Chromium here; install the package chromium, or name one: make test-site CHROMIUM=/path/to/it' >&2; exit 1; }
	BESTIARY_BROWSER='$(CHROMIUM)' $(BIN)/pytest tests/site

.venv/.browser: .venv/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,browser]'
	@touch $@

# The tests in a folder of their own, without the packages' sources: what a user has installed.
test-wheel: .venv ## every test against the built wheel
	@set -eu; tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; mkdir "$$tmp/tree"; \
	git ls-files -z --cached --others --exclude-standard | tar -c --null -T - | tar -x -C "$$tmp/tree"; \
	$(BIN)/python -m build --wheel --no-isolation --outdir "$$tmp" "$$tmp/tree"; \
	$(BIN)/python -m pip install --quiet --no-deps --target "$$tmp/site" "$$tmp"/*.whl; \
	rm -r "$$tmp/tree/bestiary" "$$tmp/tree/detectors" "$$tmp/tree/phenomena" "$$tmp/tree/catalog.yaml"; \
	cd "$$tmp/tree"; export PYTHONPATH="$$tmp/site" BESTIARY_CACHE_DIR="$${BESTIARY_CACHE_DIR:-$(CURDIR)/.cache}"; \
	'$(CURDIR)/$(BIN)/python' -c 'import bestiary, sys; sys.exit("site" not in bestiary.__file__)'; \
	'$(CURDIR)/$(BIN)/pytest' -n $(WORKERS) --dist loadfile --ignore tests/test_package.py --ignore tests/test_house.py

# Replaces what .venv holds; `rm -r .venv` brings the newest back.
FLOORS := import tomllib; print(*(d.replace(">=", "==") for d in \
  tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"]))

oldest: .venv ## every test with the lower bounds of pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $$($(BIN)/python -c '$(FLOORS)')
	$(BIN)/pytest -n $(WORKERS) --dist loadfile

# A judgement takes roots that nobody has looked at: CONTRIBUTING.md keeps the list of those that somebody has.
check-all: .venv ## every claim of the catalog, laws and paths too, on an unused root (today's date): ROOTS="101 102"
	$(BIN)/bestiary check --all --laws $(ROOTS:%=--root %)

bench: .venv ## speed, and the detectors' operating curves
	$(BIN)/python benchmarks/speed/compare.py --sweep
	$(BIN)/python benchmarks/detectors/matrix.py
	$(BIN)/python benchmarks/detectors/measure.py

measure: .venv ## measure anew, on their roots, the entries that other code measured; then make readme
	$(BIN)/bestiary measure --stale
	$(MAKE) readme

readme: .venv ## rewrite README.md's table, docs/entries.md, published.md and laws.md
	$(BIN)/python -m bestiary.cli.readme

# Runs that `bestiary measure` has kept are not run again. ENTRIES="grokking catapult" draws those entries alone.
figures: .venv ## draw docs/figures anew from a clean commit, with docs/maps.md
	$(BIN)/python -m bestiary.cli.figures $(ENTRIES)
	$(BIN)/python benchmarks/detectors/figures.py

# As figures: from kept runs, on the first root of each record. ENTRIES="grokking catapult" records those alone.
recordings: .venv ## record anew, thinned, the runs of which the site's curves are drawn
	$(BIN)/python -m bestiary.cli.recordings $(ENTRIES)

# Trains nothing: docs/figures and docs/recordings are there.
site: .venv ## the catalog as a static site in site/; open site/index.html
	$(BIN)/bestiary site --out site

notebook: .venv ## run docs/first_experiment.ipynb anew, in place
	$(BIN)/python tests/helpers/rerun_notebook.py docs/first_experiment.ipynb

schema: .venv ## rewrite catalog.schema.json from the models
	$(BIN)/python -m bestiary.catalog.schema > catalog.schema.json.new
	@mv catalog.schema.json.new catalog.schema.json
	$(BIN)/python -m bestiary.watch.report_schema > detect.schema.json.new
	@mv detect.schema.json.new detect.schema.json

clean: ## remove what was generated, but for .venv and .cache
	rm -rf build dist figures site .pytest_cache .ruff_cache .hypothesis
	find . -path ./.venv -prune -o -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## remove .venv, .cache and the egg-info too
	rm -rf .venv .cache bestiary.egg-info
