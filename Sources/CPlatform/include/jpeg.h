// libjpeg behind functions that return: its error exit is caught inside, nothing is printed, and nothing stays allocated
// on failure.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef enum dlp_jpeg_result {
  DLP_JPEG_OK,
  DLP_JPEG_DAMAGED,      // not a JPEG, cut short, or corrupt
  DLP_JPEG_UNSUPPORTED,  // a JPEG that libjpeg or a limit below refuses
  DLP_JPEG_NO_MEMORY,
} dlp_jpeg_result;

enum {
  DLP_JPEG_MESSAGE_SIZE = 200,     // bytes of a message with its zero byte; libjpeg's JMSG_LENGTH_MAX
  DLP_JPEG_MAX_PIXELS = 1 << 28,   // width times height
  DLP_JPEG_MAX_SCANS = 500,        // of a progressive file; ten are usual
  DLP_JPEG_SCANS_OF_LARGEST = 16,  // of one with that many pixels; twice the scans for half the pixels, and so on
};

// Interleaved rows, top first, without gaps: 1 channel (grey) or 3 (red, green, blue) of 8 bits.
typedef struct dlp_jpeg_pixels {
  uint8_t *data;
  size_t width, height, channels;
} dlp_jpeg_pixels;

// Decodes a file: baseline, progressive or arithmetic-coded; grey, YCbCr, RGB, CMYK or YCCK; any EXIF orientation is left
// as it is. pixels->data is freed by dlp_free. On failure *pixels is untouched and message (DLP_JPEG_MESSAGE_SIZE bytes)
// says why.
dlp_jpeg_result dlp_jpeg_decode(const uint8_t *jpeg, size_t size, dlp_jpeg_pixels *pixels, char *message);

// Encodes as a baseline JFIF file, colour with 4:2:0 chroma. quality: 1 to 100, libjpeg's scale.
// *jpeg is freed by dlp_free. On failure the results are untouched and message says why.
dlp_jpeg_result dlp_jpeg_encode(const dlp_jpeg_pixels *pixels, int quality, uint8_t **jpeg, size_t *size, char *message);
