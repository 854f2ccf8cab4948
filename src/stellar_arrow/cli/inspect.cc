// `inspect`: ledgers, or parts of them, as JSON in SEP-51's form.
#include <arrow/buffer.h>
#include <arrow/io/file.h>

#include <cstdio>
#include <string>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/cli/commands.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/source/unzip.h"
#include "stellar_arrow/xdr/json.h"
#include "stellar_arrow/xdr/path.h"

namespace stellar_arrow::cli {
namespace {

arrow::Status PrintPart(const xdr::TypeInfo& type, xdr::Bytes wire, std::string_view path) {
  const auto part = xdr::FollowPath(type, wire, path);
  if (const auto* error = std::get_if<xdr::PathError>(&part)) {
    return Error(ErrorCode::kInvalidArgument, "--path ", path, ": ", error->message);
  }
  std::string json;
  xdr::AppendJson(*std::get<xdr::Part>(part).type, std::get<xdr::Part>(part).wire, json);
  json += '\n';
  std::fwrite(json.data(), 1, json.size(), stdout);
  return arrow::Status::OK();
}

// A file that holds one value of any of the protocol's types.
arrow::Status InspectValue(const InspectArguments& arguments, const Settings& settings) {
  const xdr::TypeInfo* type = xdr::FindType(arguments.type);
  if (type == nullptr) {
    return Error(ErrorCode::kInvalidArgument, "--type ", arguments.type,
                 ": the protocol has no type of this name (names are as in its .x files)");
  }
  ARROW_ASSIGN_OR_RAISE(const auto file, arrow::io::MemoryMappedFile::Open(
                                             arguments.source, arrow::io::FileMode::READ));
  ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
  ARROW_ASSIGN_OR_RAISE(const auto buffer, file->ReadAt(0, size));
  xdr::Bytes wire(buffer->data(), static_cast<size_t>(buffer->size()));
  source::Unzipper unzipper(SourceOptionsOf(settings).max_object_bytes);
  if (source::IsZstd(wire)) {
    ARROW_ASSIGN_OR_RAISE(wire, unzipper.Unzip(wire));
  }
  if (const auto error = xdr::Explain(*type, wire)) {
    return Error(ErrorCode::kDataLoss, arguments.source, " is no ", type->name, ": ",
                 error->ToString());
  }
  return PrintPart(*type, wire, arguments.path);
}

}  // namespace

arrow::Status Inspect(const InspectArguments& arguments, const Settings& settings) {
  if (!arguments.type.empty()) return InspectValue(arguments, settings);
  ARROW_ASSIGN_OR_RAISE(const auto source, OpenSource(arguments.source, settings));
  ARROW_ASSIGN_OR_RAISE(const source::Extent extent, source->GetExtent());
  pipeline::Options options;
  options.verify = ledger::VerifyLevel::kStructure;
  options.gaps = source::GapPolicy::kSkip;
  options.range = {extent.first.value_or(0), extent.newest};
  if (arguments.ledger) options.range = {*arguments.ledger, *arguments.ledger};
  ARROW_ASSIGN_OR_RAISE(const auto pipeline, pipeline::Pipeline::Make(*source, options));
  int64_t printed = 0;
  std::string why;  // there is no more
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto step, pipeline->Next(!extent.grows));
    if (step == pipeline::Progress::kNotYet) why = Concat(": ", pipeline->waiting_for());
    if (step != pipeline::Progress::kLedger) break;
    ARROW_RETURN_NOT_OK(
        PrintPart(xdr::LedgerCloseMeta::Info(), pipeline->ledger().wire(), arguments.path));
    ++printed;
  }
  if (printed == 0) {
    return Error(ErrorCode::kNotFound, source->name(), " has no ledger",
                 arguments.ledger ? Concat(" ", *arguments.ledger) : std::string("s"), why);
  }
  return arrow::Status::OK();
}

}  // namespace stellar_arrow::cli
