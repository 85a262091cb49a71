#pragma once
#include <cstdint>
#include <vector>

#include "../graph/op.h"

namespace keratin {

// Batches out of whole data tensors (samples along the first axis), in the order of `order` (empty: as they lie).
class Feed {
 public:
  Feed(Tensors data, std::vector<std::int64_t> order);
  void set_order(std::vector<std::int64_t> order);
  std::int64_t samples() const { return order_.empty() ? rows_ : static_cast<std::int64_t>(order_.size()); }

  // Samples [begin, begin + size) of the order. In the order they lie they are used where they are, otherwise they are gathered
  // into a batch that is overwritten by the next call.
  const Tensors& batch(std::int64_t begin, std::int64_t size);

 private:
  Tensors data_, batch_;
  std::vector<std::int64_t> order_;
  std::int64_t rows_ = 0, gathered_ = -1;
};

}  // namespace keratin
