// `tables`, `schema`, `metrics`, `config` and `lake list`: what there is, without touching a
// ledger.
#include "stellar_arrow/tables/catalog.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/cli/commands.h"
#include "stellar_arrow/ops/metric_list.h"
#include "stellar_arrow/source/source.h"
#include "stellar_arrow/tables/describe.h"

namespace stellar_arrow::cli {
namespace {

void Print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace

arrow::Status MetricList() {
  Print(ops::MetricsPage());
  return arrow::Status::OK();
}

arrow::Status Tables() {
  for (const tables::Table* table : tables::Catalog()) {
    Print(Concat(table->name(), "  ", table->doc(), "\n"));
  }
  return arrow::Status::OK();
}

namespace {

arrow::Status PrintSchemaDiff(const std::string& path, const tables::Table& table) {
  std::ifstream file(path, std::ios::binary);
  const std::string json{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) return Error(ErrorCode::kUnavailable, "cannot read ", path);
  auto compared = tables::DiffSchema(json, table);
  if (!compared.ok()) return WithContext(compared.status(), path);
  const tables::SchemaDiff& diff = *compared;
  const std::string versions =
      Concat(table.name(), " ", diff.old_version.empty() ? "(no version)" : diff.old_version,
             " -> ", table.schema_version());
  for (const std::string& change : diff.changes) Print(change + "\n");
  if (!diff.compatible) {
    return Error(ErrorCode::kDataLoss, versions,
                 ": readers of the old version cannot read the new one");
  }
  Print(Concat(
      versions,
      diff.changes.empty() ? ": the same columns" : ": columns added after the old ones only",
      "\n"));
  return arrow::Status::OK();
}

}  // namespace

arrow::Status Schema(const SchemaArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const tables::Table* table, tables::FindTable(arguments.table));
  if (!arguments.diff.empty()) return PrintSchemaDiff(arguments.diff, *table);
  if (arguments.format == "json") {
    Print(tables::TableAsJson(*table));
  } else if (arguments.format == "markdown") {
    Print(tables::TableAsMarkdown(*table));
  } else {
    Print(tables::TableAsText(*table));
  }
  return arrow::Status::OK();
}

namespace {

std::string Shown(const Option& option, const Value& value) {
  return option.name == "source" ? source::ShownUrl(value.text) : value.text;
}

}  // namespace

arrow::Status Config(bool as_json, const Settings& settings) {
  if (as_json) {
    nlohmann::ordered_json json;
    for (const Option& option : AllOptions()) {
      const Value& value = settings.Get(option.name);
      json[std::string(option.name)] = {{"value", Shown(option, value)}, {"origin", value.origin}};
    }
    Print(json.dump() + "\n");
    return arrow::Status::OK();
  }
  size_t width = 0;
  for (const Option& option : AllOptions()) width = std::max(width, option.name.size());
  for (const Option& option : AllOptions()) {
    const Value& value = settings.Get(option.name);
    Print(Concat(option.name, std::string(width - option.name.size(), ' '), " = ",
                 value.text.empty() ? "(none)" : Shown(option, value), "  (", value.origin, ")\n"));
  }
  return arrow::Status::OK();
}

arrow::Status LakeList(const std::string& url, bool as_json, const Settings& settings) {
  ARROW_ASSIGN_OR_RAISE(const source::LakeListing lake,
                        source::ListLake(url, SourceOptionsOf(settings)));
  if (as_json) {
    nlohmann::ordered_json json;
    json["first"] = nullptr;
    json["last"] = nullptr;
    if (lake.first) json["first"] = *lake.first;
    if (lake.last) json["last"] = *lake.last;
    json["objects"] = lake.objects;
    json["ledgers_per_file"] = lake.ledgers_per_file;
    json["gaps"] = nlohmann::ordered_json::array();
    for (const LedgerGap& gap : lake.gaps) json["gaps"].push_back({gap.first, gap.last});
    Print(json.dump() + "\n");
    return arrow::Status::OK();
  }
  if (!lake.first) {
    Print(Concat(url, " is an empty lake\n"));
    return arrow::Status::OK();
  }
  Print(Concat("ledgers ", *lake.first, " to ", *lake.last, " in ", lake.objects, " objects of ",
               lake.ledgers_per_file, "\n"));
  for (const LedgerGap& gap : lake.gaps) {
    Print(Concat("gap: ledgers ", gap.first, " to ", gap.last, " are missing\n"));
  }
  return arrow::Status::OK();
}

}  // namespace stellar_arrow::cli
