#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace keratin {

// The data of a zlib stream (RFC 1950 and 1951), checked against its checksum. Data that is damaged, or longer than `limit`, is an
// error of kind file.
std::vector<std::uint8_t> inflate_zlib(const std::uint8_t* data, std::size_t size, std::size_t limit);

}  // namespace keratin
