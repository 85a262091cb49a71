#include "work_ahead.h"

#include <algorithm>
#include <cstring>

#ifdef _WIN32
#include <process.h>
#define getpid _getpid
#else
#include <unistd.h>
#endif

#include "../core/image_file.h"
#include "../core/thread_pool.h"
#include "../ops/image_levels.h"

namespace keratin {
WorkAhead::WorkAhead() : process_(static_cast<long>(getpid())) {
  const int threads = thread_count() - 1;
  try {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    // The system has no more threads for us: the ones there are, and the one that asks, do the work.
  }
}

WorkAhead::~WorkAhead() { stop(); }

void WorkAhead::stop() {
  if (process_ != static_cast<long>(getpid())) {
    for (std::thread& thread : threads_) thread.detach();  // they are in the parent
    threads_.clear();
    return;
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  more_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  entries_.clear();
}

void WorkAhead::put(std::int64_t number, Job job) {
  if (process_ != static_cast<long>(getpid())) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    entries_[number].job = std::move(job);
    waiting_.push_back(number);
  }
  more_.notify_one();
}

Tensors WorkAhead::take(std::int64_t number) {
  if (process_ != static_cast<long>(getpid())) throw Error(ErrorKind::file, "background threads do not survive a fork.");
  std::unique_lock<std::mutex> lock(mutex_);
  auto found = entries_.find(number);
  if (found == entries_.end()) throw Error(ErrorKind::file, "nothing was asked for under this number.");
  Entry& entry = found->second;
  if (!entry.begun) {
    waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), number), waiting_.end());
    run(entry, lock);
  }
  finished_.wait(lock, [&] { return entry.done; });
  const Tensors result = std::move(entry.result);
  const std::exception_ptr failure = entry.failure;
  entries_.erase(found);
  if (failure) std::rethrow_exception(failure);
  return result;
}

void WorkAhead::work() {
  keep_this_thread_out_of_the_pool();
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    more_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Entry& entry = entries_[waiting_.front()];
    waiting_.pop_front();
    run(entry, lock);
  }
}

void WorkAhead::run(Entry& entry, std::unique_lock<std::mutex>& lock) {
  entry.begun = true;
  lock.unlock();
  try {
    entry.result = entry.job();
  } catch (...) {
    entry.failure = std::current_exception();
  }
  lock.lock();
  entry.job = nullptr;
  entry.done = true;
  finished_.notify_all();
}

WorkAhead::Job gather_job(Tensors tensors, std::vector<std::int64_t> rows) {
  for (const Tensor& tensor : tensors) {
    if (tensor.shape().rank() == 0) fail_shape("rows are taken of data with samples along the first axis. Received: a single number.");
    for (const std::int64_t row : rows)
      if (row < 0 || row >= tensor.shape()[0]) fail_argument("row ", row + 1, " of ", tensor.shape()[0], " rows does not exist.");
  }
  return [tensors = std::move(tensors), rows = std::move(rows)] {
    Tensors out;
    for (const Tensor& from : tensors) {
      Shape shape = from.shape();
      shape[0] = static_cast<std::int64_t>(rows.size());
      Tensor to(from.dtype(), shape);
      const std::size_t bytes = static_cast<std::size_t>(from.shape().product(1, from.shape().rank())) * size_of(from.dtype());
      char* target = to.data<char>();
      for (const std::int64_t row : rows) {
        std::memcpy(target, from.data<char>() + static_cast<std::size_t>(row) * bytes, bytes);
        target += bytes;
      }
      out.push_back(to);
    }
    return out;
  };
}

namespace {

LevelImage cropped(const LevelImage& image, std::int64_t height, std::int64_t width) {
  const std::int64_t rows = std::min(image.height, image.width * height / width), columns = std::min(image.width, image.height * width / height);
  if (rows < 1 || columns < 1) throw Error(ErrorKind::file, "the image is too narrow.");
  if (rows == image.height && columns == image.width) return image;
  LevelImage out{rows, columns, image.channels, {}};
  out.levels.resize(static_cast<std::size_t>(rows * columns * image.channels));
  const std::int64_t top = (image.height - rows) / 2, left = (image.width - columns) / 2;
  for (std::int64_t y = 0; y < rows; ++y)
    std::copy_n(&image.levels[static_cast<std::size_t>(((top + y) * image.width + left) * image.channels)], columns * image.channels,
                &out.levels[static_cast<std::size_t>(y * columns * image.channels)]);
  return out;
}

Tensor as_tensor(const LevelImage& image, const Shape& shape) {
  Tensor out(DType::float32, shape);
  std::copy(image.levels.begin(), image.levels.end(), out.data<float>());
  return out;
}

// To whole levels, as PIL resizes.
Tensor resized_levels(const LevelImage& image, const ImageJob& wanted) {
  Tensor out(DType::float32, Shape{wanted.height, wanted.width, wanted.channels});
  float* to = out.data<float>();
  if (wanted.interpolation == "nearest") {
    for (std::int64_t y = 0; y < wanted.height; ++y)
      for (std::int64_t x = 0; x < wanted.width; ++x, to += wanted.channels)
        std::copy_n(
            &image.levels[static_cast<std::size_t>(
                (nearest_level(y, image.height, wanted.height) * image.width + nearest_level(x, image.width, wanted.width)) * wanted.channels)],
            wanted.channels, to);
    return out;
  }
  const std::vector<double> levels(image.levels.begin(), image.levels.end());
  std::vector<double> resized(static_cast<std::size_t>(out.size()));
  resize_levels(levels.data(), resized.data(), PixelOrder::rows, image.height, image.width, wanted.channels, wanted.height, wanted.width,
                wanted.interpolation);
  std::transform(resized.begin(), resized.end(), to, [](double level) { return static_cast<float>(level); });
  return out;
}

}  // namespace

WorkAhead::Job image_job(ImageJob wanted) {
  Attributes attributes;
  attributes.set("size", std::vector<double>{static_cast<double>(wanted.height), static_cast<double>(wanted.width)});
  attributes.set("interpolation", std::vector<std::string>{wanted.interpolation});
  const OpPtr resize = wanted.levels ? nullptr : make_op("resize", attributes);
  return [wanted = std::move(wanted), resize]() -> Tensors {
    const LevelImage decoded = decode_image(read_bytes(wanted.path));
    if (wanted.levels && wanted.channels == 1 && decoded.channels == 1 && decoded.depth == 16)
      throw Error(ErrorKind::file, "gray levels of 16 bits are not read here.");
    LevelImage image = with_channels(decoded, wanted.channels);
    const Shape shape{wanted.height, wanted.width, wanted.channels};
    if (wanted.crop) image = cropped(image, wanted.height, wanted.width);
    if (wanted.levels)
      return {image.height == wanted.height && image.width == wanted.width ? as_tensor(image, shape) : resized_levels(image, wanted)};
    const Tensor whole = as_tensor(image, Shape{1, image.height, image.width, image.channels});
    Tensors out{Tensor(DType::float32, Shape{1, wanted.height, wanted.width, wanted.channels})};
    resize->run({whole}, out, RunContext());
    return {out[0].reshaped(shape)};
  };
}

}  // namespace keratin
