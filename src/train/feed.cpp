#include "feed.h"

#include <cstring>

#include "../core/thread_pool.h"

namespace keratin {

Feed::Feed(Tensors data, std::vector<std::int64_t> order) : data_(std::move(data)) {
  if (data_.empty()) fail_argument("no data to feed.");
  for (const Tensor& tensor : data_) {
    if (tensor.shape().rank() == 0) fail_shape("data must have samples along the first axis. Received: a single number.");
    if (tensor.shape()[0] != data_[0].shape()[0])
      fail_shape("data of different numbers of samples: ", data_[0].shape()[0], " and ", tensor.shape()[0], ".");
  }
  rows_ = data_[0].shape()[0];
  set_order(std::move(order));
}

void Feed::set_order(std::vector<std::int64_t> order) {
  for (std::int64_t row : order)
    if (row < 0 || row >= rows_) fail_internal("sample ", row, " of ", rows_, ".");
  order_ = std::move(order);
}

const Tensors& Feed::batch(std::int64_t begin, std::int64_t size) {
  if (begin < 0 || size < 0 || begin + size > samples()) fail_internal("batch [", begin, ", ", begin + size, ") of ", samples(), " samples.");
  batch_.resize(data_.size());
  const bool gathered = !order_.empty();
  for (std::size_t i = 0; i < data_.size(); ++i) {
    const Tensor& from = data_[i];
    Shape shape = from.shape();
    shape[0] = size;
    const std::size_t row_bytes = static_cast<std::size_t>(from.shape().product(1, from.shape().rank())) * size_of(from.dtype());
    if (!gathered) {
      const std::size_t offset = static_cast<std::size_t>(static_cast<char*>(from.raw()) - static_cast<char*>(from.buffer()->data()));
      batch_[i] = Tensor(from.dtype(), shape, from.buffer(), offset + static_cast<std::size_t>(begin) * row_bytes);
      continue;
    }
    if (gathered_ != size || batch_[i].empty()) batch_[i] = Tensor(from.dtype(), shape);
    const char* source = static_cast<const char*>(from.raw());
    char* target = static_cast<char*>(batch_[i].raw());
    const std::int64_t* rows = order_.data() + begin;
    const std::int64_t grain = row_bytes == 0 ? size : 1 + static_cast<std::int64_t>((std::size_t{1} << 18) / row_bytes);
    parallel_ranges(size, grain, [&](std::int64_t from_row, std::int64_t to_row) {
      for (std::int64_t r = from_row; r < to_row; ++r)
        std::memcpy(target + static_cast<std::size_t>(r) * row_bytes, source + static_cast<std::size_t>(rows[r]) * row_bytes, row_bytes);
    });
  }
  gathered_ = gathered ? size : -1;
  return batch_;
}

}  // namespace keratin
