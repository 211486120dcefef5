#!/usr/bin/env bash
# Make .venv hold the project, editable, at the versions constraints.txt pins.
#
#   scripts/setup.sh runtime    what `mitmeter` needs to run
#   scripts/setup.sh dev        that, and the tools for tests and checks
set -euo pipefail
cd "$(dirname "$0")/.."

profile=${1:-runtime}
venv=$PWD/.venv
python=$venv/bin/python

say() { echo "setup: $*"; }

# A python that really starts (a version manager's shim may not), is new enough, and can make venvs.
find_python() {
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        if "$name" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' \
            >/dev/null 2>&1; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

# Its scripts carry absolute paths, so a moved .venv counts as broken.
venv_is_usable() {
    grep -qF "$venv" "$venv/bin/activate" 2>/dev/null &&
        "$python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

case $profile in
runtime) wanted=(-e '.[all]') ;;
dev) wanted=(-e '.[all]' --group dev) ;;
*)
    echo "setup: unknown profile '$profile', expected runtime or dev" >&2
    exit 2
    ;;
esac

if ! venv_is_usable; then
    if ! base=$(find_python); then
        say "no python >= 3.11 that can make a venv, installing Debian's"
        scripts/debian.sh python3 python3-venv
        base=$(find_python) || {
            echo "setup: still no python >= 3.11 with venv and ensurepip; please install one" >&2
            exit 1
        }
    fi
    say "creating .venv with $base"
    "$base" -m venv --clear "$venv"
fi

# pip first, by itself: the one that comes with python may not know --group.
install() {
    "$python" -m pip install -qq --disable-pip-version-check -c constraints.txt "$@"
}
say "installing ($profile)"
install pip
install "${wanted[@]}"

touch "$venv/.runtime.stamp"
[ "$profile" = runtime ] || touch "$venv/.dev.stamp"
say "done: $("$python" --version) in .venv"
