/* dlrt: run neural networks inside other programs.
 *
 * Classify a JPEG (error handling shortened; examples/c/classify.c is the whole program):
 *
 *   #include <dlrt.h>
 *   #include <stdio.h>
 *
 *   int classify(const void *jpeg, size_t jpeg_size) {
 *     dlrt_model *model = NULL;
 *     dlrt_session *session = NULL;
 *     dlrt_class best[5];
 *     size_t count = 0;
 *     if (dlrt_model_load_file("lenet5.dlrt", NULL, &model) == DLRT_OK &&
 *         dlrt_session_create(model, NULL, &session) == DLRT_OK &&
 *         dlrt_session_set_input_jpeg(session, 0, jpeg, jpeg_size) == DLRT_OK &&
 *         dlrt_session_run(session) == DLRT_OK &&
 *         dlrt_session_top_k(session, 0, 5, best, &count) == DLRT_OK)
 *       for (size_t i = 0; i < count; i++)
 *         printf("%-12s %.4f\n", best[i].label ? best[i].label : "", best[i].score);
 *     else
 *       fprintf(stderr, "%s\n", dlrt_last_error());
 *     dlrt_session_destroy(session);
 *     dlrt_model_destroy(model);
 *     return count > 0 ? 0 : 1;
 *   }
 *
 * With an array in place of a JPEG:
 *
 *   float image[1 * 1 * 28 * 28] = {0};
 *   int64_t dims[4] = {1, 1, 28, 28};
 *   dlrt_session_set_input(session, 0, DLRT_F32, dims, 4, image, sizeof image);
 *
 * Manners, the same for every function:
 *   - A function that can fail returns a dlrt_status. It writes its results through out-parameters only when it
 *     returns DLRT_OK, and leaves them untouched otherwise. dlrt_last_error() then says what was wrong: which node
 *     or tensor, what was expected and what was found.
 *   - Destroy functions return void and accept NULL. A session keeps its model (and pool) alive: the order in which
 *     handles are destroyed does not matter.
 *   - dlrt_model is immutable and may be used from any number of threads at once; dlrt_session belongs to one thread
 *     at a time; dlrt_pool may be shared by sessions of several threads.
 *   - Pointers returned by a model (names, labels, metadata) live as long as that model, or as a session made from it.
 *   - Strings are UTF-8 and end with a zero byte. Sizes are in bytes where the name says size, in elements or entries
 *     where it says count. Tensors are dense and row-major in the model's own dimension order.
 *   - No function prints, exits, aborts, installs signal handlers or changes the locale, on any input. Tensors, weights and
 *     pictures that the system has no memory for are DLRT_OUT_OF_MEMORY; the one exception is that where it refuses
 *     the few hundred bytes of a small object, the process ends as any Swift program's does.
 */
#ifndef DLRT_H
#define DLRT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface. Functions, fields at the end of option structs, and status numbers are only ever
 * added, and each addition raises the number; a program built against N runs with any library reporting >= N. */
#define DLRT_ABI_VERSION 2

/* The largest rank of a tensor. */
#define DLRT_MAX_RANK 8

/* ------------------------------------------------------------------ status */

/* Result of a call. The numbers are fixed; later versions may add others. */
typedef enum dlrt_status {
  DLRT_OK = 0,
  DLRT_INVALID_ARGUMENT = 10, /* NULL where a pointer is needed, an option outside its range, a struct_size of 0 */
  DLRT_OUT_OF_RANGE = 11,     /* an index past the end, a value that does not fit */
  DLRT_TYPE_MISMATCH = 12,    /* dtype differs from the model's */
  DLRT_SHAPE_MISMATCH = 13,   /* rank, a dimension or a byte size differs from what the model takes */
  DLRT_NOT_READY = 14,        /* run without every input set, an output read when there is none */
  DLRT_NOT_FOUND = 20,        /* no input, output or metadata entry of that name */
  DLRT_IO_ERROR = 30,         /* a file cannot be opened, read or mapped */
  DLRT_INVALID_MODEL = 40,    /* not a .dlrt file, or a damaged or inconsistent one */
  DLRT_UNSUPPORTED = 41,      /* well-formed, but this build cannot do it (a newer format, an operation or dtype) */
  DLRT_INVALID_IMAGE = 50,    /* not a JPEG, or a damaged one */
  DLRT_OUT_OF_MEMORY = 60,    /* the system refused memory */
  DLRT_MEMORY_LIMIT = 61,     /* the caller's memory_limit would be passed */
  DLRT_INTERNAL = 90          /* a defect of the library: please report it */
} dlrt_status;

/* Short name of a status, e.g. "shape mismatch". Never NULL. */
const char *dlrt_status_name(dlrt_status status);

/* The message of the last failed call of this thread, "" before the first. Never NULL; overwritten by the next failed
 * call of the same thread, cut at 1023 bytes. */
const char *dlrt_last_error(void);

/* DLRT_ABI_VERSION of the library that is loaded. */
uint32_t dlrt_abi_version(void);

/* Version of the library that is loaded, e.g. "0.1.0". */
const char *dlrt_version(void);

/* ----------------------------------------------------------------- tensors */

/* Element types. The numbers are fixed and the same in .dlrt files. */
typedef enum dlrt_dtype {
  DLRT_F32 = 1,
  DLRT_F16 = 2,
  DLRT_BF16 = 3,
  DLRT_F64 = 4,
  DLRT_I8 = 5,
  DLRT_I16 = 6,
  DLRT_I32 = 7,
  DLRT_I64 = 8,
  DLRT_U8 = 9,
  DLRT_U16 = 10,
  DLRT_U32 = 11,
  DLRT_U64 = 12,
  DLRT_BOOL = 13
} dlrt_dtype;

/* What a model says of an input or output. */
typedef struct dlrt_tensor_info {
  const char *name;
  dlrt_dtype dtype;
  size_t rank;
  int64_t dims[DLRT_MAX_RANK]; /* -1: free, fixed by the inputs of a run; entries past rank are 0 */
} dlrt_tensor_info;

/* An output of a run. */
typedef struct dlrt_tensor {
  const void *data; /* dense, row-major; belongs to the session, or is the buffer that was bound */
  size_t size;      /* bytes */
  dlrt_dtype dtype;
  size_t rank;
  int64_t dims[DLRT_MAX_RANK];
} dlrt_tensor;

/* ------------------------------------------------------------------- model */

typedef struct dlrt_model dlrt_model;

/* Options of loading. Zero the struct, set struct_size to sizeof(dlrt_load_options), then what you need. */
typedef struct dlrt_load_options {
  size_t struct_size;
  uint32_t flags;       /* DLRT_LOAD_* */
  const char *isa;      /* NULL: the best of this CPU; or "baseline", "avx2", "avx512", "neon": at most that level.
                         * The environment variable DLRT_ISA does the same for a whole process. */
  size_t memory_limit;  /* bytes of weights the model may hold beside those of the file itself; 0: no limit */
  uint32_t exact;       /* not 0: compute every sum as it is defined, within 1e-5 of exact arithmetic. By default
                         * convolutions at stride 1 may be computed by Winograd's algorithm, within 1e-3 and about twice faster,
                         * and an infinite or NaN input may make outputs of pixels and groups beside it NaN too. */
  uint32_t low_memory;  /* not 0: keep weights in no form larger than their own. By default the weights of convolutions
                         * may be kept transformed, mostly 2 to 4 times as large, of small filters up to 9 times. */
} dlrt_load_options;

/* load_memory only: read the caller's bytes in place, if they are aligned to 64 bytes; they must stay valid and unchanged
 * until the model and every session made from it are destroyed. Otherwise they are copied. */
#define DLRT_LOAD_BORROW 1u

/* Loads a model from a .dlrt file, which is mapped read-only and must not be changed while the model lives.
 * path: UTF-8. options: NULL for the defaults. *model: the caller destroys it.
 * Errors: INVALID_ARGUMENT, IO_ERROR, INVALID_MODEL, UNSUPPORTED, OUT_OF_MEMORY, MEMORY_LIMIT. */
dlrt_status dlrt_model_load_file(const char *path, const dlrt_load_options *options, dlrt_model **model);

/* Loads a model from the bytes of a .dlrt file in memory; any alignment will do. */
dlrt_status dlrt_model_load_memory(const void *data, size_t size, const dlrt_load_options *options, dlrt_model **model);

void dlrt_model_destroy(dlrt_model *model);

/* The instruction set the model runs with: "baseline", "avx2", "avx512" or "neon". */
dlrt_status dlrt_model_isa(const dlrt_model *model, const char **isa);

/* Bytes of weights that the model holds in memory of its own, made ready for the kernels; those of the file, which are read
 * from it when something needs them, are not counted. */
dlrt_status dlrt_model_memory(const dlrt_model *model, size_t *size);

/* Inputs and outputs, by index from 0 and by name. Errors: INVALID_ARGUMENT, OUT_OF_RANGE, NOT_FOUND. */
dlrt_status dlrt_model_input_count(const dlrt_model *model, size_t *count);
dlrt_status dlrt_model_output_count(const dlrt_model *model, size_t *count);
dlrt_status dlrt_model_input_info(const dlrt_model *model, size_t index, dlrt_tensor_info *info);
dlrt_status dlrt_model_output_info(const dlrt_model *model, size_t index, dlrt_tensor_info *info);
dlrt_status dlrt_model_find_input(const dlrt_model *model, const char *name, size_t *index);
dlrt_status dlrt_model_find_output(const dlrt_model *model, const char *name, size_t *index);

/* Metadata: named entries; numbers and lists are given as text ("0.5", "0.1307, 0.3081"). FORMAT.md lists the keys
 * that the library itself reads. Errors: INVALID_ARGUMENT, OUT_OF_RANGE, NOT_FOUND. */
dlrt_status dlrt_model_metadata_count(const dlrt_model *model, size_t *count);
dlrt_status dlrt_model_metadata_entry(const dlrt_model *model, size_t index, const char **key, const char **value);
dlrt_status dlrt_model_find_metadata(const dlrt_model *model, const char *key, const char **value);

/* Class labels, in the order of the scores; a model without labels has 0 of them. */
dlrt_status dlrt_model_label_count(const dlrt_model *model, size_t *count);
dlrt_status dlrt_model_label(const dlrt_model *model, size_t index, const char **label);

/* -------------------------------------------------------------------- pool */

/* Threads that sessions may share. They sleep when there is nothing to do. */
typedef struct dlrt_pool dlrt_pool;

/* threads: how many threads work on a run, the calling one included, 1 to 256; 0: one for each CPU this process may
 * use. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY (also when the system refuses a thread). */
dlrt_status dlrt_pool_create(size_t threads, dlrt_pool **pool);
void dlrt_pool_destroy(dlrt_pool *pool);

/* ----------------------------------------------------------------- session */

/* Inputs, memory and outputs of one run at a time of a model. */
typedef struct dlrt_session dlrt_session;

/* Options of a session. Zero the struct, set struct_size to sizeof(dlrt_session_options), then what you need. */
typedef struct dlrt_session_options {
  size_t struct_size;
  size_t threads;      /* as in dlrt_pool_create, but 0 means 1; ignored when pool is set */
  dlrt_pool *pool;     /* NULL: the session has its own */
  size_t memory_limit; /* bytes of tensor memory the session may hold, pictures being decoded not counted; 0: no limit */
} dlrt_session_options;

/* options: NULL for one thread. *session: the caller destroys it. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY. */
dlrt_status dlrt_session_create(const dlrt_model *model, const dlrt_session_options *options, dlrt_session **session);
void dlrt_session_destroy(dlrt_session *session);

/* Copies an input in. dims may differ from run to run where the model's are free (-1); the memory for a shape is
 * planned at the first run with it. size must be the product of dims times the element size.
 * Errors: INVALID_ARGUMENT, OUT_OF_RANGE, TYPE_MISMATCH, SHAPE_MISMATCH, OUT_OF_MEMORY, MEMORY_LIMIT. */
dlrt_status dlrt_session_set_input(dlrt_session *session, size_t index, dlrt_dtype dtype, const int64_t *dims, size_t rank,
                                   const void *data, size_t size);

/* Like set_input, without the copy: every run reads the caller's memory, which must be aligned to the element size and
 * stay valid until another set_input or bind_input for this index, or the session's end. */
dlrt_status dlrt_session_bind_input(dlrt_session *session, size_t index, dlrt_dtype dtype, const int64_t *dims, size_t rank,
                                    const void *data, size_t size);

/* Decodes a JPEG (baseline or progressive; grey, RGB, YCbCr, CMYK or YCCK), turns it upright by its EXIF orientation, and
 * prepares it as the model's metadata say (resize, crop, channel order, mean and standard deviation) as a batch of one.
 * Errors: as set_input, INVALID_IMAGE, UNSUPPORTED (12 bits a sample, more than 2^28 pixels), INVALID_MODEL (preprocessing
 * metadata that contradict the input), NOT_FOUND (no preprocessing metadata for this input). */
dlrt_status dlrt_session_set_input_jpeg(dlrt_session *session, size_t index, const void *jpeg, size_t size);

/* Every run writes this output to the caller's memory, aligned to the element size, which must stay valid until another
 * bind_output for this index or the session's end. data NULL: back to the session's own memory.
 * A run fails with SHAPE_MISMATCH, having computed nothing, when the output does not take exactly size bytes. */
dlrt_status dlrt_session_bind_output(dlrt_session *session, size_t index, void *data, size_t size);

/* Computes the outputs. The answer has the same bits for any number of threads. As long as shapes and bindings stay, a run
 * after the first allocates no memory (but where an operation has no kernel of its own yet and the plain one serves); the
 * plans of the last 8 combinations of shapes are kept. The second run of a large model may take longer than others, because
 * it moves tensors, and weights that loading did not, into huge pages; where making those is slow, up to a quarter of a second,
 * and so do some runs after it. In a child process weights loaded before the fork stay as they are, shared with the parent.
 * Outputs are written and read while a run goes on: memory that is bound must overlap no other input or output.
 * Errors: INVALID_ARGUMENT, NOT_READY, SHAPE_MISMATCH, OUT_OF_MEMORY, MEMORY_LIMIT. */
dlrt_status dlrt_session_run(dlrt_session *session);

/* An output of the last run, in place: valid until the next run, another bind_output, or the session's end; after
 * bind_output to another place or a failed run there is none. Errors: NOT_READY, OUT_OF_RANGE. */
dlrt_status dlrt_session_output(const dlrt_session *session, size_t index, dlrt_tensor *tensor);

/* Copies an output of the last run to data, which must take exactly size bytes. */
dlrt_status dlrt_session_copy_output(const dlrt_session *session, size_t index, void *data, size_t size);

/* Bytes of tensor memory that the session holds now. */
dlrt_status dlrt_session_memory(const dlrt_session *session, size_t *size);

/* ----------------------------------------------------------------- profile */

/* What one node took in the last run. Set struct_size to sizeof(dlrt_profile_entry); the rest is written. */
typedef struct dlrt_profile_entry {
  size_t struct_size;
  const char *node;     /* name of the node, or of the tensor for what the library adds; this and the strings below live as
                         * long as the session */
  const char *op;       /* the operation, with the names of FORMAT.md; "layout" and "copy" where the library moves a tensor.
                         * Nodes that became part of another (a ReLU behind a convolution, a convolution that is computed part
                         * by part together with others) have no entry; that of convolutions and pools computed together
                         * has the name of the one with the most work, and the flops and bytes of all. */
  const char *kernel;   /* what computed it */
  uint64_t start;       /* when it began: nanoseconds from the start of the run */
  uint64_t nanoseconds; /* how long it took */
  double flops;         /* 2 for each multiply-add of the operation's definition, whatever the kernel does instead;
                         * 0 for an operation without them */
  size_t bytes;         /* of the inputs, weights and output, as if each were moved once */
  size_t threads;       /* for how many threads the work was cut */
} dlrt_profile_entry;

/* From the next run on, measures each node (on: 1) or not (0, as at first). Measuring costs a reading of the clock for each
 * node; the first run with a shape allocates the list. Errors: INVALID_ARGUMENT. */
dlrt_status dlrt_session_set_profiling(dlrt_session *session, int on);

/* How many nodes the last run measured, and each of them, in the order they ran in.
 * Errors: INVALID_ARGUMENT (also a struct_size that cannot be), NOT_READY (no run with profiling on), OUT_OF_RANGE. */
dlrt_status dlrt_session_profile_count(const dlrt_session *session, size_t *count);
dlrt_status dlrt_session_profile_entry(const dlrt_session *session, size_t index, dlrt_profile_entry *entry);

/* --------------------------------------------------------- post-processing */

typedef struct dlrt_class {
  size_t index;
  float score;
  const char *label; /* NULL when the model has no label for index */
} dlrt_class;

/* The k largest scores of f32 output `index` of the last run, largest first, equal scores by lower index, NaN last.
 * The output must hold one row of scores: all its dimensions but the last are 1.
 * classes: room for k entries. *count: entries written, min(k, scores). */
dlrt_status dlrt_session_top_k(const dlrt_session *session, size_t index, size_t k, dlrt_class *classes, size_t *count);

#ifdef __cplusplus
}
#endif

#endif
