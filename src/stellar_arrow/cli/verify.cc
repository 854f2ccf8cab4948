// `verify`: every ledger of a source against its hashes; all faults and gaps, not the first alone.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/cli/commands.h"
#include "stellar_arrow/cli/progress.h"
#include "stellar_arrow/ledger/ledger.h"

namespace stellar_arrow::cli {
namespace {

struct Report {
  std::optional<uint32_t> first, last;
  int64_t ledgers = 0;
  std::vector<LedgerGap> gaps;
  std::vector<ledger::Fault> faults;
};

void PrintJson(const Report& report, ledger::VerifyLevel level, bool ok) {
  nlohmann::ordered_json json;
  json["first"] = nullptr;
  json["last"] = nullptr;
  if (report.first) json["first"] = *report.first;
  if (report.last) json["last"] = *report.last;
  json["ledgers"] = report.ledgers;
  json["level"] = ledger::VerifyLevelName(level);
  json["ok"] = ok;
  json["gaps"] = nlohmann::ordered_json::array();
  for (const LedgerGap& gap : report.gaps) json["gaps"].push_back({gap.first, gap.last});
  json["faults"] = nlohmann::ordered_json::array();
  for (const ledger::Fault& fault : report.faults) {
    json["faults"].push_back({{"ledger", fault.ledger},
                              {"check", fault.check},
                              {"path", fault.path},
                              {"want", fault.want},
                              {"got", fault.got}});
  }
  std::printf("%s\n", json.dump().c_str());
}

void PrintText(const Report& report, ledger::VerifyLevel level, bool ok) {
  for (const ledger::Fault& fault : report.faults) std::printf("%s\n", fault.ToString().c_str());
  for (const LedgerGap& gap : report.gaps) {
    std::printf("gap: ledgers %u to %u are missing\n", gap.first, gap.last);
  }
  const std::string range =
      report.first ? Concat(", ", *report.first, " to ", *report.last) : std::string();
  std::printf("%s at level %s: %lld ledgers%s, %zu faults, %zu gaps\n", ok ? "ok" : "FAILED",
              std::string(ledger::VerifyLevelName(level)).c_str(),
              static_cast<long long>(report.ledgers), range.c_str(), report.faults.size(),
              report.gaps.size());
}

}  // namespace

arrow::Status Verify(const VerifyArguments& arguments, const Settings& settings) {
  ARROW_ASSIGN_OR_RAISE(const LedgerRange asked, ParseRange(arguments.range));
  ARROW_ASSIGN_OR_RAISE(const auto source, OpenSource(settings));
  ARROW_ASSIGN_OR_RAISE(const source::Extent extent, source->GetExtent());
  ARROW_ASSIGN_OR_RAISE(pipeline::Options options, PipelineOptionsOf(settings));
  options.gaps = source::GapPolicy::kSkip;
  options.range.first = asked.first != 0 ? asked.first : extent.first.value_or(0);
  options.range.last = asked.last ? asked.last : extent.newest;
  const ledger::VerifyLevel level = options.verify;
  const std::optional<ledger::Anchor> anchor = options.anchor;

  Report report;
  // Ledgers that are there but cannot be decoded are faults, no gaps.
  std::set<uint32_t> undecodable;
  options.on_fault = [&](const ledger::Fault& fault) {
    if (fault.check == "structure") undecodable.insert(fault.ledger);
    report.faults.push_back(fault);
  };
  const LedgerRange range = options.range;
  std::optional<int64_t> total;
  if (range.last && range.first != 0) total = int64_t{*range.last} - range.first + 1;
  ProgressBar progress("verify", total, arguments.quiet);
  uint64_t expected = range.first;  // one more than the greatest uint32 at the very end
  bool anchor_seen = false;
  const auto note_gap = [&](uint64_t end) {
    while (expected < end && undecodable.contains(static_cast<uint32_t>(expected))) ++expected;
    if (expected != 0 && expected < end) {
      report.gaps.push_back({static_cast<uint32_t>(expected), static_cast<uint32_t>(end - 1)});
    }
  };
  ARROW_ASSIGN_OR_RAISE(const auto pipeline, pipeline::Pipeline::Make(*source, std::move(options)));
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const pipeline::Progress step, pipeline->Next(!extent.grows));
    if (step == pipeline::Progress::kNotYet && extent.newest && expected != 0 &&
        expected <= std::min(*extent.newest, range.last.value_or(*extent.newest))) {
      // The source lists the ledger, but its object is not whole.
      const auto ledger = static_cast<uint32_t>(expected);
      undecodable.insert(ledger);
      report.faults.push_back(
          {ledger, "structure", "", "one LedgerCloseMeta", pipeline->waiting_for()});
    }
    if (step != pipeline::Progress::kLedger) break;
    const uint32_t sequence = pipeline->ledger().sequence();
    if (!report.first) report.first = sequence;
    note_gap(sequence);
    expected = uint64_t{sequence} + 1;
    report.last = sequence;
    anchor_seen |= anchor && sequence == anchor->sequence;
    progress.Update(pipeline->counters().ledgers, pipeline->counters().bytes_raw);
  }
  progress.Clear();
  if (range.last) note_gap(uint64_t{*range.last} + 1);
  report.ledgers = pipeline->counters().ledgers;
  if (anchor && !anchor_seen) {
    report.faults.push_back(
        {anchor->sequence, "anchor", "", "a ledger of this number", "none in the range"});
  }
  const bool ok =
      report.faults.empty() && (report.gaps.empty() || level == ledger::VerifyLevel::kStructure);
  if (arguments.json) {
    PrintJson(report, level, ok);
  } else {
    PrintText(report, level, ok);
  }
  if (ok) return arrow::Status::OK();
  return Error(ErrorCode::kDataLoss, source->name(), " did not pass: ", report.faults.size(),
               " faults, ", report.gaps.size(), " gaps");
}

}  // namespace stellar_arrow::cli
