// Compiles those headers of this folder by themselves that no other file here does.
#include "stellar_arrow/columnar/batch_builder.h"
#include "stellar_arrow/columnar/column.h"
