#pragma once
#include <cstdint>
#include <string>

namespace keratin {

// FarmHash's Fingerprint64 (Pike, Alakuijala: https://github.com/google/farmhash) and SipHash-2-4 (Aumasson, Bernstein, INDOCRYPT 2012):
// the hashes by which TensorFlow puts strings into buckets.
std::uint64_t farm_fingerprint64(const std::string& text);
std::uint64_t sip_hash24(const std::string& text, std::uint64_t key0, std::uint64_t key1);

}  // namespace keratin
