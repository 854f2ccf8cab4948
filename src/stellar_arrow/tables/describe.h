// The catalog as reference text, from the column lists alone.
#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>
#include <vector>

#include "stellar_arrow/tables/catalog.h"

namespace stellar_arrow::tables {

// One line a column: name, type, "null" or "not null".
std::string TableAsText(const Table& table);
// The page docs/tables/<name>.md.
std::string TableAsMarkdown(const Table& table);
// {"table":…,"schema_version":…,"doc":…,"columns":[{"name":…,"type":…,"nullable":…,"doc":…},…]}
std::string TableAsJson(const Table& table);

// What changed between two versions of a table's columns.
struct SchemaDiff {
  // One line a change: "+ name type null", "- name ...", "~ name: type -> type", or where a column
  // moved.
  std::vector<std::string> changes;
  // Whether readers of the old version can read the new one: columns were only added, after the
  // old ones.
  bool compatible = true;
  std::string old_version;  // as the old schema states it; empty = it does not
};

// The changes from an older (or newer) version, as TableAsJson() wrote it, to `table`. Meanings
// are not compared. Errors: INVALID_ARGUMENT where `json` is no such schema, or another table's.
arrow::Result<SchemaDiff> DiffSchema(std::string_view json, const Table& table);

}  // namespace stellar_arrow::tables
