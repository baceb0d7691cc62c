# The Mathematics of Neural Networks. `make` alone says what there is.
#
# PYTHON chooses the interpreter the environment is made with (3.11 or later):  make book PYTHON=python3.12

PYTHON ?= python3
VENV   ?= .venv
PORT   ?= 8000
JOBS   ?= 2

BIN   := $(VENV)/bin
RUN   := $(BIN)/python
STAMP := $(VENV)/.made-from-lock
LOCK  := binder/requirements.txt

INTEROP       := .venv-interop
INTEROP_STAMP := $(INTEROP)/.made-from-requirements
INTEROP_PINS  := tests/interop/requirements.txt

# What `make test` passes on, for example:  make test ARGS="-k perceptron"
# and `make bench`:  make bench ARGS="--works lenet --threads 1"  (make bench ARGS=--help says what there is)
ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests run side by side; the numbers are the same with more threads (`make kernels`).
test coverage interop: export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help env book serve lab test coverage interop notebooks kernels bench lint format lock clean

help: ## Say what there is
	@echo "The Mathematics of Neural Networks"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PYTHON=python3.12 chooses the interpreter, ARGS=\"-k perceptron\" goes on to pytest, PORT=8000 to the server."

env: $(STAMP) ## Make the environment in .venv from the lock (the others do so when they need it)

# Make the environment $(1) unless it is there.
define environment
	@test -x $(1)/bin/python || $(PYTHON) -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or later, with venv, is needed, and $(PYTHON) is not that. Name one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(1)/bin/python || echo "Making the environment $(1): a minute or two, once."
	test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
endef

$(STAMP): $(LOCK) pyproject.toml
	$(call environment,$(VENV))
	$(RUN) -m pip install --require-hashes -r $(LOCK)
	$(RUN) -m pip install --no-deps --no-build-isolation --editable .
	@touch $@

book: $(STAMP) ## Build the book, every warning an error, and print what to open
	$(RUN) -m book.tools.build

serve: $(STAMP) ## Serve the built book on this machine
	$(RUN) -m book.tools.build --if-stale
	@echo "The book is at http://localhost:$(PORT)/ until you press Ctrl-C."
	@$(RUN) -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

lab: $(STAMP) ## Open the notebooks in JupyterLab
	$(RUN) -m jupyter lab book/chapters

test: $(STAMP) ## Test the library, its examples, every notebook and the built book
	$(RUN) -m pytest -n $(JOBS) --dist loadfile --nbval --nbval-current-env --doctest-modules mathnn tests book/index.ipynb book/chapters $(ARGS)

coverage: $(STAMP) ## Measure how many branches of the library its tests take; fewer than 95 % is a failure
	$(RUN) -m pytest -n $(JOBS) --dist loadfile --doctest-modules mathnn tests --ignore=tests/book --cov $(ARGS)

interop: $(INTEROP_STAMP) ## Test the bridges to PyTorch, Keras and ONNX, in an environment of their own
	$(INTEROP)/bin/python -m pytest -c tests/interop/pytest.ini --rootdir . tests/interop $(ARGS)

$(INTEROP_STAMP): $(INTEROP_PINS) pyproject.toml
	$(call environment,$(INTEROP))
	$(INTEROP)/bin/python -m pip install -r $(INTEROP_PINS)
	$(INTEROP)/bin/python -m pip install --no-deps --no-build-isolation --editable .
	@touch $@

notebooks: $(STAMP) ## Run every notebook again in place; nothing changes unless a result did
	$(RUN) -m book.tools.notebooks --jobs $(JOBS)

kernels: $(STAMP) ## Check the stored outputs under other BLAS kernels, CPU features and thread counts
	$(RUN) -m book.tools.kernels

bench: $(STAMP) ## Measure the library against PyTorch, scikit-learn and naive NumPy
	$(RUN) -m benchmarks $(ARGS)

lint: $(STAMP) ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP) ## Put the code into the one format
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

lock: ## Choose and write down the versions of everything, with hashes (needs uv: it is in the environment)
	$(if $(wildcard $(BIN)/uv),$(BIN)/uv,uv) pip compile pyproject.toml --extra book --extra test --extra lint \
	  --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet -o $(LOCK)

clean: ## Remove what was built (the environment stays; remove .venv for a fresh one)
	rm -rf _build build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find book mathnn tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
