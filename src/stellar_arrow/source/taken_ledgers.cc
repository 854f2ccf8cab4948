#include "stellar_arrow/source/taken_ledgers.h"

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::source {
namespace {

// Core goes back at most to its last checkpoint, 64 ledgers.
constexpr size_t kRemembered = 1024;

}  // namespace

void TakenLedgers::Add(const ledger::LedgerId& id) {
  hashes_[id.sequence] = id.hash;
  if (hashes_.size() > kRemembered) hashes_.erase(hashes_.begin());
}

arrow::Result<bool> TakenLedgers::IsRepeated(const ledger::LedgerId& id,
                                             const std::string& name) const {
  if (hashes_.empty() || id.sequence > *last()) return false;
  const auto known = hashes_.find(id.sequence);
  if (known != hashes_.end() && known->second == id.hash) return true;
  return LedgerError(ErrorCode::kDataLoss, id.sequence, name, " is ledger ", id.sequence,
                     known != hashes_.end()
                         ? " again, but with another hash"
                         : Concat(", which was not among the last before it, up to ", *last()));
}

}  // namespace stellar_arrow::source
