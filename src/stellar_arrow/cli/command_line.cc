// The grammar of the command line, and how a status becomes an exit code.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <charconv>
#include <cstdio>
#include <functional>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/base/version.h"
#include "stellar_arrow/cli/commands.h"
#include "stellar_arrow/ops/log.h"
#include "stellar_arrow/source/lake_layout.h"

namespace stellar_arrow::cli {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

constexpr std::string_view kExamples = R"(Examples:
  stellar-arrow-source serve --source ./lake
  stellar-arrow-source get stellar_ledger:30822015:30822020 --format csv
  stellar-arrow-source export stellar_ledger --source ./lake --output ledgers.arrows
  stellar-arrow-source verify --source ./lake --level full
  stellar-arrow-source inspect ./lake 30822015 --path v0.ledgerHeader
  stellar-arrow-source lake write --source ./lake --output ./long --repeat 1000 --start 2

Exit codes: 0 done, 1 failed, 2 usage or configuration.)";

constexpr std::string_view kSourceFlags[] = {"source",
                                             "network",
                                             "anchor",
                                             "threads",
                                             "max-object-bytes",
                                             "max-attempts",
                                             "breaker-threshold",
                                             "fetchers",
                                             "cache-dir",
                                             "cache-bytes",
                                             "ledgers-per-file",
                                             "files-per-partition",
                                             "log-level"};
constexpr std::string_view kServeFlags[] = {"verify",
                                            "listen",
                                            "port",
                                            "metrics-port",
                                            "health-port",
                                            "raw-ledger-port",
                                            "ready-max-lag",
                                            "advertise",
                                            "batch-size",
                                            "batch-bytes",
                                            "flush-interval",
                                            "compression",
                                            "compression-level",
                                            "max-streams",
                                            "max-streams-per-peer",
                                            "max-memory",
                                            "pool-monitor-interval",
                                            "checkpoint-dir",
                                            "checkpoint-interval",
                                            "checkpoint-max-age",
                                            "drain-timeout"};
constexpr std::string_view kExportFlags[] = {"verify", "batch-size", "batch-bytes"};
// Not the layout of the source's lake: that of the one to write has the same flags.
constexpr std::string_view kLakeWriteFlags[] = {
    "source",       "network",           "verify",   "anchor",    "threads",     "max-object-bytes",
    "max-attempts", "breaker-threshold", "fetchers", "cache-dir", "cache-bytes", "log-level"};
constexpr std::string_view kGetFlags[] = {"server", "compression", "log-level"};
constexpr std::string_view kCheckpointFlags[] = {"checkpoint-dir", "server", "log-level"};
constexpr std::string_view kObjectFlags[] = {"max-object-bytes", "ledgers-per-file",
                                             "files-per-partition", "log-level"};

// Adds what `get` and `export` have in common.
void AddRowsArguments(CLI::App& command, RowsArguments& arguments, const std::string& form) {
  command.add_option("REQUEST", arguments.request, form)->required();
  command.add_option("--columns", arguments.columns, "Columns, in the order wanted; default: all")
      ->delimiter(',');
  command.add_option("--format", arguments.format,
                     "table, csv, jsonl, arrow (IPC stream), null (write nothing)");
  command.add_option("--output", arguments.output, "File to write; default: stdout");
  command.add_flag("--json", arguments.json, "End with a summary as one JSON object");
  command.add_flag("--quiet", arguments.quiet, "No progress, no summary line");
}

bool IsConfiguration(const arrow::Status& status) {
  const ErrorCode code = CodeOf(status);
  return code == ErrorCode::kInvalidArgument || code == ErrorCode::kFailedPrecondition;
}

}  // namespace

source::SourceOptions SourceOptionsOf(const Settings& settings) {
  source::SourceOptions options;
  options.max_object_bytes = static_cast<int64_t>(settings.Number("max-object-bytes"));
  options.recovery.max_attempts = static_cast<int>(settings.Number("max-attempts"));
  options.recovery.breaker_threshold = static_cast<int>(settings.Number("breaker-threshold"));
  options.fetchers = static_cast<int>(settings.Number("fetchers"));
  options.cache_folder = settings.Text("cache-dir");
  options.cache_bytes = static_cast<int64_t>(settings.Number("cache-bytes"));
  options.ledgers_per_file = static_cast<uint32_t>(settings.Number("ledgers-per-file"));
  options.files_per_partition = static_cast<uint32_t>(settings.Number("files-per-partition"));
  options.on_detail = [](const std::string& line) { spdlog::debug("{}", line); };
  return options;
}

arrow::Result<std::unique_ptr<source::LedgerSource>> OpenSource(const Settings& settings) {
  if (settings.Text("source").empty()) {
    return Error(ErrorCode::kInvalidArgument,
                 "no source: name one with --source or SOURCE_URL, for example --source ./lake");
  }
  return OpenSource(settings.Text("source"), settings);
}

arrow::Result<std::unique_ptr<source::LedgerSource>> OpenSource(const std::string& url,
                                                                const Settings& settings) {
  ARROW_ASSIGN_OR_RAISE(auto source, source::OpenSource(url, SourceOptionsOf(settings)));
  if (source->made_up()) {
    spdlog::warn("the ledgers of '{}' are made up; their network is '{}'", source->name(),
                 source->passphrase().value_or(""));
  }
  return source;
}

arrow::Result<pipeline::Options> PipelineOptionsOf(const Settings& settings) {
  pipeline::Options options;
  ARROW_ASSIGN_OR_RAISE(options.verify, ledger::ParseVerifyLevel(settings.Text("verify")));
  options.threads = static_cast<int>(settings.Number("threads"));
  options.max_object_bytes = static_cast<int64_t>(settings.Number("max-object-bytes"));
  if (const Value& network = settings.Get("network"); network.given) {
    auto parsed = ledger::Network::FromNameOrPassphrase(network.text);
    if (!parsed.ok()) return WithContext(parsed.status(), network.origin);
    options.network = std::move(*parsed);
    options.network_origin = network.origin;
    // What the environment says for every source yields to what this one says of itself.
    options.network_yields_to_source = network.origin.starts_with("environment ");
  }
  if (const Value& anchor = settings.Get("anchor"); anchor.given) {
    ARROW_ASSIGN_OR_RAISE(options.anchor, ledger::ParseAnchor(anchor.text));
  }
  options.on_note = [](const std::string& note) { spdlog::info("{}", note); };
  return options;
}

arrow::Result<LedgerRange> ParseRange(const std::string& text) {
  LedgerRange range;
  if (text.empty()) return range;
  const auto number = [&](std::string_view digits) -> arrow::Result<uint32_t> {
    uint32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value == 0) {
      return Error(ErrorCode::kInvalidArgument, "range '", text,
                   "': a range is START:END, ledger numbers from 1 to 4294967295; either may be "
                   "left out");
    }
    return value;
  };
  const size_t colon = text.find(':');
  const std::string_view view(text);
  const std::string_view first = view.substr(0, colon);
  const std::string_view last = colon == std::string_view::npos ? first : view.substr(colon + 1);
  if (!first.empty()) {
    ARROW_ASSIGN_OR_RAISE(range.first, number(first));
  }
  if (!last.empty()) {
    ARROW_ASSIGN_OR_RAISE(range.last, number(last));
  }
  if (range.last && *range.last < range.first) {
    return Error(ErrorCode::kInvalidArgument, "range '", text, "': the end lies before the start");
  }
  return range;
}

int Main(int argc, char** argv) {
  CLI::App app("Stellar's ledgers as Arrow tables, streamed over Arrow Flight",
               "stellar-arrow-source");
  app.footer(std::string(kExamples));
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(Producer()));

  Settings settings;
  std::function<arrow::Status()> run;

  CLI::App* serve = app.add_subcommand("serve", "Serve a source over Arrow Flight");
  settings.AddFlags(*serve, kSourceFlags);
  settings.AddFlags(*serve, kServeFlags);
  serve->callback([&] { run = [&] { return Serve(settings); }; });

  RowsArguments get_arguments;
  CLI::App* get = app.add_subcommand("get", "Get rows from a Flight server");
  AddRowsArguments(*get, get_arguments,
                   "TABLE[:START[:END]]; without START from the newest ledger on");
  get->add_option("--cursor", get_arguments.cursor,
                  "Go on after this cursor, the JSON that another run's summary has; or @FILE");
  get->add_option("--checkpoint", get_arguments.checkpoint,
                  "Go on after the server's checkpoint of this name, and move it once all rows are "
                  "written");
  settings.AddFlags(*get, kGetFlags);
  get->callback([&] { run = [&] { return Get(get_arguments, settings); }; });

  RowsArguments export_arguments;
  CLI::App* export_command =
      app.add_subcommand("export", "Write rows of a source, without a server; never waits");
  AddRowsArguments(*export_command, export_arguments,
                   "TABLE[,TABLE...][:START[:END]]; without START all ledgers there are");
  export_command->get_option("--columns")
      ->description("Columns, in the order wanted; of several tables TABLE.COLUMN; default: all");
  settings.AddFlags(*export_command, kSourceFlags);
  settings.AddFlags(*export_command, kExportFlags);
  export_command->callback([&] { run = [&] { return Export(export_arguments, settings); }; });

  VerifyArguments verify_arguments;
  CLI::App* verify = app.add_subcommand("verify", "Hold a source's ledgers against their hashes");
  verify->add_option("RANGE", verify_arguments.range, "START:END; default: all ledgers there are");
  verify->add_flag("--json", verify_arguments.json, "Print the report as one JSON object");
  verify->add_flag("--quiet", verify_arguments.quiet, "No progress");
  settings.AddFlags(*verify, kSourceFlags);
  settings.AddFlag(*verify, "verify", "--level,--verify");
  verify->callback([&] { run = [&] { return Verify(verify_arguments, settings); }; });

  InspectArguments inspect_arguments;
  CLI::App* inspect = app.add_subcommand("inspect", "Print ledgers as JSON (SEP-51), a line each");
  inspect->add_option("SOURCE", inspect_arguments.source, "A path or URL of ledgers")->required();
  inspect->add_option("LEDGER", inspect_arguments.ledger, "One ledger; default: all there are");
  inspect->add_option("--path", inspect_arguments.path,
                      "A part, such as v1.txProcessing[3].result");
  inspect->add_option("--type", inspect_arguments.type,
                      "The file holds one value of this type of the protocol's");
  settings.AddFlags(*inspect, kObjectFlags);
  inspect->callback([&] { run = [&] { return Inspect(inspect_arguments, settings); }; });

  std::string lake_url;
  bool lake_json = false;
  CLI::App* lake = app.add_subcommand("lake", "List or write a data lake (SEP-54)");
  lake->require_subcommand(1);
  CLI::App* lake_list = lake->add_subcommand("list", "What ledgers a lake has");
  lake_list->add_option("URL", lake_url, "The lake")->required();
  lake_list->add_flag("--json", lake_json, "Print one JSON object");
  settings.AddFlags(*lake_list, kObjectFlags);
  lake_list->callback([&] { run = [&] { return LakeList(lake_url, lake_json, settings); }; });

  LakeWriteArguments write_arguments;
  CLI::App* lake_write = lake->add_subcommand("write", "Write a source's ledgers as a lake");
  lake_write->add_option("--output", write_arguments.output, "Folder of the lake")->required();
  const CLI::Range counts(uint32_t{1}, UINT32_MAX);
  lake_write
      ->add_option("--ledgers-per-file", write_arguments.ledgers_per_file,
                   "Ledgers an object; default: as the lake's manifest, else 1")
      ->check(counts);
  lake_write
      ->add_option("--files-per-partition", write_arguments.files_per_partition,
                   "Objects a folder, 1 = no folders; default: as the lake's manifest, else 64000")
      ->check(counts);
  lake_write
      ->add_option("--repeat", write_arguments.repeat,
                   "Take all ledgers so many times, re-linked; fills up the last object")
      ->check(counts);
  lake_write
      ->add_option("--start", write_arguments.start,
                   "Number of the first ledger, re-linked; default: the source's")
      ->check(CLI::Range(source::kFirstLakeLedger, UINT32_MAX));
  lake_write
      ->add_option("--compression-level", write_arguments.compression_level, "Of zstd, 1 to 19 [3]")
      ->check(CLI::Range(1, 19));
  lake_write->add_flag("--json", write_arguments.json, "End with a summary as one JSON object");
  lake_write->add_flag("--quiet", write_arguments.quiet, "No progress, no summary line");
  settings.AddFlags(*lake_write, kLakeWriteFlags);
  lake_write->callback([&] { run = [&] { return LakeWrite(write_arguments, settings); }; });

  CLI::App* metrics = app.add_subcommand("metrics", "Print what the metrics of serve mean");
  metrics->callback([&] { run = [] { return MetricList(); }; });

  CheckpointArguments checkpoint_arguments;
  CLI::App* checkpoint = app.add_subcommand(
      "checkpoint", "Named checkpoints: in a folder, or with --server in a server's");
  checkpoint->require_subcommand(1);
  const auto add_checkpoint = [&](const char* name, const char* help, CheckpointCommand command) {
    CLI::App* added = checkpoint->add_subcommand(name, help);
    if (command != CheckpointCommand::kList) {
      added->add_option("ID", checkpoint_arguments.id, "Its name")->required();
    }
    if (command == CheckpointCommand::kAck) {
      added->add_option("CURSOR", checkpoint_arguments.cursor, "JSON, or @FILE")->required();
    }
    settings.AddFlags(*added, kCheckpointFlags);
    added->callback([&, command] {
      run = [&, command] { return Checkpoint(command, checkpoint_arguments, settings); };
    });
  };
  add_checkpoint("list", "Print all, a JSON object a line", CheckpointCommand::kList);
  add_checkpoint("show", "Print one as JSON", CheckpointCommand::kShow);
  add_checkpoint("ack", "Move one to a cursor, or make it", CheckpointCommand::kAck);
  add_checkpoint("remove", "Remove one", CheckpointCommand::kRemove);

  CLI::App* tables = app.add_subcommand("tables", "List the tables");
  tables->callback([&] { run = [] { return Tables(); }; });

  SchemaArguments schema_arguments;
  CLI::App* schema = app.add_subcommand("schema", "Print a table's columns");
  schema->add_option("TABLE", schema_arguments.table, "The table")->required();
  CLI::Option* schema_format =
      schema->add_option("--format", schema_arguments.format, "text, json or markdown")
          ->check(CLI::IsMember({"text", "json", "markdown"}));
  schema
      ->add_option("--diff", schema_arguments.diff,
                   "Print instead what changed since the version in this file, which another "
                   "release printed with --format json; fails where its readers would break")
      ->check(CLI::ExistingFile)
      ->excludes(schema_format);
  schema->callback([&] { run = [&] { return Schema(schema_arguments); }; });

  bool config_json = false;
  CLI::App* config = app.add_subcommand("config", "Print every option's value and its origin");
  config->add_flag("--json", config_json, "Print one JSON object");
  settings.AddAllFlags(*config);
  config->callback([&] { run = [&] { return Config(config_json, settings); }; });

  CLI::App* version = app.add_subcommand("version", "Print the version");
  version->callback([&] {
    run = [] {
      std::puts(std::string(Producer()).c_str());
      return arrow::Status::OK();
    };
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  std::vector<std::string> warnings;
  arrow::Status status = settings.Resolve(&warnings);
  // The log of a service is for programs, unless somebody looks on.
  const bool service = serve->parsed() && ::isatty(STDERR_FILENO) == 0;
  ops::StartLog(status.ok() ? settings.Text("log-level") : "info",
                service ? ops::LogForm::kJson : ops::LogForm::kText);
  for (const std::string& warning : warnings) spdlog::warn("{}", warning);
  if (status.ok()) status = run();
  // A long line goes past the buffer, so that flushing alone would not see that it failed.
  const bool flushed = std::fflush(stdout) == 0;
  if ((!flushed || std::ferror(stdout) != 0) && status.ok()) {
    status = Error(ErrorCode::kUnavailable, "cannot write to stdout");
  }
  if (status.ok()) return kDone;
  const std::string error = Concat(ErrorCodeName(CodeOf(status)), ": ", FullMessage(status));
  if (service) {
    spdlog::error("{}", error);
  } else {
    std::fprintf(stderr, "stellar-arrow-source: %s\n", error.c_str());
  }
  return IsConfiguration(status) ? kUsage : kFailed;
}

}  // namespace stellar_arrow::cli
