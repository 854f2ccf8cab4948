// Counts what a program allocates with operator new. Arrow's memory pools count their own.
#pragma once

#include <cstdint>

namespace stellar_arrow::support {

// Since the program began, over all threads.
int64_t Allocations();

}  // namespace stellar_arrow::support
