/* Classifies a JPEG with a .dlrt model and prints the best classes with their scores:
 *
 *   cc classify.c -o classify $(pkg-config --cflags --libs dlrt)
 *   ./classify [--threads N] [--top K] MODEL.dlrt IMAGE.jpg
 *
 * examples/python/classify.py prints the same lines. */
#include <dlrt.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The content of a file, NULL on failure with errno set. The caller frees it. */
static void *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  unsigned char *content = NULL;
  size_t capacity = 0, used = 0;
  if (!file) return NULL;
  for (;;) {
    if (used == capacity) {
      size_t larger = capacity ? capacity * 2 : 65536;
      unsigned char *moved = realloc(content, larger);
      if (!moved) break;
      content = moved;
      capacity = larger;
    }
    size_t got = fread(content + used, 1, capacity - used, file);
    used += got;
    if (got == 0) {
      if (ferror(file)) break;
      fclose(file);
      *size = used;
      return content;
    }
  }
  int problem = errno;
  free(content);
  fclose(file);
  errno = problem;
  return NULL;
}

/* A whole number from 1 to 1,000,000; 0 when the text is anything else. */
static size_t positive_number(const char *text) {
  char *end;
  long value = strtol(text, &end, 10);
  return *text && !*end && value >= 1 && value <= 1000000 ? (size_t)value : 0;
}

static int fail(const char *what) {
  fprintf(stderr, "classify: %s: %s\n", what, dlrt_last_error());
  return 1;
}

static int print_best(dlrt_session *session, size_t top) {
  size_t count = 0;
  dlrt_class *best = calloc(top, sizeof *best);
  if (!best) {
    fprintf(stderr, "classify: out of memory\n");
    return 1;
  }
  if (dlrt_session_top_k(session, 0, top, best, &count) != DLRT_OK) {
    free(best);
    return fail("the best classes");
  }
  for (size_t i = 0; i < count; i++) {
    if (best[i].label)
      printf("%-15.9g %s\n", best[i].score, best[i].label);
    else
      printf("%-15.9g class %zu\n", best[i].score, best[i].index);
  }
  free(best);
  return 0;
}

static int classify(const char *model_path, const char *image_path, size_t threads, size_t top) {
  dlrt_model *model = NULL;
  dlrt_session *session = NULL;
  dlrt_session_options options = {0};
  size_t size = 0;
  int result;

  void *jpeg = read_file(image_path, &size);
  if (!jpeg) {
    fprintf(stderr, "classify: %s: %s\n", image_path, strerror(errno));
    return 1;
  }
  options.struct_size = sizeof options;
  options.threads = threads;
  if (dlrt_model_load_file(model_path, NULL, &model) != DLRT_OK)
    result = fail(model_path);
  else if (dlrt_session_create(model, &options, &session) != DLRT_OK)
    result = fail("session");
  else if (dlrt_session_set_input_jpeg(session, 0, jpeg, size) != DLRT_OK)
    result = fail(image_path);
  else if (dlrt_session_run(session) != DLRT_OK)
    result = fail("run");
  else
    result = print_best(session, top);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
  free(jpeg);
  return result;
}

int main(int argc, char **argv) {
  size_t threads = 1, top = 5;
  int i = 1;
  for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
    size_t *option = strcmp(argv[i], "--threads") == 0 ? &threads : strcmp(argv[i], "--top") == 0 ? &top : NULL;
    if (!option || (*option = positive_number(argv[i + 1])) == 0) break;
  }
  if (argc - i != 2 || strncmp(argv[i], "--", 2) == 0) {
    fprintf(stderr, "usage: classify [--threads N] [--top K] MODEL.dlrt IMAGE.jpg\n");
    return 2;
  }
  return classify(argv[i], argv[i + 1], threads, top);
}
