#!/bin/sh
# Installs what is missing on a Debian or Ubuntu machine. usage: packages.sh build|test ...
set -eu

header() { printf '#include <stdio.h>\n#include <%s>\n' "$1" | cc -E -x c -o /dev/null -; }
missing=""
# need PACKAGE COMMAND...: the package is missing when the command fails.
need() {
  package=$1
  shift
  "$@" >/dev/null 2>&1 || missing="$missing $package"
}

if ! command -v swift >/dev/null; then
  echo "Swift 6.3 or later is needed: https://www.swift.org/install" >&2
  exit 1
fi
for purpose in "$@"; do
  case $purpose in
  build)
    need gcc command -v cc
    need binutils command -v objcopy
    need libjpeg-dev header jpeglib.h
    need zlib1g-dev header zlib.h
    need pkg-config command -v pkg-config
    ;;
  test)
    need g++ command -v c++
    need python3-venv python3 -c 'import ensurepip, venv'
    need valgrind command -v valgrind
    ;;
  *)
    echo "usage: packages.sh build|test ..." >&2
    exit 2
    ;;
  esac
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "Please install what these Debian packages hold:$missing" >&2
  exit 1
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Please install, as root: apt-get install$missing" >&2
    exit 1
  fi
  as_root=sudo
fi
echo "installing:$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086 # one word for each package
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
