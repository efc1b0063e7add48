/* Tests of libdlrt.so through its header: see run.sh. */
#include "check.h"
#include "fixtures.h"
#include "tests.h"

uint32_t header_version(void);

static void header(void) { CHECK(header_version() == dlrt_abi_version()); }

int main(int argc, char **argv) {
  open_fixtures(argc, argv);
  RUN(header);
  test_errors(); /* first: before any failed call, the message is empty */
  test_null();
  test_arguments();
  test_models();
  test_runs();
  test_stages();
  test_profile();
  test_jpegs();
  test_lifetime();
  test_environment();
  test_damage();
  close_fixtures();
  return report();
}
