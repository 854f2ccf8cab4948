// How many processor cores this process may keep busy.
#pragma once

#include <filesystem>
#include <optional>

namespace stellar_arrow {

// The cores of its affinity, but no more than its cgroups' quota, rounded up. At least 1.
unsigned AvailableCores();

// The least quota of the cgroups (v2 or v1) that the process is in, in cores; absent where none is
// set. Reads proc/self/cgroup and sys/fs/cgroup under `root`.
std::optional<double> CpuQuota(const std::filesystem::path& root);

}  // namespace stellar_arrow
