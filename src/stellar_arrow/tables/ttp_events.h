// The table ttp_events.
#pragma once

#include "stellar_arrow/tables/catalog.h"

namespace stellar_arrow::tables {

const Table& TtpEventsTable();

}  // namespace stellar_arrow::tables
