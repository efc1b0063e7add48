#include "include/jpeg.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "include/platform.h"

// libjpeg reports errors by calling error_exit, which must not return. Here it jumps back into `decode` or `encode` below.
// Everything those change after setjmp lives in a struct of their caller, so its contents are defined after the jump (C11
// 7.13.2.1); only libjpeg's own frames are jumped over.

typedef struct trap {
  struct jpeg_error_mgr base;  // first: libjpeg's pointer to it is a pointer to the trap
  jmp_buf escape;
  dlp_jpeg_result result;
  char *message;
} trap;

static _Noreturn void fail(j_common_ptr codec, dlp_jpeg_result result, const char *message) {
  trap *t = (trap *)codec->err;
  t->result = result;
  snprintf(t->message, DLP_JPEG_MESSAGE_SIZE, "%s", message);
  longjmp(t->escape, 1);
}

static dlp_jpeg_result result_of(int code) {
  switch (code) {
    case JERR_OUT_OF_MEMORY:
      return DLP_JPEG_NO_MEMORY;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_COMPONENT_COUNT:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_IMAGE_TOO_BIG:
    case JERR_NOT_COMPILED:
    case JERR_NO_BACKING_STORE:  // more than max_memory_to_use
    case JERR_SOF_UNSUPPORTED:
    case JERR_WIDTH_OVERFLOW:
      return DLP_JPEG_UNSUPPORTED;
    default:
      return DLP_JPEG_DAMAGED;
  }
}

static _Noreturn void error_exit(j_common_ptr codec) {
  char message[JMSG_LENGTH_MAX];
  int code = codec->err->msg_code;
  if (code == JERR_BAD_PRECISION)
    snprintf(message, sizeof message, "%d bits per sample; only 8 are supported", codec->err->msg_parm.i[0]);
  else if (code == JERR_NO_BACKING_STORE)
    snprintf(message, sizeof message, "decoding needs more than %ld bytes", codec->mem->max_memory_to_use);
  else
    codec->err->format_message(codec, message);
  fail(codec, result_of(code), message);
}

// A scan that ends early costs only detail when it carries just the higher frequencies of a progressive file.
static bool is_detail(j_common_ptr codec) {
  if (!codec->is_decompressor) return false;
  j_decompress_ptr decompressor = (j_decompress_ptr)codec;
  return decompressor->progressive_mode && decompressor->Ss > 0;
}

// libjpeg goes on after a warning, with made-up pixels if the compressed data are damaged: those warnings are errors here.
// The others (stray bytes between segments, an odd JFIF version) leave the picture whole.
static void emit_message(j_common_ptr codec, int level) {
  if (level >= 0) return;
  switch (codec->err->msg_code) {
    case JWRN_HIT_MARKER:
      if (is_detail(codec)) break;
      error_exit(codec);
    case JWRN_ARITH_BAD_CODE:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
      error_exit(codec);
  }
  codec->err->num_warnings++;
}

static void output_message(j_common_ptr codec) { (void)codec; }

static struct jpeg_error_mgr *set_trap(trap *t, char *message) {
  jpeg_std_error(&t->base);
  t->base.error_exit = error_exit;
  t->base.emit_message = emit_message;
  t->base.output_message = output_message;
  t->result = DLP_JPEG_OK;
  t->message = message;
  return &t->base;
}

// ------------------------------------------------------------------ decoding

typedef struct decoder {
  struct jpeg_decompress_struct codec;
  trap trap;
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
  dlp_jpeg_pixels pixels;
} decoder;

static void do_nothing(j_decompress_ptr codec) { (void)codec; }

// The whole file is in the buffer from the start: asking for more is reading past its end.
static boolean fill_input_buffer(j_decompress_ptr codec) {
  fail((j_common_ptr)codec, DLP_JPEG_DAMAGED, "the file ends early: it is cut short or lacks its end marker");
}

static void skip_input_data(j_decompress_ptr codec, long count) {
  if (count <= 0) return;
  if ((size_t)count > codec->src->bytes_in_buffer) fill_input_buffer(codec);
  codec->src->next_input_byte += count;
  codec->src->bytes_in_buffer -= (size_t)count;
}

// A small file can hold many progressive scans over a huge image, each of which costs the time of a pass over it.
static void limit_scans(j_common_ptr codec) {
  j_decompress_ptr decompressor = (j_decompress_ptr)codec;
  uint64_t scans = (uint64_t)decompressor->input_scan_number;
  uint64_t pixels = (uint64_t)decompressor->image_width * decompressor->image_height;
  if (scans > DLP_JPEG_MAX_SCANS || scans * pixels > (uint64_t)DLP_JPEG_MAX_PIXELS * DLP_JPEG_SCANS_OF_LARGEST)
    fail(codec, DLP_JPEG_UNSUPPORTED, "too many progressive scans for its size");
}

static void limit_pixels(const struct jpeg_decompress_struct *codec) {
  char message[DLP_JPEG_MESSAGE_SIZE];
  if ((uint64_t)codec->image_width * codec->image_height <= DLP_JPEG_MAX_PIXELS) return;
  snprintf(message, sizeof message, "%u x %u pixels; at most %d are supported", codec->image_width, codec->image_height,
           DLP_JPEG_MAX_PIXELS);
  fail((j_common_ptr)codec, DLP_JPEG_UNSUPPORTED, message);
}

static unsigned multiply_255(unsigned a, unsigned b) {
  unsigned t = a * b + 128;
  return ((t >> 8) + t) >> 8;
}

// Without a colour profile: each ink lets its complement through, and black darkens all three. Files of Adobe programs,
// told by their APP14 segment, store the complement of the ink.
static void cmyk_to_rgb(const uint8_t *cmyk, uint8_t *rgb, size_t width, bool complement) {
  const unsigned flip = complement ? 0 : 255;
  for (size_t x = 0; x < width; x++, cmyk += 4, rgb += 3)
    for (int i = 0; i < 3; i++) rgb[i] = (uint8_t)multiply_255(cmyk[i] ^ flip, cmyk[3] ^ flip);
}

static void choose_colors(struct jpeg_decompress_struct *codec) {
  switch (codec->jpeg_color_space) {
    case JCS_GRAYSCALE:
      codec->out_color_space = JCS_GRAYSCALE;
      break;
    case JCS_RGB:
    case JCS_YCbCr:
      codec->out_color_space = JCS_RGB;
      break;
    case JCS_CMYK:
    case JCS_YCCK:
      codec->out_color_space = JCS_CMYK;
      break;
    default: {
      char message[DLP_JPEG_MESSAGE_SIZE];
      snprintf(message, sizeof message, "%d colour components of unknown meaning", codec->num_components);
      fail((j_common_ptr)codec, DLP_JPEG_UNSUPPORTED, message);
    }
  }
}

static void read_rows(decoder *d) {
  const size_t stride = d->pixels.width * d->pixels.channels;
  const bool cmyk = d->codec.out_color_space == JCS_CMYK;
  uint8_t *inks = cmyk ? d->codec.mem->alloc_large((j_common_ptr)&d->codec, JPOOL_IMAGE, d->pixels.width * 4) : NULL;
  while (d->codec.output_scanline < d->codec.output_height) {
    uint8_t *row = d->pixels.data + stride * d->codec.output_scanline;
    jpeg_read_scanlines(&d->codec, cmyk ? &inks : &row, 1);
    if (cmyk) cmyk_to_rgb(inks, row, d->pixels.width, d->codec.saw_Adobe_marker);
  }
}

static bool decode(decoder *d, const uint8_t *jpeg, size_t size, char *message) {
  d->codec.err = set_trap(&d->trap, message);
  if (setjmp(d->trap.escape)) return false;
  jpeg_create_decompress(&d->codec);
  d->codec.mem->max_memory_to_use = 2000L << 20;  // room for the coefficients of 2^28 progressive pixels in 4:4:4
  d->source = (struct jpeg_source_mgr){.next_input_byte = jpeg,
                                       .bytes_in_buffer = size,
                                       .init_source = do_nothing,
                                       .fill_input_buffer = fill_input_buffer,
                                       .skip_input_data = skip_input_data,
                                       .resync_to_restart = jpeg_resync_to_restart,
                                       .term_source = do_nothing};
  d->codec.src = &d->source;
  d->progress.progress_monitor = limit_scans;
  d->codec.progress = &d->progress;
  jpeg_read_header(&d->codec, TRUE);
  limit_pixels(&d->codec);
  choose_colors(&d->codec);
  jpeg_start_decompress(&d->codec);
  d->pixels.width = d->codec.output_width;
  d->pixels.height = d->codec.output_height;
  d->pixels.channels = d->codec.out_color_space == JCS_GRAYSCALE ? 1 : 3;
  d->pixels.data = dlp_allocate(d->pixels.width * d->pixels.height * d->pixels.channels);
  if (!d->pixels.data) fail((j_common_ptr)&d->codec, DLP_JPEG_NO_MEMORY, "no memory for the pixels");
  read_rows(d);
  jpeg_finish_decompress(&d->codec);  // reads on to the end marker
  return true;
}

dlp_jpeg_result dlp_jpeg_decode(const uint8_t *jpeg, size_t size, dlp_jpeg_pixels *pixels, char *message) {
  decoder d;
  memset(&d, 0, sizeof d);
  bool ok = decode(&d, jpeg, size, message);
  jpeg_destroy_decompress(&d.codec);
  if (ok)
    *pixels = d.pixels;
  else
    dlp_free(d.pixels.data);
  return d.trap.result;
}

// ------------------------------------------------------------------ encoding

typedef struct encoder {
  struct jpeg_compress_struct codec;
  trap trap;
  struct jpeg_destination_mgr destination;  // next_output_byte and free_in_buffer are in `buffer`
  uint8_t *buffer;
  size_t capacity;
} encoder;

static encoder *encoder_of(j_compress_ptr codec) { return (encoder *)codec->client_data; }

static void init_destination(j_compress_ptr codec) {
  encoder *e = encoder_of(codec);
  e->destination.next_output_byte = e->buffer;
  e->destination.free_in_buffer = e->capacity;
}

// libjpeg calls this when the buffer is full, whatever free_in_buffer says.
static boolean empty_output_buffer(j_compress_ptr codec) {
  encoder *e = encoder_of(codec);
  uint8_t *larger = dlp_allocate(e->capacity * 2);
  if (!larger) fail((j_common_ptr)codec, DLP_JPEG_NO_MEMORY, "no memory for the encoded image");
  memcpy(larger, e->buffer, e->capacity);
  dlp_free(e->buffer);
  e->buffer = larger;
  e->destination.next_output_byte = larger + e->capacity;
  e->destination.free_in_buffer = e->capacity;
  e->capacity *= 2;
  return TRUE;
}

static void term_destination(j_compress_ptr codec) { (void)codec; }

static bool encode(encoder *e, const dlp_jpeg_pixels *pixels, int quality, char *message) {
  e->codec.err = set_trap(&e->trap, message);
  e->codec.client_data = e;
  if (setjmp(e->trap.escape)) return false;
  jpeg_create_compress(&e->codec);  // keeps err and client_data
  e->capacity = 1 << 16;
  e->buffer = dlp_allocate(e->capacity);
  if (!e->buffer) fail((j_common_ptr)&e->codec, DLP_JPEG_NO_MEMORY, "no memory for the encoded image");
  e->destination = (struct jpeg_destination_mgr){
      .init_destination = init_destination, .empty_output_buffer = empty_output_buffer, .term_destination = term_destination};
  e->codec.dest = &e->destination;
  e->codec.image_width = (JDIMENSION)pixels->width;
  e->codec.image_height = (JDIMENSION)pixels->height;
  e->codec.input_components = (int)pixels->channels;
  e->codec.in_color_space = pixels->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&e->codec);
  jpeg_set_quality(&e->codec, quality, TRUE);
  jpeg_start_compress(&e->codec, TRUE);
  while (e->codec.next_scanline < e->codec.image_height) {
    JSAMPROW row = pixels->data + (size_t)e->codec.next_scanline * pixels->width * pixels->channels;
    jpeg_write_scanlines(&e->codec, &row, 1);
  }
  jpeg_finish_compress(&e->codec);
  return true;
}

dlp_jpeg_result dlp_jpeg_encode(const dlp_jpeg_pixels *pixels, int quality, uint8_t **jpeg, size_t *size, char *message) {
  encoder e;
  memset(&e, 0, sizeof e);
  bool ok = encode(&e, pixels, quality, message);
  jpeg_destroy_compress(&e.codec);
  if (ok) {
    *jpeg = e.buffer;
    *size = e.capacity - e.destination.free_in_buffer;
  } else {
    dlp_free(e.buffer);
  }
  return e.trap.result;
}
