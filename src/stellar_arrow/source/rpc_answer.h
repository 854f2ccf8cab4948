// What a Stellar RPC node answers (JSON-RPC), as far as it is read: checked, and taken apart. Knows
// no network.
#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "stellar_arrow/source/source.h"

namespace stellar_arrow::source {

struct RpcRefusal {
  int64_t code = 0;
  std::string message;  // printable and short

  // Whether the same request can only be refused again: no such ledgers, or too many.
  bool IsOfParameters() const;
};

arrow::Status StatusOf(const RpcRefusal& refusal, const std::string& node, std::string_view method);

template <typename T>
struct RpcAnswer {
  std::optional<RpcRefusal> refusal;  // in place of
  T result{};
};

struct RpcPage {
  std::deque<Object> ledgers;  // Form::kLedger, in the answer's order
  uint32_t newest = 0;         // that the node has
};

// Each reads an answer to the method in its name; `node` is the source's name. Errors: UNAVAILABLE
// for what is no answer (a page of a proxy, a text that is cut), with what is wrong with it.
arrow::Result<RpcAnswer<Extent>> ReadHealth(const arrow::Buffer& text, const std::string& node);
arrow::Result<RpcAnswer<uint32_t>> ReadLatestLedger(const arrow::Buffer& text,
                                                    const std::string& node);
// The network's passphrase.
arrow::Result<RpcAnswer<std::string>> ReadNetwork(const arrow::Buffer& text,
                                                  const std::string& node);
// Errors also: DATA_LOSS for an entry that is not the ledger that it says; what memory says.
arrow::Result<RpcAnswer<RpcPage>> ReadLedgers(const arrow::Buffer& text, const std::string& node,
                                              arrow::MemoryPool* pool);

}  // namespace stellar_arrow::source
