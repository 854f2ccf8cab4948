#include "stellar_arrow/tables/describe.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::tables {

std::string TableAsText(const Table& table) {
  size_t name_width = 0;
  size_t type_width = 0;
  for (const ColumnInfo& column : table.columns()) {
    name_width = std::max(name_width, column.name.size());
    type_width = std::max(type_width, column.type.size());
  }
  std::string text;
  for (const ColumnInfo& column : table.columns()) {
    text.append(column.name).append(name_width - column.name.size() + 2, ' ');
    text.append(column.type).append(type_width - column.type.size() + 2, ' ');
    text.append(column.nullable ? "null\n" : "not null\n");
  }
  return text;
}

std::string TableAsMarkdown(const Table& table) {
  std::string page =
      Concat("# ", table.name(), "\n\n", table.doc(), "\n\nSchema version ", table.schema_version(),
             ". Made from the column list in `src/stellar_arrow/tables/", table.name(),
             ".cc` by `stellar-arrow-source schema ", table.name(),
             " --format markdown`.\n\n| # | column | type | null | meaning |\n"
             "| --- | --- | --- | --- | --- |\n");
  int number = 0;
  for (const ColumnInfo& column : table.columns()) {
    page += Concat("| ", number++, " | `", column.name, "` | ", column.type, " | ",
                   column.nullable ? "yes" : "no", " | ", column.doc, " |\n");
  }
  return page;
}

std::string TableAsJson(const Table& table) {
  nlohmann::ordered_json json;
  json["table"] = table.name();
  json["schema_version"] = table.schema_version();
  json["doc"] = table.doc();
  json["columns"] = nlohmann::ordered_json::array();
  for (const ColumnInfo& column : table.columns()) {
    json["columns"].push_back({{"name", column.name},
                               {"type", column.type},
                               {"nullable", column.nullable},
                               {"doc", column.doc}});
  }
  return json.dump(1) + "\n";
}

namespace {

struct OldColumn {
  std::string name;
  std::string type;
  bool nullable;
};

std::string Form(std::string_view type, bool nullable) {
  return Concat(type, nullable ? " null" : " not null");
}

}  // namespace

arrow::Result<SchemaDiff> DiffSchema(std::string_view json, const Table& table) {
  SchemaDiff diff;
  std::vector<OldColumn> old_columns;
  try {
    const auto parsed = nlohmann::json::parse(json);
    if (parsed.at("table") != table.name()) {
      return Error(ErrorCode::kInvalidArgument, "the schema is of table ",
                   parsed.at("table").dump(), ", not of ", table.name());
    }
    diff.old_version = parsed.value("schema_version", "");
    for (const auto& column : parsed.at("columns")) {
      old_columns.push_back({column.at("name"), column.at("type"), column.at("nullable")});
    }
  } catch (const nlohmann::json::exception& error) {
    return Error(ErrorCode::kInvalidArgument, "no schema as `schema ", table.name(),
                 " --format json` prints it: ", error.what());
  }
  std::vector<std::string_view> kept;  // in the new order
  for (size_t i = 0; i < table.columns().size(); ++i) {
    const ColumnInfo& now = table.columns()[i];
    const auto was = std::ranges::find(old_columns, now.name, &OldColumn::name);
    if (was == old_columns.end()) {
      diff.changes.push_back(Concat("+ ", now.name, " ", Form(now.type, now.nullable)));
      // An old column after it has moved, for readers that count.
      diff.compatible &= i >= old_columns.size();
      continue;
    }
    kept.push_back(now.name);
    if (was->type != now.type || was->nullable != now.nullable) {
      diff.changes.push_back(Concat("~ ", now.name, ": ", Form(was->type, was->nullable), " -> ",
                                    Form(now.type, now.nullable)));
      diff.compatible = false;
    }
  }
  std::vector<std::string_view> kept_before;
  for (const OldColumn& was : old_columns) {
    if (std::ranges::find(kept, was.name) != kept.end()) {
      kept_before.push_back(was.name);
      continue;
    }
    diff.changes.push_back(Concat("- ", was.name, " ", Form(was.type, was.nullable)));
    diff.compatible = false;
  }
  for (size_t i = 0; i < kept.size(); ++i) {
    if (kept[i] == kept_before[i]) continue;
    diff.changes.push_back(Concat("> from here on in another order: ", kept[i], " stands where ",
                                  kept_before[i], " stood"));
    diff.compatible = false;
    break;
  }
  return diff;
}

}  // namespace stellar_arrow::tables
