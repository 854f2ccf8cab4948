// OpenSSL's newer interface (EVP) does the same, but takes 80 ns a message to get there: as long as
// most messages here take to be hashed. So the older one, which is marked for that only.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "stellar_arrow/ledger/sha256.h"

namespace stellar_arrow::ledger {

// These calls cannot fail: they only compute.

void Sha256::Begin() { SHA256_Init(&state_); }

void Sha256::Update(std::span<const uint8_t> bytes) {
  SHA256_Update(&state_, bytes.data(), bytes.size());
}

Hash256 Sha256::Finish() {
  Hash256 hash;
  SHA256_Final(hash.data(), &state_);
  Begin();
  return hash;
}

Hash256 Sha256Of(std::span<const uint8_t> bytes) {
  Sha256 sha;
  sha.Update(bytes);
  return sha.Finish();
}

}  // namespace stellar_arrow::ledger
