#include "stellar_arrow/ledger/sha256.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace stellar_arrow::ledger {
namespace {

// OpenSSL's SHA-256 fails for want of memory or of the algorithm only: nothing goes on without it.
void Require(bool ok) {
  if (!ok) std::abort();
}

}  // namespace

struct Sha256::State {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* message = EVP_MD_CTX_new();

  State() { Begin(); }
  ~State() {
    EVP_MD_CTX_free(message);
    EVP_MD_free(algorithm);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void Begin() {
    Require(algorithm != nullptr && message != nullptr &&
            EVP_DigestInit_ex2(message, algorithm, nullptr) == 1);
  }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::Update(std::span<const uint8_t> bytes) {
  Require(EVP_DigestUpdate(state_->message, bytes.data(), bytes.size()) == 1);
}

Hash256 Sha256::Finish() {
  Hash256 hash;
  Require(EVP_DigestFinal_ex(state_->message, hash.data(), nullptr) == 1);
  state_->Begin();
  return hash;
}

Hash256 Sha256Of(std::span<const uint8_t> bytes) {
  Sha256 sha;
  sha.Update(bytes);
  return sha.Finish();
}

}  // namespace stellar_arrow::ledger
