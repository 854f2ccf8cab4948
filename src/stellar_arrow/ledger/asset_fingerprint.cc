#include "stellar_arrow/ledger/asset_fingerprint.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <utility>

namespace stellar_arrow::ledger {
namespace {

constexpr uint64_t kPrime0 = 0xc3a5c85c97cb3127;
constexpr uint64_t kPrime1 = 0xb492b66fbe98f273;
constexpr uint64_t kPrime2 = 0x9ae16a3b2f90404f;

uint64_t Little64(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

uint64_t Fold(uint64_t value) { return value ^ (value >> 47); }

uint64_t Mix(uint64_t u, uint64_t v, uint64_t factor) {
  const uint64_t a = Fold((u ^ v) * factor);
  return Fold((v ^ a) * factor) * factor;
}

using Pair = std::pair<uint64_t, uint64_t>;

Pair Absorb32(const char* p, uint64_t a, uint64_t b) {
  const uint64_t w = Little64(p);
  const uint64_t x = Little64(p + 8);
  const uint64_t y = Little64(p + 16);
  const uint64_t z = Little64(p + 24);
  a += w;
  b = std::rotr(b + a + z, 21);
  const uint64_t c = a;
  a += x + y;
  b += std::rotr(a, 44);
  return {a + z, b + c};
}

// Fingerprint64 of more than 64 bytes, as every asset's text has that has an issuer.
uint64_t Fingerprint64(std::string_view bytes) {
  const char* p = bytes.data();
  const size_t length = bytes.size();
  constexpr uint64_t kSeed = 81;
  uint64_t x = kSeed;
  uint64_t y = kSeed * kPrime1 + 113;
  uint64_t z = Fold(y * kPrime2 + 113) * kPrime2;
  Pair v{0, 0};
  Pair w{0, 0};
  x = x * kPrime2 + Little64(p);
  const auto round = [&](uint64_t factor, bool last) {
    const uint64_t weight = last ? 9 : 1;
    x = std::rotr(x + y + v.first + Little64(p + 8), 37) * factor;
    y = std::rotr(y + v.second + Little64(p + 48), 42) * factor;
    x ^= w.second * weight;
    y += v.first * weight + Little64(p + 40);
    z = std::rotr(z + w.first, 33) * factor;
    v = Absorb32(p, v.second * factor, x + w.first);
    w = Absorb32(p + 32, z + w.second, y + Little64(p + 16));
    std::swap(z, x);
  };
  const char* const last_block = p + (length - 1) / 64 * 64;
  const char* const last_64 = p + length - 64;
  for (; p != last_block; p += 64) round(kPrime1, false);
  p = last_64;
  const uint64_t factor = kPrime1 + ((z & 0xff) << 1);
  w.first += (length - 1) & 63;
  v.first += w.first;
  w.first += v.first;
  round(factor, true);
  return Mix(Mix(v.first, w.first, factor) + Fold(y) * kPrime0 + z,
             Mix(v.second, w.second, factor) + x, factor);
}

}  // namespace

int64_t AssetFingerprint(const AssetParts& asset, std::string_view issuer) {
  if (!asset.issuer) return -5706705804583548011;  // of "native"
  std::array<char, 128> text;  // code, issuer and type: at most 12, 56 and 17 letters
  char* end = std::ranges::copy(asset.code, text.data()).out;
  end = std::ranges::copy(issuer, end).out;
  end = std::ranges::copy(AssetTypeName(asset.type), end).out;
  return static_cast<int64_t>(Fingerprint64({text.data(), static_cast<size_t>(end - text.data())}));
}

}  // namespace stellar_arrow::ledger
