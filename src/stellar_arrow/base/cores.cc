#include "stellar_arrow/base/cores.h"

#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

namespace stellar_arrow {
namespace {

namespace fs = std::filesystem;

unsigned AffinityCores() {
#ifdef __linux__
  cpu_set_t cores;
  if (::sched_getaffinity(0, sizeof cores, &cores) == 0) {
    return static_cast<unsigned>(CPU_COUNT(&cores));
  }
#endif
  return std::thread::hardware_concurrency();
}

// What the files of one cgroup say. "max", and -1 in v1, stand for no quota.
std::optional<double> QuotaOf(const fs::path& group) {
  double quota = 0;
  double period = 0;
  if (!(std::ifstream(group / "cpu.max") >> quota >> period)) {
    std::ifstream(group / "cpu.cfs_quota_us") >> quota;
    std::ifstream(group / "cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? std::optional(quota / period) : std::nullopt;
}

}  // namespace

std::optional<double> CpuQuota(const fs::path& root) {
  std::optional<double> least;
  std::ifstream memberships(root / "proc/self/cgroup");
  // Lines are "NUMBER:CONTROLLERS:/PATH", in v2 without controllers.
  for (std::string line; std::getline(memberships, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && controllers != "cpu" && controllers != "cpu,cpuacct") continue;
    // A group's parents limit it, too. In a container only the last of them may be there to see.
    const fs::path top = root / "sys/fs/cgroup" / controllers;
    for (fs::path path = line.substr(second + 1);; path = path.parent_path()) {
      const auto quota = QuotaOf(top / path.relative_path());
      if (quota) least = std::min(least.value_or(*quota), *quota);
      if (path == path.parent_path()) break;
    }
  }
  return least;
}

unsigned AvailableCores() {
  unsigned cores = AffinityCores();
  if (const auto quota = CpuQuota("/")) {
    cores = std::min(cores, static_cast<unsigned>(std::ceil(*quota)));
  }
  return std::max(cores, 1u);
}

}  // namespace stellar_arrow
