#!/bin/sh
# Brings everything that `make run` and `make test` need: the locked Python environment into .venv, and
# Chromium and mosquitto from the system's packages when none is found. Safe to run again; then it does nothing.
# With the word "test" also systemd's own checker, which the tests ask about the two units.
set -eu
cd "$(dirname "$0")"

say() { printf '%s\n' "$*" >&2; }

apt_install() { # packages: installed as root or with sudo; otherwise the exact line is said
    if ! command -v apt-get >/dev/null 2>&1; then
        say "Missing: $*. Install these with this system's package manager, then run this again."
        exit 69
    fi
    sudo=""
    if [ "$(id -u)" -ne 0 ]; then
        if command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
            sudo="sudo"
        else
            say "Missing: $*. Run this once, then try again:"
            say "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
            exit 69
        fi
    fi
    say "Installing from the system's packages: $*"
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

found() { # is one of these a program here?
    for name in "$@"; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    return 1
}

packages=""
[ -n "${QFLUXD_CHROME:-}" ] || found google-chrome google-chrome-stable chromium chromium-browser ||
    packages="$packages chromium fonts-liberation"
found mosquitto /usr/sbin/mosquitto /usr/local/sbin/mosquitto || packages="$packages mosquitto mosquitto-clients"
[ "${1:-}" != test ] || found systemd-analyze || packages="$packages systemd"
python=""
for candidate in python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1; then
        python="$candidate"
        break
    fi
done
if [ -z "$python" ]; then
    packages="$packages python3 python3-venv"
    python=/usr/bin/python3
elif ! "$python" -c 'import ensurepip' >/dev/null 2>&1; then
    packages="$packages python3-venv"
fi
# shellcheck disable=SC2086
[ -z "$packages" ] || apt_install $packages

# uv lives in a small environment of its own: Debian lets nothing be installed beside its packages.
uv=.uv/bin/uv
if ! "$uv" --version 2>/dev/null | grep -q '^uv 0\.13\.'; then
    say "Setting up uv"
    "$python" -m venv --clear .uv
    .uv/bin/pip install --quiet --disable-pip-version-check 'uv==0.13.9'
fi

# The tests train models too; what they brought stays when only the rest is asked for afterwards.
extras="--extra practice"
[ "${1:-}" != test ] || extras="$extras --extra ml --extra train --extra sweep --extra report"
want="$(cat uv.lock pyproject.toml .python-version | cksum)"
have="$(cat .venv/.synced 2>/dev/null || true)"
if [ ! -x .venv/bin/qfluxd ] || { [ "$have" != "$want $extras" ] && [ "$have" != "$want $extras --extra ml --extra train --extra sweep --extra report" ]; }; then
    say "Setting up the Python environment from uv.lock"
    # Any supported Python will do where the preferred one is neither here nor to be had.
    # shellcheck disable=SC2086
    "$uv" sync --frozen $extras || "$uv" sync --frozen $extras --python '>=3.12,<3.15'
    printf '%s' "$want $extras" >.venv/.synced
fi
