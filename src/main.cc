// The program. Start reading at cli/command_line.cc; the way of a ledger is told in
// ARCHITECTURE.md.
#include <cstdio>
#include <cstdlib>

#include "stellar_arrow/cli/commands.h"
#include "stellar_arrow/source/object_store.h"

int main(int argc, char** argv) {
  const int code = stellar_arrow::cli::Main(argc, argv);
  if (!stellar_arrow::source::EndObjectStores()) {
    std::fflush(nullptr);
    std::quick_exit(code);
  }
  return code;
}
