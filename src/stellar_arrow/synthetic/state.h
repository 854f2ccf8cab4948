// The entries of a ledger, and what a transaction changes of them: whoever changes an entry gets
// the LedgerEntryChanges for it, so that state and meta cannot disagree. Knows no rule of the
// protocol.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "stellar_arrow/synthetic/random.h"
#include "stellar_arrow/synthetic/values.h"

namespace stellar_arrow::synthetic {

// A value: copying it copies the ledger.
class State {
 public:
  // Null where there is no such entry. Valid until that entry is removed.
  const LedgerEntry* Find(const LedgerKey& key) const;
  bool Has(const LedgerKey& key) const { return Find(key) != nullptr; }
  // Of an entry that is there.
  const AccountEntry& Account(const AccountID& account) const;

  // An entry that is there, to be changed.
  LedgerEntry& Change(const LedgerKey& key);
  AccountEntry& ChangeAccount(const AccountID& account);
  // `entry` must be new.
  LedgerEntry& Create(LedgerEntry entry);
  // The same for an entry that comes back from the archive: its change says RESTORED.
  void Restore(LedgerEntry entry);
  void Remove(const LedgerKey& key);
  // Takes an entry away without a change: what nobody will ask for again, or what was evicted.
  void Forget(const LedgerKey& key) { entries_.erase(Encode(key)); }

  // What was changed since the last call, in the order of the first touch; an entry that was only
  // looked at for change appears with the same value twice. Entries get `ledger` as theirs.
  LedgerEntryChanges TakeChanges(uint32_t ledger);
  // Keeps, or undoes, everything since the last of the two.
  void Commit();
  void Rollback();

  // Entries of a type, in the order of their keys, which is random for all but a few.
  template <typename Visitor>
  void ForEach(xdr::LedgerEntryType type, Visitor&& visit) const {
    for (auto at = entries_.lower_bound(PrefixOf(type));
         at != entries_.end() && at->second.data.type() == type; ++at) {
      visit(at->second);
    }
  }
  // Some entry of the type, or null where there is none.
  const LedgerEntry* Any(xdr::LedgerEntryType type, Random& random) const;
  size_t CountOf(xdr::LedgerEntryType type) const;

 private:
  using KeyBytes = std::vector<uint8_t>;
  using Entries = std::map<KeyBytes, LedgerEntry, LessBytes>;

  struct Touched {
    KeyBytes key;
    std::optional<LedgerEntry> before;
    std::optional<LedgerEntry> restored;
  };

  static KeyBytes PrefixOf(xdr::LedgerEntryType type);
  Touched& Touch(const KeyBytes& key);

  Entries entries_;
  std::vector<Touched> touched_;  // since TakeChanges
  std::vector<Touched> undo_;     // before that, since Commit or Rollback
};

}  // namespace stellar_arrow::synthetic
