// SHA-256, by OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

namespace stellar_arrow::ledger {

using Hash256 = std::array<uint8_t, 32>;

// Hashes one message after another. Keep one for each thread: looking the algorithm up costs as
// much as hashing a transaction. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(std::span<const uint8_t> bytes);
  // The hash of all bytes since the last Finish().
  Hash256 Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Hash256 Sha256Of(std::span<const uint8_t> bytes);

}  // namespace stellar_arrow::ledger
