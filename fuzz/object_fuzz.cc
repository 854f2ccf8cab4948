// An object of a source, opened: unzipped under its cap, split, walked, made into rows. The first
// line says how: FORM ZIP CAP FIRST LAST, where FORM is "batch" or "ledger"; ZIP is "bare", "zip"
// (the content is zipped here, so that mutants of it get in) or "raw" (a zstd object as it is); CAP
// the most bytes to unzip to; FIRST and LAST the ledgers that its name tells (0: none). The content
// comes after it.
#include <arrow/buffer.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/ledger_claims.h"
#include "fuzz/require.h"
#include "fuzz/typed_input.h"
#include "stellar_arrow/base/error.h"
#include "stellar_arrow/pipeline/opened_object.h"
#include "stellar_arrow/source/frame.h"
#include "stellar_arrow/source/unzip.h"

namespace stellar_arrow::fuzz {
namespace {

constexpr int64_t kMostCap = int64_t{32} << 20;

struct How {
  std::string form;
  std::string zip;
  int64_t cap = 0;
  uint32_t first = 0;
  uint32_t last = 0;
};

std::vector<uint8_t> Zip(const std::vector<uint8_t>& content) {
  std::vector<uint8_t> out(ZSTD_compressBound(content.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), content.data(), content.size(), /*level=*/1));
  return out;
}

// The outcome of one opening, to hold against another's.
std::string Open(pipeline::OpenedObject& opened, const source::Object& object, LedgerRange range,
                 int64_t cap) {
  const arrow::Status status = opened.Open(object, range);
  Require(opened.bytes() <= source::MaxUnzippedBytes(object.bytes->size(), cap) || !object.zstd,
          "the cap is kept");
  if (!status.ok()) {
    const ErrorCode code = CodeOf(status);
    Require(code == ErrorCode::kDataLoss || code == ErrorCode::kResourceExhausted,
            "a bad object is refused as such", status.ToString());
  }
  std::string outcome = status.ToString();
  size_t bytes = 0;
  uint32_t before = 0;
  for (const ledger::Ledger& ledger : opened.ledgers()) {
    Require(ledger.sequence() >= range.first && (!range.last || ledger.sequence() <= *range.last),
            "a ledger is of the range");
    Require(bytes == 0 || ledger.sequence() == before + 1, "ledgers follow each other");
    before = ledger.sequence();
    bytes += ledger.wire().size();
    outcome += " " + std::to_string(before);
  }
  Require(bytes <= static_cast<size_t>(opened.bytes()), "ledgers lie in their object");
  if (status.ok() && object.last != 0 && object.form == source::Form::kBatch && range.first == 0 &&
      !range.last) {
    Require(!opened.ledgers().empty() && before == object.last, "a batch is whole");
  }
  return outcome;
}

void Run(const How& how, std::vector<uint8_t> content) {
  const xdr::Bytes wire(content);
  if (const auto frame = source::FrameAt(wire, 0); frame.ok() && *frame) {
    Require(wire.size() >= source::kFrameMarkBytes && **frame <= source::kMaxFrameBytes,
            "a record has a size");
  }
  source::Object object;
  object.name = "object";
  object.form = how.form == "batch" ? source::Form::kBatch : source::Form::kLedger;
  object.zstd = how.zip != "bare";
  object.first = how.first;
  object.last = how.last;
  if (how.zip == "zip") content = Zip(content);
  object.bytes = arrow::Buffer::FromVector(std::move(content));
  const xdr::Bytes stored(object.bytes->data(), static_cast<size_t>(object.bytes->size()));
  const int64_t cap = std::clamp<int64_t>(how.cap, 1, kMostCap);
  source::Unzipper unzipper(cap);
  if (const auto unzipped = unzipper.Unzip(stored); unzipped.ok()) {
    Require(source::IsZstd(stored) && !source::IsCutShort(stored), "what is unzipped is whole");
    // A byte less, and it is not.
    Require(!unzipper.Unzip(stored.first(stored.size() - 1)).ok(), "what is cut is refused");
    Require(source::IsCutShort(stored.first(stored.size() - 1)) || stored.size() < 5,
            "what is cut is seen to be");
  }
  pipeline::OpenedObject opened(cap);
  const std::string all = Open(opened, object, {}, cap);
  for (const ledger::Ledger& ledger : opened.ledgers()) ReadLedger(ledger.wire());
  (void)Open(opened, object, {how.first, how.first}, cap);
  Require(Open(opened, object, {}, cap) == all, "an object opens the same again", all);
  opened.Clear();
  Require(opened.ledgers().empty() && opened.bytes() == 0, "what is cleared is empty");
}

}  // namespace
}  // namespace stellar_arrow::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stellar_arrow::fuzz;
  TypedInput input = ReadInput({data, size});
  How how;
  std::istringstream(input.head) >> how.form >> how.zip >> how.cap >> how.first >> how.last;
  Run(how, std::move(input.wire));
  return 0;
}
