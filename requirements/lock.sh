#!/bin/sh
# Resolve pyproject.toml into lock files with hashes, valid on every platform and Python >= 3.11.
#   core.lock   the service without its optional parts   run.lock   everything the product does
#   test.lock   run + test and check tools   build.lock what source-only packages are built with
# Needs uv (pip install uv). With arguments (e.g. --upgrade), passes them on.
set -eu
cd "$(dirname "$0")/.."
unset PIP_FIND_LINKS PIP_INDEX_URL || true
compile() {
    uv pip compile "$@" --universal --generate-hashes --python-version 3.11 --quiet \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
}
run="--extra crawl --extra analysis --extra dashboard --extra report --extra oidc --extra excel --extra postgres --extra elasticsearch"
compile pyproject.toml "$@" -o requirements/core.lock
compile pyproject.toml $run "$@" -o requirements/run.lock
compile pyproject.toml $run --extra test --extra dev "$@" -o requirements/test.lock
compile requirements/build.in "$@" -o requirements/build.lock
