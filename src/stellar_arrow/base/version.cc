#include "stellar_arrow/base/version.h"

namespace stellar_arrow {

std::string_view Producer() { return "stellar-arrow-source " SAS_VERSION; }

}  // namespace stellar_arrow
