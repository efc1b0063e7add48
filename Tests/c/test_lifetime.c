/* Who may go first, and who may work at once: destroy order, threads, shared pools, fork. */
#include "check.h"
#include "fixtures.h"
#include "tests.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static dlrt_session *pooled_session(const dlrt_model *model, dlrt_pool *pool) {
  dlrt_session *session = NULL;
  dlrt_session_options options = {0};
  options.struct_size = sizeof options;
  options.pool = pool;
  CHECK_STATUS(DLRT_OK, dlrt_session_create(model, &options, &session));
  return session;
}

/* A session keeps what it was made of: model and pool may be destroyed before its first run, or between runs. */
static void any_order(void) {
  size_t size, found_size;
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  input image = make_input(model, 4, 51);
  float *expected = scores_of(session, &image, &size);
  dlrt_session_destroy(session);
  for (int order = 0; order < 8; order++) {
    dlrt_pool *pool = NULL;
    CHECK_STATUS(DLRT_OK, dlrt_pool_create(3, &pool));
    dlrt_model *own = load_model();
    session = pooled_session(own, pool);
    if (order & 1) dlrt_model_destroy(own);
    if (order & 2) dlrt_pool_destroy(pool);
    for (int round = 0; round < 2; round++) {
      float *found = scores_of(session, &image, &found_size);
      CHECK(found && found_size == size && memcmp(found, expected, size) == 0);
      free(found);
    }
    dlrt_class best[1];
    size_t count;
    (void)dlrt_session_top_k(session, 0, 1, best, &count);
    if (order & 4) dlrt_session_destroy(session);
    if (!(order & 1)) dlrt_model_destroy(own);
    if (!(order & 2)) dlrt_pool_destroy(pool);
    if (!(order & 4)) dlrt_session_destroy(session);
  }
  free(expected);
  free_input(&image);
  dlrt_model_destroy(model);
}

/* Names belong to the model, and live on with a session of it. */
static void names_outlive_the_model(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  dlrt_tensor_info info;
  const char *label = NULL;
  CHECK_STATUS(DLRT_OK, dlrt_model_input_info(model, 0, &info));
  CHECK_STATUS(DLRT_OK, dlrt_model_label(model, 1, &label));
  char name_before[64] = "", label_before[64] = "";
  strncpy(name_before, info.name, 63);
  strncpy(label_before, label, 63);
  dlrt_model_destroy(model);
  CHECK(strncmp(info.name, name_before, 63) == 0 && strncmp(label, label_before, 63) == 0);
  dlrt_session_destroy(session);
}

typedef struct job {
  dlrt_model *model;
  dlrt_pool *pool; /* NULL: two threads of its own */
  const input *image;
  const float *expected;
  size_t size;
  int mismatches;
} job;

static void *work(void *argument) {
  job *mine = argument;
  for (int made = 0; made < rounds(4); made++) {
    dlrt_session *session = NULL;
    dlrt_session_options options = {0};
    dlrt_tensor output;
    options.struct_size = sizeof options;
    options.threads = 2;
    options.pool = mine->pool;
    if (dlrt_session_create(mine->model, &options, &session) != DLRT_OK) mine->mismatches++;
    for (int run = 0; session && run < rounds(25); run++) {
      if (set_input(session, mine->image) != DLRT_OK || dlrt_session_run(session) != DLRT_OK ||
          dlrt_session_output(session, 0, &output) != DLRT_OK || output.size != mine->size ||
          memcmp(output.data, mine->expected, mine->size) != 0)
        mine->mismatches++;
    }
    dlrt_session_destroy(session);
  }
  return NULL;
}

static void sessions_at_once(dlrt_pool *pool) {
  enum { COUNT = 6 };
  dlrt_model *model = load_model();
  input images[COUNT];
  job jobs[COUNT];
  float *expected[COUNT];
  pthread_t threads[COUNT];
  dlrt_session *session = make_session(model, 1);
  for (int i = 0; i < COUNT; i++) {
    images[i] = make_input(model, 1 + i % 3 * 4, 60 + (uint32_t)i);
    expected[i] = scores_of(session, &images[i], &jobs[i].size);
    jobs[i].model = model;
    jobs[i].pool = pool;
    jobs[i].image = &images[i];
    jobs[i].expected = expected[i];
    jobs[i].mismatches = 0;
  }
  for (int i = 0; i < COUNT; i++) CHECK(pthread_create(&threads[i], NULL, work, &jobs[i]) == 0);
  for (int i = 0; i < COUNT; i++) {
    pthread_join(threads[i], NULL);
    CHECK(jobs[i].mismatches == 0);
    free(expected[i]);
    free_input(&images[i]);
  }
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

static void sessions_with_their_own_threads(void) { sessions_at_once(NULL); }

static void sessions_sharing_a_pool(void) {
  for (size_t threads = 1; threads <= 4; threads++) {
    dlrt_pool *pool = NULL;
    if (!CHECK_STATUS(DLRT_OK, dlrt_pool_create(threads, &pool))) return;
    sessions_at_once(pool);
    dlrt_pool_destroy(pool);
  }
}

static void *destroy_elsewhere(void *session) {
  dlrt_session_destroy(session);
  return NULL;
}

static void a_session_changes_threads(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 3);
  input image = make_input(model, 4, 52);
  size_t size;
  pthread_t thread;
  free(scores_of(session, &image, &size));
  CHECK(pthread_create(&thread, NULL, destroy_elsewhere, session) == 0);
  pthread_join(thread, NULL);
  free_input(&image);
  dlrt_model_destroy(model);
}

/* A forked child has the caller's thread only: its runs must neither wait for the others nor differ. It reports through a
 * pipe; the alarm turns a child that waits for ever into a failure. */
static void fork_between_runs(void) {
  dlrt_model *model = load_model();
  dlrt_pool *pool = NULL;
  CHECK_STATUS(DLRT_OK, dlrt_pool_create(4, &pool));
  dlrt_session *shared = pooled_session(model, pool), *own = make_session(model, 4);
  input image = make_input(model, 16, 53);
  size_t size, found_size;
  float *expected = scores_of(shared, &image, &size);
  free(scores_of(own, &image, &found_size));
  int channel[2] = {-1, -1};
  CHECK(pipe(channel) == 0);
  pid_t child = fork();
  if (child == 0) {
    alarm(300);
    char wrong = 0;
    dlrt_session *fresh = make_session(model, 4);
    dlrt_session *all[] = {shared, own, fresh};
    for (int i = 0; i < 3; i++) {
      float *found = scores_of(all[i], &image, &found_size);
      wrong |= !found || found_size != size || memcmp(found, expected, size) != 0;
      free(found);
      dlrt_session_destroy(all[i]);
    }
    dlrt_pool_destroy(pool);
    dlrt_model_destroy(model);
    _exit(write(channel[1], &wrong, 1) != 1);
  }
  char wrong = 1;
  close(channel[1]);
  CHECK(child > 0 && read(channel[0], &wrong, 1) == 1 && wrong == 0);
  CHECK(waitpid(child, NULL, 0) == child);
  close(channel[0]);
  float *again = scores_of(shared, &image, &found_size);
  CHECK(again && memcmp(again, expected, size) == 0);
  free(again);
  free(expected);
  free_input(&image);
  dlrt_session_destroy(own);
  dlrt_session_destroy(shared);
  dlrt_pool_destroy(pool);
  dlrt_model_destroy(model);
}

static void many_short_lives(void) {
  dlrt_model *model = load_model();
  input image = make_input(model, 2, 54);
  size_t size;
  for (int i = 0; i < rounds(200); i++) {
    dlrt_session *session = make_session(model, (size_t)(1 + i % 4));
    if (i % 2) free(scores_of(session, &image, &size));
    dlrt_session_destroy(session);
    dlrt_model_destroy(load_model());
  }
  free_input(&image);
  dlrt_model_destroy(model);
}

void test_lifetime(void) {
  RUN(any_order);
  RUN(names_outlive_the_model);
  RUN(sessions_with_their_own_threads);
  RUN(sessions_sharing_a_pool);
  RUN(a_session_changes_threads);
  RUN(fork_between_runs);
  RUN(many_short_lives);
}
