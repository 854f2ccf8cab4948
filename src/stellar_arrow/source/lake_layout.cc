#include "stellar_arrow/source/lake_layout.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::source {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint32_t>::max();

LedgerRange RangeOf(uint32_t sequence, uint64_t size) {
  const uint64_t first = sequence / size * size;
  return {static_cast<uint32_t>(first), static_cast<uint32_t>(std::min(first + size - 1, kMax))};
}

std::string InvertedHex(uint32_t first) {
  char text[9];
  std::snprintf(text, sizeof text, "%08X", static_cast<unsigned>(kMax - first));
  return text;
}

// Reads decimal digits without leading zeros off the front of `text`.
std::optional<uint32_t> TakeNumber(std::string_view& text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto digits = static_cast<size_t>(end - text.data());
  if (error != std::errc() || digits == 0 || (digits > 1 && text[0] == '0')) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

}  // namespace

LedgerRange LakeLayout::FileRange(uint32_t sequence) const {
  return RangeOf(sequence, ledgers_per_file);
}

LedgerRange LakeLayout::PartitionRange(uint32_t sequence) const {
  return RangeOf(sequence, uint64_t{ledgers_per_file} * files_per_partition);
}

std::string LakeLayout::FileName(uint32_t sequence) const {
  const LedgerRange range = FileRange(sequence);
  std::string name = InvertedHex(range.first) + "--" + std::to_string(range.first);
  if (*range.last != range.first) name += "-" + std::to_string(*range.last);
  return name + ".xdr." + extension;
}

std::string LakeLayout::PartitionName(uint32_t sequence) const {
  const LedgerRange range = PartitionRange(sequence);
  return InvertedHex(range.first) + "--" + std::to_string(range.first) + "-" +
         std::to_string(*range.last);
}

std::string LakeLayout::Key(uint32_t sequence) const {
  if (files_per_partition == 1) return FileName(sequence);
  return PartitionName(sequence) + "/" + FileName(sequence);
}

std::optional<LakeName> ParseLakeName(std::string_view name) {
  constexpr std::string_view kMiddle = ".xdr.";
  LakeName parsed;
  if (name.size() < 11 || name.substr(8, 2) != "--") return std::nullopt;
  const std::string_view hex = name.substr(0, 8);
  std::string_view rest = name.substr(10);
  const auto first = TakeNumber(rest);
  if (!first || hex != InvertedHex(*first)) return std::nullopt;
  parsed.first = parsed.last = *first;
  const bool has_last = rest.starts_with('-');
  if (has_last) {
    rest.remove_prefix(1);
    const auto last = TakeNumber(rest);
    if (!last || *last < *first) return std::nullopt;
    parsed.last = *last;
  }
  // A partition states both ends, even where the greatest uint32 is alone in it.
  if (rest.empty()) return has_last ? std::optional(parsed) : std::nullopt;
  if (has_last && parsed.last == parsed.first) return std::nullopt;
  if (!rest.starts_with(kMiddle) || rest.size() == kMiddle.size()) return std::nullopt;
  parsed.extension = rest.substr(kMiddle.size());
  return parsed;
}

std::string FormatManifest(const LakeManifest& manifest) {
  nlohmann::ordered_json json;
  json["networkPassphrase"] = manifest.network_passphrase;
  json["version"] = "1.0";
  json["compression"] = "zstd";
  json["ledgersPerBatch"] = manifest.ledgers_per_file;
  json["batchesPerPartition"] = manifest.files_per_partition;
  return json.dump(2) + "\n";
}

arrow::Result<LakeManifest> ParseManifest(std::string_view text) {
  const auto refuse = [](const auto&... why) {
    return Error(ErrorCode::kDataLoss, "no valid lake manifest: ", why...);
  };
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return refuse("it is no JSON object");
  LakeManifest manifest;
  const auto passphrase = json.find("networkPassphrase");
  if (passphrase == json.end() || !passphrase->is_string() ||
      passphrase->get_ref<const std::string&>().empty()) {
    return refuse("networkPassphrase is missing");
  }
  manifest.network_passphrase = passphrase->get<std::string>();
  const auto compression = json.find("compression");
  if (compression != json.end() && *compression != "zstd") {
    return refuse("compression is ", compression->dump(), ", only \"zstd\" is known");
  }
  const auto read_count = [&](const char* key, uint32_t* count) -> arrow::Status {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_number_unsigned() || *found == 0u || *found > kMax) {
      return refuse(key, " is not a number from 1 to 4294967295");
    }
    *count = found->get<uint32_t>();
    return arrow::Status::OK();
  };
  ARROW_RETURN_NOT_OK(read_count("ledgersPerBatch", &manifest.ledgers_per_file));
  ARROW_RETURN_NOT_OK(read_count("batchesPerPartition", &manifest.files_per_partition));
  return manifest;
}

}  // namespace stellar_arrow::source
