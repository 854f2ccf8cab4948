// Events of assets' contracts, as the protocol writes them: the unified form of CAP-67, and the
// form that contracts had before protocol 23.
#pragma once

#include <cstdint>
#include <optional>

#include "stellar_arrow/synthetic/world.h"

namespace stellar_arrow::synthetic {

enum class EventForm {
  kOld,      // mint and clawback name the admin; what touches the issuer is a transfer
  kUnified,  // they do not; it is a mint or a burn; amounts may carry a muxed id
};

// `amount` of `asset` went from one to the other; a mint or burn where one is the issuer. The id of
// a muxed destination, or a memo that stands for one, goes with the amount.
ContractEvent MovedEvent(const World& world, const Asset& asset, const SCAddress& from,
                         const SCAddress& to, int64_t amount,
                         const std::optional<SCVal>& to_muxed_id = {},
                         EventForm form = EventForm::kUnified);
// Each with the form's topics.
ContractEvent MintEvent(const World& world, const Asset& asset, const SCAddress& to, int64_t amount,
                        EventForm form);
ContractEvent BurnEvent(const World& world, const Asset& asset, const SCAddress& from,
                        int64_t amount);
ContractEvent ClawbackEvent(const World& world, const Asset& asset, const SCAddress& from,
                            int64_t amount, EventForm form);
ContractEvent AuthorizedEvent(const World& world, const Asset& asset, const AccountID& trustor,
                              bool authorized);
// A fee, or with a negative amount a refund. It names no asset.
ContractEvent FeeEvent(const World& world, const AccountID& from, int64_t amount);

// What an event says of a destination: the id of a muxed account, else the memo, else nothing.
std::optional<SCVal> MuxedIdOf(const MuxedAccount& destination, const Memo& memo);

ContractEvent MakeEvent(const Hash& contract, xdr::ContractEventType type, SCVec topics,
                        SCVal data);

}  // namespace stellar_arrow::synthetic
