/* Arguments that are there but wrong: an index, a dtype, a rank, a size, options. */
#include "check.h"
#include "fixtures.h"
#include "tests.h"

#include <stdlib.h>
#include <string.h>

#define UNTOUCHED ((size_t)0x5A5A5A5A)

static void indices_past_the_end(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  size_t wrong[] = {1000000, SIZE_MAX, (size_t)1 << 63, 0, 0};
  size_t inputs, outputs, entries, labels, number = UNTOUCHED, size;
  const char *text = (const char *)UNTOUCHED, *other = text;
  dlrt_tensor_info info, info_before;
  dlrt_tensor tensor, tensor_before;
  dlrt_class best[2];
  input image = make_input(model, 1, 2);
  free(scores_of(session, &image, &size));
  memset(&info, 0x5A, sizeof info);
  memset(&tensor, 0x5A, sizeof tensor);
  info_before = info;
  tensor_before = tensor;
  CHECK_STATUS(DLRT_OK, dlrt_model_input_count(model, &inputs));
  CHECK_STATUS(DLRT_OK, dlrt_model_output_count(model, &outputs));
  CHECK_STATUS(DLRT_OK, dlrt_model_metadata_count(model, &entries));
  CHECK_STATUS(DLRT_OK, dlrt_model_label_count(model, &labels));
  CHECK(inputs == 1 && outputs == 1);
  wrong[3] = labels > entries ? labels : entries;
  wrong[4] = wrong[3] + 1;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    size_t index = wrong[i];
    CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_model_input_info(model, index, &info));
    CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_model_output_info(model, index, &info));
    CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_model_metadata_entry(model, index, &text, &other));
    CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_model_label(model, index, &text));
    CHECK_STATUS(DLRT_OUT_OF_RANGE,
                 dlrt_session_set_input(session, index, DLRT_F32, image.dims, image.rank, image.values, image.size));
    CHECK_STATUS(DLRT_OUT_OF_RANGE,
                 dlrt_session_bind_input(session, index, DLRT_F32, image.dims, image.rank, image.values, image.size));
    CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_session_set_input_jpeg(session, index, jpeg, jpeg_size));
    CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_session_bind_output(session, index, image.values, image.size));
    CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_session_bind_output(session, index, NULL, 0));
    CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_session_output(session, index, &tensor));
    CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_session_copy_output(session, index, image.values, size));
    CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_session_top_k(session, index, 2, best, &number));
  }
  /* Right behind the last one of each kind. */
  CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_model_input_info(model, inputs, &info));
  CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_model_output_info(model, outputs, &info));
  CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_model_metadata_entry(model, entries, &text, &other));
  CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_model_label(model, labels, &text));
  CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_session_output(session, outputs, &tensor));
  CHECK(text == (const char *)UNTOUCHED && other == text && number == UNTOUCHED);
  CHECK(memcmp(&info, &info_before, sizeof info) == 0);
  CHECK(memcmp(&tensor, &tensor_before, sizeof tensor) == 0);
  free_input(&image);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

/* Both ways to give an array must give the same status. */
static dlrt_status give(dlrt_session *session, dlrt_dtype dtype, const int64_t *dims, size_t rank, const void *data,
                        size_t size) {
  dlrt_status copied = dlrt_session_set_input(session, 0, dtype, dims, rank, data, size);
  dlrt_status bound = dlrt_session_bind_input(session, 0, dtype, dims, rank, data, size);
  CHECK(copied == bound);
  return copied;
}

static void wrong_dtypes(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  input image = make_input(model, 1, 3);
  for (int dtype = DLRT_F16; dtype <= DLRT_BOOL; dtype++)
    CHECK_STATUS(DLRT_TYPE_MISMATCH, give(session, (dlrt_dtype)dtype, image.dims, image.rank, image.values, image.size));
  int unknown[] = {0, 14, 255, 256, 257, 1 << 30, -1};
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    dlrt_status status = give(session, (dlrt_dtype)unknown[i], image.dims, image.rank, image.values, image.size);
    CHECK(status == DLRT_TYPE_MISMATCH || status == DLRT_INVALID_ARGUMENT);
  }
  CHECK_STATUS(DLRT_NOT_READY, dlrt_session_run(session));
  free_input(&image);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

static void wrong_shapes(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  input image = make_input(model, 1, 4);
  size_t sizes[] = {0, 1, image.size - 1, image.size + 1, image.size / 4, image.size * 2, SIZE_MAX / 2};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    CHECK_STATUS(DLRT_SHAPE_MISMATCH, give(session, DLRT_F32, image.dims, image.rank, image.values, sizes[i]));
  size_t ranks[] = {0, image.rank - 1, image.rank + 1, DLRT_MAX_RANK, DLRT_MAX_RANK + 1, SIZE_MAX};
  for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++)
    CHECK_STATUS(DLRT_SHAPE_MISMATCH, give(session, DLRT_F32, image.dims, ranks[i], image.values, image.size));
  int64_t bad[] = {-1, INT64_MIN, INT64_MAX, (int64_t)1 << 62, (int64_t)1 << 32, 0, 3};
  for (size_t axis = 0; axis < image.rank; axis++) {
    int64_t right = image.dims[axis];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
      if (bad[i] == right) continue;
      image.dims[axis] = bad[i];
      CHECK_STATUS(DLRT_SHAPE_MISMATCH, give(session, DLRT_F32, image.dims, image.rank, image.values, image.size));
    }
    image.dims[axis] = right;
  }
  CHECK_STATUS(DLRT_NOT_READY, dlrt_session_run(session));
  CHECK_STATUS(DLRT_OK, give(session, DLRT_F32, image.dims, image.rank, image.values, image.size));
  CHECK_STATUS(DLRT_OK, dlrt_session_run(session));
  free_input(&image);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

/* Dimensions whose product fits 64 bits, but no memory: the run must say so. */
static void shapes_too_big_for_memory(void) {
  dlrt_model *model = load_model();
  input image = make_input(model, 1, 5);
  size_t image_size = image.size, size;
  for (int shift = 38; shift < 52; shift++) {
    dlrt_session *session = make_session(model, 1);
    image.dims[0] = (int64_t)1 << shift;
    dlrt_status status = dlrt_session_bind_input(session, 0, DLRT_F32, image.dims, image.rank, image.values, image_size << shift);
    if (status == DLRT_OK) status = dlrt_session_run(session);
    CHECK(status == DLRT_OUT_OF_MEMORY || status == DLRT_SHAPE_MISMATCH || status == DLRT_UNSUPPORTED);
    image.dims[0] = 1;
    free(scores_of(session, &image, &size));
    dlrt_session_destroy(session);
  }
  free_input(&image);
  dlrt_model_destroy(model);
}

static void an_empty_batch(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 2);
  input image = make_input(model, 0, 6);
  dlrt_tensor output;
  dlrt_status status = set_input(session, &image);
  if (status == DLRT_OK && CHECK_STATUS(DLRT_OK, dlrt_session_run(session))) {
    CHECK_STATUS(DLRT_OK, dlrt_session_output(session, 0, &output));
    CHECK(output.size == 0 && output.dims[0] == 0);
  } else {
    CHECK(status == DLRT_OK || status == DLRT_SHAPE_MISMATCH);
  }
  free_input(&image);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

static void output_buffers(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  input image = make_input(model, 1, 7);
  size_t size;
  float *scores = scores_of(session, &image, &size);
  unsigned char *buffer = malloc(size + 64);
  memset(buffer, 0x5A, size + 64);
  size_t wrong[] = {0, 1, size - 1, size + 1, SIZE_MAX / 2};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    CHECK_STATUS(DLRT_SHAPE_MISMATCH, dlrt_session_copy_output(session, 0, buffer, wrong[i]));
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    dlrt_status status = dlrt_session_bind_output(session, 0, buffer, wrong[i]);
    if (status == DLRT_OK) status = dlrt_session_run(session);
    CHECK_STATUS(DLRT_SHAPE_MISMATCH, status);
  }
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_session_bind_output(session, 0, buffer + 1, size));
  CHECK_STATUS(DLRT_INVALID_ARGUMENT,
               dlrt_session_bind_input(session, 0, DLRT_F32, image.dims, image.rank, (char *)image.values + 1, image.size));
  for (size_t i = 0; i < size + 64; i++) CHECK(buffer[i] == 0x5A);
  CHECK_STATUS(DLRT_OK, dlrt_session_bind_output(session, 0, NULL, 0));
  CHECK_STATUS(DLRT_OK, dlrt_session_run(session));
  CHECK_STATUS(DLRT_OK, dlrt_session_copy_output(session, 0, buffer, size));
  CHECK(memcmp(buffer, scores, size) == 0);
  free(buffer);
  free(scores);
  free_input(&image);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

static void load_options(void) {
  dlrt_model *model = (dlrt_model *)UNTOUCHED;
  dlrt_load_options options;
  memset(&options, 0, sizeof options);
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_model_load_file(model_path, &options, &model));
  options.struct_size = sizeof(size_t) - 1;
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_model_load_file(model_path, &options, &model));
  options.struct_size = sizeof options - 3; /* ends within low_memory */
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_model_load_file(model_path, &options, &model));
  options.struct_size = sizeof options;
  options.isa = "pentium";
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_model_load_file(model_path, &options, &model));
  options.isa = "";
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_model_load_file(model_path, &options, &model));
  options.isa = NULL;
  options.flags = 1u << 31;
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_model_load_file(model_path, &options, &model));
  options.flags = 0;
  options.memory_limit = 1;
  CHECK_STATUS(DLRT_MEMORY_LIMIT, dlrt_model_load_file(model_path, &options, &model));
  CHECK(model == (dlrt_model *)UNTOUCHED);
  options.memory_limit = SIZE_MAX / 2;
  CHECK_STATUS(DLRT_OK, dlrt_model_load_file(model_path, &options, &model));
  dlrt_model_destroy(model);
}

/* A program built with a later header has more fields, all zero. */
static void options_of_a_later_version(void) {
  struct {
    dlrt_load_options known;
    char more[64];
  } loading;
  struct {
    dlrt_session_options known;
    char more[64];
  } running;
  dlrt_model *model = NULL;
  dlrt_session *session = NULL;
  memset(&loading, 0, sizeof loading);
  memset(&running, 0, sizeof running);
  loading.known.struct_size = sizeof loading;
  running.known.struct_size = sizeof running;
  CHECK_STATUS(DLRT_OK, dlrt_model_load_file(model_path, &loading.known, &model));
  CHECK_STATUS(DLRT_OK, dlrt_session_create(model, &running.known, &session));
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

static void session_options(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = (dlrt_session *)UNTOUCHED;
  dlrt_session_options options;
  memset(&options, 0, sizeof options);
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_session_create(model, &options, &session));
  options.struct_size = sizeof(size_t) - 1;
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_session_create(model, &options, &session));
  options.struct_size = sizeof options;
  size_t wrong[] = {257, 100000, SIZE_MAX};
  for (size_t i = 0; i < 3; i++) {
    options.threads = wrong[i];
    CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_session_create(model, &options, &session));
  }
  CHECK(session == (dlrt_session *)UNTOUCHED);
  options.threads = 0;
  CHECK_STATUS(DLRT_OK, dlrt_session_create(model, &options, &session));
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

static void pool_sizes(void) {
  dlrt_pool *pool = (dlrt_pool *)UNTOUCHED;
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_pool_create(257, &pool));
  CHECK_STATUS(DLRT_INVALID_ARGUMENT, dlrt_pool_create(SIZE_MAX, &pool));
  CHECK(pool == (dlrt_pool *)UNTOUCHED);
  size_t right[] = {0, 1, 2, 256};
  for (size_t i = 0; i < (under_valgrind ? 3 : 4); i++) {
    if (CHECK_STATUS(DLRT_OK, dlrt_pool_create(right[i], &pool))) dlrt_pool_destroy(pool);
  }
}

void test_arguments(void) {
  RUN(indices_past_the_end);
  RUN(wrong_dtypes);
  RUN(wrong_shapes);
  RUN(shapes_too_big_for_memory);
  RUN(an_empty_batch);
  RUN(output_buffers);
  RUN(load_options);
  RUN(options_of_a_later_version);
  RUN(session_options);
  RUN(pool_sizes);
}
