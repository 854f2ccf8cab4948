#include "stellar_arrow/checkpoint/actions.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/stream/strict_json.h"

namespace stellar_arrow::checkpoint {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kAck = "checkpoint.ack";
constexpr std::string_view kList = "checkpoint.list";
constexpr std::string_view kRemove = "checkpoint.remove";

constexpr Action kActions[] = {
    {kAck,
     R"({"checkpoint_id":ID,"cursor":{...}} -> {"checkpoint_id":ID,"last_processed":N,"durable":true})"},
    {kList, "no body -> a JSON object for each checkpoint"},
    {kRemove, R"({"checkpoint_id":ID} -> {"checkpoint_id":ID,"removed":true})"},
};

// A body, which has the fields `wanted` and no other.
arrow::Result<ordered_json> BodyOf(const Action& action, std::string_view body,
                                   const std::vector<std::string>& wanted) {
  const auto refuse = [&](const auto&... why) {
    return Error(ErrorCode::kInvalidArgument, action.type, ": ", why..., "; ", action.doc);
  };
  auto object = stream::ParseObject(body);
  if (!object.ok()) return refuse(object.status().message());
  for (const auto& [field, value] : object->items()) {
    if (std::ranges::find(wanted, field) == wanted.end()) {
      return refuse("unknown field ", Quoted(field));
    }
  }
  for (const std::string& field : wanted) {
    if (!object->contains(field)) return refuse("field ", field, " is missing");
  }
  const ordered_json& id = (*object)["checkpoint_id"];
  if (!id.is_string()) return refuse("checkpoint_id is not a string");
  ARROW_RETURN_NOT_OK(ParseId(id.get_ref<const std::string&>()));
  return object;
}

}  // namespace

std::span<const Action> Actions() { return kActions; }

std::string ReplyOf(const Store::Entry& entry) {
  ordered_json json = {{"checkpoint_id", entry.id}};
  if (entry.checkpoint.ok()) {
    json.update(ToJsonObject(*entry.checkpoint));
  } else {
    json["error"] = entry.checkpoint.status().message();
  }
  return json.dump();
}

arrow::Result<std::vector<std::string>> Act(
    std::string_view type, std::string_view body, Checkpoints& checkpoints,
    const std::function<arrow::Status(const stream::Cursor&)>& check) {
  const auto* const action = std::ranges::find(kActions, type, &Action::type);
  if (action == std::end(kActions)) {
    std::string known;
    for (const Action& each : kActions) known.append(known.empty() ? "" : ", ").append(each.type);
    return Error(ErrorCode::kInvalidArgument, "unknown action ", Quoted(type), "; there are ",
                 known);
  }
  std::vector<std::string> replies;
  if (type == kList) {
    ARROW_ASSIGN_OR_RAISE(const auto entries, checkpoints.List());
    for (const Store::Entry& entry : entries) replies.push_back(ReplyOf(entry));
    return replies;
  }
  std::vector<std::string> wanted = {"checkpoint_id"};
  if (type == kAck) wanted.emplace_back("cursor");
  ARROW_ASSIGN_OR_RAISE(const ordered_json object, BodyOf(*action, body, wanted));
  const auto id = object["checkpoint_id"].get<std::string>();
  ordered_json reply = {{"checkpoint_id", id}};
  if (type == kAck) {
    ARROW_ASSIGN_OR_RAISE(const stream::Cursor cursor, stream::CursorOf(object["cursor"]));
    ARROW_RETURN_NOT_OK(check(cursor));
    ARROW_ASSIGN_OR_RAISE(const auto stands, checkpoints.Acknowledge(id, cursor));
    reply["last_processed"] = nullptr;
    if (stands) reply["last_processed"] = *stands->cursor.at.last;
    reply["durable"] = true;
  } else {
    ARROW_RETURN_NOT_OK(checkpoints.Remove(id));
    reply["removed"] = true;
  }
  replies.push_back(reply.dump());
  return replies;
}

}  // namespace stellar_arrow::checkpoint
