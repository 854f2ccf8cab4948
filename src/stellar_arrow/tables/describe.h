// The catalog as reference text, from the column lists alone.
#pragma once

#include <string>

#include "stellar_arrow/tables/catalog.h"

namespace stellar_arrow::tables {

// One line a column: name, type, "null" or "not null".
std::string TableAsText(const Table& table);
// The page docs/tables/<name>.md.
std::string TableAsMarkdown(const Table& table);
// {"table":…,"doc":…,"columns":[{"name":…,"type":…,"nullable":…,"doc":…},…]}
std::string TableAsJson(const Table& table);

}  // namespace stellar_arrow::tables
