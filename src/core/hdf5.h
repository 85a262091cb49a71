#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace keratin {

// What lies where in an HDF5 file of the plain kind that Keras and h5py write: groups with symbol tables, arrays of little-endian numbers
// in one piece. Anything else (chunks, filters, links, newer group formats) is not understood on purpose: the HDF5 library takes over.
// Damage is an error, whatever the kind.
struct Hdf5Object {
  std::string path;                    // "model_weights/dense/dense/kernel:0"; "" for the root
  bool is_dataset = false;
  std::string dtype;                   // "float32", "float64", "int32", "int64"; empty for other types
  std::vector<std::int64_t> sizes;
  std::int64_t offset = 0;             // of the data in the file
  std::vector<std::pair<std::string, std::vector<std::string>>> texts;  // attributes that hold text
};

bool hdf5_index(const std::string& path, std::vector<Hdf5Object>& objects);  // false: not of the plain kind

}  // namespace keratin
