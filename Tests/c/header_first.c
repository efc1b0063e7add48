/* The header alone, first, and twice: it needs nothing before it and guards itself. */
#include <dlrt.h>
#include <dlrt.h>

typedef char numbers_are_fixed[DLRT_OK == 0 && DLRT_INVALID_ARGUMENT == 10 && DLRT_OUT_OF_RANGE == 11 &&
                               DLRT_TYPE_MISMATCH == 12 && DLRT_SHAPE_MISMATCH == 13 && DLRT_NOT_READY == 14 &&
                               DLRT_NOT_FOUND == 20 && DLRT_IO_ERROR == 30 && DLRT_INVALID_MODEL == 40 &&
                               DLRT_UNSUPPORTED == 41 && DLRT_INVALID_IMAGE == 50 && DLRT_OUT_OF_MEMORY == 60 &&
                               DLRT_MEMORY_LIMIT == 61 && DLRT_INTERNAL == 90 && DLRT_F32 == 1 && DLRT_BOOL == 13
                           ? 1
                           : -1];

uint32_t header_version(void);
uint32_t header_version(void) {
  numbers_are_fixed checked;
  (void)sizeof checked;
  return dlrt_abi_version();
}
