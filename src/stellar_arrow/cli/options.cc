#include "stellar_arrow/cli/options.h"

// toml++ 3.3 asserts what it has not read yet, and refuses it with an error right after.
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "stellar_arrow/base/cores.h"
#include "stellar_arrow/base/error.h"
#include "stellar_arrow/stream/compression.h"

extern char** environ;  // NOLINT: POSIX

namespace stellar_arrow::cli {
namespace {

constexpr std::string_view kCores = "cores";  // the default that stands for their number

// clang-format off
const std::vector<Option> kOptions = {
    {"source", {"SOURCE_URL"}, OptionKind::kText, "",
     "Where ledgers come from: a lake's folder, https://HOST/PATH, s3://, gs://, abfs://, public:pubnet, a file, "
     "a folder of files, framed:PATH[?follow=true], framed:-, grpc://HOST:PORT, rpc+https://..., core:CONFIG, "
     "synthetic:[?SETTINGS]; several stand in for each other", 0, 0, {},
     {{"MOCK_DATA", "synthetic:", true}, {"SOURCE_ENDPOINT", "grpc://"}}, /*several=*/true},
    {"network", {"NETWORK_PASSPHRASE", "STELLAR_NETWORK"}, OptionKind::kText, "",
     "pubnet, testnet, futurenet, standalone, or a passphrase; default: what the source or its ledgers say"},
    {"verify", {"VERIFY_LEVEL"}, OptionKind::kChoice, "chain",
     "What to prove of each ledger before its rows leave", 0, 0, {"structure", "chain", "full"}},
    {"anchor", {"ANCHOR"}, OptionKind::kText, "",
     "SEQ:HASH, a trusted statement: the ledger of that number must have that hash"},
    {"listen", {"LISTEN_ADDRESS"}, OptionKind::kText, "127.0.0.1",
     "Address to listen on; 0.0.0.0 opens the server to the network"},
    {"port", {"ARROW_PORT", "PORT"}, OptionKind::kCount, "8815",
     "Port of the Flight service; 0 = a free one", 0, 65535},
    {"metrics-port", {"METRICS_PORT"}, OptionKind::kCount, "9090",
     "Port of the metrics, for Prometheus; 0 = a free one", 0, 65535},
    {"health-port", {"HEALTH_PORT"}, OptionKind::kCount, "8088",
     "Port of the probes for health and readiness, and of the metrics, too; 0 = a free one", 0, 65535},
    {"raw-ledger-port", {"RAW_LEDGER_PORT"}, OptionKind::kCount, "",
     "Port of the RawLedgerService over the same source, 50053 by custom; 0 = a free one; default: none", 0, 65535},
    {"ready-max-lag", {"READY_MAX_LAG"}, OptionKind::kDuration, "0",
     "Not ready where the newest ledger of a source that can grow closed longer ago; 0 = however long", 0, 86'400'000},
    {"advertise", {"ARROW_ADVERTISE"}, OptionKind::kText, "",
     "URI that clients are told to fetch from; default: the connection they have"},
    {"batch-size", {"BATCH_SIZE"}, OptionKind::kCount, "1000",
     "Most rows in a record batch", 1, 10'000'000},
    {"batch-bytes", {"BATCH_BYTES"}, OptionKind::kBytes, "2MiB",
     "Most bytes in a record batch; a ledger that needs more comes in parts", 1024, uint64_t{1} << 30},
    {"max-streams", {"MAX_CONNECTIONS"}, OptionKind::kCount, "512",
     "Most streams at once; more are refused until one has ended", 1, 100'000},
    {"max-streams-per-peer", {"MAX_CONNECTIONS_PER_PEER"}, OptionKind::kCount, "64",
     "Most streams at once for clients at one address", 1, 100'000},
    {"max-memory", {"ARROW_MAX_MEMORY"}, OptionKind::kBytes, "2GiB",
     "Most bytes that all streams hold together, fetched, unzipped and as rows", uint64_t{16} << 20, uint64_t{1} << 50},
    {"pool-monitor-interval", {"ARROW_POOL_MONITOR_INTERVAL"}, OptionKind::kDuration, "30s",
     "How often unused memory is given back, and memory held for ten times as long is told of in the log", 100, 3'600'000},
    {"drain-timeout", {"DRAIN_TIMEOUT"}, OptionKind::kDuration, "25s",
     "Longest time from SIGTERM or SIGINT to the end; streams are told at once where to go on from, "
     "and those that do not take it are cut", 1000, 3'600'000},
    {"checkpoint-dir", {"CHECKPOINT_DIR"}, OptionKind::kText, "/tmp/stellar-arrow-checkpoints",
     "Folder of named checkpoints, one server's alone; named here it is taken at the start, and kept for every stream"},
    {"checkpoint-interval", {"CHECKPOINT_INTERVAL"}, OptionKind::kDuration, "30s",
     "How often the place of a stream is kept that is not acknowledged", 100, 3'600'000},
    {"checkpoint-max-age", {"CHECKPOINT_MAX_AGE"}, OptionKind::kDuration, "720h",
     "Age from which checkpoints are removed", 60'000, uint64_t{100} * 365 * 24 * 3'600'000},
    {"compression", {"ARROW_COMPRESSION"}, OptionKind::kChoice, "none",
     "How batches are compressed on their way; a client that asks is served as it asks", 0, 0, {"none", "lz4", "zstd"}},
    {"compression-level", {"ARROW_COMPRESSION_LEVEL"}, OptionKind::kCount, "1",
     "Of batches; higher is smaller and slower, and lz4 knows no higher ones than 12",
     stream::kLeastLevel, stream::kMostLevel},
    {"flush-interval", {"FLUSH_INTERVAL"}, OptionKind::kDuration, "1s",
     "Longest time that rows wait for their batch to fill while ledgers keep coming; at the tip they never wait, "
     "and ranges behind it are not cut by time", 0, 3'600'000},
    {"threads", {"PARALLEL_WORKERS"}, OptionKind::kCount, kCores,
     "Workers of a stream: threads that fetch, unzip, check and convert its ledgers; cores: those the process may use", 1, 256},
    {"max-object-bytes", {"MAX_OBJECT_BYTES"}, OptionKind::kBytes, "512MiB",
     "Most bytes that one object of a source may unzip to", uint64_t{1} << 20, uint64_t{64} << 30},
    {"max-attempts", {"MAX_RETRY_ATTEMPTS"}, OptionKind::kCount, "5",
     "Times that a source is asked for the same thing, ever later, if it does not answer", 1, 100},
    {"breaker-threshold", {"CIRCUIT_BREAKER_THRESHOLD"}, OptionKind::kCount, "5",
     "Failures of a source in a row after which it is asked once a second only, until it answers", 1, 1000},
    {"fetchers", {"FETCHERS"}, OptionKind::kCount, "16",
     "Objects of a lake elsewhere that a stream reads at a time, at most", 1, 256},
    {"cache-dir", {"CACHE_DIR"}, OptionKind::kText, "",
     "Folder to keep such objects in; default: they are not kept"},
    {"cache-bytes", {"CACHE_BYTES"}, OptionKind::kBytes, "10GiB",
     "Most bytes in that folder; what was used longest ago goes first", uint64_t{16} << 20, uint64_t{1} << 60},
    {"ledgers-per-file", {"LEDGERS_PER_FILE"}, OptionKind::kCount, "0",
     "Layout of a lake without manifest; 0 = read off its names", 0, UINT32_MAX},
    {"files-per-partition", {"FILES_PER_PARTITION"}, OptionKind::kCount, "0",
     "Layout of a lake without manifest; 0 = read off its names", 0, UINT32_MAX},
    {"server", {}, OptionKind::kText, "grpc://localhost:8815",
     "Flight server to get from"},
    {"log-level", {"LOG_LEVEL"}, OptionKind::kChoice, "info",
     "Least severity of log lines", 0, 0, {"debug", "info", "warn", "error"}},
};
// clang-format on

// Settings of the original service that mean nothing here.
constexpr std::string_view kMeaningless[] = {"FLOWCTL_", "ENABLE_ANALYTICS", "ENVIRONMENT"};

std::string KeyOf(std::string_view name) {
  std::string key(name);
  std::ranges::replace(key, '-', '_');
  return key;
}

const Option* FindOption(std::string_view name) {
  const auto found = std::ranges::find(kOptions, name, &Option::name);
  return found == kOptions.end() ? nullptr : &*found;
}

// What one of a unit is worth, in the unit that options of a kind are counted in.
struct Unit {
  std::string_view name;
  uint64_t worth;
};

std::span<const Unit> UnitsOf(OptionKind kind) {
  static constexpr Unit kBytes[] = {{"", 1},          {"B", 1},         {"KiB", 1 << 10},
                                    {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"K", 1 << 10},
                                    {"M", 1 << 20},   {"G", 1 << 30},   {"KB", 1 << 10},
                                    {"MB", 1 << 20},  {"GB", 1 << 30}};
  static constexpr Unit kMilliseconds[] = {
      {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
  static constexpr Unit kNone[] = {{"", 1}};
  switch (kind) {
    case OptionKind::kBytes:
      return kBytes;
    case OptionKind::kDuration:
      return kMilliseconds;
    case OptionKind::kText:
    case OptionKind::kCount:
    case OptionKind::kChoice:
      break;
  }
  return kNone;
}

// A number with, if the kind has units, one of them behind it.
std::optional<uint64_t> ParseNumber(std::string_view text, OptionKind kind) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  const std::string_view behind(end, static_cast<size_t>(text.data() + text.size() - end));
  const auto units = UnitsOf(kind);
  const auto unit = std::ranges::find(units, behind, &Unit::name);
  if (unit == units.end() || value > UINT64_MAX / unit->worth) return std::nullopt;
  return value * unit->worth;
}

bool IsNumber(OptionKind kind) { return kind != OptionKind::kText && kind != OptionKind::kChoice; }

arrow::Status Validate(const Option& option, const Value& value) {
  const auto refuse = [&](const auto&... why) {
    return Error(ErrorCode::kInvalidArgument, option.name, " = '", value.text, "' (from ",
                 value.origin, "): ", why...);
  };
  if (!value.given) return arrow::Status::OK();
  switch (option.kind) {
    case OptionKind::kText:
      return value.text.empty() ? refuse("it is empty") : arrow::Status::OK();
    case OptionKind::kCount:
    case OptionKind::kBytes:
    case OptionKind::kDuration: {
      const auto number = ParseNumber(value.text, option.kind);
      if (number && *number >= option.min && *number <= option.max) return arrow::Status::OK();
      if (option.kind == OptionKind::kDuration) {
        return refuse("it must be from ", option.min, "ms to ", option.max / 1000,
                      "s, in whole seconds or with ms, s, m, h behind it");
      }
      return refuse(
          "it must be a whole number from ", option.min, " to ", option.max,
          option.kind == OptionKind::kBytes ? ", in bytes or with KiB, MiB, GiB behind it" : "");
    }
    case OptionKind::kChoice: {
      if (std::ranges::find(option.choices, value.text) != option.choices.end()) {
        return arrow::Status::OK();
      }
      std::string choices;
      for (const std::string_view choice : option.choices) {
        choices.append(choices.empty() ? "" : ", ").append(choice);
      }
      return refuse("it must be one of ", choices);
    }
  }
  return arrow::Status::OK();
}

// As Go's services take it.
std::optional<bool> ParseYesOrNo(std::string_view text) {
  constexpr std::string_view kYes[] = {"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::string_view kNo[] = {"0", "f", "F", "false", "FALSE", "False"};
  if (std::ranges::find(kYes, text) != std::end(kYes)) return true;
  if (std::ranges::find(kNo, text) != std::end(kNo)) return false;
  return std::nullopt;
}

// How many letters must be put in, left out or changed to make one of the other.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string NearestKey(std::string_view key) {
  std::string nearest;
  for (const Option& option : kOptions) {
    const std::string known = KeyOf(option.name);
    if (nearest.empty() || EditDistance(key, known) < EditDistance(key, nearest)) nearest = known;
  }
  return nearest;
}

// What the environment holds of the original's settings that are not options here.
arrow::Status CheckForeignVariables(std::vector<std::string>* warnings) {
  std::string meaningless;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view pair = *entry;
    const std::string_view name = pair.substr(0, pair.find('='));
    for (const std::string_view known : kMeaningless) {
      if (name == known || (known.ends_with('_') && name.starts_with(known))) {
        meaningless.append(meaningless.empty() ? "" : ", ").append(name);
      }
    }
  }
  if (!meaningless.empty()) {
    warnings->push_back("the environment sets " + meaningless + ", which mean nothing here");
  }
  return arrow::Status::OK();
}

// Not toml++'s own way to read files: to it a folder is an empty file, and a pipe is none.
arrow::Result<std::string> ContentOf(const std::string& path) {
  const auto refuse = [&] {
    return Error(ErrorCode::kInvalidArgument, "cannot read the configuration file '", path,
                 "': ", std::strerror(errno));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (file == nullptr) return refuse();
  std::string content;
  std::array<char, 4096> part;
  while (const size_t size = std::fread(part.data(), 1, part.size(), file.get())) {
    content.append(part.data(), size);
  }
  if (std::ferror(file.get()) != 0) return refuse();
  return content;
}

}  // namespace

std::span<const Option> AllOptions() { return kOptions; }

void Settings::AddFlag(CLI::App& command, std::string_view name, const std::string& spellings) {
  const Option& option = *FindOption(name);
  std::string help(option.help);
  if (!option.choices.empty()) {
    help += ": ";
    for (const std::string_view choice : option.choices) {
      help.append(choice == option.choices.front() ? "" : ", ").append(choice);
    }
  }
  if (!option.default_value.empty()) help += " [" + std::string(option.default_value) + "]";
  std::string variables;
  const auto add_variable = [&](std::string_view variable) {
    variables.append(variables.empty() ? " (" : ", ").append(variable);
  };
  for (const std::string_view variable : option.environment) add_variable(variable);
  for (const Switch& other : option.switches) {
    add_variable(other.yes_or_no ? Concat(other.variable, "=true for ", other.text)
                                 : Concat(other.variable, "=X for ", other.text, "X"));
  }
  if (!variables.empty()) help += variables + ")";
  CLI::Option* const flag = command.add_option_function<std::string>(
      spellings, [this, key = std::string(name)](const std::string& text) { flags_[key] = text; },
      help);
  if (option.several) flag->multi_option_policy(CLI::MultiOptionPolicy::Join);
  if (command.get_option_no_throw("--config") == nullptr) {
    command.add_option("--config", config_, "Configuration file (TOML)");
  }
}

void Settings::AddFlags(CLI::App& command, std::span<const std::string_view> names) {
  for (const std::string_view name : names) AddFlag(command, name, "--" + std::string(name));
}

void Settings::AddAllFlags(CLI::App& command) {
  for (const Option& option : kOptions) {
    AddFlag(command, option.name, "--" + std::string(option.name));
  }
}

arrow::Status Settings::ReadFile(std::map<std::string, Value, std::less<>>* values) const {
  if (!config_) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const std::string content, ContentOf(*config_));
  toml::table table;
  try {
    table = toml::parse(content);
  } catch (const toml::parse_error& error) {
    return Error(ErrorCode::kInvalidArgument, *config_, ":", error.source().begin.line, ": ",
                 error.description());
  }
  for (const auto& [toml_key, node] : table) {
    const std::string key(toml_key.str());
    const auto option =
        std::ranges::find(kOptions, key, [](const Option& known) { return KeyOf(known.name); });
    if (option == kOptions.end()) {
      return Error(ErrorCode::kInvalidArgument, *config_, ":", node.source().begin.line,
                   ": unknown key '", key, "'; did you mean '", NearestKey(key), "'?");
    }
    Value value{"", Concat(*config_, ":", node.source().begin.line), true};
    if (const toml::array* texts = node.as_array();
        texts != nullptr && option->several && texts->is_homogeneous<std::string>()) {
      for (const auto& text : *texts) {
        value.text.append(value.text.empty() ? "" : "\n").append(*text.value_exact<std::string>());
      }
    } else if (const auto text = node.value_exact<std::string>()) {
      value.text = *text;
    } else if (const auto number = node.value_exact<int64_t>(); number && IsNumber(option->kind)) {
      value.text = std::to_string(*number);
    } else {
      return Error(ErrorCode::kInvalidArgument, value.origin, ": ", key, " must be a text",
                   option->kind == OptionKind::kText || option->kind == OptionKind::kChoice
                       ? ""
                       : " or a whole number");
    }
    (*values)[std::string(option->name)] = std::move(value);
  }
  return arrow::Status::OK();
}

arrow::Status Settings::Resolve(std::vector<std::string>* warnings) {
  ARROW_RETURN_NOT_OK(CheckForeignVariables(warnings));
  std::map<std::string, Value, std::less<>> file;
  ARROW_RETURN_NOT_OK(ReadFile(&file));
  for (const Option& option : kOptions) {
    Value value{std::string(option.default_value), "default", false};
    if (option.default_value == kCores) {
      value.text = std::to_string(std::min<uint64_t>(AvailableCores(), option.max));
    }
    if (const auto found = file.find(option.name); found != file.end()) value = found->second;
    for (const std::string_view variable : option.environment) {
      // An empty variable counts as none, as deployment tools set those.
      const char* text = std::getenv(std::string(variable).c_str());
      if (text == nullptr || *text == '\0') continue;
      value = {text, Concat("environment ", variable), true};
      break;
    }
    for (const Switch& other : option.switches) {
      const char* text = std::getenv(std::string(other.variable).c_str());
      if (text == nullptr || *text == '\0') continue;
      const std::string origin = Concat("environment ", other.variable);
      std::string said(other.text);
      if (!other.yes_or_no) {
        said += text;
      } else {
        const auto yes = ParseYesOrNo(text);
        if (!yes) {
          return Error(ErrorCode::kInvalidArgument, origin, ": '", text, "' must be true or false");
        }
        if (!*yes) continue;
      }
      if (value.origin.starts_with("environment ") && !flags_.contains(option.name)) {
        // Not what they say, which may be secret.
        return Error(ErrorCode::kInvalidArgument, option.name, ": both ", value.origin, " and ",
                     origin, " name one; set one of the two");
      }
      value = {std::move(said), origin, true};
    }
    if (const auto flag = flags_.find(option.name); flag != flags_.end()) {
      value = {flag->second, Concat("--", option.name), true};
    }
    ARROW_RETURN_NOT_OK(Validate(option, value));
    values_[std::string(option.name)] = std::move(value);
  }
  return arrow::Status::OK();
}

const Value& Settings::Get(std::string_view name) const { return values_.find(name)->second; }

uint64_t Settings::Number(std::string_view name) const {
  return *ParseNumber(Get(name).text, FindOption(name)->kind);
}

std::chrono::milliseconds Settings::Duration(std::string_view name) const {
  return std::chrono::milliseconds(Number(name));
}

}  // namespace stellar_arrow::cli
