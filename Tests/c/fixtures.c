#include "fixtures.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *model_path, *stages_path, *work_folder;
size_t stride = 1;
bool under_valgrind;
unsigned char *jpeg;
size_t jpeg_size;

static void give_up(const char *what) {
  fprintf(stderr, "%s (%s)\n", what, dlrt_last_error());
  exit(2);
}

void open_fixtures(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: %s MODEL.dlrt STAGES.dlrt JPEG WORK_FOLDER\n", argv[0]);
    exit(2);
  }
  model_path = argv[1];
  stages_path = argv[2];
  jpeg = read_file(argv[3], &jpeg_size);
  work_folder = argv[4];
  const char *text = getenv("DLRT_TEST_STRIDE");
  if (text && atol(text) > 0) stride = (size_t)atol(text);
  under_valgrind = getenv("DLRT_TEST_VALGRIND") != NULL;
}

void close_fixtures(void) { free(jpeg); }

unsigned char *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) give_up(path);
  long length = ftell(file);
  unsigned char *data = length < 0 ? NULL : malloc((size_t)length + 1);
  rewind(file);
  if (!data || fread(data, 1, (size_t)length, file) != (size_t)length) give_up(path);
  fclose(file);
  *size = (size_t)length;
  return data;
}

void write_file(const char *path, const void *data, size_t size) {
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) give_up(path);
}

const char *work_path(const char *name) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/%s", work_folder, name);
  return path;
}

dlrt_model *load_model(void) {
  dlrt_model *model = NULL;
  if (dlrt_model_load_file(model_path, NULL, &model) != DLRT_OK) give_up(model_path);
  return model;
}

dlrt_session *make_session(const dlrt_model *model, size_t threads) {
  dlrt_session *session = NULL;
  dlrt_session_options options = {0};
  options.struct_size = sizeof options;
  options.threads = threads;
  if (dlrt_session_create(model, &options, &session) != DLRT_OK) give_up("session");
  return session;
}

guarded guarded_copy(const void *data, size_t size) {
  guarded memory;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t used = (size + page - 1) / page * page;
  memory.pages_size = used + page;
  memory.pages = mmap(NULL, memory.pages_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory.pages == MAP_FAILED) give_up("mmap");
  if (mprotect((unsigned char *)memory.pages + used, page, PROT_NONE) != 0) give_up("mprotect");
  memory.data = (unsigned char *)memory.pages + used - size;
  if (data) memcpy(memory.data, data, size);
  return memory;
}

void guarded_free(guarded memory) { munmap(memory.pages, memory.pages_size); }

int rounds(int usual) { return under_valgrind && usual > 2 ? 2 : usual; }

uint32_t next_random(uint32_t *state) { /* xorshift32 (Marsaglia 2003) */
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

input make_input(const dlrt_model *model, int64_t batch, uint32_t seed) {
  input image;
  dlrt_tensor_info info;
  memset(&image, 0, sizeof image);
  if (dlrt_model_input_info(model, 0, &info) != DLRT_OK) give_up("input 0");
  image.rank = info.rank;
  image.count = 1;
  for (size_t i = 0; i < info.rank; i++) {
    image.dims[i] = info.dims[i] < 0 ? batch : info.dims[i];
    image.count *= (size_t)image.dims[i];
  }
  image.size = image.count * sizeof(float);
  image.values = malloc(image.size + 1);
  if (!image.values) give_up("memory");
  for (size_t i = 0; i < image.count; i++) image.values[i] = (float)(next_random(&seed) >> 8) / 16777216.0f;
  return image;
}

void free_input(input *image) {
  free(image->values);
  image->values = NULL;
}

dlrt_status set_input(dlrt_session *session, const input *image) {
  return dlrt_session_set_input(session, 0, DLRT_F32, image->dims, image->rank, image->values, image->size);
}

dlrt_status bind_input(dlrt_session *session, const input *image) {
  return dlrt_session_bind_input(session, 0, DLRT_F32, image->dims, image->rank, image->values, image->size);
}

float *scores_of(dlrt_session *session, const input *image, size_t *size) {
  dlrt_tensor output;
  if (!CHECK_STATUS(DLRT_OK, set_input(session, image)) || !CHECK_STATUS(DLRT_OK, dlrt_session_run(session)) ||
      !CHECK_STATUS(DLRT_OK, dlrt_session_output(session, 0, &output)))
    return NULL;
  float *scores = malloc(output.size + 1);
  if (!scores) give_up("memory");
  memcpy(scores, output.data, output.size);
  *size = output.size;
  return scores;
}
