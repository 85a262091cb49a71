#include "tensor.h"

#include <algorithm>
#include <limits>

namespace keratin {

Tensor::Tensor(DType dtype, const Shape& shape) : dtype_(dtype), shape_(shape), size_(shape.elements()) {
  if (size_ > std::numeric_limits<std::int64_t>::max() / 16)
    throw Error(ErrorKind::memory, text("a tensor of shape ", shape, " does not fit into memory."));
  buffer_ = allocate(bytes());
  raw_ = buffer_->data();
}

Tensor::Tensor(DType dtype, const Shape& shape, BufferPtr buffer, std::size_t offset)
    : dtype_(dtype), shape_(shape), size_(shape.elements()), raw_(static_cast<char*>(buffer->data()) + offset), buffer_(std::move(buffer)) {
  if (offset + bytes() > buffer_->bytes()) fail_internal("a tensor of shape ", shape, " does not fit into its buffer.");
}

Tensor Tensor::reshaped(const Shape& shape) const {
  if (shape.elements() != size_) fail_shape("cannot reshape ", shape_, " to ", shape, ".");
  Tensor out = *this;
  out.shape_ = shape;
  return out;
}

Tensor filled(DType dtype, const Shape& shape, double value) {
  Tensor t(dtype, shape);
  visit_any(dtype, [&](auto zero) {
    using T = decltype(zero);
    std::fill_n(t.data<T>(), t.size(), static_cast<T>(value));
  });
  return t;
}

}  // namespace keratin
