/* Allocations of the library, seen by a program whose malloc family is its own: none in a run after the first, and each
 * large one refused once.
 *
 * Only large ones (64 KiB or more) are refused. The small objects of Embedded Swift come from posix_memalign without a
 * check of the result: a system out of its last bytes stops the process there, as it does most programs. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "check.h"
#include "fixtures.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The C library's own, under the names it has for programs like this one. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

enum { LARGE = 64 * 1024 };

static size_t allocations; /* of any size */
static long large_left = -1; /* which large allocation from now on fails; -1: none */
static long threads_left = -1;
static long mappings_left = -1;
static size_t refused;

/* Counts down to the one that fails. */
static bool fails(long *left) {
  if (__atomic_load_n(left, __ATOMIC_RELAXED) < 0) return false;
  if (__atomic_fetch_sub(left, 1, __ATOMIC_RELAXED) != 0) return false;
  __atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
  return true;
}

static bool refuses(size_t size) {
  __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
  return size >= LARGE && fails(&large_left);
}

void *malloc(size_t size) { return refuses(size) ? (errno = ENOMEM, NULL) : __libc_malloc(size); }
void *calloc(size_t count, size_t size) {
  return refuses(size && count > SIZE_MAX / size ? SIZE_MAX : count * size) ? (errno = ENOMEM, NULL) : __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) { return refuses(size) ? (errno = ENOMEM, NULL) : __libc_realloc(memory, size); }
void *memalign(size_t alignment, size_t size) { return refuses(size) ? NULL : __libc_memalign(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void **memory, size_t alignment, size_t size) {
  void *made = memalign(alignment, size);
  if (!made) return ENOMEM;
  *memory = made;
  return 0;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
  static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
  return fails(&threads_left) ? EAGAIN : real(thread, attributes, start, argument);
}

void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset) {
  static void *(*real)(void *, size_t, int, int, int, off_t);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "mmap");
  return fails(&mappings_left) ? (errno = ENOMEM, MAP_FAILED) : real(address, length, protection, flags, file, offset);
}

/* After the first run with a shape, a run allocates nothing, on any thread; neither do setting, binding and reading. */
static void runs_allocate_nothing(int profiling) {
  static const size_t threads[] = {1, 2, 4};
  dlrt_model *model = load_model();
  for (size_t t = 0; t < 3; t++) {
    dlrt_session *session = make_session(model, threads[t]);
    input small = make_input(model, 1, 81), large = make_input(model, 32, 82);
    size_t size, count;
    dlrt_tensor output;
    dlrt_class best[3];
    CHECK_STATUS(DLRT_OK, dlrt_session_set_profiling(session, profiling));
    free(scores_of(session, &large, &size));
    free(scores_of(session, &small, &size));
    float *result = malloc(size);
    bool good = true;
    size_t before = __atomic_load_n(&allocations, __ATOMIC_RELAXED);
    for (int i = 0; i < 100; i++) {
      good = good && dlrt_session_run(session) == DLRT_OK;
      good = good && dlrt_session_output(session, 0, &output) == DLRT_OK;
      good = good && dlrt_session_copy_output(session, 0, result, size) == DLRT_OK;
    }
    size_t of_runs = __atomic_load_n(&allocations, __ATOMIC_RELAXED) - before;
    CHECK(good && of_runs == 0);
    if (of_runs) fprintf(stderr, "%zu allocations in 100 runs with %zu threads\n", of_runs, threads[t]);
    /* A batch that is worth the threads' while: the pool is used, which the small one may not do. */
    CHECK_STATUS(DLRT_OK, bind_input(session, &large));
    CHECK_STATUS(DLRT_OK, dlrt_session_run(session));
    before = __atomic_load_n(&allocations, __ATOMIC_RELAXED);
    for (int i = 0; i < 100; i++) good = good && dlrt_session_run(session) == DLRT_OK;
    CHECK(good && __atomic_load_n(&allocations, __ATOMIC_RELAXED) == before);
    CHECK_STATUS(DLRT_OK, bind_input(session, &small));
    CHECK_STATUS(DLRT_OK, dlrt_session_run(session));
    CHECK_STATUS(DLRT_OK, dlrt_session_top_k(session, 0, 3, best, &count));
    free(result);
    free_input(&small);
    free_input(&large);
    dlrt_session_destroy(session);
  }
  dlrt_model_destroy(model);
}

static void a_run_allocates_nothing(void) { runs_allocate_nothing(0); }

static void nor_does_one_that_is_measured(void) { runs_allocate_nothing(1); }

static bool good_or_out_of_memory(dlrt_status status) {
  return CHECK(status == DLRT_OK || status == DLRT_OUT_OF_MEMORY) && status == DLRT_OK;
}

/* Loads in one of three ways, sets, runs, and runs another shape. */
static void whole_life(int way, const unsigned char *file, size_t file_size, const input *small, const input *large) {
  dlrt_model *model = NULL;
  dlrt_session *session = NULL;
  dlrt_load_options options = {0};
  options.struct_size = sizeof options;
  options.flags = way == 1 ? DLRT_LOAD_BORROW : 0;
  dlrt_status status = way == 0 ? dlrt_model_load_file(model_path, NULL, &model)
                                : dlrt_model_load_memory(file, file_size, &options, &model);
  if (good_or_out_of_memory(status) && good_or_out_of_memory(dlrt_session_create(model, NULL, &session))) {
    dlrt_tensor output;
    if (good_or_out_of_memory(set_input(session, large)) && good_or_out_of_memory(dlrt_session_run(session)))
      CHECK_STATUS(DLRT_OK, dlrt_session_output(session, 0, &output));
    if (good_or_out_of_memory(bind_input(session, small)) && good_or_out_of_memory(dlrt_session_run(session)))
      CHECK_STATUS(DLRT_OK, dlrt_session_output(session, 0, &output));
    if (good_or_out_of_memory(dlrt_session_set_input_jpeg(session, 0, jpeg, jpeg_size)))
      good_or_out_of_memory(dlrt_session_run(session));
  }
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

static void each_large_allocation_refused(void) {
  dlrt_model *model = load_model();
  dlrt_session *session = make_session(model, 1);
  input small = make_input(model, 2, 83), large = make_input(model, 64, 84);
  size_t size, file_size, total = 0;
  unsigned char *file = read_file(model_path, &file_size);
  for (int way = 0; way < 3; way++) {
    for (long nth = 0;; nth++) {
      size_t before = refused;
      large_left = nth;
      whole_life(way, file, file_size, &small, &large);
      large_left = -1;
      if (refused == before) break; /* there are no more */
      total++;
      free(scores_of(session, &large, &size)); /* all is well afterwards */
    }
  }
  CHECK(total >= 3);
  printf("%zu large allocations refused\n", total);
  free(file);
  free_input(&small);
  free_input(&large);
  dlrt_session_destroy(session);
  dlrt_model_destroy(model);
}

static void each_thread_refused(void) {
  dlrt_model *model = load_model();
  for (long nth = 0;; nth++) {
    size_t before = refused;
    dlrt_pool *pool = NULL;
    dlrt_session *session = NULL;
    dlrt_session_options options = {0};
    options.struct_size = sizeof options;
    options.threads = 4;
    threads_left = nth;
    bool pool_good = good_or_out_of_memory(dlrt_pool_create(4, &pool));
    threads_left = nth;
    bool session_good = good_or_out_of_memory(dlrt_session_create(model, &options, &session));
    threads_left = -1;
    CHECK((pool != NULL) == pool_good && (session != NULL) == session_good);
    dlrt_session_destroy(session);
    dlrt_pool_destroy(pool);
    if (refused == before) break;
    CHECK(!pool_good);
  }
  dlrt_model_destroy(model);
}

static void mapping_refused(void) {
  dlrt_model *model = NULL;
  size_t before = refused;
  mappings_left = 0;
  dlrt_status status = dlrt_model_load_file(model_path, NULL, &model);
  mappings_left = -1;
  CHECK(refused == before + 1 && (status == DLRT_IO_ERROR || status == DLRT_OUT_OF_MEMORY) && model == NULL);
}

int main(int argc, char **argv) {
  open_fixtures(argc, argv);
  RUN(a_run_allocates_nothing);
  RUN(nor_does_one_that_is_measured);
  RUN(each_large_allocation_refused);
  RUN(each_thread_refused);
  RUN(mapping_refused);
  close_fixtures();
  return report();
}
