#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "../core/tensor.h"
#include "../core/thread_pool.h"
#include "../kernels/dispatch.h"

namespace keratin {

// A copy between two strided arrays of the same sizes: transposing, slicing, padding, tiling and reversing are all this copy with
// different strides. Strides count elements, may be negative, and on the reading side 0.
struct StridedCopy {
  static constexpr int limit = 2 * max_rank;  // tiling splits every axis in two
  int rank = 0;
  std::int64_t sizes[limit], from[limit], to[limit];

  void axis(std::int64_t size, std::int64_t from_stride, std::int64_t to_stride) {
    if (size == 1) return;
    if (rank > 0 && from[rank - 1] == size * from_stride && to[rank - 1] == size * to_stride) {  // one run with the axis before
      sizes[rank - 1] *= size;
      from[rank - 1] = from_stride;
      to[rank - 1] = to_stride;
      return;
    }
    sizes[rank] = size;
    from[rank] = from_stride;
    to[rank] = to_stride;
    ++rank;
  }

  // past_caches: a large result (large_result.h), none of which is an input.
  template <class T>
  void run(const T* in, T* out, bool past_caches = false) const {
    for (int i = 0; i < rank; ++i) {
      if (sizes[i] == 0) return;
    }
    if (rank == 0) {
      *out = *in;
      return;
    }
    const int last = rank - 1;
    if (from[last] != 1) {
      for (int i = 0; i < last; ++i) {
        if (from[i] == 1) return run_transposed(in, out, i, past_caches);
      }
    }
    run_rows(in, out);
  }

 private:
  static constexpr std::int64_t grain = 32768;
  static constexpr std::int64_t most_rows_followed = 16;              // by the processor itself, on its way through memory
  static constexpr std::int64_t least_bytes_to_read_ahead = 8 << 20;  // less stays in some cache

  std::int64_t product(int skip) const {
    std::int64_t n = 1;
    for (int i = 0; i < rank - 1; ++i) n *= i == skip ? 1 : sizes[i];
    return n;
  }
  // Offsets of the outer position number `at`, the axis `skip` and the last one left out.
  void locate(std::int64_t at, int skip, std::int64_t& in, std::int64_t& out) const {
    in = out = 0;
    for (int i = rank - 2; i >= 0; --i) {
      if (i == skip) continue;
      in += at % sizes[i] * from[i];
      out += at % sizes[i] * to[i];
      at /= sizes[i];
    }
  }

  template <class T>
  void run_rows(const T* in, T* out) const {
    const std::int64_t n = sizes[rank - 1], step_in = from[rank - 1], step_out = to[rank - 1], rows = product(-1);
    const auto row = [=](const T* source, T* target, std::int64_t count) {
      if (step_in == 1 && step_out == 1) {
        if (count < 16) {
          for (std::int64_t i = 0; i < count; ++i) target[i] = source[i];
        } else {
          std::memcpy(target, source, static_cast<std::size_t>(count) * sizeof(T));
        }
      } else if (step_in == 0 && step_out == 1) {
        std::fill(target, target + count, *source);
      } else {
        for (std::int64_t i = 0; i < count; ++i) target[i * step_out] = source[i * step_in];
      }
    };
    if (rows == 1) {
      parallel_ranges(n, grain, [&](std::int64_t begin, std::int64_t end) { row(in + begin * step_in, out + begin * step_out, end - begin); });
      return;
    }
    parallel_ranges(rows, std::max<std::int64_t>(1, grain / n), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        std::int64_t source, target;
        locate(r, -1, source, target);
        row(in + source, out + target, n);
      }
    });
  }

  // Rows of whole cache lines.
  template <class T>
  static bool are_lines(const T* rows, std::int64_t step, std::int64_t columns) {
    const auto is_line = [](std::uintptr_t bytes) { return bytes % cache_line_bytes == 0; };
    return is_line(reinterpret_cast<std::uintptr_t>(rows)) && is_line(static_cast<std::uintptr_t>(step) * sizeof(T)) &&
           is_line(static_cast<std::uintptr_t>(columns) * sizeof(T));
  }

  // Axis `p` runs along memory where it is read, the last axis where it is written: square tiles keep both in the cache.
  template <class T>
  void run_transposed(const T* in, T* out, int p, bool past_caches) const {
    constexpr std::int64_t tile = 64;
    const std::int64_t n = sizes[rank - 1], step_in = from[rank - 1], step_out = to[rank - 1];
    const std::int64_t strips = (sizes[p] + tile - 1) / tile, to_p = to[p];
    const bool reads_ahead = n >= most_rows_followed && product(-1) * n * static_cast<std::int64_t>(sizeof(T)) >= least_bytes_to_read_ahead;
    parallel_ranges(product(p) * strips, std::max<std::int64_t>(1, grain / (tile * n)), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t s = begin; s < end; ++s) {
        std::int64_t source, target;
        locate(s / strips, p, source, target);
        const std::int64_t p0 = s % strips * tile, p1 = std::min(sizes[p], p0 + tile);
        for (std::int64_t j0 = 0; j0 < n; j0 += tile) {
          const std::int64_t j1 = std::min(n, j0 + tile);
          if constexpr (std::is_floating_point_v<T>) {
            if (step_out == 1) {
              // A cache line of each row at once: where rows lie a power of two apart, it would be gone by the next time.
              constexpr std::int64_t line = cache_line_bytes / sizeof(T);
              for (std::int64_t i = p0; i < p1; i += line) {
                const T* block = in + source + i + j0 * step_in;
                if (reads_ahead && i + line < sizes[p])
                  for (std::int64_t j = 0; j < j1 - j0; ++j) __builtin_prefetch(block + line + j * step_in);
                T *to = out + target + i * to_p + j0, room[tile * line];
                const std::int64_t rows = std::min(line, p1 - i), columns = j1 - j0;
                if (past_caches && (to_p == columns || are_lines(to, to_p, columns))) {
                  kernels<T>().transpose(room, columns, block, step_in, columns, rows);
                  const std::int64_t runs = to_p == columns ? 1 : rows, run = rows * columns / runs;
                  for (std::int64_t r = 0; r < runs; ++r) kernels<T>().stream(to + r * to_p, room + r * run, static_cast<std::size_t>(run));
                } else {
                  kernels<T>().transpose(to, to_p, block, step_in, columns, rows);
                }
              }
              continue;
            }
          }
          for (std::int64_t i = p0; i < p1; ++i) {
            const T* a = in + source + i;
            T* b = out + target + i * to_p;
            for (std::int64_t j = j0; j < j1; ++j) b[j * step_out] = a[j * step_in];
          }
        }
      }
    });
  }
};

inline std::vector<std::int64_t> strides_of(const Shape& shape) {
  std::vector<std::int64_t> strides(shape.rank());
  std::int64_t step = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

}  // namespace keratin
