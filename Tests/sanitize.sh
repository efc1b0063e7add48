#!/bin/sh
# The Swift tests, and ONNX's own tests through dl-export and the library, under AddressSanitizer. usage: Tests/sanitize.sh
set -eu
cd "$(dirname "$0")/.."
address='-c release --sanitize address'
tests="$address --scratch-path .build/asan -Xswiftc -enable-testing"
library="$address --scratch-path .build/asan-embedded"
# Python is not built with the sanitizer, whose runtime must therefore come first; dl-export has one of its own.
runtime=$(clang -print-file-name="libclang_rt.asan-$(uname -m).so")
# What cannot be allocated is an error that is handled; what the interpreters keep until their end is no leak.
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=0 SWIFT_BACKTRACE=enable=no

# shellcheck disable=SC2086 # options are words
swift build --build-tests $tests
# shellcheck disable=SC2086
swift test --skip-build $tests --disable-xctest
# shellcheck disable=SC2086
DLRT_EMBEDDED=1 swift build $library --product dlrt -Xlinker "$runtime"
mkdir -p build/asan
printf '#!/bin/sh\nunset LD_PRELOAD\nexec %s/.build/asan/release/dl-export "$@"\n' "$PWD" > build/asan/dl-export
chmod +x build/asan/dl-export
LD_PRELOAD=$runtime DLRT_LIBRARY=$PWD/.build/asan-embedded/release/libdlrt.so DL_EXPORT=$PWD/build/asan/dl-export \
  .venv/bin/python Tests/conformance/run.py --require Tests/conformance/passes.txt
