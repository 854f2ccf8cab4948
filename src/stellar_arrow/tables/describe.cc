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
  std::string page = Concat("# ", table.name(), "\n\n", table.doc(),
                            "\n\nMade from the column list in `src/stellar_arrow/tables/",
                            table.name(), ".cc` by `stellar-arrow-source schema ", table.name(),
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
  json["doc"] = table.doc();
  json["columns"] = nlohmann::ordered_json::array();
  for (const ColumnInfo& column : table.columns()) {
    json["columns"].push_back({{"name", column.name},
                               {"type", column.type},
                               {"nullable", column.nullable},
                               {"doc", column.doc}});
  }
  return json.dump() + "\n";
}

}  // namespace stellar_arrow::tables
