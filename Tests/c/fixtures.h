/* What the tests work with: the sample model, a JPEG, inputs with known values, memory that ends at a guard page. */
#ifndef FIXTURES_H
#define FIXTURES_H

#include <dlrt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An image classifier: one f32 input with a free batch dimension and preprocessing metadata, one f32 output, labels. */
extern const char *model_path;
/* Sizes that follow from elements: of x f32 [N], limit i64 [] and sizes i64 [2] it makes kept f32 [?], the elements of x above 0,
 * range i64 [?], 0 up to the limit, and shaped f32 [?, ?], x with the sizes. */
extern const char *stages_path;
/* An empty folder to write in. */
extern const char *work_folder;
/* Try every stride-th case of the long series: the variable DLRT_TEST_STRIDE, or 1. */
extern size_t stride;
/* Under valgrind, where everything takes fifty times as long; the variable DLRT_TEST_VALGRIND says so. */
extern bool under_valgrind;
/* A small grey JPEG. */
extern unsigned char *jpeg;
extern size_t jpeg_size;

/* Reads the arguments MODEL STAGES JPEG WORK_FOLDER and the variables; exits when they are no good. */
void open_fixtures(int argc, char **argv);
void close_fixtures(void);

/* These end the program when they fail: the tests can't mean anything then. */
unsigned char *read_file(const char *path, size_t *size);
void write_file(const char *path, const void *data, size_t size);
dlrt_model *load_model(void);
dlrt_session *make_session(const dlrt_model *model, size_t threads);

/* "work_folder/name", valid until the next call. */
const char *work_path(const char *name);

/* A copy that ends right before a page which cannot be read: reading past the end is a SIGSEGV at once.
 * data NULL: zeros. */
typedef struct guarded {
  unsigned char *data;
  void *pages;
  size_t pages_size;
} guarded;
guarded guarded_copy(const void *data, size_t size);
void guarded_free(guarded memory);

/* An input of the sample model: `batch` images of pseudo-random values in 0..1, the same for the same seed. */
typedef struct input {
  int64_t dims[DLRT_MAX_RANK];
  size_t rank;
  float *values;
  size_t count; /* values */
  size_t size;  /* bytes */
} input;
input make_input(const dlrt_model *model, int64_t batch, uint32_t seed);
void free_input(input *image);
dlrt_status set_input(dlrt_session *session, const input *image);
dlrt_status bind_input(dlrt_session *session, const input *image);

/* Sets the input, runs, and returns a copy of output 0, which the caller frees; NULL and a failed check otherwise. */
float *scores_of(dlrt_session *session, const input *image, size_t *size);

/* How often to repeat something: `usual` times, or twice under valgrind. */
int rounds(int usual);

uint32_t next_random(uint32_t *state);

#endif
