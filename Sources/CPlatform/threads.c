#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "include/platform.h"

struct dlp_thread {
  pthread_t handle;
  void (*body)(void *);
  void *argument;
};

static void *start(void *memory) {
  struct dlp_thread *thread = memory;
  thread->body(thread->argument);
  return NULL;
}

int dlp_thread_start(void (*body)(void *), void *argument, dlp_thread **thread) {
  struct dlp_thread *created = malloc(sizeof *created);
  if (!created) return ENOMEM;
  created->body = body;
  created->argument = argument;
  // The host's signals are the host's: its handlers never run on a worker.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int code = pthread_create(&created->handle, NULL, start, created);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (code != 0) {
    free(created);
    return code;
  }
  *thread = created;
  return 0;
}

void dlp_thread_join(dlp_thread *thread) {
  pthread_join(thread->handle, NULL);
  free(thread);
}

void dlp_thread_forget(dlp_thread *thread) { free(thread); }

void dlp_wait(const void *word, uint32_t expected) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

void dlp_wake(const void *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 0x7fffffff, NULL, NULL, 0); }

void dlp_spin_hint(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

void dlp_yield(void) { sched_yield(); }

static atomic_uint forks;
static void count_fork(void) { atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed); }
static pthread_once_t once = PTHREAD_ONCE_INIT;
static void watch_forks(void) { pthread_atfork(NULL, NULL, count_fork); }

uint32_t dlp_fork_generation(void) {
  pthread_once(&once, watch_forks);
  return atomic_load_explicit(&forks, memory_order_relaxed);
}
