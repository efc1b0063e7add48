/* Models whose sizes follow from elements. */
#include "check.h"
#include "fixtures.h"
#include "tests.h"

#include <stdint.h>
#include <string.h>

enum { KEPT, RANGE, SHAPED };

static dlrt_session *limited_session(size_t memory_limit) {
  dlrt_model *model = NULL;
  dlrt_session *session = NULL;
  dlrt_session_options options = {0};
  options.struct_size = sizeof options;
  options.memory_limit = memory_limit;
  if (CHECK_STATUS(DLRT_OK, dlrt_model_load_file(stages_path, NULL, &model)))
    CHECK_STATUS(DLRT_OK, dlrt_session_create(model, &options, &session));
  dlrt_model_destroy(model); /* the session keeps it */
  return session;
}

/* Runs x of n elements 1, −1, 1, … */
static dlrt_status run(dlrt_session *session, int64_t n, int64_t limit, int64_t rows, int64_t columns) {
  static float x[4096];
  const int64_t sizes[] = {rows, columns}, two = 2;
  for (int64_t i = 0; i < n; i++) x[i] = i % 2 ? -1.0f : 1.0f;
  dlrt_status status = dlrt_session_set_input(session, 0, DLRT_F32, &n, 1, x, (size_t)n * 4);
  if (!status) status = dlrt_session_set_input(session, 1, DLRT_I64, NULL, 0, &limit, 8);
  if (!status) status = dlrt_session_set_input(session, 2, DLRT_I64, &two, 1, sizes, sizeof sizes);
  return status ? status : dlrt_session_run(session);
}

static void check_sizes(dlrt_session *session, int64_t kept, int64_t range, int64_t rows, int64_t columns) {
  dlrt_tensor output;
  if (CHECK_STATUS(DLRT_OK, dlrt_session_output(session, KEPT, &output))) {
    CHECK(output.rank == 1 && output.dims[0] == kept && output.size == (size_t)kept * 4);
    for (int64_t i = 0; i < kept; i++) CHECK(((const float *)output.data)[i] == 1);
  }
  if (CHECK_STATUS(DLRT_OK, dlrt_session_output(session, RANGE, &output))) {
    CHECK(output.rank == 1 && output.dims[0] == range && output.size == (size_t)range * 8);
    for (int64_t i = 0; i < range; i++) CHECK(((const int64_t *)output.data)[i] == i);
  }
  if (CHECK_STATUS(DLRT_OK, dlrt_session_output(session, SHAPED, &output)))
    CHECK(output.rank == 2 && output.dims[0] == rows && output.dims[1] == columns);
}

static void sizes_of_every_run(void) {
  dlrt_session *session = limited_session(0);
  for (int round = 0; round < 2; round++) {
    CHECK_STATUS(DLRT_OK, run(session, 6, 4, 2, 3));
    check_sizes(session, 3, 4, 2, 3);
    CHECK_STATUS(DLRT_OK, run(session, 6, 0, -1, 1));
    check_sizes(session, 3, 0, 6, 1);
    CHECK_STATUS(DLRT_OK, run(session, 1000, 999, 10, 100));
    check_sizes(session, 500, 999, 10, 100);
    CHECK_STATUS(DLRT_OK, run(session, 1, -7, 1, 1));
    check_sizes(session, 1, 0, 1, 1);
  }
  dlrt_session_destroy(session);
}

/* A run that fails leaves no output, and the next one is as if it had not been. */
static void sizes_that_cannot_be(void) {
  dlrt_session *session = limited_session(1 << 20);
  dlrt_tensor output;
  const int64_t huge = (int64_t)1 << 62;
  const struct { dlrt_status status; int64_t limit, rows, columns; } cases[] = {
    {DLRT_MEMORY_LIMIT, (int64_t)1 << 31, 2, 3}, {DLRT_SHAPE_MISMATCH, huge, 2, 3}, {DLRT_SHAPE_MISMATCH, 4, 2, 2},
    {DLRT_SHAPE_MISMATCH, 4, huge, huge}, {DLRT_SHAPE_MISMATCH, 4, -1, 4}, {DLRT_INVALID_MODEL, 4, -1, -1},
    {DLRT_INVALID_MODEL, 4, -2, 3}, {DLRT_INVALID_MODEL, 4, INT64_MIN, 3},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_STATUS(cases[i].status, run(session, 6, cases[i].limit, cases[i].rows, cases[i].columns));
    CHECK_STATUS(DLRT_NOT_READY, dlrt_session_output(session, RANGE, &output));
    CHECK_STATUS(DLRT_OK, run(session, 6, 4, 2, 3));
    check_sizes(session, 3, 4, 2, 3);
  }
  dlrt_session_destroy(session);
}

static void memory_of_later_stages(void) {
  dlrt_session *session = limited_session(8192);
  size_t held = 0;
  CHECK_STATUS(DLRT_OK, run(session, 64, 64, 8, 8));
  CHECK_STATUS(DLRT_MEMORY_LIMIT, run(session, 64, 4096, 8, 8));
  CHECK_STATUS(DLRT_OK, dlrt_session_memory(session, &held));
  CHECK(held <= 8192);
  CHECK_STATUS(DLRT_OK, run(session, 64, 64, 8, 8));
  check_sizes(session, 32, 64, 8, 8);
  dlrt_session_destroy(session);
}

/* Bound memory has the bytes that the run makes, or the run fails. */
static void bound_outputs(void) {
  dlrt_session *session = limited_session(0);
  int64_t range[4];
  float *shaped = NULL;
  guarded memory = guarded_copy(NULL, sizeof range);
  CHECK_STATUS(DLRT_OK, dlrt_session_bind_output(session, RANGE, memory.data, sizeof range));
  CHECK_STATUS(DLRT_OK, run(session, 6, 4, 2, 3));
  memcpy(range, memory.data, sizeof range);
  for (int i = 0; i < 4; i++) CHECK(range[i] == i);
  CHECK_STATUS(DLRT_SHAPE_MISMATCH, run(session, 6, 5, 2, 3));
  CHECK_STATUS(DLRT_SHAPE_MISMATCH, run(session, 6, 3, 2, 3));
  CHECK_STATUS(DLRT_OK, dlrt_session_bind_output(session, RANGE, NULL, 0));
  guarded rows = guarded_copy(NULL, 24);
  shaped = (float *)(void *)rows.data;
  CHECK_STATUS(DLRT_OK, dlrt_session_bind_output(session, SHAPED, shaped, 24));
  CHECK_STATUS(DLRT_OK, run(session, 6, 5, 3, 2));
  check_sizes(session, 3, 5, 3, 2);
  CHECK(shaped[0] == 1 && shaped[5] == -1);
  CHECK_STATUS(DLRT_SHAPE_MISMATCH, run(session, 8, 5, 4, 2));
  guarded_free(rows);
  guarded_free(memory);
  dlrt_session_destroy(session);
}

void test_stages(void) {
  RUN(sizes_of_every_run);
  RUN(sizes_that_cannot_be);
  RUN(memory_of_later_stages);
  RUN(bound_outputs);
}
