// Projective transforms of images: the pixel (y, x) of the output is read at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k),
// k = c0 x + c1 y + 1, of the input, as TensorFlow's ImageProjectiveTransformV3. Channels last.
#include <algorithm>
#include <cmath>

#include "../core/thread_pool.h"
#include "../graph/op.h"
#include "image_sample.h"

namespace keratin {
namespace {

// image_transform(images [n, h, w, c], transforms [n or 1, 8]; size, fill, fill_value, interpolation)
class ImageTransform : public Op {
 public:
  explicit ImageTransform(const Attributes& a)
      : size_(a.integers("size")), fill_(image_fill(a.string("fill", "reflect"))), fill_value_(a.number("fill_value", 0)),
        bilinear_(a.string("interpolation", "bilinear") == "bilinear") {}
  const char* name() const override { return "image_transform"; }
  bool is_differentiable() const override { return false; }

  Types infer(const Types& inputs) const override {
    Shape shape = inputs.at(0).shape;
    if (shape.rank() != 4) fail_shape("image_transform: images of shape (batch, height, width, channels) are wanted. Received: ", shape, ".");
    if (!is_floating(inputs[0].dtype)) fail_argument("image_transform: floating point images are wanted. Received: ", name_of(inputs[0].dtype), ".");
    if (size_.size() == 2) {
      shape[1] = size_[0];
      shape[2] = size_[1];
    }
    return {{inputs[0].dtype, shape}};
  }

  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    visit_floating(inputs[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      const Shape &in = inputs[0].shape(), &out = outputs[0].shape();
      const std::int64_t h = out[1], w = out[2], c = out[3], transforms = inputs[1].shape()[0];
      const ImageView<T> whole{inputs[0].data<T>(), in[1], in[2], c, in[2] * c, c, 1};
      parallel_ranges(out[0] * h, std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(1, w * c)), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = begin; row < end; ++row) {
          const std::int64_t image = row / h, y = row % h;
          ImageView<T> source = whole;
          source.pixels += image * in[1] * in[2] * c;
          double m[8];
          for (int k = 0; k < 8; ++k) m[k] = number(inputs[1], (transforms == 1 ? 0 : image) * 8 + k);
          T* target = outputs[0].data<T>() + row * w * c;
          for (std::int64_t x = 0; x < w; ++x, target += c) {
            const double k = m[6] * x + m[7] * y + 1;
            if (k == 0) {
              std::fill(target, target + c, static_cast<T>(fill_value_));
              continue;
            }
            const double at_x = map_periodic((m[0] * x + m[1] * y + m[2]) / k, in[2], fill_),
                         at_y = map_periodic((m[3] * x + m[4] * y + m[5]) / k, in[1], fill_);
            for (std::int64_t channel = 0; channel < c; ++channel)
              target[channel] =
                  bilinear_ ? sample_bilinear(source, at_y, at_x, channel, fill_value_) : sample_nearest(source, at_y, at_x, channel, fill_value_);
          }
        }
      });
    });
  }

 private:
  static double number(const Tensor& x, std::int64_t i) { return x.dtype() == DType::float64 ? x.data<double>()[i] : x.data<float>()[i]; }
  std::vector<std::int64_t> size_;
  ImageFill fill_;
  double fill_value_;
  bool bilinear_;
};
REGISTER_OP("image_transform", [](const Attributes& a) { return std::make_shared<ImageTransform>(a); });

}  // namespace
}  // namespace keratin
