/* What a run computes: one answer, whatever the threads, the buffers and the runs before. */
#include "check.h"
#include "fixtures.h"
#include "tests.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void not_ready(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  dlrt_tensor output;
  dlrt_class best;
  size_t count;
  float score;
  CHECK_STATUS(DLRT_NOT_READY, dlrt_session_run(session));
  CHECK_STATUS(DLRT_NOT_READY, dlrt_session_output(session, 0, &output));
  CHECK_STATUS(DLRT_NOT_READY, dlrt_session_copy_output(session, 0, &score, sizeof score));
  CHECK_STATUS(DLRT_NOT_READY, dlrt_session_top_k(session, 0, 1, &best, &count));
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

static void same_scores(const float *expected, size_t size, dlrt_session *session) {
  dlrt_tensor output;
  if (CHECK_STATUS(DLRT_OK, dlrt_session_run(session)) && CHECK_STATUS(DLRT_OK, dlrt_session_output(session, 0, &output)))
    CHECK(output.size == size && memcmp(output.data, expected, size) == 0);
}

static void same_bits_for_any_threads(void) {
  static const size_t threads[] = {1, 2, 3, 8};
  static const int64_t batches[] = {1, 2, 7, 64};
  dlrt_model *model = load_model();
  for (size_t b = 0; b < 4; b++) {
    input image = make_input(model, batches[b], 31);
    size_t size = 0;
    float *expected = NULL;
    for (size_t t = 0; t < 4; t++) {
      dlrt_session *session = make_session(model, threads[t]);
      if (!expected)
        expected = scores_of(session, &image, &size);
      else
        CHECK_STATUS(DLRT_OK, set_input(session, &image));
      for (int round = 0; round < rounds(20); round++) same_scores(expected, size, session);
      dlrt_session_destroy(session);
    }
    free(expected);
    free_input(&image);
  }
  dlrt_model_destroy(model);
}

/* Each image of a batch has the scores it has alone, to the last few bits: a batch may be split into other tiles. */
static void batches(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 2);
  input image = make_input(model, 9, 32), one = image;
  size_t size, row_size;
  float *scores = scores_of(session, &image, &size);
  one.dims[0] = 1;
  one.count /= 9;
  one.size /= 9;
  for (size_t row = 0; scores && row < 9; row++) {
    one.values = image.values + row * one.count;
    float *alone = scores_of(session, &one, &row_size);
    CHECK(alone && row_size == size / 9);
    for (size_t i = 0; alone && i < row_size / sizeof(float); i++)
      CHECK(fabsf(alone[i] - scores[row * row_size / sizeof(float) + i]) <= 1e-5f * (1 + fabsf(alone[i])));
    free(alone);
  }
  free(scores);
  free_input(&image);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

/* Free dimensions may change from run to run and back. */
static void changing_shapes(void) {
  static const int64_t sizes[] = {1, 5, 1, 64, 2, 63, 5, 1};
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 2);
  for (size_t i = 0; i < 8; i++) {
    input image = make_input(model, sizes[i], 33);
    dlrt_session *fresh = make_session(model, 1);
    size_t size, fresh_size;
    dlrt_tensor output;
    float *scores = scores_of(session, &image, &size), *expected = scores_of(fresh, &image, &fresh_size);
    CHECK(scores && expected && size == fresh_size && memcmp(scores, expected, size) == 0);
    CHECK_STATUS(DLRT_OK, dlrt_session_output(session, 0, &output));
    CHECK(output.dims[0] == sizes[i]);
    for (size_t d = output.rank; d < DLRT_MAX_RANK; d++) CHECK(output.dims[d] == 0);
    free(scores);
    free(expected);
    dlrt_session_destroy(fresh);
    free_input(&image);
  }
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

/* Bound buffers of every alignment that is allowed, ending at a page that can't be read. */
static void bound_buffers(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 3), *plain = make_session(model, 1);
  input image = make_input(model, 3, 34), bound;
  size_t size;
  float *expected = scores_of(plain, &image, &size), *buffer = malloc(size + 64);
  for (size_t shift = 0; shift < 16; shift++) {
    guarded memory = guarded_copy(NULL, image.size + shift * 4);
    memcpy(memory.data, image.values, image.size);
    bound = image;
    bound.values = (float *)(void *)memory.data;
    dlrt_tensor output;
    memset(buffer, 0x5A, size + 64);
    CHECK_STATUS(DLRT_OK, bind_input(session, &bound));
    CHECK_STATUS(DLRT_OK, dlrt_session_bind_output(session, 0, buffer + shift, size));
    CHECK_STATUS(DLRT_OK, dlrt_session_run(session));
    CHECK(memcmp(buffer + shift, expected, size) == 0);
    for (size_t i = 0; i < shift * 4; i++) CHECK(((unsigned char *)buffer)[i] == 0x5A);
    for (size_t i = shift * 4 + size; i < size + 64; i++) CHECK(((unsigned char *)buffer)[i] == 0x5A);
    CHECK_STATUS(DLRT_OK, dlrt_session_output(session, 0, &output));
    CHECK(output.data == buffer + shift);
    CHECK(memcmp(bound.values, image.values, image.size) == 0); /* the input is as it was */
    CHECK_STATUS(DLRT_OK, set_input(session, &image));
    guarded_free(memory);
  }
  free(buffer);
  free(expected);
  free_input(&image);
  dlrt_session_destroy(plain);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

/* A bound input is read anew by every run; a copied one was taken when it was set. */
static void values_that_change(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  input first = make_input(model, 1, 35), second = make_input(model, 1, 36), changing = make_input(model, 1, 35);
  size_t size;
  float *of_first = scores_of(session, &first, &size), *of_second = scores_of(session, &second, &size);
  CHECK(of_first && of_second && memcmp(of_first, of_second, size) != 0);
  CHECK_STATUS(DLRT_OK, bind_input(session, &changing));
  same_scores(of_first, size, session);
  memcpy(changing.values, second.values, second.size);
  same_scores(of_second, size, session);
  CHECK_STATUS(DLRT_OK, set_input(session, &changing));
  memcpy(changing.values, first.values, first.size);
  same_scores(of_second, size, session);
  free(of_first);
  free(of_second);
  free_input(&first);
  free_input(&second);
  free_input(&changing);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

/* Outputs stay until the next run, whatever is set meanwhile. */
static void outputs_stay(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  input first = make_input(model, 1, 37), second = make_input(model, 64, 38);
  size_t size;
  dlrt_tensor output;
  float *expected = scores_of(session, &first, &size);
  CHECK_STATUS(DLRT_OK, set_input(session, &second));
  CHECK_STATUS(DLRT_OK, dlrt_session_output(session, 0, &output));
  CHECK(output.size == size && output.dims[0] == 1 && memcmp(output.data, expected, size) == 0);
  CHECK_STATUS(DLRT_OK, dlrt_session_run(session));
  CHECK_STATUS(DLRT_OK, dlrt_session_output(session, 0, &output));
  CHECK(output.size == 64 * size);
  free(expected);
  free_input(&first);
  free_input(&second);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

/* Odd numbers: no crash, and no trace in the next run. */
static void odd_numbers(void) {
  float odd[] = {NAN, -NAN, INFINITY, -INFINITY, 3.4e38f, -3.4e38f, 1e-41f, -0.0f};
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 2);
  input image = make_input(model, 2, 39), clean = make_input(model, 2, 39);
  size_t size;
  float *expected = scores_of(session, &clean, &size);
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
    for (size_t j = 0; j < image.count; j++) image.values[j] = odd[i];
    size_t odd_size;
    float *scores = scores_of(session, &image, &odd_size);
    if (scores && odd[i] != odd[i]) { /* every score depends on every pixel */
      for (size_t j = 0; j < size / sizeof(float); j++) CHECK(scores[j] != scores[j]);
    }
    free(scores);
    CHECK_STATUS(DLRT_OK, set_input(session, &clean));
    same_scores(expected, size, session);
  }
  free(expected);
  free_input(&image);
  free_input(&clean);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

/* The largest first, equal ones by index, NaN last: shown on scores put into the bound output. */
static void top_k(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  input image = make_input(model, 1, 40), two = make_input(model, 2, 40);
  size_t size, count = 99;
  dlrt_class best[64];
  free(scores_of(session, &image, &size));
  size_t n = size / sizeof(float);
  float *scores = malloc(size);
  if (!CHECK(n >= 6 && n <= 64)) return;
  CHECK_STATUS(DLRT_OK, dlrt_session_bind_output(session, 0, scores, size));
  CHECK_STATUS(DLRT_OK, dlrt_session_run(session));
  for (size_t i = 0; i < n; i++) scores[i] = -1.0f - (float)i;
  scores[0] = NAN;
  scores[1] = -INFINITY;
  scores[2] = 7.0f;
  scores[3] = INFINITY;
  scores[4] = 7.0f;
  scores[5] = NAN;
  CHECK_STATUS(DLRT_OK, dlrt_session_top_k(session, 0, 64, best, &count));
  CHECK(count == n && best[0].index == 3 && best[1].index == 2 && best[2].index == 4);
  CHECK(best[n - 3].index == 1 && best[n - 2].index == 0 && best[n - 1].index == 5 && best[n - 1].score != best[n - 1].score);
  memset(best, 0x5A, sizeof best);
  CHECK_STATUS(DLRT_OK, dlrt_session_top_k(session, 0, 2, best, &count));
  CHECK(count == 2 && best[0].index == 3 && best[1].index == 2 && best[2].index == best[3].index && best[2].index > n);
  CHECK_STATUS(DLRT_OK, dlrt_session_top_k(session, 0, SIZE_MAX / 2, best, &count));
  CHECK(count == n);
  CHECK_STATUS(DLRT_OK, dlrt_session_bind_output(session, 0, NULL, 0));
  free(scores_of(session, &two, &size));
  CHECK_STATUS(DLRT_SHAPE_MISMATCH, dlrt_session_top_k(session, 0, 2, best, &count));
  free(scores);
  free_input(&image);
  free_input(&two);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

static void memory_limits(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1), *limited = NULL;
  input one = make_input(model, 1, 41), many = make_input(model, 64, 41);
  size_t size, needed = 0, held = 0;
  float *expected = scores_of(session, &one, &size);
  CHECK_STATUS(DLRT_OK, dlrt_session_memory(session, &needed));
  CHECK(needed > 0);
  dlrt_session_options options = {0};
  options.struct_size = sizeof options;
  options.memory_limit = needed;
  if (!CHECK_STATUS(DLRT_OK, dlrt_session_create(model, &options, &limited))) return;
  free(scores_of(limited, &one, &size));
  for (int round = 0; round < 3; round++) {
    dlrt_status status = set_input(limited, &many);
    if (status == DLRT_OK) status = dlrt_session_run(limited);
    CHECK_STATUS(DLRT_MEMORY_LIMIT, status);
    CHECK_STATUS(DLRT_OK, dlrt_session_memory(limited, &held));
    CHECK(held <= needed);
    CHECK_STATUS(DLRT_OK, set_input(limited, &one));
    same_scores(expected, size, limited);
  }
  dlrt_session_destroy(limited);
  options.memory_limit = 1;
  if (CHECK_STATUS(DLRT_OK, dlrt_session_create(model, &options, &limited))) {
    dlrt_status status = bind_input(limited, &one);
    if (status == DLRT_OK) status = dlrt_session_run(limited);
    CHECK_STATUS(DLRT_MEMORY_LIMIT, status);
    dlrt_session_destroy(limited);
  }
  free(expected);
  free_input(&one);
  free_input(&many);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

void test_runs(void) {
  RUN(not_ready);
  RUN(same_bits_for_any_threads);
  RUN(batches);
  RUN(changing_shapes);
  RUN(bound_buffers);
  RUN(values_that_change);
  RUN(outputs_stay);
  RUN(odd_numbers);
  RUN(top_k);
  RUN(memory_limits);
}
