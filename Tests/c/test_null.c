/* Every function with NULL for each of its pointers: INVALID_ARGUMENT, and nothing written. */
#include "check.h"
#include "fixtures.h"
#include "tests.h"

#include <stdlib.h>
#include <string.h>

/* A value that no function would write. */
#define UNTOUCHED ((size_t)0x5A5A5A5A)
#define NULL_IS_REFUSED(call) CHECK_STATUS(DLRT_INVALID_ARGUMENT, call)

static void loading(void) {
  dlrt_model *model = (dlrt_model *)UNTOUCHED;
  size_t size;
  unsigned char *bytes = read_file(model_path, &size);
  NULL_IS_REFUSED(dlrt_model_load_file(NULL, NULL, &model));
  NULL_IS_REFUSED(dlrt_model_load_file(model_path, NULL, NULL));
  NULL_IS_REFUSED(dlrt_model_load_memory(NULL, size, NULL, &model));
  NULL_IS_REFUSED(dlrt_model_load_memory(bytes, size, NULL, NULL));
  CHECK(dlrt_model_load_memory(NULL, 0, NULL, &model) != DLRT_OK);
  CHECK(model == (dlrt_model *)UNTOUCHED);
  free(bytes);
}

static void describing(void) {
  dlrt_model *model = load_model();
  size_t number = UNTOUCHED;
  const char *text = (const char *)UNTOUCHED, *other = text;
  dlrt_tensor_info info, before;
  memset(&info, 0x5A, sizeof info);
  before = info;

  NULL_IS_REFUSED(dlrt_model_isa(NULL, &text));
  NULL_IS_REFUSED(dlrt_model_isa(model, NULL));
  NULL_IS_REFUSED(dlrt_model_input_count(NULL, &number));
  NULL_IS_REFUSED(dlrt_model_input_count(model, NULL));
  NULL_IS_REFUSED(dlrt_model_output_count(NULL, &number));
  NULL_IS_REFUSED(dlrt_model_output_count(model, NULL));
  NULL_IS_REFUSED(dlrt_model_input_info(NULL, 0, &info));
  NULL_IS_REFUSED(dlrt_model_input_info(model, 0, NULL));
  NULL_IS_REFUSED(dlrt_model_output_info(NULL, 0, &info));
  NULL_IS_REFUSED(dlrt_model_output_info(model, 0, NULL));
  NULL_IS_REFUSED(dlrt_model_find_input(NULL, "x", &number));
  NULL_IS_REFUSED(dlrt_model_find_input(model, NULL, &number));
  NULL_IS_REFUSED(dlrt_model_find_input(model, "x", NULL));
  NULL_IS_REFUSED(dlrt_model_find_output(NULL, "x", &number));
  NULL_IS_REFUSED(dlrt_model_find_output(model, NULL, &number));
  NULL_IS_REFUSED(dlrt_model_find_output(model, "x", NULL));
  NULL_IS_REFUSED(dlrt_model_metadata_count(NULL, &number));
  NULL_IS_REFUSED(dlrt_model_metadata_count(model, NULL));
  NULL_IS_REFUSED(dlrt_model_metadata_entry(NULL, 0, &text, &other));
  NULL_IS_REFUSED(dlrt_model_metadata_entry(model, 0, NULL, &other));
  NULL_IS_REFUSED(dlrt_model_metadata_entry(model, 0, &text, NULL));
  NULL_IS_REFUSED(dlrt_model_find_metadata(NULL, "x", &text));
  NULL_IS_REFUSED(dlrt_model_find_metadata(model, NULL, &text));
  NULL_IS_REFUSED(dlrt_model_find_metadata(model, "x", NULL));
  NULL_IS_REFUSED(dlrt_model_label_count(NULL, &number));
  NULL_IS_REFUSED(dlrt_model_label_count(model, NULL));
  NULL_IS_REFUSED(dlrt_model_label(NULL, 0, &text));
  NULL_IS_REFUSED(dlrt_model_label(model, 0, NULL));

  CHECK(number == UNTOUCHED);
  CHECK(text == (const char *)UNTOUCHED && other == text);
  CHECK(memcmp(&info, &before, sizeof info) == 0);
  dlrt_model_destroy(model);
}

static void sessions(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1), *none = (dlrt_session *)UNTOUCHED;
  dlrt_tensor tensor, before;
  dlrt_class best[3], best_before[3];
  size_t number = UNTOUCHED, size;
  input image = make_input(model, 1, 1);
  memset(&tensor, 0x5A, sizeof tensor);
  memset(best, 0x5A, sizeof best);
  before = tensor;
  memcpy(best_before, best, sizeof best);

  NULL_IS_REFUSED(dlrt_session_create(NULL, NULL, &none));
  NULL_IS_REFUSED(dlrt_session_create(model, NULL, NULL));
  NULL_IS_REFUSED(dlrt_pool_create(1, NULL));
  NULL_IS_REFUSED(dlrt_session_set_input(NULL, 0, DLRT_F32, image.dims, image.rank, image.values, image.size));
  NULL_IS_REFUSED(dlrt_session_set_input(session, 0, DLRT_F32, NULL, image.rank, image.values, image.size));
  NULL_IS_REFUSED(dlrt_session_set_input(session, 0, DLRT_F32, image.dims, image.rank, NULL, image.size));
  NULL_IS_REFUSED(dlrt_session_bind_input(NULL, 0, DLRT_F32, image.dims, image.rank, image.values, image.size));
  NULL_IS_REFUSED(dlrt_session_bind_input(session, 0, DLRT_F32, NULL, image.rank, image.values, image.size));
  NULL_IS_REFUSED(dlrt_session_bind_input(session, 0, DLRT_F32, image.dims, image.rank, NULL, image.size));
  NULL_IS_REFUSED(dlrt_session_set_input_jpeg(NULL, 0, jpeg, jpeg_size));
  NULL_IS_REFUSED(dlrt_session_set_input_jpeg(session, 0, NULL, jpeg_size));
  NULL_IS_REFUSED(dlrt_session_bind_output(NULL, 0, image.values, image.size));
  NULL_IS_REFUSED(dlrt_session_run(NULL));

  float *scores = scores_of(session, &image, &size);
  NULL_IS_REFUSED(dlrt_session_output(NULL, 0, &tensor));
  NULL_IS_REFUSED(dlrt_session_output(session, 0, NULL));
  NULL_IS_REFUSED(dlrt_session_copy_output(NULL, 0, image.values, size));
  NULL_IS_REFUSED(dlrt_session_copy_output(session, 0, NULL, size));
  NULL_IS_REFUSED(dlrt_session_memory(NULL, &number));
  NULL_IS_REFUSED(dlrt_session_memory(session, NULL));
  NULL_IS_REFUSED(dlrt_session_top_k(NULL, 0, 3, best, &number));
  NULL_IS_REFUSED(dlrt_session_top_k(session, 0, 3, NULL, &number));
  NULL_IS_REFUSED(dlrt_session_top_k(session, 0, 3, best, NULL));

  CHECK(none == (dlrt_session *)UNTOUCHED);
  CHECK(number == UNTOUCHED);
  CHECK(memcmp(&tensor, &before, sizeof tensor) == 0);
  CHECK(memcmp(best, best_before, sizeof best) == 0);
  free(scores);
  free_input(&image);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

static void destroying(void) {
  dlrt_session_destroy(NULL);
  dlrt_model_destroy(NULL);
  dlrt_pool_destroy(NULL);
}

void test_null(void) {
  RUN(loading);
  RUN(describing);
  RUN(sessions);
  RUN(destroying);
}
