/* Statuses, messages and versions. */
#include "check.h"
#include "fixtures.h"
#include "tests.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void versions(void) {
  CHECK(strcmp(dlrt_last_error(), "") == 0); /* nothing has failed yet */
  CHECK(dlrt_abi_version() >= DLRT_ABI_VERSION);
  int major, minor, patch;
  CHECK(dlrt_version() && sscanf(dlrt_version(), "%d.%d.%d", &major, &minor, &patch) == 3);
}

static void status_names(void) {
  static const int known[] = {0, 10, 11, 12, 13, 14, 20, 30, 40, 41, 50, 60, 61, 90};
  const size_t count = sizeof known / sizeof *known;
  for (size_t i = 0; i < count; i++) {
    const char *name = dlrt_status_name((dlrt_status)known[i]);
    CHECK(name && *name);
    for (size_t j = 0; j < i; j++) CHECK(strcmp(name, dlrt_status_name((dlrt_status)known[j])) != 0);
  }
  CHECK(strcmp(dlrt_status_name(DLRT_SHAPE_MISMATCH), "shape mismatch") == 0);
  for (int number = -300; number < 300; number++) CHECK(dlrt_status_name((dlrt_status)number) != NULL);
}

static bool message_has(const char *part) {
  bool found = strstr(dlrt_last_error(), part) != NULL;
  if (!found) fprintf(stderr, "\"%s\" lacks \"%s\"\n", dlrt_last_error(), part);
  return found;
}

/* A message says which tensor, what was expected and what was found. */
static void messages(void) {
  dlrt_model *model = load_model(), *none;
  dlrt_session *session = make_session(model, 1);
  dlrt_tensor_info info;
  size_t index;
  char number[32];
  input image = make_input(model, 1, 1);
  CHECK_STATUS(DLRT_OK, dlrt_model_input_info(model, 0, &info));

  CHECK_STATUS(DLRT_NOT_FOUND, dlrt_model_find_input(model, "nobody", &index));
  CHECK(message_has("nobody"));
  CHECK_STATUS(DLRT_NOT_FOUND, dlrt_model_find_output(model, "nobody", &index));
  CHECK(message_has("nobody"));

  CHECK_STATUS(DLRT_TYPE_MISMATCH,
               dlrt_session_set_input(session, 0, DLRT_U8, image.dims, image.rank, image.values, image.size));
  CHECK(message_has(info.name) && message_has("f32") && message_has("u8"));

  image.dims[image.rank - 1] = 54321;
  CHECK_STATUS(DLRT_SHAPE_MISMATCH, set_input(session, &image));
  snprintf(number, sizeof number, "%d", (int)info.dims[info.rank - 1]);
  CHECK(message_has(info.name) && message_has(number) && message_has("54321"));

  CHECK_STATUS(DLRT_OUT_OF_RANGE, dlrt_model_input_info(model, 777, &info));
  CHECK(message_has("777"));
  CHECK_STATUS(DLRT_NOT_READY, dlrt_session_run(session));
  CHECK(message_has(info.name));
  CHECK_STATUS(DLRT_IO_ERROR, dlrt_model_load_file("no/such/folder.dlrt", NULL, &none));
  CHECK(message_has("no/such/folder.dlrt"));
  free_input(&image);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

static void a_success_keeps_the_message(void) {
  dlrt_model *model = load_model();
  size_t number;
  char before[1024];
  CHECK_STATUS(DLRT_NOT_FOUND, dlrt_model_find_input(model, "first", &number));
  strcpy(before, dlrt_last_error());
  CHECK_STATUS(DLRT_OK, dlrt_model_input_count(model, &number));
  CHECK(strcmp(before, dlrt_last_error()) == 0);
  CHECK_STATUS(DLRT_NOT_FOUND, dlrt_model_find_input(model, "second", &number));
  CHECK(message_has("second") && !strstr(dlrt_last_error(), "first"));
  dlrt_model_destroy(model);
}

static void *other_thread(void *unused) {
  size_t number;
  static char result[1024];
  (void)unused;
  strcpy(result, dlrt_last_error());
  if (*result) return result;
  dlrt_model *model = load_model();
  dlrt_model_find_input(model, "of the other thread", &number);
  dlrt_model_destroy(model);
  return message_has("of the other thread") ? NULL : result;
}

static void each_thread_has_its_message(void) {
  dlrt_model *model = load_model();
  pthread_t thread;
  size_t number;
  void *problem = NULL;
  CHECK_STATUS(DLRT_NOT_FOUND, dlrt_model_find_input(model, "of this thread", &number));
  CHECK(pthread_create(&thread, NULL, other_thread, NULL) == 0);
  pthread_join(thread, &problem);
  CHECK(problem == NULL);
  CHECK(message_has("of this thread"));
  dlrt_model_destroy(model);
}

/* A message with a very long name is cut, at the boundary of a character. */
static void long_messages(void) {
  dlrt_model *model = load_model();
  size_t number, size = 30000;
  char *name = malloc(size + 1);
  for (size_t shift = 0; shift < 3; shift++) {
    memset(name, 'x', shift);
    for (size_t i = shift; i + 3 <= size; i += 3) memcpy(name + i, "\xE2\x82\xAC", 3); /* the euro sign */
    name[size / 3 * 3 - 3 + shift] = 0;
    CHECK_STATUS(DLRT_NOT_FOUND, dlrt_model_find_input(model, name, &number));
    const char *message = dlrt_last_error();
    size_t length = strlen(message), lead = length;
    CHECK(length <= 1023);
    while (lead > 0 && ((unsigned char)message[lead - 1] & 0xC0) == 0x80) lead--;
    if (lead < length) CHECK(lead > 0 && (unsigned char)message[lead - 1] == 0xE2 && length - lead == 2);
    else CHECK(((unsigned char)message[length - 1] & 0x80) == 0);
  }
  free(name);
  dlrt_model_destroy(model);
}

static void names_that_are_not_utf8(void) {
  dlrt_model *model = load_model();
  size_t number;
  const char *value;
  CHECK_STATUS(DLRT_NOT_FOUND, dlrt_model_find_input(model, "\xFF\xFE\x80", &number));
  CHECK_STATUS(DLRT_NOT_FOUND, dlrt_model_find_output(model, "\xC3", &number));
  CHECK_STATUS(DLRT_NOT_FOUND, dlrt_model_find_metadata(model, "\xF0\x9F", &value));
  CHECK_STATUS(DLRT_NOT_FOUND, dlrt_model_find_input(model, "", &number));
  dlrt_model_destroy(model);
}

void test_errors(void) {
  RUN(versions);
  RUN(status_names);
  RUN(messages);
  RUN(a_success_keeps_the_message);
  RUN(each_thread_has_its_message);
  RUN(long_messages);
  RUN(names_that_are_not_utf8);
}
