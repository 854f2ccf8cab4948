// What comes back from disks and clients: the file of a checkpoint, or a cursor. The first byte
// says which: 'c' is a cursor, 's' a file whose checksum is made right first, anything else a file.
#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "stellar_arrow/base/error.h"
#include "stellar_arrow/checkpoint/checkpoint.h"
#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/stream/cursor.h"
#include "stellar_arrow/stream/strict_json.h"
#include "stellar_arrow/text/hex.h"

namespace stellar_arrow::fuzz {
namespace {

constexpr std::string_view kId = "nightly-1";  // of the seeds

void CheckRefusal(const arrow::Status& status, ErrorCode code) {
  Require(CodeOf(status) == code, "it is refused as what it is", status.ToString());
  RequireReadable(status.message());
}

void TryCursor(std::string_view text) {
  const auto cursor = stream::ParseCursor(text);
  if (!cursor.ok()) return CheckRefusal(cursor.status(), ErrorCode::kInvalidArgument);
  const std::string written = stream::ToJson(*cursor);
  const auto again = stream::ParseCursor(written);
  Require(again.ok() && *again == *cursor, "a cursor of ours is read", written);
}

void TryFile(std::string_view text) {
  const auto checkpoint = checkpoint::ParseCheckpoint(text, kId);
  if (!checkpoint.ok()) {
    return CheckRefusal(checkpoint.status(), ErrorCode::kFailedPrecondition);
  }
  Require(checkpoint->id == kId, "a checkpoint is the one asked for", checkpoint->id);
  Require(checkpoint->cursor.at.last.has_value(), "a checkpoint has a place");
  Require(checkpoint::ToText(*checkpoint) == text, "a file is read to the byte", text);
}

// The same fields, written as ours and with their checksum: what only one who knows the format
// would do. Nothing, where `text` is no object.
std::string Sealed(std::string_view text) {
  auto json = stream::ParseObject(text);
  if (!json.ok()) return {};
  json->erase("checksum");
  const std::string fields = json->dump();
  json->emplace("checksum", text::EncodeHex(ledger::Sha256Of(
                                {reinterpret_cast<const uint8_t*>(fields.data()), fields.size()})));
  return json->dump(2) + "\n";
}

void Run(std::string_view input) {
  const char kind = input.empty() ? ' ' : input.front();
  input.remove_prefix(std::min<size_t>(input.size(), 1));
  if (kind == 'c') return TryCursor(input);
  if (kind == 's') return TryFile(Sealed(input));
  TryFile(input);
}

}  // namespace
}  // namespace stellar_arrow::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stellar_arrow::fuzz::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
