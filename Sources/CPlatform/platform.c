#define _GNU_SOURCE
#include "include/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

// Memory from so many bytes on begins where a huge page can; weights from so many on are touched before they are filled.
static const size_t huge_from = 4 << 20, touch_from = 256 << 10, huge_page = 2 << 20;

void *dlp_allocate(size_t size) {
  void *memory = NULL;
  if (size > SIZE_MAX / 2) return NULL;
  size_t alignment = size < huge_from ? 64 : huge_page;
  return posix_memalign(&memory, alignment, size ? size : 1) == 0 ? memory : NULL;
}

// Linux knows them from 5.14 and 6.1 on, whatever the C library's headers know. An unknown one is refused even for no memory.
enum { populate_write = 23, collapse = 25 };

static uint64_t nanoseconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// Touches as many huge pages as fit, until one takes the thread more than a millisecond, not counting what it waits for a
// processor: from then on nobody asks for more. As many small pages take about half a millisecond.
static size_t touch_huge_pages(char *memory, size_t size) {
  static atomic_bool slow;
  size_t made = 0;
  while (!atomic_load_explicit(&slow, memory_order_relaxed) && made + huge_page <= size) {
    uint64_t start = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
    madvise(memory + made, huge_page, MADV_HUGEPAGE);
    if (madvise(memory + made, huge_page, populate_write) != 0) break;
    made += huge_page;
    if (nanoseconds(CLOCK_THREAD_CPUTIME_ID) - start > 1000000) atomic_store_explicit(&slow, true, memory_order_relaxed);
  }
  return made;
}

void dlp_prepare_pages(void *memory, size_t size, bool touch) {
  if (size < touch_from) return;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = ((uintptr_t)memory + page - 1) / page * page;
  bool can_collapse = page == 4096 && madvise((void *)first, 0, collapse) == 0;
  if (!can_collapse && size < huge_from) return;
  size = ((uintptr_t)memory + size - first) / page * page;
  if (!can_collapse) madvise((void *)first, size, MADV_HUGEPAGE);
  else if (touch) {
    size_t made = size < huge_from ? 0 : touch_huge_pages((char *)first, size);
    madvise((char *)first + made, size - made, populate_write);
  }
}

bool dlp_allows_huge_pages(void) {
  char setting[64] = "";
  int fd = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t n = read(fd, setting, sizeof setting - 1);
  close(fd);
  return n > 0 && !strstr(setting, "[never]");
}

size_t dlp_huge_pages(size_t size) { return size < huge_from ? 0 : size / huge_page; }

bool dlp_collapse_pages(const void *memory, size_t index) {
  return madvise((char *)memory + index * huge_page, huge_page, collapse) == 0 || (errno != ENOMEM && errno != EBUSY);
}

void dlp_free(void *memory) { free(memory); }

int dlp_map_file(const char *path, const void **data, size_t *size) {
  int fd;  // O_NONBLOCK: opening a pipe that nobody writes to must not wait
  do fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); while (fd < 0 && errno == EINTR);
  if (fd < 0) return errno;
  struct stat info;
  int code = 0;
  *data = NULL;
  *size = 0;
  if (fstat(fd, &info) != 0) {
    code = errno;
  } else if (S_ISDIR(info.st_mode)) {
    code = EISDIR;
  } else if (!S_ISREG(info.st_mode)) {
    code = EINVAL;  // a pipe or device cannot be mapped
  } else if (info.st_size > 0) {
    void *memory = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (memory == MAP_FAILED) {
      code = errno;
    } else {
      *data = memory;
      *size = (size_t)info.st_size;
    }
  }
  close(fd);
  return code;
}

void dlp_unmap(const void *data, size_t size) {
  if (data) munmap((void *)data, size);
}

void dlp_discard_pages(const void *data, size_t size) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t first = ((uintptr_t)data + page - 1) / page * page, last = ((uintptr_t)data + size) / page * page;
  if (first < last) madvise((void *)first, last - first, MADV_DONTNEED);
}

void dlp_error_text(int code, char *text, size_t capacity) {
  const char *known = code == ENOENT    ? "no such file or directory"
                      : code == EACCES  ? "permission denied"
                      : code == EISDIR  ? "it is a directory"
                      : code == EINVAL  ? "not a regular file"
                      : code == ENOMEM  ? "out of memory"
                      : code == EMFILE || code == ENFILE ? "too many open files"
                      : code == ENAMETOOLONG ? "the name is too long"
                      : code == ENOTDIR ? "a part of the path is not a directory"
                                        : NULL;
  if (known) snprintf(text, capacity, "%s", known);
  else snprintf(text, capacity, "errno %d", code);
}

void dlp_format_real(double number, char *text, size_t capacity) {
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, capacity, "%.*g", digits, number);
    if (strtod(text, NULL) == number) break;
  }
  // The only other character there can be is the locale's decimal point, of one byte or more.
  char *end = text;
  for (const char *c = text; *c; c++) {
    if (strchr("+-0123456789einfa", *c))
      *end++ = *c;
    else if (end == text || end[-1] != '.')
      *end++ = '.';
  }
  *end = 0;
}

static _Thread_local char last_error[1024];

void dlp_set_last_error(const char *message, size_t length) {
  if (length > sizeof last_error - 1) {
    length = sizeof last_error - 1;
    while (length > 0 && ((unsigned char)message[length] & 0xC0) == 0x80) length--;
  }
  memcpy(last_error, message, length);
  last_error[length] = 0;
}

const char *dlp_last_error(void) { return last_error; }

const char *dlp_environment(const char *name) { return getenv(name); }

#if defined(__x86_64__)
static uint64_t saved_registers(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 27))) return 0;  // OSXSAVE
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return ((uint64_t)high << 32) | low;
}

bool dlp_cpu_has_avx2(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
  const unsigned fma_avx_f16c = (1u << 12) | (1u << 28) | (1u << 29);
  if ((c & fma_avx_f16c) != fma_avx_f16c || (saved_registers() & 0x6) != 0x6) return false;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  const unsigned avx2_bmi1_bmi2 = (1u << 5) | (1u << 3) | (1u << 8);
  return (b & avx2_bmi1_bmi2) == avx2_bmi1_bmi2;
}

bool dlp_cpu_has_avx512(void) {
  unsigned a, b, c, d;
  if (!dlp_cpu_has_avx2() || (saved_registers() & 0xE6) != 0xE6) return false;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  const unsigned f_dq_cd_bw_vl = (1u << 16) | (1u << 17) | (1u << 28) | (1u << 30) | (1u << 31);
  return (b & f_dq_cd_bw_vl) == f_dq_cd_bw_vl && (c & (1u << 11));
}

uint64_t dlp_fpu_enter(void) {
  unsigned saved = __builtin_ia32_stmxcsr();
  // Exceptions masked (0x1F80), nearest rounding, flush to zero (bit 15), denormals are zero (bit 6).
  __builtin_ia32_ldmxcsr(0x9FC0);
  return saved;
}

void dlp_fpu_leave(uint64_t saved) { __builtin_ia32_ldmxcsr((unsigned)saved); }
#else
bool dlp_cpu_has_avx2(void) { return false; }
bool dlp_cpu_has_avx512(void) { return false; }
#if defined(__aarch64__)
uint64_t dlp_fpu_enter(void) {
  uint64_t saved;
  __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
  uint64_t flush = 1u << 24;
  __asm__ volatile("msr fpcr, %0" : : "r"(flush));
  return saved;
}
void dlp_fpu_leave(uint64_t saved) { __asm__ volatile("msr fpcr, %0" : : "r"(saved)); }
#else
uint64_t dlp_fpu_enter(void) { return 0; }
void dlp_fpu_leave(uint64_t saved) { (void)saved; }
#endif
#endif

size_t dlp_cpu_count(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    int count = CPU_COUNT(&set);
    if (count > 0) return (size_t)count;
  }
  long online = sysconf(_SC_NPROCESSORS_ONLN);  // more CPUs than cpu_set_t holds
  return online > 0 ? (size_t)online : 1;
}

uint64_t dlp_nanoseconds(void) { return nanoseconds(CLOCK_MONOTONIC); }

double dlp_exp(double x) { return exp(x); }
double dlp_tanh(double x) { return tanh(x); }
double dlp_pow(double x, double y) { return pow(x, y); }
double dlp_log(double x) { return log(x); }
double dlp_log1p(double x) { return log1p(x); }
double dlp_expm1(double x) { return expm1(x); }
double dlp_sin(double x) { return sin(x); }
double dlp_cos(double x) { return cos(x); }
double dlp_tan(double x) { return tan(x); }
double dlp_asin(double x) { return asin(x); }
double dlp_acos(double x) { return acos(x); }
double dlp_atan(double x) { return atan(x); }
double dlp_sinh(double x) { return sinh(x); }
double dlp_cosh(double x) { return cosh(x); }
double dlp_asinh(double x) { return asinh(x); }
double dlp_acosh(double x) { return acosh(x); }
double dlp_atanh(double x) { return atanh(x); }
double dlp_erf(double x) { return erf(x); }
double dlp_fmod(double x, double y) { return fmod(x, y); }
