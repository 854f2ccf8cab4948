// Some consecutive ledgers as a worker hands them on: each proven by itself, their order and links
// not judged yet.
#pragma once

#include <arrow/status.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "stellar_arrow/ledger/verify.h"
#include "stellar_arrow/pipeline/conversion.h"
#include "stellar_arrow/pipeline/opened_object.h"
#include "stellar_arrow/source/source.h"

namespace stellar_arrow::pipeline {

struct Segment {
  struct Object {
    std::string name;
    uint32_t first = 0;        // ledger that it must hold; 0 = its name tells nothing
    int64_t stored_bytes = 0;  // 0 where an earlier segment began with it
    uint32_t joint = 0;        // as the source's object says
  };
  struct LedgerAt {
    ledger::LedgerLink link;
    int64_t raw_bytes = 0;
    size_t object = 0;  // index
    // As in PassedLedger.
    std::chrono::nanoseconds processing{};
    std::chrono::nanoseconds conversion{};
  };
  struct LedgerFault {
    size_t ledger = 0;  // index
    ledger::Fault fault;
  };

  std::vector<Object> objects;
  std::vector<LedgerAt> ledgers;
  std::vector<LedgerFault> faults;  // in order
  // What went wrong behind these ledgers: with the last object, or, `then` being kEnd, the fetching
  // of the next.
  arrow::Status status;
  // What the source had behind the objects; kObject: more.
  source::Fetched::State then = source::Fetched::State::kObject;
  std::string reason;  // of kNotYet

  // The ledgers themselves, of the one object; or, where they are converted, their rows.
  std::unique_ptr<OpenedObject> opened;
  std::shared_ptr<const Chunk> chunk;

  // That are held.
  int64_t bytes() const {
    return (opened != nullptr ? opened->bytes() : 0) + (chunk != nullptr ? chunk->bytes : 0);
  }
};

}  // namespace stellar_arrow::pipeline
