/* Runs a model on raw f32 rows and writes its raw f32 output:
 *   run_rows MODEL.dlrt THREADS BATCH IN OUT
 * The model has one input with a free first dimension. */
#include <dlrt.h>

#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what) {
  fprintf(stderr, "run_rows: %s: %s\n", what, dlrt_last_error());
  return 1;
}

int main(int argc, char **argv) {
  dlrt_model *model = NULL;
  dlrt_session *session = NULL;
  dlrt_session_options options = {0};
  dlrt_tensor_info info;
  dlrt_tensor output;
  if (argc != 6) return 2;
  options.struct_size = sizeof options;
  options.threads = (size_t)atoi(argv[2]);
  if (dlrt_model_load_file(argv[1], NULL, &model) || dlrt_model_input_info(model, 0, &info) ||
      dlrt_session_create(model, &options, &session))
    return fail(argv[1]);
  size_t row = 1, batch = (size_t)atoi(argv[3]), rows;
  for (size_t i = 1; i < info.rank; i++) row *= (size_t)info.dims[i];
  float *data = malloc(batch * row * sizeof *data);
  FILE *in = fopen(argv[4], "rb"), *out = fopen(argv[5], "wb");
  if (!data || !in || !out) return fail("files");
  while ((rows = fread(data, row * sizeof *data, batch, in)) > 0) {
    info.dims[0] = (int64_t)rows;
    if (dlrt_session_set_input(session, 0, DLRT_F32, info.dims, info.rank, data, rows * row * sizeof *data) ||
        dlrt_session_run(session) || dlrt_session_output(session, 0, &output))
      return fail("run");
    if (fwrite(output.data, 1, output.size, out) != output.size) return fail("write");
  }
  free(data);
  fclose(in);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
  return fclose(out) != 0;
}
