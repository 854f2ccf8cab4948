// A record-marked stream of ledgers as stellar-core writes it: a file, which may still grow, or a
// pipe.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>

#include "stellar_arrow/source/source.h"

namespace stellar_arrow::source {

// `path` may be a file, a FIFO, or "-" for standard input. With `follow`, more may come at its end.
// A pipe can be read once: it allows one stream at a time, which goes on where the last one ended.
// Otherwise thread-safe.
arrow::Result<std::unique_ptr<LedgerSource>> OpenFramed(std::string path, bool follow,
                                                        std::string name);

// One pass over what `fd`, which it closes at its end, gives: kEnd once `range` is complete, or the
// pipe has ended.
std::unique_ptr<ObjectStream> ReadPipe(int fd, std::string name, LedgerRange range,
                                       arrow::MemoryPool* pool);

}  // namespace stellar_arrow::source
