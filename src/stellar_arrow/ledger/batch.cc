#include "stellar_arrow/ledger/batch.h"

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/xdr/generated/marked_walk.h"

namespace stellar_arrow::ledger {

arrow::Result<BatchHead> ReadBatchHead(xdr::Bytes wire) {
  using xdr::marked::ReadAt;
  constexpr size_t kWord = sizeof(uint32_t);
  constexpr size_t kHeadBytes = 3 * kWord;  // startSequence, endSequence, the list's count
  if (wire.size() < kHeadBytes) {
    return Error(ErrorCode::kDataLoss, "no LedgerCloseMetaBatch: only ", wire.size(), " bytes");
  }
  BatchHead head;
  head.first = ReadAt<uint32_t>(wire.data());
  head.last = ReadAt<uint32_t>(wire.data() + kWord);
  head.count = ReadAt<uint32_t>(wire.data() + 2 * kWord);
  head.ledgers = wire.subspan(kHeadBytes);
  if (head.last < head.first || uint64_t{head.last} - head.first + 1 != head.count) {
    return Error(ErrorCode::kDataLoss, "the batch says it holds ledgers ", head.first, " to ",
                 head.last, ", but also that they are ", head.count);
  }
  return head;
}

}  // namespace stellar_arrow::ledger
