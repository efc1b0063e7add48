// The few instructions Swift's SIMD types have no one-instruction form of. Most inline into the kernels.
// A kernel module is compiled once for each instruction set; the macros of that compilation pick the vector.
#pragma once
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define DLP_INLINE static inline __attribute__((always_inline))

#if defined(__AVX512F__)

typedef float dlp_vector __attribute__((ext_vector_type(16)));

// The first n of 16 floats; the others are 0 and their memory is not touched.
DLP_INLINE dlp_vector dlp_load_head(const float *p, long n) {
  return (dlp_vector)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
// Floats low ..< high of 16, 0 ≤ low < high ≤ 16.
DLP_INLINE dlp_vector dlp_load_range(const float *p, long low, long high) {
  return (dlp_vector)_mm512_maskz_loadu_ps((__mmask16)((1u << high) - (1u << low)), p);
}
DLP_INLINE void dlp_store_head(float *p, dlp_vector v, long n) {
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
}
// a0 b0 a1 b1 … of the lower, of the upper half of the lanes.
DLP_INLINE dlp_vector dlp_zip_low(dlp_vector a, dlp_vector b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
DLP_INLINE dlp_vector dlp_zip_high(dlp_vector a, dlp_vector b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
// 1 / √x to at least 11 bits.
DLP_INLINE dlp_vector dlp_inverse_sqrt(dlp_vector v) { return (dlp_vector)_mm512_rsqrt14_ps((__m512)v); }
DLP_INLINE dlp_vector dlp_max(dlp_vector a, dlp_vector b) { return (dlp_vector)_mm512_max_ps((__m512)a, (__m512)b); }

#elif defined(__AVX2__)

typedef float dlp_vector __attribute__((ext_vector_type(8)));

DLP_INLINE __m256i dlp_head_mask(long n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
// The first n of 8 floats; the others are 0 and their memory is not touched.
DLP_INLINE dlp_vector dlp_load_head(const float *p, long n) { return (dlp_vector)_mm256_maskload_ps(p, dlp_head_mask(n)); }
// Floats low ..< high of 8, 0 ≤ low < high ≤ 8.
DLP_INLINE dlp_vector dlp_load_range(const float *p, long low, long high) {
  return (dlp_vector)_mm256_maskload_ps(p, _mm256_andnot_si256(dlp_head_mask(low), dlp_head_mask(high)));
}
DLP_INLINE void dlp_store_head(float *p, dlp_vector v, long n) { _mm256_maskstore_ps(p, dlp_head_mask(n), (__m256)v); }
// a0 b0 a1 b1 … of the lower, of the upper half of the lanes.
DLP_INLINE dlp_vector dlp_zip_low(dlp_vector a, dlp_vector b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
DLP_INLINE dlp_vector dlp_zip_high(dlp_vector a, dlp_vector b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
// 1 / √x to at least 11 bits.
DLP_INLINE dlp_vector dlp_inverse_sqrt(dlp_vector v) { return (dlp_vector)_mm256_rsqrt_ps((__m256)v); }
DLP_INLINE dlp_vector dlp_max(dlp_vector a, dlp_vector b) { return (dlp_vector)_mm256_max_ps((__m256)a, (__m256)b); }

#else

typedef float dlp_vector __attribute__((ext_vector_type(4)));

// The first n of 4 floats; the others are 0 and their memory is not touched.
dlp_vector dlp_load_head(const float *p, long n);
// Floats low ..< high of 4, 0 ≤ low < high ≤ 4.
dlp_vector dlp_load_range(const float *p, long low, long high);
void dlp_store_head(float *p, dlp_vector v, long n);
// a0 b0 a1 b1, a2 b2 a3 b3.
DLP_INLINE dlp_vector dlp_zip_low(dlp_vector a, dlp_vector b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
DLP_INLINE dlp_vector dlp_zip_high(dlp_vector a, dlp_vector b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }
// 1 / √x to at least 11 bits.
DLP_INLINE dlp_vector dlp_inverse_sqrt(dlp_vector v) {
#if defined(__x86_64__)
  return (dlp_vector)_mm_rsqrt_ps((__m128)v);
#else
  return 1.0f / __builtin_elementwise_sqrt(v);
#endif
}
DLP_INLINE dlp_vector dlp_max(dlp_vector a, dlp_vector b) {
#if defined(__x86_64__)
  return (dlp_vector)_mm_max_ps((__m128)a, (__m128)b);
#else
  return a > b ? a : b;
#endif
}

#endif

DLP_INLINE dlp_vector dlp_sqrt(dlp_vector v) { return __builtin_elementwise_sqrt(v); }
// min(max(v, low), high) lane by lane, an instruction each; NaN stays NaN, −0 stays −0.
DLP_INLINE dlp_vector dlp_raise(dlp_vector v, dlp_vector low) { return v < low ? low : v; }
DLP_INLINE dlp_vector dlp_clip(dlp_vector v, dlp_vector low, dlp_vector high) {
  v = dlp_raise(v, low);
  return v > high ? high : v;
}
// The larger lane; a NaN of either side wins. dlp_max gives b where one is NaN; written as a comparison the compiler would join it
// with the other, which takes longer.
DLP_INLINE dlp_vector dlp_larger(dlp_vector a, dlp_vector b) {
  dlp_vector larger = dlp_max(a, b);
  return a != a ? a : larger;
}

// Of vectors of 4 floats, whatever the instruction set: a0 b0 a1 b1, a2 b2 a3 b3.
typedef float dlp_four __attribute__((ext_vector_type(4)));
DLP_INLINE dlp_four dlp_zip4_low(dlp_four a, dlp_four b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
DLP_INLINE dlp_four dlp_zip4_high(dlp_four a, dlp_four b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }

// Asks for a line of memory to be brought into the second-level cache; any address will do.
DLP_INLINE void dlp_prefetch(const void *p) { __builtin_prefetch(p, 0, 2); }

// The same for a line about to be written, which is wanted in the first-level cache.
DLP_INLINE void dlp_prefetch_write(const void *p) { __builtin_prefetch(p, 1, 3); }

// A value the optimiser cannot see through, at no cost. The micro-kernel's index goes through it, so that rows are
// addressed as pointer + index; loop strength reduction would advance a pointer for each row, more than there are registers.
DLP_INLINE long dlp_opaque(long x) {
  __asm__("" : "+r"(x));
  return x;
}

// Two marks that cost no instruction and hold the rows of the micro-kernel in the order they are written in: what is
// marked in_order is computed before the next such mark, what is marked keep stays in its register until there. x86 only:
// its compiler otherwise broadcasts all rows first, or lets a sum take over a row's register, and spills.
#if defined(__x86_64__)
DLP_INLINE dlp_vector dlp_in_order(dlp_vector v) {
  __asm__ volatile("" : "+v"(v));
  return v;
}
DLP_INLINE void dlp_keep(dlp_vector v) { __asm__ volatile("" : : "v"(v)); }
#else
DLP_INLINE dlp_vector dlp_in_order(dlp_vector v) { return v; }
DLP_INLINE void dlp_keep(dlp_vector v) { (void)v; }
#endif
