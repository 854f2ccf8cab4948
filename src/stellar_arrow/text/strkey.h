// Stellar's text form of keys and ids (SEP-23): base32 of a version byte, the payload and a CRC.
// Standard library only; allocates nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace stellar_arrow::text {

// The value is the version byte, which makes the first letter.
enum class StrkeyKind : uint8_t {
  kAccount = 6 << 3,           // G: ed25519 public key, 32 bytes
  kSecretSeed = 18 << 3,       // S: 32 bytes
  kMuxedAccount = 12 << 3,     // M: key, then id as 8 bytes big-endian
  kPreAuthTx = 19 << 3,        // T: transaction hash, 32 bytes
  kHashX = 23 << 3,            // X: 32 bytes
  kSignedPayload = 15 << 3,    // P: key, length as 4 bytes, 1 to 64 bytes, zeros up to 4
  kContract = 2 << 3,          // C: 32 bytes
  kLiquidityPool = 11 << 3,    // L: 32 bytes
  kClaimableBalance = 1 << 3,  // B: type byte 0, then 32 bytes
  kMuxedContract = 22 << 3,    // W: contract, then id as 8 bytes big-endian
};

// The longest payload: key, length and 64 bytes of a signed payload.
inline constexpr size_t kMaxStrkeyPayload = 32 + 4 + 64;
inline constexpr size_t kMaxStrkeyLength = 165;

// The text of a key, kept in place. Converts to std::string_view, which is valid while it lives.
class Strkey {
 public:
  std::string_view view() const& { return {text_.data(), length_}; }
  operator std::string_view() const& { return view(); }  // NOLINT: stands for its text

 private:
  friend Strkey EncodeStrkey(StrkeyKind kind, std::span<const uint8_t> payload);
  std::array<char, kMaxStrkeyLength + 3> text_;  // whole groups of 8 letters are written
  size_t length_ = 0;
};

using Key = std::span<const uint8_t, 32>;

// `payload` as StrkeyKind describes it, at most kMaxStrkeyPayload bytes.
Strkey EncodeStrkey(StrkeyKind kind, std::span<const uint8_t> payload);

Strkey EncodeAccount(Key key);                                          // G...
Strkey EncodeMuxedAccount(Key key, uint64_t id);                        // M...
Strkey EncodeContract(Key hash);                                        // C...
Strkey EncodeMuxedContract(Key hash, uint64_t id);                      // W...
Strkey EncodeLiquidityPool(Key hash);                                   // L...
Strkey EncodeClaimableBalance(Key hash);                                // B..., of type V0
Strkey EncodeSignedPayload(Key key, std::span<const uint8_t> payload);  // P..., up to 64 bytes

struct DecodedStrkey {
  StrkeyKind kind = StrkeyKind::kAccount;
  std::array<uint8_t, kMaxStrkeyPayload> bytes{};
  size_t size = 0;

  std::span<const uint8_t> payload() const { return {bytes.data(), size}; }
};

// Absent unless `text` is exactly what EncodeStrkey makes of some payload that its kind allows.
std::optional<DecodedStrkey> DecodeStrkey(std::string_view text);

}  // namespace stellar_arrow::text
