// Values of any type through every reader, and ledgers through all that is made of them. The first
// line names the type and, after a blank, a path to follow; the value's bytes come after it.
#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fuzz/ledger_claims.h"
#include "fuzz/require.h"
#include "fuzz/typed_input.h"
#include "fuzz/view_table.h"
#include "stellar_arrow/xdr/json.h"
#include "stellar_arrow/xdr/path.h"
#include "stellar_arrow/xdr/type_info.h"
#include "stellar_arrow/xdr/value.h"

namespace stellar_arrow::fuzz {
namespace {

using xdr::Bytes;
using xdr::TypeInfo;

void RunValue(const Subject& subject, Bytes wire) {
  const TypeInfo& type = subject.type();
  const TypeViews& views = AllViews()[subject.index];
  Require(views.name == type.name, "tables have one order", type.name);
  const auto error = xdr::Explain(type, wire);
  if (views.check != nullptr) {
    Require(views.check(wire) == !error, "both checks agree", error ? error->ToString() : "");
  }
  if (type.name == "LedgerCloseMeta") ReadLedger(wire);
  if (error) {
    Require(error->offset <= wire.size(), "an error lies in the bytes", error->ToString());
    return;
  }
  std::vector<uint8_t> copy;
  xdr::value::Writer w(&copy);
  views.copy(wire, w);
  w.Done();
  Require(std::ranges::equal(copy, wire), "views read every byte", type.name);
  Require(std::ranges::equal(xdr::value::AllCodecs()[subject.index].encode_again(wire), wire),
          "a value comes back to the same bytes", type.name);
  Require(xdr::ValueAt(type, wire).size() == wire.size(), "a value has a size", type.name);
  std::string json;
  xdr::AppendJson(type, wire, json);
  Require(std::ranges::all_of(json, [](char c) { return c >= ' ' && c <= '~'; }),
          "JSON is printable", json);
  Require(nlohmann::json::accept(json), "JSON is JSON", json);
  const auto followed = xdr::FollowPath(type, wire, subject.path);
  if (const auto* part = std::get_if<xdr::Part>(&followed)) {
    const auto fault = xdr::Explain(*part->type, part->wire);
    // A part is counted from its own first level.
    Require(!fault, "a part is a value", fault ? fault->ToString() : "");
  }
}

}  // namespace
}  // namespace stellar_arrow::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stellar_arrow::fuzz;
  const TypedInput input = ReadInput({data, size});
  if (const auto subject = SubjectOf(input.head)) RunValue(*subject, input.wire);
  return 0;
}
