#include "stellar_arrow/synthetic/state.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace stellar_arrow::synthetic {

const LedgerEntry* State::Find(const LedgerKey& key) const {
  const auto found = entries_.find(Encode(key));
  return found == entries_.end() ? nullptr : &found->second;
}

const AccountEntry& State::Account(const AccountID& account) const {
  const LedgerEntry* entry = Find(KeyOf(account));
  if (entry == nullptr) throw std::logic_error("an account that is used does not exist");
  return entry->data.account();
}

State::Touched& State::Touch(const KeyBytes& key) {
  const auto known = std::ranges::find(touched_, key, &Touched::key);
  if (known != touched_.end()) return *known;
  const auto found = entries_.find(key);
  return touched_.emplace_back(Touched{
      key, found == entries_.end() ? std::nullopt : std::optional(found->second), std::nullopt});
}

LedgerEntry& State::Change(const LedgerKey& key) {
  const KeyBytes bytes = Encode(key);
  const auto found = entries_.find(bytes);
  if (found == entries_.end()) throw std::logic_error("an entry that is changed does not exist");
  Touch(bytes);
  return found->second;
}

AccountEntry& State::ChangeAccount(const AccountID& account) {
  return Change(KeyOf(account)).data.account();
}

LedgerEntry& State::Create(LedgerEntry entry) {
  KeyBytes bytes = Encode(KeyOf(entry));
  Touch(bytes);
  const auto [at, created] = entries_.emplace(std::move(bytes), std::move(entry));
  if (!created) throw std::logic_error("an entry that is created exists");
  return at->second;
}

void State::Restore(LedgerEntry entry) {
  LedgerEntry& restored = Create(std::move(entry));
  Touch(Encode(KeyOf(restored))).restored = restored;
}

void State::Remove(const LedgerKey& key) {
  const KeyBytes bytes = Encode(key);
  Touch(bytes);
  if (entries_.erase(bytes) == 0) throw std::logic_error("an entry that is removed does not exist");
}

LedgerEntryChanges State::TakeChanges(uint32_t ledger) {
  LedgerEntryChanges changes;
  for (Touched& touched : touched_) {
    const auto now = entries_.find(touched.key);
    if (now != entries_.end()) now->second.lastModifiedLedgerSeq = ledger;
    if (touched.restored) {
      touched.restored->lastModifiedLedgerSeq = ledger;
      changes.push_back(LedgerEntryChange::LEDGER_ENTRY_RESTORED(*touched.restored));
      if (now == entries_.end()) {
        changes.push_back(LedgerEntryChange::LEDGER_ENTRY_REMOVED(KeyOf(*touched.restored)));
      } else if (Encode(now->second) != Encode(*touched.restored)) {
        changes.push_back(LedgerEntryChange::LEDGER_ENTRY_UPDATED(now->second));
      }
    } else if (touched.before) {
      changes.push_back(LedgerEntryChange::LEDGER_ENTRY_STATE(*touched.before));
      changes.push_back(now != entries_.end()
                            ? LedgerEntryChange::LEDGER_ENTRY_UPDATED(now->second)
                            : LedgerEntryChange::LEDGER_ENTRY_REMOVED(KeyOf(*touched.before)));
    } else if (now != entries_.end()) {
      changes.push_back(LedgerEntryChange::LEDGER_ENTRY_CREATED(now->second));
    }
  }
  std::ranges::move(touched_, std::back_inserter(undo_));
  touched_.clear();
  return changes;
}

void State::Commit() {
  undo_.clear();
  touched_.clear();
}

void State::Rollback() {
  std::ranges::move(touched_, std::back_inserter(undo_));
  touched_.clear();
  for (; !undo_.empty(); undo_.pop_back()) {
    Touched& touched = undo_.back();
    if (touched.before) {
      entries_.insert_or_assign(touched.key, std::move(*touched.before));
    } else {
      entries_.erase(touched.key);
    }
  }
}

State::KeyBytes State::PrefixOf(xdr::LedgerEntryType type) {
  return {0, 0, 0, static_cast<uint8_t>(type)};
}

const LedgerEntry* State::Any(xdr::LedgerEntryType type, Random& random) const {
  KeyBytes somewhere = PrefixOf(type);
  somewhere.resize(4 + 4 + 32);  // most keys go on with a discriminant that is zero, then a hash
  random.Fill(std::span(somewhere).subspan(8));
  auto at = entries_.lower_bound(somewhere);
  if (at == entries_.end() || at->second.data.type() != type) {
    at = entries_.lower_bound(PrefixOf(type));
  }
  return at == entries_.end() || at->second.data.type() != type ? nullptr : &at->second;
}

size_t State::CountOf(xdr::LedgerEntryType type) const {
  size_t count = 0;
  ForEach(type, [&](const LedgerEntry&) { ++count; });
  return count;
}

}  // namespace stellar_arrow::synthetic
