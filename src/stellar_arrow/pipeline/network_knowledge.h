// What a pipeline knows of its network: named by somebody, or proven by a ledger's transactions.
#pragma once

#include <arrow/status.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "stellar_arrow/ledger/network.h"

namespace stellar_arrow::ledger {
class Ledger;
class Sha256;
}  // namespace stellar_arrow::ledger

namespace stellar_arrow::pipeline {

// Thread-safe.
class NetworkKnowledge {
 public:
  // `origin` says for messages who named it. `on_note` is told once which network was found.
  NetworkKnowledge(std::optional<ledger::Network> named, std::string origin,
                   std::function<void(const std::string&)> on_note);

  // Null while it is not known. The pointer stays valid and the network the same.
  const ledger::Network* Get() const;

  // Proves the named network by `ledger`, or finds the network among the known ones, unless a
  // ledger has already done so. Errors: FAILED_PRECONDITION where the named network is not the
  // ledger's.
  arrow::Status Prove(const ledger::Ledger& ledger, ledger::Sha256& sha);

 private:
  const std::optional<ledger::Network> named_;
  const std::string origin_;
  const std::function<void(const std::string&)> on_note_;
  std::mutex mutex_;
  std::atomic<bool> proven_ = false;
  ledger::Network found_;  // written once, before proven_
};

}  // namespace stellar_arrow::pipeline
