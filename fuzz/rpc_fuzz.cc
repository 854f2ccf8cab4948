// What a Stellar RPC node answers. The first byte says to what: 'h' getHealth, 'l' getLatestLedger,
// 'n' getNetwork, anything else getLedgers.
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/source/rpc_answer.h"

namespace stellar_arrow::fuzz {
namespace {

const std::string kNode = "rpc+http://node";

// Whether there is a result.
template <typename Answer>
bool Check(const Answer& answer) {
  if (!answer.ok()) {
    const ErrorCode code = CodeOf(answer.status());
    Require(code == ErrorCode::kUnavailable || code == ErrorCode::kDataLoss,
            "it is refused as what it is", answer.status().ToString());
    RequireReadable(answer.status().message());
    return false;
  }
  if (answer->refusal) RequireReadable(answer->refusal->message);
  return !answer->refusal;
}

void TryPage(const arrow::Buffer& text) {
  const auto answer = source::ReadLedgers(text, kNode, arrow::default_memory_pool());
  if (!Check(answer)) return;
  for (const source::Object& ledger : answer->result.ledgers) {
    const xdr::Bytes wire(ledger.bytes->data(), static_cast<size_t>(ledger.bytes->size()));
    const auto id = ledger::PeekLedger(wire.first(std::min(wire.size(), ledger::kMaxHeaderBytes)));
    Require(id && id->sequence == ledger.first && ledger.first == ledger.last,
            "a ledger is the one it is said to be", ledger.name);
  }
}

void Run(std::string_view input) {
  const char kind = input.empty() ? ' ' : input.front();
  input.remove_prefix(std::min<size_t>(input.size(), 1));
  const arrow::Buffer text(input);
  if (kind == 'h') {
    const auto answer = source::ReadHealth(text, kNode);
    if (Check(answer)) Require(answer->result.newest && answer->result.first, "both are there");
  } else if (kind == 'l') {
    Check(source::ReadLatestLedger(text, kNode));
  } else if (kind == 'n') {
    Check(source::ReadNetwork(text, kNode));
  } else {
    TryPage(text);
  }
}

}  // namespace
}  // namespace stellar_arrow::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stellar_arrow::fuzz::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
