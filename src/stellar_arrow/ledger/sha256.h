// SHA-256, by OpenSSL.
#pragma once

#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <span>

namespace stellar_arrow::ledger {

using Hash256 = std::array<uint8_t, 32>;

// Hashes one message after another. Not thread-safe.
class Sha256 {
 public:
  Sha256() { Begin(); }

  void Update(std::span<const uint8_t> bytes);
  // The hash of all bytes since the last Finish().
  Hash256 Finish();

 private:
  void Begin();

  SHA256_CTX state_;
};

Hash256 Sha256Of(std::span<const uint8_t> bytes);

}  // namespace stellar_arrow::ledger
