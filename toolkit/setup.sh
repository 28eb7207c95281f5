#!/bin/sh
# Makes the virtual environment named by the argument. What is missing on the machine is named with its apt line.
set -eu
venv=$1
python=${PYTHON:-python3}
compiler=${CC:-cc}
missing=""

if ! command -v "$python" >/dev/null 2>&1; then
    missing="$missing python3 python3-venv"
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Python 3.11 or later is needed; $python is $("$python" --version 2>&1). Set PYTHON to a newer one." >&2
    exit 1
elif ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    missing="$missing python3-venv"
fi
if ! command -v "$compiler" >/dev/null 2>&1; then
    missing="$missing gcc libc6-dev"
elif ! echo '#include <stdint.h>' | "$compiler" -x c -E - >/dev/null 2>&1; then
    missing="$missing libc6-dev"
fi
if [ -n "$missing" ]; then
    echo "missing on this machine:$missing" >&2
    echo "  sudo apt-get install$missing" >&2
    exit 1
fi

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --constraint toolkit/constraints.txt --editable '.[torch,demo,test,dev,docs]'
touch "$venv/ready"
