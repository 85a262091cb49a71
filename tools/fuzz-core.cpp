// The readers of core/ on damaged bytes, under the sanitizers. By hand:
//   g++ -std=c++17 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -Isrc tools/fuzz-core.cpp src/core/{wire,hdf5,checksum,pickle,dtype}.cpp -o fuzz-core
//   ./fuzz-core 100000 FILE...
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "core/error.h"
#include "core/hdf5.h"
#include "core/pickle.h"
#include "core/wire.h"

using namespace keratin;
using Bytes = std::vector<unsigned char>;

static std::size_t walk(const ByteView& message, int depth) {
  std::size_t n = 0;
  for (const WireField& field : wire_fields(message)) {
    ++n;
    if (field.type == 2 && depth < 6) {
      try { n += walk(field.bytes, depth + 1); } catch (const Error&) {}
    }
  }
  return n;
}

int main(int argc, char** argv) {
  std::mt19937 random(1);
  const auto below = [&](std::size_t n) { return n ? static_cast<std::size_t>(random()) % n : 0; };
  const std::string scratch = std::string(argv[0]) + ".scratch";
  long loaded = 0, refused = 0;
  const long cases = std::atol(argv[1]);
  for (long i = 0; i < cases; ++i) {
    std::ifstream in(argv[2 + i % (argc - 2)], std::ios::binary);
    Bytes bytes((std::istreambuf_iterator<char>(in)), {});
    for (std::size_t step = 0, steps = 1 + below(4); step < steps && !bytes.empty(); ++step) {
      const std::size_t at = below(bytes.size()), few = std::min(bytes.size(), at + 1 + below(9));
      switch (below(6)) {
        case 0: bytes[at] ^= static_cast<unsigned char>(1u << below(8)); break;
        case 1: for (std::size_t k = at; k < few; ++k) bytes[k] = static_cast<unsigned char>(random()); break;
        case 2: for (std::size_t k = at; k < few; ++k) bytes[k] = 0xff; break;
        case 3: for (std::size_t k = at; k < few; ++k) bytes[k] = 0; break;
        case 4: if (below(3) == 0) bytes.resize(at); break;
        default: { const Bytes part(bytes.begin() + static_cast<long>(at), bytes.begin() + static_cast<long>(few)); bytes.insert(bytes.begin() + static_cast<long>(below(bytes.size())), part.begin(), part.end()); }
      }
    }
    const Bytes exact(bytes.begin(), bytes.end());   // no room behind the end
    const ByteView view{exact.data(), exact.size()};
    const auto attempt = [&](auto&& read) { try { read() ? ++loaded : ++refused; } catch (const Error&) { ++refused; } };
    attempt([&] { return !read_table(view).empty(); });
    attempt([&] { return walk(view, 0) > 0; });
    attempt([&] { read_pickle(exact.data(), exact.size()); return true; });
    std::ofstream(scratch, std::ios::binary).write(reinterpret_cast<const char*>(exact.data()), static_cast<std::streamsize>(exact.size()));
    std::vector<Hdf5Object> objects;
    attempt([&] { return hdf5_index(scratch, objects); });
  }
  std::remove(scratch.c_str());
  std::printf("%ld cases: %ld readings, %ld refusals\n", cases, loaded, refused);
}
