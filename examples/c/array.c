/* Runs a .dlrt model on numbers from standard input and prints its first output:
 *
 *   cc array.c -o array $(pkg-config --cflags --libs dlrt)
 *   echo 0.5 1 -2 0.25 | ./array MODEL.dlrt
 *
 * The model's first input must be f32 and its only one; free dimensions are taken as 1. */
#include <dlrt.h>

#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what) {
  fprintf(stderr, "array: %s: %s\n", what, dlrt_last_error());
  return 1;
}

/* Exactly count numbers of standard input; NULL after a message. The caller frees them. */
static float *read_numbers(size_t count) {
  float *numbers = malloc((count ? count : 1) * sizeof *numbers);
  if (!numbers) {
    fprintf(stderr, "array: out of memory\n");
    return NULL;
  }
  for (size_t i = 0; i < count; i++) {
    if (scanf("%f", &numbers[i]) != 1) {
      fprintf(stderr, "array: expected %zu numbers, got %zu\n", count, i);
      free(numbers);
      return NULL;
    }
  }
  return numbers;
}

static int run(const dlrt_model *model) {
  dlrt_tensor_info info;
  dlrt_tensor output;
  dlrt_session *session = NULL;
  size_t count = 1;
  int result = 0;

  if (dlrt_model_input_info(model, 0, &info) != DLRT_OK) return fail("input");
  for (size_t i = 0; i < info.rank; i++) {
    if (info.dims[i] < 0) info.dims[i] = 1;
    count *= (size_t)info.dims[i];
  }
  float *numbers = read_numbers(count);
  if (!numbers) return 1;

  if (dlrt_session_create(model, NULL, &session) != DLRT_OK)
    result = fail("session");
  else if (dlrt_session_bind_input(session, 0, DLRT_F32, info.dims, info.rank, numbers, count * sizeof *numbers) != DLRT_OK)
    result = fail(info.name);
  else if (dlrt_session_run(session) != DLRT_OK)
    result = fail("run");
  else if (dlrt_session_output(session, 0, &output) != DLRT_OK)
    result = fail("output");
  else if (output.dtype != DLRT_F32)
    fprintf(stderr, "array: the output is not f32\n"), result = 1;
  else
    for (size_t i = 0; i < output.size / sizeof(float); i++) printf("%.9g\n", ((const float *)output.data)[i]);

  dlrt_session_destroy(session);
  free(numbers); /* after the session that reads them */
  return result;
}

int main(int argc, char **argv) {
  dlrt_model *model = NULL;
  if (argc != 2) {
    fprintf(stderr, "usage: array MODEL.dlrt < numbers\n");
    return 2;
  }
  if (dlrt_model_load_file(argv[1], NULL, &model) != DLRT_OK) return fail(argv[1]);
  int result = run(model);
  dlrt_model_destroy(model);
  return result;
}
