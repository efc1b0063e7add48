#include "include/simd.h"

// For processors without loads and stores by mask. Functions of their own and not inlined: of code that may touch one lane
// and not the next the compiler computes everything before and after lane by lane.
#if !defined(__AVX2__)

dlp_vector dlp_load_head(const float *p, long n) { return dlp_load_range(p, 0, n); }

dlp_vector dlp_load_range(const float *p, long low, long high) {
  dlp_vector v = {0, 0, 0, 0};
  if (low <= 0 && high > 0) v.x = p[0];
  if (low <= 1 && high > 1) v.y = p[1];
  if (low <= 2 && high > 2) v.z = p[2];
  if (low <= 3 && high > 3) v.w = p[3];
  return v;
}

void dlp_store_head(float *p, dlp_vector v, long n) {
  if (n > 0) p[0] = v.x;
  if (n > 1) p[1] = v.y;
  if (n > 2) p[2] = v.z;
  if (n > 3) p[3] = v.w;
}

#endif
