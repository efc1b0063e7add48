/* What belongs to the host stays as it was: floating-point state, locale, signals, the standard streams. */
#include "check.h"
#include "fixtures.h"
#include "tests.h"

#include <fenv.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

static void same_scores_in(dlrt_session *session, const input *image, const float *expected, size_t size) {
  dlrt_tensor output;
  CHECK_STATUS(DLRT_OK, set_input(session, image));
  CHECK_STATUS(DLRT_OK, dlrt_session_run(session));
  CHECK_STATUS(DLRT_OK, dlrt_session_output(session, 0, &output));
  CHECK(output.size == size && memcmp(output.data, expected, size) == 0);
}

/* The scores of the JPEG; the caller frees them. */
static float *scores_of_jpeg(dlrt_session *session, size_t size) {
  float *scores = malloc(size);
  CHECK_STATUS(DLRT_OK, dlrt_session_set_input_jpeg(session, 0, jpeg, jpeg_size));
  CHECK_STATUS(DLRT_OK, dlrt_session_run(session));
  CHECK_STATUS(DLRT_OK, dlrt_session_copy_output(session, 0, scores, size));
  return scores;
}

/* Loading, preparing a picture and running give the same bits however the host rounds. */
static void rounding_modes(void) {
  static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST};
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 3);
  input image = make_input(model, 1, 71);
  size_t size;
  float *expected = scores_of(session, &image, &size), *of_jpeg = scores_of_jpeg(session, size);
  for (size_t i = 0; i < 4; i++) {
    fesetround(modes[i]);
    same_scores_in(session, &image, expected, size);
    dlrt_model *other = load_model();
    dlrt_session *fresh = make_session(other, 2);
    same_scores_in(fresh, &image, expected, size);
    float *again = scores_of_jpeg(fresh, size);
    CHECK(memcmp(again, of_jpeg, size) == 0);
    CHECK(fegetround() == modes[i]);
    free(again);
    dlrt_session_destroy(fresh);
    dlrt_model_destroy(other);
  }
  fesetround(FE_TONEAREST);
  free(of_jpeg);
  free(expected);
  free_input(&image);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

#if defined(__x86_64__)
/* Every bit of MXCSR: flush modes, rounding, sticky flags, and exceptions that would be signals. The calls are made in
 * the state under test, and judged in the usual one. */
static void control_register(void) {
  static const unsigned states[] = {0x1F80, 0x9FC0, 0x5F80, 0x1FBF, 0x1D00, 0x0F80, 0x1000, 0x0000};
  const unsigned usual = _mm_getcsr();
  dlrt_session *session = NULL;
  for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
    unsigned after[5];
    dlrt_model *model = NULL;
    _mm_setcsr(states[i]);
    dlrt_status loaded = dlrt_model_load_file(model_path, NULL, &model);
    after[0] = _mm_getcsr();
    _mm_setcsr(usual);
    if (!CHECK_STATUS(DLRT_OK, loaded)) return;
    input image = make_input(model, 4, 72);
    for (size_t j = 0; j < image.count; j++) image.values[j] *= j % 3 ? 1e-40f : 1e38f; /* overflows, denormals */
    _mm_setcsr(states[i]);
    dlrt_status created = dlrt_session_create(model, NULL, &session);
    after[1] = _mm_getcsr();
    dlrt_status set = set_input(session, &image);
    after[2] = _mm_getcsr();
    dlrt_status run = dlrt_session_run(session);
    after[3] = _mm_getcsr();
    dlrt_status picture = dlrt_session_set_input_jpeg(session, 0, jpeg, jpeg_size);
    after[4] = _mm_getcsr();
    _mm_setcsr(usual);
    CHECK(created == DLRT_OK && set == DLRT_OK && run == DLRT_OK && picture == DLRT_OK);
    for (int j = 0; j < 5; j++) CHECK(after[j] == states[i]);
    free_input(&image);
    dlrt_session_destroy(session);
    dlrt_model_destroy(model);
  }
}

/* Denormal numbers count as zeros, on every thread. */
static void denormals(void) {
  dlrt_model *model = load_model();
  input zero = make_input(model, 8, 73), tiny = make_input(model, 8, 73);
  size_t size;
  for (size_t i = 0; i < zero.count; i++) {
    zero.values[i] = 0;
    tiny.values[i] = 1e-41f;
  }
  for (size_t threads = 1; threads <= 4; threads++) {
    dlrt_session *session = make_session(model, threads);
    float *expected = scores_of(session, &zero, &size), *found = scores_of(session, &tiny, &size);
    CHECK(expected && found && memcmp(expected, found, size) == 0);
    free(expected);
    free(found);
    dlrt_session_destroy(session);
  }
  free_input(&zero);
  free_input(&tiny);
  dlrt_model_destroy(model);
}
#endif

/* A host whose numbers have a comma, or a decimal point of several bytes: metadata and answers are what they are in C. */
static void locales(void) {
  static const char *const names[] = {"de_DE.UTF-8", "ps_AF.UTF-8", "C.UTF-8"};
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  input image = make_input(model, 1, 74);
  size_t size, count;
  float *expected = scores_of(session, &image, &size);
  bool foreign = false;
  for (size_t n = 0; n < 3; n++) {
    if (!setlocale(LC_ALL, names[n])) continue;
    foreign |= strcmp(localeconv()->decimal_point, ".") != 0;
    dlrt_model *other = load_model();
    CHECK_STATUS(DLRT_OK, dlrt_model_metadata_count(model, &count));
    for (size_t i = 0; i < count; i++) {
      const char *key, *value, *value_now;
      CHECK_STATUS(DLRT_OK, dlrt_model_metadata_entry(model, i, &key, &value));
      CHECK_STATUS(DLRT_OK, dlrt_model_find_metadata(other, key, &value_now));
      CHECK(strcmp(value, value_now) == 0);
    }
    dlrt_model_destroy(other);
    same_scores_in(session, &image, expected, size);
    CHECK(strcmp(names[n], setlocale(LC_ALL, NULL)) == 0);
  }
  if (!foreign) skip("no locale with another decimal point is installed");
  setlocale(LC_ALL, "C");
  free(expected);
  free_input(&image);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

static void signals(void) {
  struct sigaction before[32], after;
  sigset_t mask_before, mask_after;
  memset(before, 0, sizeof before);
  memset(&after, 0, sizeof after);
  memset(&mask_before, 0, sizeof mask_before);
  memset(&mask_after, 0, sizeof mask_after);
  for (int i = 1; i < 32; i++) sigaction(i, NULL, &before[i]);
  sigprocmask(SIG_SETMASK, NULL, &mask_before);
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 3);
  input image = make_input(model, 1, 75);
  size_t size;
  free(scores_of(session, &image, &size));
  CHECK_STATUS(DLRT_INVALID_IMAGE, dlrt_session_set_input_jpeg(session, 0, "no", 2));
  for (int i = 1; i < 32; i++) {
    if (sigaction(i, NULL, &after) == 0)
      CHECK(after.sa_handler == before[i].sa_handler && after.sa_flags == before[i].sa_flags);
  }
  sigprocmask(SIG_SETMASK, NULL, &mask_after);
  CHECK(memcmp(&mask_before, &mask_after, sizeof mask_before) == 0);
  free_input(&image);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

/* Nothing is printed, not even by libjpeg over a damaged picture. */
static void silence(void) {
  const char *path = work_path("printed");
  fflush(stdout);
  fflush(stderr);
  int output = dup(1), errors = dup(2);
  FILE *file = fopen(path, "w+b");
  if (!CHECK(file != NULL)) return;
  dup2(fileno(file), 1);
  dup2(fileno(file), 2);
  dlrt_model *model = load_model(), *none = NULL;
  dlrt_session *session = make_session(model, 1);
  size_t index;
  for (size_t length = 0; length <= jpeg_size; length++)
    if (dlrt_session_set_input_jpeg(session, 0, jpeg, length) == DLRT_OK) (void)dlrt_session_run(session);
  (void)dlrt_model_find_input(model, "nobody", &index);
  (void)dlrt_model_load_memory("no model", 8, NULL, &none);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
  fflush(stdout);
  fflush(stderr);
  dup2(output, 1);
  dup2(errors, 2);
  close(output);
  close(errors);
  CHECK(lseek(fileno(file), 0, SEEK_END) == 0);
  fclose(file);
  remove(path);
}

void test_environment(void) {
  RUN(rounding_modes);
#if defined(__x86_64__)
  if (!under_valgrind) { /* which knows little of MXCSR */
    RUN(control_register);
    RUN(denormals);
  }
#endif
  RUN(locales);
  RUN(signals);
  RUN(silence);
}
