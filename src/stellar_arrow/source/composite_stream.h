// One stream over several sources: which of them it reads, and when it goes on with another.
#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <memory>
#include <stop_token>

#include "stellar_arrow/source/source.h"
#include "stellar_arrow/source/source_parts.h"

namespace stellar_arrow::source {

// The range from the first of the sources on that has it. Errors: why none of them gives it, or
// what ends a stream whoever it reads: CANCELLED, no memory, a fault of ours.
arrow::Result<std::unique_ptr<ObjectStream>> OpenCompositeStream(std::shared_ptr<SourceParts> parts,
                                                                 LedgerRange range, GapPolicy gaps,
                                                                 arrow::MemoryPool* pool,
                                                                 const std::stop_token& stop);

}  // namespace stellar_arrow::source
