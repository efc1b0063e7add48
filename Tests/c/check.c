#include "check.h"

#include <stdio.h>
#include <string.h>

static const char *running = "";
static unsigned failures_of_test, passed, failed;

bool check(bool condition, const char *file, int line, const char *text) {
  if (condition) return true;
  if (failures_of_test++ < 10) fprintf(stderr, "%s:%d: %s: %s\n", file, line, running, text);
  return false;
}

bool check_status(dlrt_status expected, dlrt_status found, const char *file, int line, const char *text) {
  if (found != expected) {
    if (failures_of_test++ < 10)
      fprintf(stderr, "%s:%d: %s: %s: expected '%s', got '%s' (%s)\n", file, line, running, text,
              dlrt_status_name(expected), dlrt_status_name(found), found == DLRT_OK ? "" : dlrt_last_error());
    return false;
  }
  return found == DLRT_OK || check(strlen(dlrt_last_error()) > 0, file, line, "a message of the error");
}

void run_test(const char *name, void (*test)(void)) {
  running = name;
  failures_of_test = 0;
  test();
  if (failures_of_test) {
    failed++;
    fprintf(stderr, "FAILED %s (%u checks)\n", name, failures_of_test);
  } else {
    passed++;
  }
}

void skip(const char *reason) {
  printf("skipped: %s: %s\n", running, reason);
  fflush(stdout); /* once, though a test forks */
}

int report(void) {
  printf("%u passed, %u failed\n", passed, failed);
  return failed ? 1 : 0;
}
