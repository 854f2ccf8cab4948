// A lake's store that can go away as a whole: what is missing in it is missing only where the lake
// is there. Knows of a lake only that it has a manifest.
#pragma once

#include <chrono>
#include <memory>

#include "stellar_arrow/source/store.h"

namespace stellar_arrow::source {

// `store`, which tells of nothing that it is missing where its manifest was there, and is not: that
// is UNAVAILABLE, as of a bucket that was deleted or a web server's folder that is not mounted, and
// no lake at its tip. The sight of anything proves for `lasts` that the lake is there. Of one
// without manifest nothing is proven.
std::shared_ptr<Store> WithProof(std::shared_ptr<Store> store,
                                 std::chrono::milliseconds lasts = std::chrono::seconds(10));

}  // namespace stellar_arrow::source
