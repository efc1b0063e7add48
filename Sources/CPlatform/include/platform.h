// What the runtime asks of the system: memory, files, threads, CPU features, the message of the last error.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// 64-byte aligned memory, or NULL. Freed by dlp_free.
void *dlp_allocate(size_t size);
void dlp_free(void *memory);
// Reading is fastest from huge pages, but some systems take milliseconds to make one. So prepare touches new memory of
// dlp_allocate that the caller is about to fill, as huge pages until one takes more than a millisecond, and collapse later
// makes huge ones of what is small: one for each of dlp_huge_pages(size) blocks, counted from 0; false: there is no memory for
// more. Where the system cannot collapse pages (Linux before 6.1) or always makes huge ones, they are so from the beginning.
void dlp_prepare_pages(void *memory, size_t size, bool touch);
size_t dlp_huge_pages(size_t size);
// Whether the system's setting lets programs have huge pages; not every Linux asks that in a collapse.
bool dlp_allows_huge_pages(void);
bool dlp_collapse_pages(const void *memory, size_t index);

// A whole file mapped read-only. Returns 0, or an errno value; an empty file gives *data = NULL and *size = 0.
int dlp_map_file(const char *path, const void **data, size_t *size);
void dlp_unmap(const void *data, size_t size);
// Lets go of the pages that lie wholly within a part of a mapping; who reads them again gets them from the file.
void dlp_discard_pages(const void *data, size_t size);

// A file that appears under its name when it is complete: create makes a temporary file beside path, write appends to it,
// commit flushes it to the disk and renames it, abandon removes it; commit and abandon free the handle. A pipe or device is
// written directly. All return 0 or an errno value.
typedef struct dlp_new_file dlp_new_file;
int dlp_create_file(const char *path, dlp_new_file **file);
int dlp_write(dlp_new_file *file, const void *data, size_t size);
int dlp_commit_file(dlp_new_file *file);
void dlp_abandon_file(dlp_new_file *file);

// The description of an errno value, in English whatever the locale, into text.
void dlp_error_text(int code, char *text, size_t capacity);

// A number as text, with as few digits as tell it from its neighbours and a point whatever the locale.
void dlp_format_real(double number, char *text, size_t capacity);

// This thread's last error message. set copies at most 1023 bytes and cuts at a UTF-8 boundary.
void dlp_set_last_error(const char *message, size_t length);
const char *dlp_last_error(void);

// The value of an environment variable, or NULL.
const char *dlp_environment(const char *name);

// CPU levels that both the processor and the operating system support (cpuid and xgetbv).
bool dlp_cpu_has_avx2(void);    // AVX2, FMA, F16C, BMI2
bool dlp_cpu_has_avx512(void);  // AVX-512 F, BW, CD, DQ, VL, VNNI
// CPUs that the affinity mask of this process allows, at least 1.
size_t dlp_cpu_count(void);

// Monotonic time in nanoseconds.
uint64_t dlp_nanoseconds(void);

// Floating-point state of this thread: sets round-to-nearest and flush-to-zero, returns what was there before.
uint64_t dlp_fpu_enter(void);
void dlp_fpu_leave(uint64_t saved);

// Bit pattern helpers the standard library has no cheap form of in Embedded Swift.
double dlp_exp(double x);
double dlp_tanh(double x);
double dlp_pow(double x, double y);
double dlp_log(double x);
double dlp_log1p(double x);
double dlp_expm1(double x);
double dlp_sin(double x);
double dlp_cos(double x);
double dlp_tan(double x);
double dlp_asin(double x);
double dlp_acos(double x);
double dlp_atan(double x);
double dlp_sinh(double x);
double dlp_cosh(double x);
double dlp_asinh(double x);
double dlp_acosh(double x);
double dlp_atanh(double x);
double dlp_erf(double x);
double dlp_fmod(double x, double y);

// Threads. A thread that cannot be started is an errno value, never an abort.
typedef struct dlp_thread dlp_thread;
int dlp_thread_start(void (*body)(void *), void *argument, dlp_thread **thread);
void dlp_thread_join(dlp_thread *thread);
// Frees the handle of a thread that a fork left behind in the parent.
void dlp_thread_forget(dlp_thread *thread);
// Sleeps while *word is expected; may return early. wake wakes all sleepers.
void dlp_wait(const void *word, uint32_t expected);
void dlp_wake(const void *word);
// Tells the processor that this is a spin loop.
void dlp_spin_hint(void);
void dlp_yield(void);
// Counts the forks between the first process and this one, so that a child knows its threads are gone.
uint32_t dlp_fork_generation(void);
