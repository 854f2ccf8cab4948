#include "stellar_arrow/ledger/relink.h"

#include <algorithm>
#include <array>
#include <limits>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/ledger.h"

namespace stellar_arrow::ledger {
namespace {

constexpr uint64_t kSecond = 1000;                        // in milliseconds
constexpr uint64_t kMaxMilliseconds = uint64_t{1} << 62;  // so that no sum of two overflows

// The XDR of a number.
template <typename Number>
std::array<uint8_t, sizeof(Number)> Word(Number number) {
  std::array<uint8_t, sizeof(Number)> bytes;
  for (size_t i = bytes.size(); i-- > 0; number >>= 8) bytes[i] = static_cast<uint8_t>(number);
  return bytes;
}

// The first byte of the field that follows a hash.
const uint8_t* After(xdr::Hash hash) { return hash.data() + hash.size(); }

// The parts of a consensus value's extension that depend on a ledger's place, where it has them.
struct PlacedValue {
  const uint8_t* close_time_ms = nullptr;
  std::optional<uint64_t> milliseconds;
  std::optional<xdr::Hash> previous_hash;
};

PlacedValue PlacedValueOf(const xdr::StellarValueExt& ext) {
  switch (ext.v()) {
    case xdr::StellarValueType::STELLAR_VALUE_BASIC:
    case xdr::StellarValueType::STELLAR_VALUE_SIGNED:
      return {};
    case xdr::StellarValueType::STELLAR_VALUE_EMPTY_TX_SET:
      return {nullptr, {}, ext.proposedValue().previousLedgerHash()};
    case xdr::StellarValueType::STELLAR_VALUE_SIGNED_MS: {
      const auto value = ext.signedMsValue();  // begins with closeTimeMs
      return {value.wire().data(), value.closeTimeMs(), {}};
    }
    case xdr::StellarValueType::STELLAR_VALUE_EMPTY_TX_SET_MS: {
      const auto value = ext.proposedMsValue();  // so does this one
      return {value.wire().data(), value.closeTimeMs(), value.previousLedgerHash()};
    }
  }
  return {};
}

}  // namespace

arrow::Result<Relinked> Relinker::Next(const Ledger& ledger) {
  const xdr::LedgerHeader header = ledger.header();
  const xdr::StellarValue value = header.scpValue();
  const PlacedValue placed = PlacedValueOf(value.ext());
  const auto refuse = [&](const auto&... why) {
    return LedgerError(ErrorCode::kOutOfRange, ledger.sequence(), "ledger ", ledger.sequence(),
                       " cannot be given a new place: ", why...);
  };

  if (next_ > std::numeric_limits<uint32_t>::max()) return refuse("there are no more numbers");
  const auto sequence = static_cast<uint32_t>(next_);
  Time time;
  if (!placed.milliseconds && value.closeTime() > kMaxMilliseconds / kSecond) {
    return refuse("its close time, ", value.closeTime(), " s, cannot be counted in milliseconds");
  }
  time.taken = placed.milliseconds.value_or(value.closeTime() * kSecond);
  time.given = time.taken;
  if (previous_time_) {
    const bool rises = time.taken > previous_time_->taken;
    time.given = previous_time_->given + (rises ? time.taken - previous_time_->taken : kSecond);
    // Where the ledger can state whole seconds only.
    if (!placed.milliseconds) time.given = (time.given + kSecond - 1) / kSecond * kSecond;
  }
  if (std::max(time.taken, time.given) > kMaxMilliseconds) {
    return refuse("its close time would be too many milliseconds to count");
  }
  Hash256 previous_hash;
  if (previous_hash_) {
    previous_hash = *previous_hash_;
  } else {
    std::ranges::copy(header.previousLedgerHash(), previous_hash.begin());
  }

  // All that changes is of fixed size, so it is overwritten in place.
  wire_.assign(ledger.wire().begin(), ledger.wire().end());
  const auto place_of = [&](const uint8_t* field) {
    return wire_.data() + (field - ledger.wire().data());
  };
  const auto put = [&](const uint8_t* field, xdr::Bytes bytes) {
    std::ranges::copy(bytes, place_of(field));
  };
  put(header.previousLedgerHash().data(), previous_hash);
  put(ledger.transaction_set_previous_hash().data(), previous_hash);
  if (placed.previous_hash) put(placed.previous_hash->data(), previous_hash);
  if (!IsEmptySetByDecree(value)) {
    put(value.txSetHash().data(), TransactionSetHash(ledger, previous_hash, sha_));
  }
  put(After(value.txSetHash()), Word<uint64_t>(time.given / kSecond));  // closeTime
  if (placed.close_time_ms != nullptr) put(placed.close_time_ms, Word<uint64_t>(time.given));
  put(After(header.bucketListHash()), Word<uint32_t>(sequence));  // ledgerSeq
  const xdr::Bytes header_wire = header.wire();
  sha_.Update({place_of(header_wire.data()), header_wire.size()});
  previous_hash_ = sha_.Finish();
  put(ledger.hash().data(), *previous_hash_);

  previous_time_ = time;
  ++next_;
  return Relinked{sequence, wire_};
}

}  // namespace stellar_arrow::ledger
