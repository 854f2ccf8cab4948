// The program. Start reading at cli/command_line.cc; the way of a ledger is told in
// ARCHITECTURE.md.
#include "stellar_arrow/cli/commands.h"

int main(int argc, char** argv) { return stellar_arrow::cli::Main(argc, argv); }
