// The last ledgers that a stream took, so that one that comes again is told from another of the
// same number. Knows no bytes.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "stellar_arrow/ledger/ledger.h"

namespace stellar_arrow::source {

class TakenLedgers {
 public:
  void Add(const ledger::LedgerId& id);

  // The newest of them.
  std::optional<uint32_t> last() const {
    return hashes_.empty() ? std::nullopt : std::optional(hashes_.rbegin()->first);
  }

  // Whether `id`, which comes after all of them, is one of them. `name` is what messages call the
  // place where it came. Errors: DATA_LOSS for another ledger of a number up to the newest one's.
  arrow::Result<bool> IsRepeated(const ledger::LedgerId& id, const std::string& name) const;

 private:
  std::map<uint32_t, ledger::Hash256> hashes_;
};

}  // namespace stellar_arrow::source
