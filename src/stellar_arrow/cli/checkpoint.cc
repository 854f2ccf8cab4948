// `checkpoint`: what a folder or a server keeps of its streams' places.
#include "stellar_arrow/checkpoint/checkpoint.h"

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/checkpoint/actions.h"
#include "stellar_arrow/cli/commands.h"
#include "stellar_arrow/cli/flight_client.h"

namespace stellar_arrow::cli {
namespace {

using nlohmann::ordered_json;

// What is sent to a server, or done here.
struct ActionCall {
  std::string type;
  std::string body;
};

arrow::Result<ActionCall> CallOf(CheckpointCommand command, const CheckpointArguments& arguments) {
  ordered_json body = {{"checkpoint_id", arguments.id}};
  switch (command) {
    case CheckpointCommand::kList:
    case CheckpointCommand::kShow:
      return ActionCall{"checkpoint.list", ""};
    case CheckpointCommand::kRemove:
      return ActionCall{"checkpoint.remove", body.dump()};
    case CheckpointCommand::kAck:
      break;
  }
  ARROW_ASSIGN_OR_RAISE(const std::string text, TextOrFile(arguments.cursor));
  ARROW_ASSIGN_OR_RAISE(const stream::Cursor cursor, stream::ParseCursor(text));
  body["cursor"] = stream::ToJsonObject(cursor);
  return ActionCall{"checkpoint.ack", body.dump()};
}

arrow::Result<std::vector<std::string>> DoInFolder(bool only_reads, const ActionCall& call,
                                                   checkpoint::Options options) {
  using checkpoint::Store;
  if (only_reads) {  // which disturbs no server
    ARROW_ASSIGN_OR_RAISE(const auto store, Store::Open(options.folder, Store::Access::kRead, ""));
    ARROW_ASSIGN_OR_RAISE(const auto entries, store->List());
    std::vector<std::string> replies;
    for (const auto& entry : entries) replies.push_back(checkpoint::ReplyOf(entry));
    return replies;
  }
  options.chosen = true;
  options.interval = {};
  checkpoint::Checkpoints checkpoints(options);
  const arrow::Status started = checkpoints.Start("the command checkpoint");
  if (!started.ok()) {
    return Error(CodeOf(started), started.message(), ", or have its server do it (--server URI)");
  }
  return checkpoint::Act(call.type, call.body, checkpoints,
                         [](const stream::Cursor&) { return arrow::Status::OK(); });
}

}  // namespace

checkpoint::Options CheckpointOptionsOf(const Settings& settings) {
  checkpoint::Options options;
  options.folder = settings.Text("checkpoint-dir");
  options.chosen = settings.Get("checkpoint-dir").given;
  options.interval = settings.Duration("checkpoint-interval");
  options.max_age =
      std::chrono::duration_cast<std::chrono::seconds>(settings.Duration("checkpoint-max-age"));
  return options;
}

arrow::Result<std::string> TextOrFile(const std::string& argument) {
  if (!argument.starts_with('@')) return argument;
  const std::ifstream file(argument.substr(1), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || !text) {
    return Error(ErrorCode::kInvalidArgument, "cannot read the file ", Quoted(argument.substr(1)));
  }
  return std::move(text).str();
}

arrow::Status Checkpoint(CheckpointCommand command, const CheckpointArguments& arguments,
                         const Settings& settings) {
  const bool shows = command == CheckpointCommand::kShow;
  const bool only_reads = shows || command == CheckpointCommand::kList;
  if (command != CheckpointCommand::kList) {
    ARROW_RETURN_NOT_OK(checkpoint::ParseId(arguments.id));
  }
  ARROW_ASSIGN_OR_RAISE(const ActionCall call, CallOf(command, arguments));
  std::vector<std::string> replies;
  if (settings.Get("server").given) {
    ARROW_ASSIGN_OR_RAISE(const FlightClient client,
                          FlightClient::Connect(settings.Text("server")));
    ARROW_ASSIGN_OR_RAISE(replies, client.DoAction(call.type, call.body));
  } else {
    ARROW_ASSIGN_OR_RAISE(replies, DoInFolder(only_reads, call, CheckpointOptionsOf(settings)));
  }
  for (const std::string& reply : replies) {
    if (!shows) {
      std::puts(reply.c_str());
      continue;
    }
    const auto json = ordered_json::parse(reply, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || json.value("checkpoint_id", "") != arguments.id) continue;
    if (json.contains("error")) {
      return Error(ErrorCode::kFailedPrecondition, json["error"].get<std::string>());
    }
    std::puts(json.dump(2).c_str());
    return arrow::Status::OK();
  }
  if (!shows) return arrow::Status::OK();
  return Error(ErrorCode::kNotFound, "there is no checkpoint ", Quoted(arguments.id));
}

}  // namespace stellar_arrow::cli
