// One fetched object turned into checked ledgers: unzipped, split, walked. Knows one object; order
// and links between ledgers are the pipeline's.
#pragma once

#include <arrow/status.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "stellar_arrow/base/range.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/memory/budget.h"
#include "stellar_arrow/source/source.h"
#include "stellar_arrow/source/unzip.h"

namespace stellar_arrow::pipeline {

// Reused from object to object, so that its buffers are. Used by one thread at a time.
class OpenedObject {
 public:
  // `memory`, if there is one, must outlive it.
  explicit OpenedObject(int64_t max_object_bytes, const memory::StreamMemory* memory = nullptr)
      : memory_(memory),
        unzipper_(max_object_bytes, memory::PoolOf(memory, memory::Stage::kUnzip)) {}

  // Opens the ledgers of `object` that lie in `range`. Errors: DATA_LOSS naming object, ledger,
  // path and byte; the ledgers ahead of the fault are there all the same. Throws std::bad_alloc
  // where there is no memory to open more.
  arrow::Status Open(source::Object object, LedgerRange range);

  // Gives up the object's bytes, but for the buffers that the next one will use.
  void Clear();

  const source::Object& object() const { return object_; }
  // Valid until the next Open().
  std::span<ledger::Ledger> ledgers() { return {ledgers_.data(), count_}; }
  // Bytes that are held, unzipped.
  int64_t bytes() const { return static_cast<int64_t>(wire_.size()); }

 private:
  arrow::Status OpenAll(LedgerRange range);
  arrow::Status OpenBatch(LedgerRange range);
  // Opens the ledger that `wire` begins with; sets how many bytes it takes.
  arrow::Status OpenOne(xdr::Bytes wire, LedgerRange range, size_t* size);

  const memory::StreamMemory* const memory_;
  source::Object object_;
  source::Unzipper unzipper_;
  xdr::Bytes wire_;  // of the whole object, unzipped
  // The first count_ are open; the others keep their buffers for later objects.
  std::vector<ledger::Ledger> ledgers_;
  size_t count_ = 0;
};

}  // namespace stellar_arrow::pipeline
