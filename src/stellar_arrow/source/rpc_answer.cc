#include "stellar_arrow/source/rpc_answer.h"

#include <arrow/buffer.h>
#include <openssl/evp.h>
#include <simdjson.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <span>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/text/hex.h"

namespace stellar_arrow::source {
namespace {

namespace json = simdjson::ondemand;

// JSON-RPC's own codes, and stellar-rpc's.
constexpr int64_t kInvalidRequest = -32600;  // a start out of range, or too great a limit
constexpr int64_t kMethodNotFound = -32601;
constexpr int64_t kInvalidParams = -32602;

// What simdjson's parser allocates itself for each byte of the text: 4 for its index, 5/3 for
// texts.
constexpr int64_t kParserBytes = 6;

// Sets `twice` to the first of the fields `names` that `object` has two of, if there is one:
// readers of JSON differ in which of them they take. Comes back to the object's beginning.
simdjson::error_code FindTwice(json::object& object, std::span<const std::string_view> names,
                               std::optional<std::string_view>* twice) {
  uint32_t seen = 0;  // a bit for each name
  for (auto field : object) {
    std::string_view key;  // without the escapes that one of two may hide behind
    if (const auto error = field.unescaped_key().get(key)) return error;
    const auto name = std::ranges::find(names, key);
    if (name == names.end()) continue;
    const uint32_t bit = uint32_t{1} << (name - names.begin());
    if ((seen & bit) != 0) *twice = *name;
    seen |= bit;
  }
  return object.reset().error();
}

// An answer's result or refusal.
class Envelope {
 public:
  Envelope(const std::string& node, std::string_view method) : place_(Concat(node, " ", method)) {}

  // `fields` of the result will be read.
  arrow::Status Open(const arrow::Buffer& text, arrow::MemoryPool* pool,
                     std::initializer_list<std::string_view> fields);

  const std::optional<RpcRefusal>& refusal() const { return refusal_; }
  json::object& result() { return result_; }  // where there is no refusal

  arrow::Status NoAnswer(const auto&... why) const {
    return Error(ErrorCode::kUnavailable, place_, ": ", why...);
  }

 private:
  // `path` is the object's, and empty or ends with a dot.
  arrow::Status CheckOnce(json::object& object, std::string_view path,
                          std::initializer_list<std::string_view> names) const {
    std::optional<std::string_view> twice;
    if (const auto error = FindTwice(object, names, &twice)) {
      return NoAnswer("the answer is no JSON: ", simdjson::error_message(error));
    }
    return twice ? NoAnswer(path, *twice, " is there twice") : arrow::Status::OK();
  }

  const std::string place_;
  std::shared_ptr<arrow::Buffer> text_;          // with simdjson's padding
  std::shared_ptr<arrow::Buffer> parser_bytes_;  // never touched: counts what the parser allocates
  json::parser parser_;
  json::document document_;
  json::object result_;
  std::optional<RpcRefusal> refusal_;
};

arrow::Status Envelope::Open(const arrow::Buffer& text, arrow::MemoryPool* pool,
                             std::initializer_list<std::string_view> fields) {
  const int64_t size = text.size();
  ARROW_ASSIGN_OR_RAISE(text_, arrow::AllocateBuffer(size + simdjson::SIMDJSON_PADDING, pool));
  std::memcpy(text_->mutable_data(), text.data(), static_cast<size_t>(size));
  std::memset(text_->mutable_data() + size, 0, simdjson::SIMDJSON_PADDING);
  ARROW_ASSIGN_OR_RAISE(parser_bytes_, arrow::AllocateBuffer(kParserBytes * size, pool));
  json::object object;
  auto error = parser_
                   .iterate(reinterpret_cast<const char*>(text_->data()), static_cast<size_t>(size),
                            static_cast<size_t>(text_->size()))
                   .get(document_);
  if (!error) error = document_.get_object().get(object);
  if (error == simdjson::MEMALLOC) {
    return arrow::Status::OutOfMemory(place_, ": no memory to read ", size, " bytes of JSON");
  }
  if (error) return NoAnswer("the answer is no JSON object: ", simdjson::error_message(error));
  ARROW_RETURN_NOT_OK(CheckOnce(object, "", {"error", "result"}));
  json::object refusal;
  if (object["error"].get_object().get(refusal) == simdjson::SUCCESS) {
    ARROW_RETURN_NOT_OK(CheckOnce(refusal, "error.", {"code", "message"}));
    refusal_.emplace();
    if (refusal["code"].get_int64().get(refusal_->code) != simdjson::SUCCESS) {
      return NoAnswer("error.code is no number");
    }
    std::string_view message;
    if (refusal["message"].get_string().get(message) == simdjson::SUCCESS) {
      refusal_->message = Quoted(message, kMostOfOthers);
    }
    return arrow::Status::OK();
  }
  if (object["result"].get_object().get(result_) != simdjson::SUCCESS) {
    return NoAnswer("there is neither a result nor an error in the answer");
  }
  return CheckOnce(result_, "result.", fields);
}

std::optional<uint32_t> SequenceOf(simdjson::simdjson_result<json::value> value) {
  uint64_t number = 0;
  if (value.get_uint64().get(number) != simdjson::SUCCESS || number > UINT32_MAX) return {};
  return static_cast<uint32_t>(number);
}

arrow::Result<std::shared_ptr<arrow::Buffer>> DecodeBase64(std::string_view text,
                                                           arrow::MemoryPool* pool) {
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const auto* from = reinterpret_cast<const unsigned char*>(text.data());
  ARROW_ASSIGN_OR_RAISE(
      auto bytes, arrow::AllocateResizableBuffer(static_cast<int64_t>(text.size() / 4 * 3), pool));
  if (text.empty() || text.size() % 4 != 0 || text.size() > INT_MAX ||
      EVP_DecodeBlock(bytes->mutable_data(), from, static_cast<int>(text.size())) !=
          bytes->size()) {
    return Error(ErrorCode::kDataLoss, "is no base64");
  }
  ARROW_RETURN_NOT_OK(
      bytes->Resize(bytes->size() - static_cast<int64_t>(padding), /*shrink_to_fit=*/false));
  return bytes;
}

constexpr std::string_view kLedgerFields[] = {"sequence", "metadataXdr", "hash"};

// The entry of a page at `index`.
arrow::Result<Object> ReadLedger(json::object ledger, size_t index, const std::string& node,
                                 arrow::MemoryPool* pool) {
  const auto place = [&](std::string_view field) {
    return Concat(node, " getLedgers: ledgers[", index, "].", field);
  };
  std::optional<std::string_view> twice;
  if (const auto error = FindTwice(ledger, kLedgerFields, &twice)) {
    return Error(ErrorCode::kUnavailable, node, " getLedgers: ledgers[", index,
                 "] is no JSON: ", simdjson::error_message(error));
  }
  if (twice == "sequence") return Error(ErrorCode::kDataLoss, place(*twice), " is there twice");
  const auto sequence = SequenceOf(ledger["sequence"]);
  if (!sequence) {
    return Error(ErrorCode::kDataLoss, place("sequence"), " is no ledger's number");
  }
  const auto refuse = [&](std::string_view field, const auto&... why) {
    return LedgerError(ErrorCode::kDataLoss, *sequence, "ledger ", *sequence, ": ", place(field),
                       " ", why...);
  };
  if (twice) return refuse(*twice, "is there twice");
  std::string_view text;
  if (ledger["metadataXdr"].get_string().get(text) != simdjson::SUCCESS) {
    return refuse("metadataXdr", "is no text");
  }
  auto bytes = DecodeBase64(text, pool);
  if (!bytes.ok() && CodeOf(bytes.status()) != ErrorCode::kDataLoss) return bytes.status();
  if (!bytes.ok()) return refuse("metadataXdr", bytes.status().message());
  const xdr::Bytes wire((*bytes)->data(), static_cast<size_t>((*bytes)->size()));
  const auto id = ledger::PeekLedger(wire.first(std::min(wire.size(), ledger::kMaxHeaderBytes)));
  if (!id) {
    return refuse("metadataXdr", "is no LedgerCloseMeta: its ledger header cannot be read");
  }
  if (id->sequence != *sequence) return refuse("metadataXdr", "is ledger ", id->sequence);
  std::string_view hash;
  if (ledger["hash"].get_string().get(hash) != simdjson::SUCCESS ||
      hash != text::EncodeHex(id->hash)) {
    return refuse("hash", "is not the one in metadataXdr, ", text::EncodeHex(id->hash));
  }
  return Object{Concat(node, " ledger ", *sequence),
                Form::kLedger,
                /*zstd=*/false,
                *std::move(bytes),
                *sequence,
                *sequence};
}

}  // namespace

bool RpcRefusal::IsOfParameters() const {
  return code == kInvalidRequest || code == kInvalidParams;
}

arrow::Status StatusOf(const RpcRefusal& refusal, const std::string& node,
                       std::string_view method) {
  const auto code = refusal.code == kMethodNotFound  ? ErrorCode::kUnimplemented
                    : refusal.code == kInvalidParams ? ErrorCode::kFailedPrecondition
                                                     : ErrorCode::kUnavailable;
  return Error(code, node, " ", method, ": error ", refusal.code, ", ", refusal.message);
}

arrow::Result<RpcAnswer<Extent>> ReadHealth(const arrow::Buffer& text, const std::string& node) {
  Envelope answer(node, "getHealth");
  ARROW_RETURN_NOT_OK(
      answer.Open(text, arrow::default_memory_pool(), {"latestLedger", "oldestLedger"}));
  if (answer.refusal()) return RpcAnswer<Extent>{answer.refusal()};
  Extent extent;
  extent.grows = true;
  extent.newest = SequenceOf(answer.result()["latestLedger"]);
  extent.first = SequenceOf(answer.result()["oldestLedger"]);
  if (!extent.newest || !extent.first) {
    return answer.NoAnswer("latestLedger or oldestLedger is no ledger's number");
  }
  return RpcAnswer<Extent>{{}, extent};
}

arrow::Result<RpcAnswer<uint32_t>> ReadLatestLedger(const arrow::Buffer& text,
                                                    const std::string& node) {
  Envelope answer(node, "getLatestLedger");
  ARROW_RETURN_NOT_OK(answer.Open(text, arrow::default_memory_pool(), {"sequence"}));
  if (answer.refusal()) return RpcAnswer<uint32_t>{answer.refusal()};
  const auto sequence = SequenceOf(answer.result()["sequence"]);
  if (!sequence) return answer.NoAnswer("sequence is no ledger's number");
  return RpcAnswer<uint32_t>{{}, *sequence};
}

arrow::Result<RpcAnswer<std::string>> ReadNetwork(const arrow::Buffer& text,
                                                  const std::string& node) {
  Envelope answer(node, "getNetwork");
  ARROW_RETURN_NOT_OK(answer.Open(text, arrow::default_memory_pool(), {"passphrase"}));
  if (answer.refusal()) return RpcAnswer<std::string>{answer.refusal()};
  std::string_view passphrase;
  if (answer.result()["passphrase"].get_string().get(passphrase) != simdjson::SUCCESS) {
    return answer.NoAnswer("passphrase is no text");
  }
  return RpcAnswer<std::string>{{}, std::string(passphrase)};
}

arrow::Result<RpcAnswer<RpcPage>> ReadLedgers(const arrow::Buffer& text, const std::string& node,
                                              arrow::MemoryPool* pool) {
  Envelope answer(node, "getLedgers");
  ARROW_RETURN_NOT_OK(answer.Open(text, pool, {"ledgers", "latestLedger"}));
  if (answer.refusal()) return RpcAnswer<RpcPage>{answer.refusal()};
  json::array ledgers;
  if (answer.result()["ledgers"].get_array().get(ledgers) != simdjson::SUCCESS) {
    return answer.NoAnswer("ledgers is no list");
  }
  RpcPage page;
  for (auto element : ledgers) {
    json::object ledger;
    if (element.get_object().get(ledger) != simdjson::SUCCESS) {
      return answer.NoAnswer("ledgers[", page.ledgers.size(), "] is no JSON object");
    }
    ARROW_ASSIGN_OR_RAISE(auto object, ReadLedger(ledger, page.ledgers.size(), node, pool));
    page.ledgers.push_back(std::move(object));
  }
  const auto newest = SequenceOf(answer.result()["latestLedger"]);
  if (!newest) return answer.NoAnswer("latestLedger is no ledger's number");
  page.newest = *newest;
  return RpcAnswer<RpcPage>{{}, std::move(page)};
}

}  // namespace stellar_arrow::source
