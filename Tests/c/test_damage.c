/* Damaged models: a status and a message, never a crash, never a read outside the file. */
#include "check.h"
#include "fixtures.h"
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static dlrt_load_options borrowing(void) {
  dlrt_load_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.flags = DLRT_LOAD_BORROW;
  return options;
}

/* The values of an f32 input, free dimensions being 1; 0 when it is another type or has more than `most`. */
static size_t small_input(dlrt_model *model, dlrt_tensor_info *info, size_t most) {
  size_t count = 1;
  if (dlrt_model_input_info(model, 0, info) != DLRT_OK || info->dtype != DLRT_F32) return 0;
  for (size_t i = 0; i < info->rank; i++) {
    if (info->dims[i] < 0) info->dims[i] = 1;
    if ((uint64_t)info->dims[i] > most) return 0;
    count *= (size_t)info->dims[i];
    if (count > most) return 0;
  }
  return count;
}

/* A damaged model that still loads must still run, to whatever answer. */
static void exercise(dlrt_model *model) {
  static const float zeros[4096];
  dlrt_session *session = NULL;
  dlrt_tensor_info info;
  if (dlrt_session_create(model, NULL, &session) == DLRT_OK) {
    dlrt_session_set_input_jpeg(session, 0, jpeg, jpeg_size);
    dlrt_session_run(session);
    size_t count = small_input(model, &info, 4096);
    if (count > 0 && dlrt_session_set_input(session, 0, DLRT_F32, info.dims, info.rank, zeros, count * 4) == DLRT_OK)
      dlrt_session_run(session);
    dlrt_session_destroy(session);
  }
  dlrt_model_destroy(model);
}

static void memory_cut_at_every_length(void) {
  size_t size;
  unsigned char *file = read_file(model_path, &size);
  dlrt_load_options options = borrowing();
  /* The end of each piece lies right before a page that can't be read. Moving bytes costs little that way: the pieces
   * are the ends of one region, written from the shortest on. */
  guarded memory = guarded_copy(file, size);
  unsigned char *end = memory.data + size;
  for (size_t length = 0; length < size; length += stride) {
    dlrt_model *model = NULL;
    memcpy(end - length, file, length < 4096 ? length : 4096);
    if (length >= 4096 && length % 97 == 0) memcpy(end - length, file, length); /* all of it now and then */
    if (!CHECK_STATUS(DLRT_INVALID_MODEL, dlrt_model_load_memory(end - length, length, &options, &model)))
      exercise(model);
  }
  guarded_free(memory);
  free(file);
}

static void file_cut_at_every_length(void) {
  size_t size;
  unsigned char *file = read_file(model_path, &size);
  const char *path = work_path("cut.dlrt");
  write_file(path, file, size);
  for (size_t length = size - 1; length < size; length -= length < stride ? length + 1 : stride) {
    dlrt_model *model = NULL;
    if (!CHECK(truncate(path, (off_t)length) == 0)) break;
    if (!CHECK_STATUS(DLRT_INVALID_MODEL, dlrt_model_load_file(path, NULL, &model))) exercise(model);
  }
  remove(path);
  free(file);
}

static void bytes_behind_the_end(void) {
  size_t size;
  unsigned char *file = read_file(model_path, &size), *longer = calloc(1, size + 4096);
  memcpy(longer, file, size);
  for (size_t more = 1; more <= 4096; more *= 2) {
    dlrt_model *model = NULL;
    CHECK_STATUS(DLRT_INVALID_MODEL, dlrt_model_load_memory(longer, size + more, NULL, &model));
  }
  free(longer);
  free(file);
}

/* Damage of a kind at a random place, more of it near the start, where the tables are. */
static void damage(unsigned char *file, size_t size, uint32_t *state) {
  size_t reach = next_random(state) % 3 == 0 ? size : size < 4096 ? size : 4096;
  size_t place = next_random(state) % reach;
  switch (next_random(state) % 4) {
    case 0: file[place] ^= (unsigned char)(1u << next_random(state) % 8); break;
    case 1: file[place] = (unsigned char)next_random(state); break;
    case 2: memset(file + place, next_random(state) % 2 ? 0xFF : 0, size - place < 8 ? size - place : 8); break;
    default: {
      size_t from = next_random(state) % size, length = next_random(state) % 64;
      size_t longest = size - (from > place ? from : place);
      memmove(file + place, file + from, length < longest ? length : longest);
    }
  }
}

static void random_damage(void) {
  size_t size;
  unsigned char *file = read_file(model_path, &size);
  guarded memory = guarded_copy(file, size);
  dlrt_load_options options = borrowing();
  uint32_t state = 20240229;
  for (size_t round = 0; round < 4000; round += stride < 20 ? stride : 20) {
    dlrt_model *model = NULL;
    memcpy(memory.data, file, size);
    for (uint32_t times = 1 + next_random(&state) % 3; times > 0; times--) damage(memory.data, size, &state);
    dlrt_status status = dlrt_model_load_memory(memory.data, size, &options, &model);
    if (status == DLRT_OK)
      exercise(model);
    else
      CHECK(status == DLRT_INVALID_MODEL || status == DLRT_UNSUPPORTED || status == DLRT_OUT_OF_MEMORY);
  }
  guarded_free(memory);
  free(file);
}

void test_damage(void) {
  RUN(memory_cut_at_every_length);
  RUN(file_cut_at_every_length);
  RUN(bytes_behind_the_end);
  RUN(random_damage);
}
