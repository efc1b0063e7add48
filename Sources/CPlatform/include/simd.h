// The few instructions Swift's SIMD types have no one-instruction form of. Header-only: they inline into the kernels.
#pragma once
#if defined(__x86_64__)
#include <immintrin.h>
#endif
