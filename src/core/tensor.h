#pragma once
#include "buffer.h"
#include "dtype.h"
#include "error.h"
#include "shape.h"

namespace keratin {

struct TensorType {
  DType dtype = DType::float32;
  Shape shape;
  bool operator==(const TensorType& other) const { return dtype == other.dtype && shape == other.shape; }
};

// A contiguous row-major array. Copies share memory; whoever writes into a tensor must own it.
class Tensor {
 public:
  Tensor() = default;
  Tensor(DType dtype, const Shape& shape);                                  // new memory, not initialised
  Tensor(DType dtype, const Shape& shape, BufferPtr buffer, std::size_t offset = 0);

  bool empty() const { return buffer_ == nullptr; }  // no memory attached (not: no elements)
  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  TensorType type() const { return {dtype_, shape_}; }
  std::int64_t size() const { return size_; }
  std::size_t bytes() const { return static_cast<std::size_t>(size_) * size_of(dtype_); }
  const BufferPtr& buffer() const { return buffer_; }

  void* raw() const { return raw_; }
  template <class T>
  T* data() const {
    return static_cast<T*>(raw_);
  }
  Tensor reshaped(const Shape& shape) const;  // shares memory; same number of elements

 private:
  DType dtype_ = DType::float32;
  Shape shape_;
  std::int64_t size_ = 0;
  void* raw_ = nullptr;
  BufferPtr buffer_;
};

template <class T>
Tensor scalar_tensor(T value) {
  Tensor t(DTypeOf<T>::value, Shape{});
  *t.data<T>() = value;
  return t;
}
Tensor filled(DType dtype, const Shape& shape, double value);

}  // namespace keratin
