#include "stellar_arrow/tables/key_text.h"

#include <algorithm>
#include <cstring>

namespace stellar_arrow::tables {
namespace {

// Entries that are kept from ledger to ledger: more than any ledger has, at about 100 bytes each.
constexpr size_t kMaxKept = 16384;
constexpr size_t kFirstPlaces = 1024;  // a power of two, as all sizes of the table

// Keys are public keys and hashes: any 8 bytes of them are as good as a hash. Whoever makes keys
// that collide here makes its own ledger slower to read, no more.
size_t PlaceOf(text::StrkeyKind kind, text::Key key) {
  uint64_t word;
  std::memcpy(&word, key.data() + 8, sizeof word);
  word ^= static_cast<uint64_t>(kind) << 56;
  word *= 0x9E3779B97F4A7C15u;
  return static_cast<size_t>(word >> 32);
}

}  // namespace

void KeyText::StartLedger() {
  if (size_ <= kMaxKept) return;
  size_ = 0;
  std::ranges::fill(places_, nullptr);
}

std::string_view KeyText::Get(text::StrkeyKind kind, text::Key key) {
  if (places_.size() < 2 * (size_ + 1)) Grow();
  const size_t mask = places_.size() - 1;
  size_t place = PlaceOf(kind, key) & mask;
  for (; places_[place] != nullptr; place = (place + 1) & mask) {
    const Entry& entry = *places_[place];
    if (entry.kind == kind && std::memcmp(entry.key.data(), key.data(), key.size()) == 0) {
      return {entry.text.data(), kLetters};
    }
  }
  if (size_ == entries_.size()) entries_.emplace_back();
  Entry& entry = entries_[size_++];
  std::ranges::copy(key, entry.key.begin());
  std::ranges::copy(text::EncodeStrkey(kind, key).view(), entry.text.begin());
  entry.kind = kind;
  places_[place] = &entry;
  return {entry.text.data(), kLetters};
}

void KeyText::Grow() {
  places_.assign(std::max(kFirstPlaces, 2 * places_.size()), nullptr);
  const size_t mask = places_.size() - 1;
  for (size_t i = 0; i < size_; ++i) {
    size_t place = PlaceOf(entries_[i].kind, entries_[i].key) & mask;
    while (places_[place] != nullptr) place = (place + 1) & mask;
    places_[place] = &entries_[i];
  }
}

}  // namespace stellar_arrow::tables
