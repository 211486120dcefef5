#!/usr/bin/env bash
# Write constraints.txt anew: the newest versions that pyproject.toml allows, tried in a fresh venv.
set -euo pipefail
cd "$(dirname "$0")/.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
python=$fresh/bin/python

.venv/bin/python -m venv "$fresh"
"$python" -m pip install -qq --disable-pip-version-check -U pip
"$python" -m pip install -qq -e '.[all]' --group dev
{
    echo "# Exact versions of everything \`make setup\` puts into .venv. Written by \`make pins\`."
    "$python" -m pip list --format=freeze --exclude-editable --exclude setuptools \
        2>/dev/null | LC_ALL=C sort -f
} >"$fresh/constraints.txt"
cp "$fresh/constraints.txt" constraints.txt
