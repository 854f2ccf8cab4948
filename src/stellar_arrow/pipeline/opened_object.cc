#include "stellar_arrow/pipeline/opened_object.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/batch.h"
#include "stellar_arrow/source/lake_layout.h"

namespace stellar_arrow::pipeline {
namespace {

using source::kFirstLakeLedger;

bool Contains(LedgerRange range, uint32_t sequence) {
  return sequence >= range.first && (!range.last || sequence <= *range.last);
}

}  // namespace

arrow::Status OpenedObject::Open(source::Object object, LedgerRange range) {
  object_ = std::move(object);
  count_ = 0;
  wire_ = {};
  const arrow::Status status = OpenAll(range);
  if (status.ok()) return status;
  const ErrorDetail* detail = DetailOf(status);
  if (object_.first != 0 && (detail == nullptr || !detail->ledger())) {
    // What cannot be read at all is still known by the object's name.
    const uint32_t ledger = std::max({object_.first, kFirstLakeLedger, range.first});
    return LedgerError(CodeOf(status), ledger, object_.name, ": ledger ", ledger, ": ",
                       status.message());
  }
  return WithContext(status, object_.name);
}

void OpenedObject::Clear() {
  object_ = {};
  wire_ = {};
  count_ = 0;
}

arrow::Status OpenedObject::OpenAll(LedgerRange range) {
  const xdr::Bytes stored(object_.bytes->data(), static_cast<size_t>(object_.bytes->size()));
  if (object_.zstd) {
    ARROW_ASSIGN_OR_RAISE(wire_, unzipper_.Unzip(stored));
  } else {
    wire_ = stored;
  }
  switch (object_.form) {
    case source::Form::kBatch:
      return OpenBatch(range);
    case source::Form::kLedger: {
      size_t size = 0;
      ARROW_RETURN_NOT_OK(OpenOne(wire_, range, &size));
      if (size == wire_.size()) return arrow::Status::OK();
      count_ = 0;
      return Error(ErrorCode::kDataLoss, wire_.size() - size, " bytes follow the ledger at byte ",
                   size);
    }
  }
  return arrow::Status::OK();
}

arrow::Status OpenedObject::OpenBatch(LedgerRange range) {
  ARROW_ASSIGN_OR_RAISE(const ledger::BatchHead head, ledger::ReadBatchHead(wire_));
  if (object_.last != 0 &&
      (head.last != object_.last || head.first != std::max(object_.first, kFirstLakeLedger))) {
    return Error(ErrorCode::kDataLoss, "the name says ledgers ",
                 std::max(object_.first, kFirstLakeLedger), " to ", object_.last, ", the content ",
                 head.first, " to ", head.last);
  }
  xdr::Bytes rest = head.ledgers;
  for (uint32_t i = 0; i < head.count; ++i) {
    const uint32_t expected = head.first + i;
    size_t size = 0;
    // Opened with no regard to the range, so that every ledger's number is seen.
    if (const arrow::Status opened = OpenOne(rest, {}, &size); !opened.ok()) {
      return WithContext(opened, Concat("in the batch from byte ", wire_.size() - rest.size()));
    }
    const uint32_t sequence = ledgers_[count_ - 1].sequence();
    if (sequence != expected) {
      --count_;
      return LedgerError(ErrorCode::kDataLoss, expected, "ledger ", expected,
                         " should be at place ", i, " of the batch, but it is ledger ", sequence);
    }
    if (!Contains(range, sequence) || sequence < object_.joint) --count_;
    rest = rest.subspan(size);
  }
  if (rest.empty()) return arrow::Status::OK();
  return Error(ErrorCode::kDataLoss, rest.size(), " bytes follow the batch at byte ",
               wire_.size() - rest.size());
}

arrow::Status OpenedObject::OpenOne(xdr::Bytes wire, LedgerRange range, size_t* size) {
  if (count_ == ledgers_.size())
    ledgers_.emplace_back(memory::PoolOf(memory_, memory::Stage::kDecode));
  ledger::Ledger& ledger = ledgers_[count_];
  ARROW_ASSIGN_OR_RAISE(*size, ledger.OpenPrefix(wire));
  if (Contains(range, ledger.sequence())) ++count_;
  return arrow::Status::OK();
}

}  // namespace stellar_arrow::pipeline
