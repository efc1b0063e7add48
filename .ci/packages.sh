#!/bin/sh
# Installs what is missing on a Debian or Ubuntu machine. usage: packages.sh build|test ...
set -eu

header() { printf '#include <stdio.h>\n#include <%s>\n' "$1" | cc -E -x c -o /dev/null -; }
missing=""
optional=""
# need PACKAGE COMMAND...: the package is missing when the command fails. want: the tests do with less without it.
need() {
  package=$1
  shift
  "$@" >/dev/null 2>&1 || missing="$missing $package"
}
want() {
  package=$1
  shift
  "$@" >/dev/null 2>&1 || optional="$optional $package"
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
    want valgrind command -v valgrind
    want qemu-user command -v qemu-x86_64
    ;;
  *)
    echo "usage: packages.sh build|test ..." >&2
    exit 2
    ;;
  esac
done
[ -n "$missing$optional" ] || exit 0

# cannot REASON: done, if only optional packages are missing.
cannot() {
  echo "$1:$missing$optional" >&2
  [ -z "$missing" ] && exit 0
  exit 1
}
as_root=""
command -v apt-get >/dev/null || cannot "please install what these Debian packages hold"
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || cannot "please install, as root, the packages"
  as_root=sudo
fi
echo "installing:$missing$optional"
# shellcheck disable=SC2086 # one word for each package
install() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; }
{ $as_root apt-get update -qq && install $missing $optional; } || cannot "could not be installed"
