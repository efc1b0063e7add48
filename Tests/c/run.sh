#!/bin/sh
# Tests of the C interface, from C:
#
#   Tests/c/run.sh [LIB_DIR [INCLUDE_DIR [DL_EXPORT [WORK_DIR]]]]
#
# LIB_DIR holds libdlrt.so, INCLUDE_DIR dlrt.h; DL_EXPORT writes the model (`sample lenet5`). By default all are those of
# build/. Runs the test program plainly, under AddressSanitizer and under valgrind.
# The last line is "N passed, N failed, N skipped"; the exit code is 0 when nothing failed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build
lib=$(cd "${1:-$build/lib}" && pwd) && include=$(cd "${2:-$build/include}" && pwd) && export=${3:-$build/bin/dl-export} &&
  work=${4:-$build/test/c} && rm -rf "$work" && mkdir -p "$work/files" && work=$(cd "$work" && pwd) &&
  model=$work/lenet5.dlrt && "$export" sample lenet5 -o "$model" && cd "$work" || exit 2

cc=${CC:-cc} cxx=${CXX:-c++}
warnings='-Wall -Wextra -Werror -pedantic'
c99="-std=c99 $warnings -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -gdwarf-4 -O1 -I$include -I$here"
link="-L$lib -Wl,-rpath,$lib -ldlrt"
tests="$here/main.c $here/check.c $here/fixtures.c $here/header_first.c $(echo "$here"/test_*.c)"
counted="$here/allocations.c $here/check.c $here/fixtures.c"
base64 -d "$here/seven.jpg.base64" > seven.jpg && base64 -d "$here/stages.dlrt.base64" > stages.dlrt || exit 2
# Locales with other decimal points, where the system has their sources.
mkdir locales
for name in de_DE ps_AF; do localedef -i $name -f UTF-8 locales/$name.UTF-8 > /dev/null 2>&1; done
export LOCPATH=$work/locales
passed=0 failed=0 skipped=0

# step NAME COMMAND…: one test, of which the output shows only when it fails.
step() {
  name=$1
  shift
  if "$@" > step.log 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED $name"
    cat step.log
  fi
}

# program NAME COMMAND…: a test program, of which the last line counts.
program() {
  name=$1
  shift
  echo "$name"
  "$@" > program.log 2>&1
  code=$?
  counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' program.log | tail -n 1)
  [ -n "$counts" ] || counts='0 0'
  passed=$((passed + ${counts% *}))
  failed=$((failed + ${counts#* }))
  skipped=$((skipped + $(grep -c '^skipped: ' program.log)))
  if [ $code -ne 0 ]; then
    cat program.log
    [ "${counts#* }" -ne 0 ] || { echo "FAILED $name: exit code $code"; failed=$((failed + 1)); }
  else
    sed 's/^/  /' program.log
  fi
}

# The lines of the header's opening comment between two of its lines, without the comment's margin.
excerpt() { sed -n "/$1/,/$2/p" "$include/dlrt.h" | sed -n 's/^ \*   //p; s/^ \*$//p'; }

example_of_the_header() {
  excerpt '#include <dlrt.h>$' 'With an array' > example.c && grep -q classify example.c &&
    { echo '#include <dlrt.h>'
      echo 'int array(dlrt_session *session);'
      echo 'int array(dlrt_session *session) { dlrt_status status ='
      excerpt 'With an array' 'Manners' | sed 's/^dlrt_session_set_input/;status = &/; s/^float/DLRT_OK; &/'
      echo 'return (int)status; }'
    } > array_example.c && grep -q set_input array_example.c &&
    { echo '#include "example.c"'
      echo 'int main(void) { static char jpeg[65536]; FILE *f = fopen("seven.jpg", "rb");'
      echo 'return f ? classify(jpeg, fread(jpeg, 1, sizeof jpeg, f)) : 1; }'
    } > example_main.c &&
    $cc -std=c99 $warnings -Wno-missing-prototypes -I"$include" -I. -o example example_main.c $link &&
    $cc -std=c99 $warnings -I"$include" -c -o array_example.o array_example.c &&
    ./example && [ "$(./example | wc -l)" -eq 5 ]
}

examples() {
  for name in classify array; do
    $cc -std=c99 $warnings -O1 -I"$include" -o "$name" "$here/../../examples/c/$name.c" $link || return 1
  done
  ./classify "$model" seven.jpg > one && ./classify --threads 3 --top 5 "$model" seven.jpg > three &&
    [ "$(wc -l < one)" -eq 5 ] && cmp one three || return 1
  awk 'BEGIN { for (i = 0; i < 784; i++) print i % 7 / 7 }' | ./array "$model" > scores && [ "$(wc -l < scores)" -eq 10 ]
}

# complains COMMAND…: it must fail, in an orderly way, with words on standard error.
complains() {
  "$@" > /dev/null 2> complaint < /dev/null
  code=$?
  [ $code -ge 1 ] && [ $code -le 2 ] && [ -s complaint ]
}

examples_with_bad_input() {
  complains ./classify && complains ./classify "$model" && complains ./classify --threads && complains ./classify --threads 0 "$model" seven.jpg &&
    complains ./classify --threads 257 "$model" seven.jpg && complains ./classify --nonsense 1 "$model" seven.jpg &&
    complains ./classify missing.dlrt seven.jpg && complains ./classify "$model" missing.jpg && complains ./classify seven.jpg "$model" &&
    complains ./classify "$model" "$model" && complains ./classify "$model" . &&
    complains ./array && complains ./array missing.dlrt && complains ./array "$model"
}

step 'the header as C99' $cc -std=c99 $warnings -I"$include" -fsyntax-only "$here/header_first.c"
step 'the header as C11' $cc -std=c11 $warnings -I"$include" -fsyntax-only "$here/header_first.c"
step 'the header as C++98' $cxx -std=c++98 $warnings -Wno-long-long -x c++ -I"$include" -fsyntax-only "$here/header_first.c"
step 'the header as C++17' $cxx -std=c++17 $warnings -x c++ -I"$include" -fsyntax-only "$here/header_first.c"
step 'the example of the header' example_of_the_header
step 'examples/c' examples
step 'examples/c with bad input' examples_with_bad_input

step 'compile' $cc $c99 -o tests $tests $link -lm -lpthread
step 'compile for AddressSanitizer' $cc $c99 -fsanitize=address -fno-omit-frame-pointer -o tests-asan $tests $link -lm -lpthread
step 'compile with counted allocations' $cc $c99 -fno-builtin -o allocations $counted $link -ldl -lpthread

program 'tests' ./tests "$model" stages.dlrt seven.jpg files
program 'allocations' ./allocations "$model" stages.dlrt seven.jpg files
# The allocator returns NULL for what is too big, as the plain one does.
program 'tests under AddressSanitizer' env DLRT_TEST_STRIDE=53 ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1 \
  ./tests-asan "$model" stages.dlrt seven.jpg files
if command -v valgrind > /dev/null; then
  program 'tests under valgrind' env DLRT_TEST_STRIDE=997 DLRT_TEST_VALGRIND=1 valgrind --quiet --error-exitcode=99 --leak-check=full \
    --errors-for-leak-kinds=definite,possible --fair-sched=yes --child-silent-after-fork=yes ./tests "$model" stages.dlrt seven.jpg files
else
  echo 'skipped: valgrind is not installed'
  skipped=$((skipped + 1))
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
