/* dlrt for a comparison with other runtimes: loads FOLDER/model.dlrt, which has one f32 input and one f32 output, binds
 * the caller's buffers and runs. A free first dimension follows from the size of the input. */
#include <dlrt.h>
#include <stdio.h>
#include <stdlib.h>

struct peer {
  dlrt_session *session;
  dlrt_tensor_info input;
  const float *in;
  float *out;
};

static void *fail(struct peer *peer) {
  fprintf(stderr, "dlrt: %s\n", dlrt_last_error());
  free(peer);
  return NULL;
}

void *peer_load(const char *folder, int threads) {
  char path[4096];
  dlrt_model *model = NULL;
  dlrt_session_options options = {0};
  struct peer *peer = calloc(1, sizeof *peer);
  if (!peer || snprintf(path, sizeof path, "%s/model.dlrt", folder) >= (int)sizeof path) return free(peer), NULL;
  options.struct_size = sizeof options;
  options.threads = (size_t)threads;
  if (dlrt_model_load_file(path, NULL, &model) != DLRT_OK) return fail(peer);
  if (dlrt_model_input_info(model, 0, &peer->input) != DLRT_OK ||
      dlrt_session_create(model, &options, &peer->session) != DLRT_OK) {
    dlrt_model_destroy(model);
    return fail(peer);
  }
  dlrt_model_destroy(model); /* the session keeps it */
  return peer;
}

static int bind(struct peer *peer, const float *in, size_t n_in, float *out, size_t n_out) {
  int64_t dims[DLRT_MAX_RANK], known = 1;
  for (size_t i = 0; i < peer->input.rank; i++) dims[i] = peer->input.dims[i];
  for (size_t i = 1; i < peer->input.rank; i++) known *= dims[i];
  if (peer->input.rank > 0 && dims[0] < 0 && known > 0) dims[0] = (int64_t)n_in / known;
  if (dlrt_session_bind_input(peer->session, 0, DLRT_F32, dims, peer->input.rank, in, n_in * sizeof *in) != DLRT_OK ||
      dlrt_session_bind_output(peer->session, 0, out, n_out * sizeof *out) != DLRT_OK)
    return 1;
  peer->in = in;
  peer->out = out;
  return 0;
}

int peer_run(void *handle, const float *in, size_t n_in, float *out, size_t n_out) {
  struct peer *peer = handle;
  if ((in != peer->in || out != peer->out) && bind(peer, in, n_in, out, n_out)) return 1;
  return dlrt_session_run(peer->session) != DLRT_OK;
}
