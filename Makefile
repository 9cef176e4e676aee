# Thin wrappers; everything works without make (python3 run.py …).
PYTHON ?= .venv/bin/python

# bytecode is kept, whatever the shell says: else half of collecting the tests is compiling them
check: export PYTHONDONTWRITEBYTECODE :=

.PHONY: up setup test check integration browser lock
up:
	python3 run.py up
setup:
	python3 run.py setup
test:
	python3 run.py test

check:  ## what must be green at every commit, in under two minutes
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports
	$(PYTHON) -m pytest tests/unit tests/contract -m "not integration and not browser and not postgres and not elasticsearch and not slow" -q -n auto --hypothesis-profile=check

integration:
	$(PYTHON) -m pytest tests/integration -q

browser:
	$(PYTHON) -m pytest tests/browser -q

lock:  ## needs uv; rewrites requirements/*.lock with hashes for every platform
	sh requirements/lock.sh
