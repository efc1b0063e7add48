#!/usr/bin/env bash
# The whole way: trains LeNet-5 in Swift, then classifies a JPEG with the trained file from C, Python and Swift.
# `make demo` builds what it needs first.
set -euo pipefail
cd "$(dirname "$0")/.."
out=build/demo

bold="" dim="" good="" bad="" reset=""
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1;36m' dim=$'\e[2m' good=$'\e[1;32m' bad=$'\e[1;31m' reset=$'\e[0m'
fi
title() { printf '\n%s%s%s\n' "$bold" "$1" "$reset"; }
command_line() { printf '%s$ %s%s\n' "$dim" "$1" "$reset"; }

title 'Train LeNet-5 in Swift, and export it'
command_line "$out/train-lenet"
"$out/train-lenet" --out "$out/lenet5.dlrt" --jpeg "$out/digit.jpg"

title 'What was exported'
command_line "dl-export inspect $out/lenet5.dlrt"
build/bin/dl-export inspect "$out/lenet5.dlrt"

title 'Classify the JPEG from C'
compile='cc examples/c/classify.c -o build/demo/classify $(pkg-config --cflags --libs dlrt)'
command_line "$compile"
export PKG_CONFIG_PATH=build/lib/pkgconfig LD_LIBRARY_PATH=build/lib
eval "$compile"
command_line "$out/classify $out/lenet5.dlrt $out/digit.jpg"
"$out/classify" "$out/lenet5.dlrt" "$out/digit.jpg" | tee "$out/from-c.txt"

title 'Classify it from Python'
command_line "python examples/python/classify.py $out/lenet5.dlrt $out/digit.jpg"
PYTHONPATH=bindings/python DLRT_LIBRARY=build/lib/libdlrt.so.1 \
  .venv/bin/python examples/python/classify.py "$out/lenet5.dlrt" "$out/digit.jpg" | tee "$out/from-python.txt"

title 'Classify it from Swift'
command_line "$out/classify-swift $out/lenet5.dlrt $out/digit.jpg"
"$out/classify-swift" "$out/lenet5.dlrt" "$out/digit.jpg" | tee "$out/from-swift.txt"

if diff "$out/from-c.txt" "$out/from-python.txt" && diff "$out/from-c.txt" "$out/from-swift.txt"; then
  printf '\n%sC, Python and Swift print the same probabilities.%s\n' "$good" "$reset"
else
  printf '\n%sC, Python and Swift print different probabilities.%s\n' "$bad" "$reset"
  exit 1
fi
