#pragma once
#include <cstddef>
#include <cstdint>

namespace keratin {

// CRC-32 (IEEE 802.3), of zip archives; CRC-32C (Castagnoli), of TensorFlow's checkpoints. `before`: the checksum of what comes in front.
std::uint32_t crc32_of(const unsigned char* bytes, std::size_t size, std::uint32_t before = 0);
std::uint32_t crc32c_of(const unsigned char* bytes, std::size_t size, std::uint32_t before = 0);

// TensorFlow stores checksums turned, as checksums of data that holds checksums are weak.
inline std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u; }

}  // namespace keratin
