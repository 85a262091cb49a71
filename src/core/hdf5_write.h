#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace keratin {

// One object of a file that will be written. Groups above it need not be named.
struct Hdf5Text {
  std::string name;
  std::vector<std::string> values;   // none: an empty array of numbers, as h5py writes an empty list
  bool scalar = false;
};
struct Hdf5Piece {
  std::string path;                  // "model_weights/dense/dense/kernel:0"; "" for the root
  std::string dtype;                 // "float32", "float64", "int32", "int64", "int8"; empty for a group
  std::vector<std::int64_t> sizes;   // none: a scalar
  const void* data = nullptr;
  std::vector<Hdf5Text> texts;
};

// Writes an HDF5 file of the kind that hdf5_index() reads, and any HDF5 library. A disk that is full is an error.
void write_hdf5(const std::string& path, const std::vector<Hdf5Piece>& pieces);

}  // namespace keratin
