// Compiles the headers of this folder by themselves.
#include "stellar_arrow/columnar/batch_builder.h"
#include "stellar_arrow/columnar/column.h"
