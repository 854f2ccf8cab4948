#include "stellar_arrow/text/strkey.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace stellar_arrow::text {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kCrcBytes = 2;
constexpr size_t kMaxRaw = 1 + kMaxStrkeyPayload + kCrcBytes;
constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

// CRC16 with polynomial 0x1021 from 0, most significant bit first (XMODEM): [zeros][byte] is that
// of a byte and some zeros after it. With one table for each of 8 bytes they are looked up side by
// side, where byte by byte each would wait for the one before.
constexpr size_t kCrcBytesAtOnce = 8;
constexpr auto kCrcTables = [] {
  std::array<std::array<uint16_t, 256>, kCrcBytesAtOnce> tables{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    auto crc = static_cast<uint16_t>(byte << 8);
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<uint16_t>(crc << 1 ^ (crc & 0x8000 ? 0x1021 : 0));
    }
    tables[0][byte] = crc;
  }
  for (size_t zeros = 1; zeros < kCrcBytesAtOnce; ++zeros) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint16_t crc = tables[zeros - 1][byte];
      tables[zeros][byte] = static_cast<uint16_t>(crc << 8 ^ tables[0][crc >> 8]);
    }
  }
  return tables;
}();

uint16_t Crc(std::span<const uint8_t> bytes) {
  unsigned crc = 0;
  for (; bytes.size() >= kCrcBytesAtOnce; bytes = bytes.subspan(kCrcBytesAtOnce)) {
    crc = kCrcTables[7][bytes[0] ^ crc >> 8] ^ kCrcTables[6][bytes[1] ^ (crc & 0xff)] ^
          kCrcTables[5][bytes[2]] ^ kCrcTables[4][bytes[3]] ^ kCrcTables[3][bytes[4]] ^
          kCrcTables[2][bytes[5]] ^ kCrcTables[1][bytes[6]] ^ kCrcTables[0][bytes[7]];
  }
  for (const uint8_t byte : bytes) {
    crc = (crc << 8 & 0xffff) ^ kCrcTables[0][crc >> 8 ^ byte];
  }
  return static_cast<uint16_t>(crc);
}

// Two letters for each 10 bits.
constexpr auto kLetterPairs = [] {
  std::array<std::array<char, 2>, 1024> pairs{};
  for (size_t bits = 0; bits < pairs.size(); ++bits) {
    pairs[bits] = {kAlphabet[bits >> 5], kAlphabet[bits & 31]};
  }
  return pairs;
}();

constexpr std::array<int8_t, 256> kLetterValues = [] {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (int8_t i = 0; i < 32; ++i) values[static_cast<uint8_t>(kAlphabet[i])] = i;
  return values;
}();

void PutBigEndian(uint64_t value, uint8_t* out, size_t size) {
  for (size_t i = size; i-- > 0; value >>= 8) out[i] = static_cast<uint8_t>(value);
}

Strkey EncodeKeyAndId(StrkeyKind kind, Key key, uint64_t id) {
  std::array<uint8_t, kKeyBytes + 8> payload;
  std::ranges::copy(key, payload.begin());
  PutBigEndian(id, payload.data() + kKeyBytes, 8);
  return EncodeStrkey(kind, payload);
}

// Whether `payload` has the form that its kind asks for.
bool IsPayloadOf(StrkeyKind kind, std::span<const uint8_t> payload) {
  switch (kind) {
    case StrkeyKind::kAccount:
    case StrkeyKind::kSecretSeed:
    case StrkeyKind::kPreAuthTx:
    case StrkeyKind::kHashX:
    case StrkeyKind::kContract:
    case StrkeyKind::kLiquidityPool:
      return payload.size() == kKeyBytes;
    case StrkeyKind::kMuxedAccount:
    case StrkeyKind::kMuxedContract:
      return payload.size() == kKeyBytes + 8;
    case StrkeyKind::kClaimableBalance:
      return payload.size() == 1 + kKeyBytes && payload[0] == 0;
    case StrkeyKind::kSignedPayload: {
      if (payload.size() < kKeyBytes + 4) return false;
      const auto length = payload.subspan(kKeyBytes, 4);
      if (length[0] != 0 || length[1] != 0 || length[2] != 0) return false;
      const size_t size = length[3];
      if (size < 1 || size > 64) return false;
      const auto padded = payload.subspan(kKeyBytes + 4);
      if (padded.size() != (size + 3) / 4 * 4) return false;
      return std::ranges::all_of(padded.subspan(size), [](uint8_t byte) { return byte == 0; });
    }
  }
  return false;
}

}  // namespace

Strkey EncodeStrkey(StrkeyKind kind, std::span<const uint8_t> payload) {
  // Zeros follow the CRC so that 8 bytes can be read, of which 5 are of a group.
  std::array<uint8_t, kMaxRaw + 8> raw{};
  raw[0] = static_cast<uint8_t>(kind);
  std::ranges::copy(payload, raw.begin() + 1);
  const size_t summed = 1 + payload.size();
  const uint16_t crc = Crc({raw.data(), summed});
  raw[summed] = static_cast<uint8_t>(crc);  // little-endian, unlike all else
  raw[summed + 1] = static_cast<uint8_t>(crc >> 8);
  const size_t size = summed + kCrcBytes;
  Strkey key;
  char* out = key.text_.data();
  for (size_t i = 0; i < size; i += 5, out += 8) {
    uint64_t group;
    std::memcpy(&group, raw.data() + i, sizeof group);
    if constexpr (std::endian::native == std::endian::little) group = __builtin_bswap64(group);
    for (size_t j = 0; j < 4; ++j, group <<= 10) {
      std::memcpy(out + 2 * j, kLetterPairs[group >> 54].data(), 2);
    }
  }
  key.length_ = (size * 8 + 4) / 5;
  return key;
}

Strkey EncodeAccount(Key key) { return EncodeStrkey(StrkeyKind::kAccount, key); }

Strkey EncodeMuxedAccount(Key key, uint64_t id) {
  return EncodeKeyAndId(StrkeyKind::kMuxedAccount, key, id);
}

Strkey EncodeContract(Key hash) { return EncodeStrkey(StrkeyKind::kContract, hash); }

Strkey EncodeMuxedContract(Key hash, uint64_t id) {
  return EncodeKeyAndId(StrkeyKind::kMuxedContract, hash, id);
}

Strkey EncodeLiquidityPool(Key hash) { return EncodeStrkey(StrkeyKind::kLiquidityPool, hash); }

Strkey EncodeClaimableBalance(Key hash) {
  std::array<uint8_t, 1 + kKeyBytes> payload{};  // type 0
  std::ranges::copy(hash, payload.begin() + 1);
  return EncodeStrkey(StrkeyKind::kClaimableBalance, payload);
}

Strkey EncodeSignedPayload(Key key, std::span<const uint8_t> payload) {
  std::array<uint8_t, kMaxStrkeyPayload> bytes{};
  std::ranges::copy(key, bytes.begin());
  PutBigEndian(payload.size(), bytes.data() + kKeyBytes, 4);
  std::ranges::copy(payload, bytes.begin() + kKeyBytes + 4);
  const size_t padded = (payload.size() + 3) / 4 * 4;
  return EncodeStrkey(StrkeyKind::kSignedPayload, {bytes.data(), kKeyBytes + 4 + padded});
}

std::optional<DecodedStrkey> DecodeStrkey(std::string_view text) {
  if (text.empty() || text.size() > kMaxStrkeyLength) return std::nullopt;
  std::array<uint8_t, kMaxRaw> raw;
  size_t size = 0;
  uint32_t bits = 0;
  unsigned bit_count = 0;
  for (const char letter : text) {
    const int value = kLetterValues[static_cast<uint8_t>(letter)];
    if (value < 0) return std::nullopt;
    bits = bits << 5 | static_cast<uint32_t>(value);
    bit_count += 5;
    if (bit_count >= 8) {
      bit_count -= 8;
      if (size == raw.size()) return std::nullopt;
      raw[size++] = static_cast<uint8_t>(bits >> bit_count);
      bits &= (1u << bit_count) - 1;
    }
  }
  if (size < 1 + kCrcBytes) return std::nullopt;
  DecodedStrkey decoded;
  decoded.kind = static_cast<StrkeyKind>(raw[0]);
  decoded.size = size - 1 - kCrcBytes;
  std::copy_n(raw.begin() + 1, decoded.size, decoded.bytes.begin());
  if (!IsPayloadOf(decoded.kind, decoded.payload())) return std::nullopt;
  // Encoding again refuses a wrong CRC, a wrong length and bits left over, all at once.
  if (EncodeStrkey(decoded.kind, decoded.payload()).view() != text) return std::nullopt;
  return decoded;
}

}  // namespace stellar_arrow::text
