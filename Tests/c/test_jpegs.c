/* JPEG bytes as input. */
#include "check.h"
#include "fixtures.h"
#include "tests.h"

#include <stdlib.h>
#include <string.h>

static float *scores_of_jpeg(dlrt_session *session, size_t *size) {
  dlrt_tensor output;
  if (!CHECK_STATUS(DLRT_OK, dlrt_session_set_input_jpeg(session, 0, jpeg, jpeg_size)) ||
      !CHECK_STATUS(DLRT_OK, dlrt_session_run(session)) || !CHECK_STATUS(DLRT_OK, dlrt_session_output(session, 0, &output)))
    return NULL;
  float *scores = malloc(output.size);
  memcpy(scores, output.data, output.size);
  *size = output.size;
  return scores;
}

static void classified(void) {
  dlrt_model *model = load_model();
  size_t size = 0, size3 = 0, count = 0;
  dlrt_session *session = make_session(model, 1), *three = make_session(model, 3);
  float *scores = scores_of_jpeg(session, &size), *scores3 = scores_of_jpeg(three, &size3);
  dlrt_class best[3];
  CHECK(size > 0 && size == size3 && memcmp(scores, scores3, size) == 0);
  CHECK_STATUS(DLRT_OK, dlrt_session_top_k(session, 0, 3, best, &count));
  CHECK(count == 3 && best[0].score >= best[1].score && best[1].score >= best[2].score);
  for (size_t i = 0; i < count; i++) {
    const char *label = NULL;
    CHECK_STATUS(DLRT_OK, dlrt_model_label(model, best[i].index, &label));
    CHECK(best[i].label && label && strcmp(best[i].label, label) == 0 && scores[best[i].index] == best[i].score);
  }
  free(scores);
  free(scores3);
  dlrt_session_destroy(session);
  dlrt_session_destroy(three);
  dlrt_model_destroy(model);
}

/* Whatever the bytes: a status; and the next good picture gives the same bits as ever. */
static void give(dlrt_session *session, const void *data, size_t size) {
  guarded memory = guarded_copy(data, size);
  dlrt_status status = dlrt_session_set_input_jpeg(session, 0, memory.data, size);
  if (status == DLRT_OK)
    CHECK_STATUS(DLRT_OK, dlrt_session_run(session));
  else /* damage may make it a JPEG of another kind */
    CHECK_STATUS(status == DLRT_UNSUPPORTED ? DLRT_UNSUPPORTED : DLRT_INVALID_IMAGE, status);
  guarded_free(memory);
}

static void damaged(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  size_t size = 0, size_after = 0;
  float *scores = scores_of_jpeg(session, &size);
  for (size_t length = 0; length < jpeg_size; length++) give(session, jpeg, length);
  unsigned char *broken = malloc(jpeg_size);
  for (size_t place = 0; place < jpeg_size; place++) {
    static const unsigned char flips[] = {0x01, 0x10, 0x80, 0xFF};
    for (size_t i = 0; i < 4; i += stride < 4 ? stride : 4) {
      memcpy(broken, jpeg, jpeg_size);
      broken[place] ^= flips[i];
      give(session, broken, jpeg_size);
    }
  }
  float *after = scores_of_jpeg(session, &size_after);
  CHECK(size == size_after && memcmp(scores, after, size) == 0);
  free(broken);
  free(after);
  free(scores);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

static void no_picture_at_all(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  static const char text[] = "not a picture";
  unsigned char bytes[2048];
  uint32_t state = 5;
  CHECK_STATUS(DLRT_INVALID_IMAGE, dlrt_session_set_input_jpeg(session, 0, text, sizeof text));
  CHECK_STATUS(DLRT_INVALID_IMAGE, dlrt_session_set_input_jpeg(session, 0, text, 0));
  CHECK_STATUS(DLRT_INVALID_IMAGE, dlrt_session_set_input_jpeg(session, 0, "\xFF\xD8", 2));
  CHECK_STATUS(DLRT_INVALID_IMAGE, dlrt_session_set_input_jpeg(session, 0, "\xFF\xD8\xFF\xD9", 4));
  for (size_t round = 0; round < 200; round++) {
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)next_random(&state);
    memcpy(bytes, "\xFF\xD8\xFF", round % 2 ? 3 : 0);
    give(session, bytes, sizeof bytes);
  }
  CHECK_STATUS(DLRT_NOT_READY, dlrt_session_run(session));
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

/* A picture that failed leaves the input set before it. */
static void failure_keeps_the_input(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  input image = make_input(model, 1, 21);
  size_t size;
  dlrt_tensor output;
  float *scores = scores_of(session, &image, &size);
  CHECK_STATUS(DLRT_INVALID_IMAGE, dlrt_session_set_input_jpeg(session, 0, "nothing", 7));
  CHECK_STATUS(DLRT_OK, dlrt_session_run(session));
  CHECK_STATUS(DLRT_OK, dlrt_session_output(session, 0, &output));
  CHECK(output.size == size && memcmp(output.data, scores, size) == 0);
  free(scores);
  free_input(&image);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

void test_jpegs(void) {
  RUN(classified);
  RUN(damaged);
  RUN(no_picture_at_all);
  RUN(failure_keeps_the_input);
}
