#include "stellar_arrow/ledger/network.h"

#include <algorithm>
#include <cctype>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::ledger {
namespace {

constexpr KnownNetwork kKnownNetworks[] = {
    {"pubnet", "Public Global Stellar Network ; September 2015"},
    {"testnet", "Test SDF Network ; September 2015"},
    {"futurenet", "Test SDF Future Network ; October 2022"},
    {"standalone", "Standalone Network ; February 2017"},
};

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

std::span<const KnownNetwork> KnownNetworks() { return kKnownNetworks; }

Network Network::FromPassphrase(std::string_view passphrase) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(passphrase.data());
  return {std::string(passphrase), Sha256Of({bytes, passphrase.size()})};
}

arrow::Result<Network> Network::FromNameOrPassphrase(std::string_view text) {
  // As many call it.
  if (EqualIgnoringCase(text, "mainnet") || EqualIgnoringCase(text, "public")) text = "pubnet";
  for (const KnownNetwork& known : kKnownNetworks) {
    if (EqualIgnoringCase(text, known.name)) return FromPassphrase(known.passphrase);
  }
  // Every passphrase in use has blanks in it; a single word is a mistyped name.
  if (text.find(' ') == std::string_view::npos) {
    return Error(ErrorCode::kInvalidArgument, "unknown network '", text,
                 "': give pubnet, testnet, futurenet, standalone, or a whole passphrase");
  }
  return FromPassphrase(text);
}

std::string Network::ToString() const {
  for (const KnownNetwork& known : kKnownNetworks) {
    if (passphrase == known.passphrase) return std::string(known.name);
  }
  return "'" + passphrase + "'";
}

}  // namespace stellar_arrow::ledger
