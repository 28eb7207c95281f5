#!/bin/sh
# Installs the cross compilers and the emulators of all Arm targets, and CMake; does nothing where they are there already.
set -eu
tools="cmake arm-none-eabi-gcc aarch64-linux-gnu-gcc arm-linux-gnueabihf-gcc qemu-system-arm qemu-aarch64 qemu-arm"
packages="cmake gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm qemu-user gcc-aarch64-linux-gnu \
libc6-dev-arm64-cross gcc-arm-linux-gnueabihf libc6-dev-armhf-cross"

complete() {
    for tool in $tools; do
        command -v "$tool" >/dev/null 2>&1 || return 1
    done
    for compiler in arm-none-eabi aarch64-linux-gnu arm-linux-gnueabihf; do
        [ -f "$("$compiler-gcc" -print-file-name=libc.a)" ] || return 1
    done
}

if complete; then
    echo "the tools for all Arm targets are installed"
    exit 0
fi
if [ "$(uname)" = Darwin ]; then
    echo "for the Cortex-M targets: brew install qemu && brew install --cask gcc-arm-embedded" >&2
    echo "the Cortex-A targets run in QEMU's user mode, which needs Linux" >&2
    exit 1
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "install with your package manager what Debian calls: $packages" >&2
    exit 1
fi
sudo=""
[ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $packages
# builds an Arduino sketch in the tests; newer distributions have it no more, and that test is skipped
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends arduino-builder || true
complete
