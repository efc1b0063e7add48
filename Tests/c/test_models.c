/* Loading, and what a model says of itself. */
#include "check.h"
#include "fixtures.h"
#include "tests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void description(void) {
  dlrt_model *model = load_model();
  dlrt_tensor_info info;
  const char *isa, *key, *value, *found, *label;
  size_t count, index = 99;
  CHECK_STATUS(DLRT_OK, dlrt_model_input_info(model, 0, &info));
  CHECK(info.dtype == DLRT_F32 && info.rank == 4 && info.dims[0] == -1);
  for (size_t i = info.rank; i < DLRT_MAX_RANK; i++) CHECK(info.dims[i] == 0);
  CHECK_STATUS(DLRT_OK, dlrt_model_find_input(model, info.name, &index));
  CHECK(index == 0);
  CHECK_STATUS(DLRT_OK, dlrt_model_output_info(model, 0, &info));
  CHECK(info.dtype == DLRT_F32 && info.dims[0] == -1);
  index = 99;
  CHECK_STATUS(DLRT_OK, dlrt_model_find_output(model, info.name, &index));
  CHECK(index == 0);
  CHECK_STATUS(DLRT_OK, dlrt_model_isa(model, &isa));
  CHECK(strcmp(isa, "baseline") == 0 || strcmp(isa, "avx2") == 0 || strcmp(isa, "avx512") == 0 || strcmp(isa, "neon") == 0);

  CHECK_STATUS(DLRT_OK, dlrt_model_metadata_count(model, &count));
  CHECK(count > 0);
  for (size_t i = 0; i < count; i++) {
    CHECK_STATUS(DLRT_OK, dlrt_model_metadata_entry(model, i, &key, &value));
    CHECK_STATUS(DLRT_OK, dlrt_model_find_metadata(model, key, &found));
    CHECK(strcmp(found, value) == 0);
  }
  CHECK_STATUS(DLRT_OK, dlrt_model_label_count(model, &count));
  CHECK((int64_t)count == info.dims[info.rank - 1]);
  for (size_t i = 0; i < count; i++) {
    CHECK_STATUS(DLRT_OK, dlrt_model_label(model, i, &label));
    CHECK(*label);
  }
  dlrt_model_destroy(model);
}

static void instruction_sets(void) {
  static const char *const names[] = {"baseline", "avx2", "avx512", "neon"};
  dlrt_load_options options = {0};
  options.struct_size = sizeof options;
  float *first = NULL;
  size_t size;
  for (size_t i = 0; i < 4; i++) {
    dlrt_model *model = NULL;
    const char *isa = NULL;
    options.isa = names[i];
    dlrt_status status = dlrt_model_load_file(model_path, &options, &model);
    if (status != DLRT_OK) { /* a level of another processor family */
      CHECK(i == 1 || i == 2 || i == 3);
      CHECK(status == DLRT_UNSUPPORTED || status == DLRT_INVALID_ARGUMENT);
      continue;
    }
    CHECK_STATUS(DLRT_OK, dlrt_model_isa(model, &isa));
    CHECK(i > 0 || strcmp(isa, "baseline") == 0);
    dlrt_session *session = make_session(model, 1);
    input image = make_input(model, 3, 11);
    float *scores = scores_of(session, &image, &size);
    if (!first)
      first = scores;
    else {
      for (size_t j = 0; scores && j < size / sizeof(float); j++) {
        float difference = scores[j] - first[j], magnitude = first[j] < 0 ? -first[j] : first[j];
        CHECK(difference < 1e-4f * (1 + magnitude) && -difference < 1e-4f * (1 + magnitude));
      }
      free(scores);
    }
    free_input(&image);
    dlrt_session_destroy(session);
    dlrt_model_destroy(model);
  }
  free(first);
}

static void same_answer(const float *expected, size_t size, const dlrt_model *model) {
  dlrt_session *session = make_session(model, 1);
  input image = make_input(model, 2, 12);
  size_t found_size = 0;
  float *found = scores_of(session, &image, &found_size);
  CHECK(found && found_size == size && memcmp(found, expected, size) == 0);
  free(found);
  free_input(&image);
  dlrt_session_destroy(session);
}

/* A file, a copied and a borrowed buffer at every alignment give one answer. */
static void from_memory(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  input image = make_input(model, 2, 12);
  size_t size, file_size;
  float *expected = scores_of(session, &image, &size);
  unsigned char *file = read_file(model_path, &file_size), *moved = malloc(file_size + 65);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
  dlrt_load_options borrow = {0};
  borrow.struct_size = sizeof borrow;
  borrow.flags = DLRT_LOAD_BORROW;
  for (size_t shift = 0; shift <= 64; shift += shift < 9 ? 1 : 11) {
    memmove(moved + shift, file, file_size);
    if (CHECK_STATUS(DLRT_OK, dlrt_model_load_memory(moved + shift, file_size, &borrow, &model))) {
      same_answer(expected, size, model);
      dlrt_model_destroy(model);
    }
    if (CHECK_STATUS(DLRT_OK, dlrt_model_load_memory(moved + shift, file_size, NULL, &model))) {
      memset(moved, 0xFF, file_size + 65); /* it was copied */
      same_answer(expected, size, model);
      dlrt_model_destroy(model);
    }
  }
  free(moved);
  free(file);
  free(expected);
  free_input(&image);
}

static void refuse(dlrt_status expected, const char *path) {
  dlrt_model *model = NULL;
  CHECK_STATUS(expected, dlrt_model_load_file(path, NULL, &model));
  CHECK(model == NULL);
}

static void paths_without_a_model(void) {
  refuse(DLRT_IO_ERROR, "");
  refuse(DLRT_IO_ERROR, work_path("missing.dlrt"));
  refuse(DLRT_IO_ERROR, work_path("missing/model.dlrt"));
  refuse(DLRT_IO_ERROR, work_folder);
  refuse(DLRT_IO_ERROR, "/dev/zero");
  refuse(DLRT_IO_ERROR, "\xFF\xFE not UTF-8");
  char *longest = malloc(100001);
  memset(longest, 'x', 100000);
  longest[100000] = 0;
  refuse(DLRT_IO_ERROR, longest);
  free(longest);
  const char *path = work_path("pipe");
  if (CHECK(mkfifo(path, 0600) == 0)) { /* nobody writes to it: opening must not wait */
    refuse(DLRT_IO_ERROR, path);
    remove(path);
  }
  path = work_path("locked.dlrt");
  write_file(path, "x", 1);
  chmod(path, 0);
  uid_t user = geteuid(); /* root may read it all the same, so become nobody for a moment */
  if (user != 0 || CHECK(seteuid(65534) == 0)) refuse(DLRT_IO_ERROR, path);
  if (user == 0) CHECK(seteuid(0) == 0);
  remove(path);
}

static void files_that_are_no_model(void) {
  static const char text[] = "This is a text file.\nIt is about something else.\n";
  char zeros[4096] = {0};
  const char *path = work_path("not-a-model.dlrt");
  dlrt_model *model = NULL;
  write_file(path, text, sizeof text - 1);
  refuse(DLRT_INVALID_MODEL, path);
  write_file(path, "", 0);
  refuse(DLRT_INVALID_MODEL, path);
  write_file(path, zeros, sizeof zeros);
  refuse(DLRT_INVALID_MODEL, path);
  write_file(path, jpeg, jpeg_size);
  refuse(DLRT_INVALID_MODEL, path);
  remove(path);
  CHECK_STATUS(DLRT_INVALID_MODEL, dlrt_model_load_memory(text, sizeof text, NULL, &model));
  CHECK_STATUS(DLRT_INVALID_MODEL, dlrt_model_load_memory(text, 0, NULL, &model));
}

static void names_in_other_scripts(void) {
  size_t size;
  unsigned char *file = read_file(model_path, &size);
  static const char *const names[] = {"caf\xC3\xA9.dlrt", "\xE6\xA8\xA1\xE5\x9E\x8B.dlrt", "a b'c\"d.dlrt", "line\nbreak",
                                      "\xFF\xFE"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *path = work_path(names[i]);
    dlrt_model *model = NULL;
    write_file(path, file, size);
    if (CHECK_STATUS(DLRT_OK, dlrt_model_load_file(path, NULL, &model))) dlrt_model_destroy(model);
    remove(path);
  }
  free(file);
}

static void no_file_descriptors_left(void) {
  struct rlimit before, none;
  CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
  none = before;
  none.rlim_cur = 0;
  CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
  refuse(DLRT_IO_ERROR, model_path);
  CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
  dlrt_model_destroy(load_model());
}

/* A file may be removed, or another put in its place by a rename, while the model lives. */
static void a_file_that_goes_away(void) {
  size_t size, file_size;
  unsigned char *file = read_file(model_path, &file_size);
  const char *path = work_path("gone.dlrt");
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  input image = make_input(model, 2, 12);
  float *expected = scores_of(session, &image, &size);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
  write_file(path, file, file_size);
  if (CHECK_STATUS(DLRT_OK, dlrt_model_load_file(path, NULL, &model))) {
    remove(path);
    same_answer(expected, size, model);
    dlrt_model_destroy(model);
  }
  free(expected);
  free(file);
  free_input(&image);
}

void test_models(void) {
  RUN(description);
  RUN(instruction_sets);
  RUN(from_memory);
  RUN(paths_without_a_model);
  RUN(files_that_are_no_model);
  RUN(names_in_other_scripts);
  RUN(no_file_descriptors_left);
  RUN(a_file_that_goes_away);
}
