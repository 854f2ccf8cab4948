// The subcommands. Each takes its own arguments and the settled options, writes results to stdout
// and talk to stderr, and fails with a status that main turns into the exit code.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stellar_arrow/checkpoint/checkpoints.h"
#include "stellar_arrow/cli/options.h"
#include "stellar_arrow/pipeline/pipeline.h"
#include "stellar_arrow/source/source.h"

namespace stellar_arrow::cli {

arrow::Status Serve(const Settings& settings);

// What `get` and `export` have in common.
struct RowsArguments {
  std::string request;  // TABLE[:START[:END]], for export also TABLE,TABLE...
  std::vector<std::string> columns;
  std::string format;  // empty: by the output's name, else a table
  std::string output;  // empty: stdout
  bool json = false;
  bool quiet = false;
  // Of `get` alone.
  std::string cursor;      // JSON, or @FILE; empty: none
  std::string checkpoint;  // its name; empty: none
};

arrow::Status Get(const RowsArguments& arguments, const Settings& settings);
arrow::Status Export(const RowsArguments& arguments, const Settings& settings);

struct VerifyArguments {
  std::string range;  // START:END, or empty for all
  bool json = false;
  bool quiet = false;
};

arrow::Status Verify(const VerifyArguments& arguments, const Settings& settings);

struct InspectArguments {
  std::string source;
  std::optional<uint32_t> ledger;
  std::string path;
  std::string type;  // of a file that holds one value of another type than a ledger's
};

arrow::Status Inspect(const InspectArguments& arguments, const Settings& settings);

arrow::Status LakeList(const std::string& url, bool json, const Settings& settings);
struct LakeWriteArguments {
  std::string output;
  std::optional<uint32_t> ledgers_per_file;
  std::optional<uint32_t> files_per_partition;
  std::optional<uint32_t> repeat;
  std::optional<uint32_t> start;
  int compression_level = 3;
  bool json = false;
  bool quiet = false;
};

arrow::Status LakeWrite(const LakeWriteArguments& arguments, const Settings& settings);
arrow::Status MetricList();
arrow::Status Tables();
struct SchemaArguments {
  std::string table;
  std::string format = "text";
  std::string diff;  // a file, or empty
};
arrow::Status Schema(const SchemaArguments& arguments);
enum class CheckpointCommand { kList, kShow, kAck, kRemove };
struct CheckpointArguments {
  std::string id;
  std::string cursor;  // JSON, or @FILE
};
// Against the server of the settings, if one is named, else in their folder.
arrow::Status Checkpoint(CheckpointCommand command, const CheckpointArguments& arguments,
                         const Settings& settings);
arrow::Status Config(bool json, const Settings& settings);

// Shared by the commands that read a source.

// The source of the settings, or of a command's argument. Warns of ledgers that are made up.
arrow::Result<std::unique_ptr<source::LedgerSource>> OpenSource(const Settings& settings);
arrow::Result<std::unique_ptr<source::LedgerSource>> OpenSource(const std::string& url,
                                                                const Settings& settings);
source::SourceOptions SourceOptionsOf(const Settings& settings);
// All but the range. Errors: INVALID_ARGUMENT for a bad network or anchor.
arrow::Result<pipeline::Options> PipelineOptionsOf(const Settings& settings);
checkpoint::Options CheckpointOptionsOf(const Settings& settings);
// What an argument says itself, or the file that it names as @FILE. Errors: INVALID_ARGUMENT.
arrow::Result<std::string> TextOrFile(const std::string& argument);
// Reads "START:END" with either side absent. Errors: INVALID_ARGUMENT.
arrow::Result<LedgerRange> ParseRange(const std::string& text);

// A whole command line; returns the exit code: 0 done, 1 failed, 2 usage or configuration.
int Main(int argc, char** argv);

}  // namespace stellar_arrow::cli
