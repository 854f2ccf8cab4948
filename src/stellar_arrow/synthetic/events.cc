#include "stellar_arrow/synthetic/events.h"

#include <utility>

namespace stellar_arrow::synthetic {
namespace {

bool IsIssuer(const SCAddress& address, const Asset& asset) {
  const AccountID* account = address.ifAccountId();
  return account != nullptr && synthetic::IsIssuer(*account, asset);
}

SCVal Amount(int64_t amount, const std::optional<SCVal>& to_muxed_id) {
  if (!to_muxed_id) return Number(amount);
  return Map({{Symbol("amount"), Number(amount)}, {Symbol("to_muxed_id"), *to_muxed_id}});
}

ContractEvent AssetEvent(const World& world, const Asset& asset, SCVec topics, SCVal data) {
  topics.push_back(Text(TextOf(asset)));
  return MakeEvent(world.ContractOf(asset), xdr::ContractEventType::CONTRACT, std::move(topics),
                   std::move(data));
}

// Whoever may mint and claw back: the issuer.
SCVal Admin(const Asset& asset) { return AddressValue(AddressOf(*IssuerOf(asset))); }

}  // namespace

ContractEvent MakeEvent(const Hash& contract, xdr::ContractEventType type, SCVec topics,
                        SCVal data) {
  ContractEvent event;
  event.contractID = contract;
  event.type = type;
  event.body = ContractEventBody::v0({std::move(topics), std::move(data)});
  return event;
}

ContractEvent MovedEvent(const World& world, const Asset& asset, const SCAddress& from,
                         const SCAddress& to, int64_t amount,
                         const std::optional<SCVal>& to_muxed_id, EventForm form) {
  if (form == EventForm::kUnified && IsIssuer(from, asset) != IsIssuer(to, asset)) {
    if (IsIssuer(to, asset)) return BurnEvent(world, asset, from, amount);
    return AssetEvent(world, asset, {Symbol("mint"), AddressValue(to)},
                      Amount(amount, to_muxed_id));
  }
  return AssetEvent(world, asset, {Symbol("transfer"), AddressValue(from), AddressValue(to)},
                    Amount(amount, form == EventForm::kUnified ? to_muxed_id : std::nullopt));
}

ContractEvent MintEvent(const World& world, const Asset& asset, const SCAddress& to, int64_t amount,
                        EventForm form) {
  SCVec topics = {Symbol("mint")};
  if (form == EventForm::kOld) topics.push_back(Admin(asset));
  topics.push_back(AddressValue(to));
  return AssetEvent(world, asset, std::move(topics), Number(amount));
}

ContractEvent BurnEvent(const World& world, const Asset& asset, const SCAddress& from,
                        int64_t amount) {
  return AssetEvent(world, asset, {Symbol("burn"), AddressValue(from)}, Number(amount));
}

ContractEvent ClawbackEvent(const World& world, const Asset& asset, const SCAddress& from,
                            int64_t amount, EventForm form) {
  SCVec topics = {Symbol("clawback")};
  if (form == EventForm::kOld) topics.push_back(Admin(asset));
  topics.push_back(AddressValue(from));
  return AssetEvent(world, asset, std::move(topics), Number(amount));
}

ContractEvent AuthorizedEvent(const World& world, const Asset& asset, const AccountID& trustor,
                              bool authorized) {
  return AssetEvent(world, asset, {Symbol("set_authorized"), AddressValue(AddressOf(trustor))},
                    SCVal::SCV_BOOL(authorized));
}

ContractEvent FeeEvent(const World& world, const AccountID& from, int64_t amount) {
  return MakeEvent(world.ContractOf(Native()), xdr::ContractEventType::CONTRACT,
                   {Symbol("fee"), AddressValue(AddressOf(from))}, Number(amount));
}

std::optional<SCVal> MuxedIdOf(const MuxedAccount& destination, const Memo& memo) {
  if (const MuxedAccountMed25519* muxed = destination.ifMed25519()) {
    return SCVal::SCV_U64(muxed->id);
  }
  switch (memo.type()) {
    case xdr::MemoType::MEMO_NONE:
      return std::nullopt;
    case xdr::MemoType::MEMO_TEXT:
      return Text(memo.text());
    case xdr::MemoType::MEMO_ID:
      return SCVal::SCV_U64(memo.id());
    case xdr::MemoType::MEMO_HASH:
      return SCVal::SCV_BYTES({memo.hash().begin(), memo.hash().end()});
    case xdr::MemoType::MEMO_RETURN:
      return SCVal::SCV_BYTES({memo.retHash().begin(), memo.retHash().end()});
  }
  return std::nullopt;
}

}  // namespace stellar_arrow::synthetic
