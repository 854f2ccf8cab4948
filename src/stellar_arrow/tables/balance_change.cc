#include "stellar_arrow/tables/balance_change.h"

#include <algorithm>
#include <cstring>

namespace stellar_arrow::tables {
namespace {

std::optional<xdr::Int128Parts> AmountOf(const xdr::SCVal& data) {
  if (const auto amount = data.ifI128()) return amount;
  // With the id of a muxed receiver beside it.
  const auto map = data.ifMap();
  if (!map || !*map) return std::nullopt;
  for (const xdr::SCMapEntry entry : **map) {
    const xdr::SCVal key = entry.key();
    if (const auto name = key.ifSym(); name && *name == "amount") return entry.val().ifI128();
  }
  return std::nullopt;
}

}  // namespace

const BalanceChanges::Entry* BalanceChanges::Find(std::string_view name, xdr::Hash contract,
                                                  const ledger::Hash256& network_id) {
  // Contracts' ids are hashes: any bytes of one are as good as another.
  uint32_t word;
  std::memcpy(&word, contract.data(), sizeof word);
  Entry& entry = entries_[word & (kPlaces - 1)];
  const auto same = [&](const Entry& kept) {
    return std::string_view(kept.name.data(), kept.name_size) == name &&
           std::ranges::equal(kept.contract, contract) && kept.network_id == network_id;
  };
  if (!name.empty() && same(entry)) return &entry;
  if (name.size() > kMaxName) return nullptr;
  const auto asset = ledger::AssetNamed(name, &other_.wire);
  if (!asset) return nullptr;
  other_.wire_size = static_cast<uint8_t>(asset->wire().size());
  other_.contract = ledger::AssetContractId(*asset, network_id, sha_);
  if (!std::ranges::equal(other_.contract, contract)) return nullptr;
  other_.network_id = network_id;
  std::ranges::copy(name, other_.name.begin());
  other_.name_size = static_cast<uint8_t>(name.size());
  entry = other_;
  return &entry;
}

std::optional<BalanceChange> BalanceChanges::Of(const xdr::ContractEvent& event,
                                                const ledger::Hash256& network_id) {
  const auto contract = event.contractID();
  const auto body = event.body().ifV0();
  if (event.type() != xdr::ContractEventType::CONTRACT || !contract || !body) return std::nullopt;
  const xdr::List<xdr::SCVal> topics = body->topics();
  if (topics.size() < 3 || topics.size() > 4) return std::nullopt;
  std::array<std::optional<xdr::SCVal>, 4> topic;
  std::ranges::copy(topics, topic.begin());
  const auto name = topic[0]->ifSym();
  const auto asset_name = topic[topics.size() - 1]->ifStr();
  if (!name || !asset_name) return std::nullopt;
  const auto amount = AmountOf(body->data());
  if (!amount) return std::nullopt;
  // The addresses between the name and the asset.
  const auto first = topic[1]->ifAddress();
  const auto second = topics.size() == 4 ? topic[2]->ifAddress() : std::nullopt;
  if (!first || (topics.size() == 4 && !second)) return std::nullopt;
  const auto last = second ? second : first;

  const Entry* const known = Find(*asset_name, *contract, network_id);
  if (known == nullptr) return std::nullopt;
  const auto asset = xdr::Asset::Check({known->wire.data(), known->wire_size});
  BalanceChange change{*name, {}, {}, *amount, ledger::PartsOf(*asset)};
  if (*name == "transfer" && second) {
    change.from = first;
    change.to = second;
  } else if (*name == "mint") {  // before CAP-67 an administrator stands ahead of the receiver
    change.to = last;
  } else if (*name == "clawback") {
    change.from = last;
  } else if (*name == "burn" && !second) {
    change.from = first;
  } else {
    return std::nullopt;
  }
  return change;
}

}  // namespace stellar_arrow::tables
