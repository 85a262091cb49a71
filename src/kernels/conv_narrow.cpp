// Convolutions with few output channels: see narrow_form_pays() in conv_windows.h. Nothing larger than a tile is kept: a block of outputs has the
// products of its input pixels in the second-level cache, and then its sums.
#include <cstring>

#include "../core/thread_pool.h"
#include "conv_plan.h"
#include "conv_windows.h"
#include "gemm.h"
#include "scratch.h"

namespace keratin {
namespace {

constexpr Index product_bytes = 128 << 10;
constexpr Index fewest_pixels = 256;  // less does not pay for packing the weights

Index positions_of(const ConvGeometry& g) { return g.kernel[1] * g.kernel[2]; }
// Neighbouring outputs that come out of one sum: see WindowSums::unit.
Index unit_of(const ConvGeometry& g, bool transposed) {
  return transposed && g.dilation[2] == 1 && g.kernel[2] % g.strides[2] == 0 ? g.strides[2] : 1;
}

template <class T>
class NarrowConv {
 public:
  NarrowConv(const ConvGeometry& geometry, bool transposed, const T* x, const T* kernel, const Epilogue<T>& epilogue, T* y)
      : g_(geometry), transposed_(transposed), x_(x), epilogue_(epilogue), y_(y) {
    in_ = transposed ? g_.out : g_.in;
    out_ = transposed ? g_.in : g_.out;
    in_channels_ = transposed ? g_.filters : g_.channels;
    channels_ = transposed ? g_.channels : g_.filters;
    columns_ = positions_of(g_) * channels_;
    unit_ = unit_of(g_, transposed);
    cut_into_blocks();
    prepare_weights(kernel);
  }

  void run() {
    parallel_parts(image_blocks_ * blocks_, [this](Index part) { run_block(part / blocks_, part % blocks_); });
  }

 private:
  // Several images, or of one image some lines, or where it is one line some pixels.
  void cut_into_blocks() {
    const Index wanted = larger(fewest_pixels, product_bytes / static_cast<Index>(sizeof(T)) / columns_), pixels = larger(1, in_[1] * in_[2]);
    axis_ = in_[1] > 1 || out_[1] > 1 ? 1 : 2;
    const Index images = larger(1, smaller(g_.batch, wanted / pixels));
    image_blocks_ = ceil_divide(g_.batch, images);
    blocks_ = 1;
    if (images == 1 && pixels > wanted) {
      // Neighbouring blocks read some pixels both: a block shall be much longer than that.
      const Index length = larger(4 * (g_.kernel[axis_] - 1) * g_.dilation[axis_], out_[axis_] * wanted / pixels);
      blocks_ = ceil_divide(out_[axis_], larger(1, length));
    }
  }

  // Columns (position, channel): as they lie in the kernel's memory if transposed, else channel by channel of the input.
  void prepare_weights(const T* kernel) {
    T* ones = scratch<T>(Scratch::narrow_sums, 2 * unit_ * channels_);
    bias_ = ones + unit_ * channels_;
    for (Index i = 0; i < unit_ * channels_; ++i) {
      ones[i] = T(1);
      ones[unit_ * channels_ + i] = epilogue_.bias ? epilogue_.bias[i % channels_] : T(0);
    }
    ones_ = ones;
    weights_ = kernel;
    if (transposed_) return;
    T* weights = scratch<T>(Scratch::narrow_weights, in_channels_ * columns_);
    weights_ = weights;
    for (Index c = 0; c < in_channels_; ++c) {
      for (Index k = 0; k < positions_of(g_); ++k, weights += channels_) {
        std::memcpy(weights, kernel + (k * in_channels_ + c) * channels_, static_cast<std::size_t>(channels_) * sizeof(T));
      }
    }
  }

  void run_block(Index image_block, Index block) {
    const Index image = g_.batch * image_block / image_blocks_, image_end = g_.batch * (image_block + 1) / image_blocks_;
    const Index begin = out_[axis_] * block / blocks_, end = out_[axis_] * (block + 1) / blocks_;
    Index low = 0, high = in_[axis_];
    if (blocks_ > 1) input_range(g_, transposed_, axis_, begin, end, low, high);
    const Index line = axis_ == 1 ? in_[2] : 1, pixels = (high - low) * line, rows = (image_end - image - 1) * in_[1] * in_[2] + pixels;
    T* products = scratch<T>(Scratch::product, rows * columns_);
    gemm({rows, columns_, in_channels_, false, transposed_}, x_ + (image * in_[1] * in_[2] + low * line) * in_channels_, weights_, Epilogue<T>(),
         products);

    WindowSums<T> sums = {g_,       transposed_, products, 0, axis_ == 1 ? low : 0, axis_ == 2 ? low : 0, 0, in_[2] * columns_, columns_, channels_,
                          ones_,    0,           unit_ * channels_, unit_, bias_, epilogue_.relu};
    const Index out_line = out_[2] * channels_;
    for (Index i = image; i < image_end; ++i, sums.x += in_[1] * in_[2] * columns_) {
      T* y = y_ + i * out_[1] * out_line;
      T* changed = axis_ == 1 ? y + begin * out_line : y + begin * channels_;
      if (axis_ == 1) {
        for (Index o1 = begin; o1 < end; ++o1) sum_window_line(sums, 0, o1, 0, out_[2], y + o1 * out_line);
      } else {
        sum_window_line(sums, 0, 0, begin, end, y);
      }
      if (epilogue_.activation) epilogue_.activation(changed, changed, static_cast<std::size_t>((end - begin) * (axis_ == 1 ? out_line : channels_)));
    }
  }

  const ConvGeometry& g_;
  const bool transposed_;
  const T* x_;
  const Epilogue<T>& epilogue_;
  T* y_;
  const Index *in_, *out_;
  Index in_channels_, channels_, columns_, unit_, image_blocks_, blocks_;
  int axis_;
  const T *weights_, *ones_, *bias_;
};

}  // namespace

template <class T>
bool narrow_form_pays(const ConvGeometry& g, bool transposed) {
  const Index channels = transposed ? g.channels : g.filters, positions = positions_of(g);
  const Index *in = transposed ? g.out : g.in, *out = transposed ? g.in : g.out;
  const bool is_plane = g.kernel[0] == 1 && g.in[0] == 1 && g.out[0] == 1 && g.padding[0] == 0;
  const Index pixels = in[1] * in[2];
  if (!is_plane || g.groups > 1 || positions == 1 || channels > kernels<T>().vector_width || g.batch * pixels < fewest_pixels) return false;
  ConvGeometry product;
  product.in[2] = product.out[2] = larger(pixels, fewest_pixels);
  product.channels = transposed ? g.filters : g.channels;
  product.filters = positions * channels;
  const double per_pixel = plan_conv<T>(product, false).cost / static_cast<double>(product.in[2]);
  // A sum takes about two cycles for each of its taps and some to begin and to end.
  const double taps = static_cast<double>(positions) / static_cast<double>(transposed ? g.strides[1] * g.strides[2] : 1);
  const double sums = static_cast<double>(out[1] * out[2]) / static_cast<double>(unit_of(g, transposed)) * (2 * taps + 6);
  return per_pixel * static_cast<double>(pixels) + sums < plan_conv<T>(g, transposed).cost * static_cast<double>(out[1]);
}

template <class T>
void conv_narrow(const ConvGeometry& geometry, bool transposed, const T* x, const T* kernel, const Epilogue<T>& epilogue, T* y) {
  NarrowConv<T>(geometry, transposed, x, kernel, epilogue, y).run();
}

#define INSTANTIATE(T)                                                 \
  template bool narrow_form_pays<T>(const ConvGeometry&, bool);        \
  template void conv_narrow<T>(const ConvGeometry&, bool, const T*, const T*, const Epilogue<T>&, T*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace keratin
