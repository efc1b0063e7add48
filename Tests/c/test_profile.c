/* What a session says of the time its nodes took. */
#include "check.h"
#include "fixtures.h"
#include "tests.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static dlrt_profile_entry entry_of(const dlrt_session *session, size_t index) {
  dlrt_profile_entry entry;
  memset(&entry, 0x5A, sizeof entry);
  entry.struct_size = sizeof entry;
  CHECK_STATUS(DLRT_OK, dlrt_session_profile_entry(session, index, &entry));
  CHECK(entry.struct_size == sizeof entry);
  return entry;
}

static void there_is_none(const dlrt_session *session) {
  dlrt_profile_entry entry = {0};
  size_t count = 77;
  entry.struct_size = sizeof entry;
  CHECK_STATUS(DLRT_NOT_READY, dlrt_session_profile_count(session, &count));
  CHECK_STATUS(DLRT_NOT_READY, dlrt_session_profile_entry(session, 0, &entry));
  CHECK(count == 77 && entry.node == NULL);
}

static void only_of_runs_with_profiling_on(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  input image = make_input(model, 1, 91);
  size_t count;
  there_is_none(session);
  CHECK_STATUS(DLRT_OK, set_input(session, &image));
  CHECK_STATUS(DLRT_OK, dlrt_session_run(session));
  there_is_none(session);
  CHECK_STATUS(DLRT_OK, dlrt_session_set_profiling(session, 1));
  there_is_none(session);
  CHECK_STATUS(DLRT_OK, dlrt_session_run(session));
  CHECK_STATUS(DLRT_OK, dlrt_session_profile_count(session, &count));
  CHECK(count > 0);
  CHECK_STATUS(DLRT_OK, dlrt_session_set_profiling(session, 0));
  CHECK_STATUS(DLRT_OK, dlrt_session_run(session));
  there_is_none(session);
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_session_set_profiling(session, 2));
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_session_set_profiling(session, -1));
  free_input(&image);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

/* One after the other, within the time of the run; the names are those of the model, the work is that of its layers. */
static void entries(void) {
  dlrt_model *model = load_model();
  for (size_t threads = 1; threads <= 2; threads++) {
    dlrt_session *session = make_session(model, threads);
    input image = make_input(model, 32, 92);
    size_t count = 0, size;
    CHECK_STATUS(DLRT_OK, dlrt_session_set_profiling(session, 1));
    free(scores_of(session, &image, &size));
    for (int round = 0; round < rounds(10); round++) {
      uint64_t begin = now();
      CHECK_STATUS(DLRT_OK, dlrt_session_run(session));
      uint64_t took = now() - begin, end = 0, sum = 0;
      double flops = 0;
      bool found_conv = false;
      CHECK_STATUS(DLRT_OK, dlrt_session_profile_count(session, &count));
      for (size_t i = 0; i < count; i++) {
        dlrt_profile_entry entry = entry_of(session, i);
        CHECK(*entry.node && *entry.op && *entry.kernel);
        CHECK(entry.start >= end && entry.bytes > 0 && entry.flops >= 0);
        CHECK(entry.threads >= 1 && entry.threads <= threads);
        end = entry.start + entry.nanoseconds;
        sum += entry.nanoseconds;
        flops += entry.flops;
        if (strcmp(entry.node, "conv1") == 0) {
          found_conv = true;
          CHECK(strcmp(entry.op, "conv") == 0);
          CHECK(entry.flops == 2.0 * 32 * 28 * 28 * 6 * 25);
          CHECK(entry.bytes == 4 * (32 * 28 * 28 + 6 * 25 + 6 + 32 * 6 * 28 * 28));
        }
      }
      CHECK(found_conv && sum > 0 && end <= took);
      /* The multiply-adds of LeNet-5: two convolutions, three matrices. */
      CHECK(flops == 2.0 * 32 * (28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10));
    }
    free_input(&image);
    dlrt_session_destroy(session);
  }
  dlrt_model_destroy(model);
}

/* The list is that of the shape that ran last, and measuring changes no answer. */
static void another_shape(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  input one = make_input(model, 1, 93), many = make_input(model, 9, 94);
  size_t size, other_size;
  float *plain = scores_of(session, &many, &size);
  CHECK_STATUS(DLRT_OK, dlrt_session_set_profiling(session, 1));
  for (int round = 0; round < 3; round++) {
    float *measured = scores_of(session, &many, &other_size);
    CHECK(plain && measured && size == other_size && memcmp(plain, measured, size) == 0);
    free(measured);
    dlrt_profile_entry of_many = entry_of(session, 0);
    free(scores_of(session, &one, &other_size));
    dlrt_profile_entry of_one = entry_of(session, 0);
    CHECK(strcmp(of_many.node, of_one.node) == 0 && of_many.flops == 9 * of_one.flops);
  }
  free(plain);
  free_input(&one);
  free_input(&many);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

/* Programs built with an older or a newer header. */
static void struct_sizes(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  input image = make_input(model, 1, 95);
  struct {
    dlrt_profile_entry entry;
    size_t later[2];
  } newer;
  dlrt_profile_entry older;
  size_t size, wrong[] = {0, 1, sizeof older - 1, SIZE_MAX, 5000};
  CHECK_STATUS(DLRT_OK, dlrt_session_set_profiling(session, 1));
  free(scores_of(session, &image, &size));
  memset(&newer, 0x5A, sizeof newer);
  newer.entry.struct_size = sizeof newer;
  CHECK_STATUS(DLRT_OK, dlrt_session_profile_entry(session, 0, &newer.entry));
  CHECK(newer.later[0] == 0 && newer.later[1] == 0 && newer.entry.struct_size == sizeof newer && newer.entry.threads == 1);
  memset(&older, 0x5A, sizeof older);
  older.struct_size = offsetof(dlrt_profile_entry, op);
  CHECK_STATUS(DLRT_OK, dlrt_session_profile_entry(session, 0, &older));
  CHECK(strcmp(older.node, newer.entry.node) == 0);
  memset(&newer, 0x5A, sizeof newer);
  CHECK(memcmp((char *)&older + older.struct_size, &newer, sizeof older - older.struct_size) == 0);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    older.struct_size = wrong[i];
    CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_session_profile_entry(session, 0, &older));
  }
  older.struct_size = sizeof older;
  CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_session_profile_entry(session, SIZE_MAX, &older));
  CHECK_STATUS(DLRT_OK, dlrt_session_profile_count(session, &size));
  CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_session_profile_entry(session, size, &older));
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_session_set_profiling(NULL, 1));
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_session_profile_count(NULL, &size));
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_session_profile_count(session, NULL));
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_session_profile_entry(NULL, 0, &older));
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_session_profile_entry(session, 0, NULL));
  free_input(&image);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

/* LeNet-5 has 61,706 parameters; panels round their columns up. */
static void memory_of_a_model(void) {
  dlrt_model *model = load_model();
  size_t bytes = 0;
  CHECK_STATUS(DLRT_OK, dlrt_model_memory(model, &bytes));
  CHECK(bytes >= 61706 * sizeof(float) && bytes < 4 * 61706 * sizeof(float));
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_model_memory(NULL, &bytes));
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_model_memory(model, NULL));
  dlrt_model_destroy(model);
}

void test_profile(void) {
  RUN(only_of_runs_with_profiling_on);
  RUN(entries);
  RUN(another_shape);
  RUN(struct_sizes);
  RUN(memory_of_a_model);
}
