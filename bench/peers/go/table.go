package main

import (
	"reflect"
	"strings"
	"unicode"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// A batch is full with so many rows, or so many bytes of XDR.
const (
	batchRows  = 1000
	batchBytes = 2 << 20
)

type (
	boolColumn   = *array.BooleanBuilder
	u8Column     = *array.Uint8Builder
	u32Column    = *array.Uint32Builder
	u64Column    = *array.Uint64Builder
	i32Column    = *array.Int32Builder
	i64Column    = *array.Int64Builder
	timeColumn   = *array.TimestampBuilder
	hashColumn   = *array.FixedSizeBinaryBuilder
	textColumn   = *array.StringBuilder
	binaryColumn = *array.BinaryBuilder
)

var typeOf = map[reflect.Type]arrow.DataType{
	reflect.TypeFor[boolColumn]():   arrow.FixedWidthTypes.Boolean,
	reflect.TypeFor[u8Column]():     arrow.PrimitiveTypes.Uint8,
	reflect.TypeFor[u32Column]():    arrow.PrimitiveTypes.Uint32,
	reflect.TypeFor[u64Column]():    arrow.PrimitiveTypes.Uint64,
	reflect.TypeFor[i32Column]():    arrow.PrimitiveTypes.Int32,
	reflect.TypeFor[i64Column]():    arrow.PrimitiveTypes.Int64,
	reflect.TypeFor[timeColumn]():   arrow.FixedWidthTypes.Timestamp_us,
	reflect.TypeFor[hashColumn]():   &arrow.FixedSizeBinaryType{ByteWidth: 32},
	reflect.TypeFor[textColumn]():   arrow.BinaryTypes.String,
	reflect.TypeFor[binaryColumn](): arrow.BinaryTypes.Binary,
}

// A table's batch in the making. Columns without nulls are appended to by every row, with the room that
// is reserved for them; columns with nulls by put, which first appends those that are due.
type table struct {
	record   *array.RecordBuilder
	emit     func(arrow.RecordBatch)
	encoder  *xdr.EncodingBuffer
	rows     int // finished rows of this batch
	xdrBytes int // of this batch
	total    int // finished rows
	variable []interface {
		DataLen() int
		ReserveData(int)
	}
	dataLen []int // of the last batch, by variable
}

// Makes the builders that the fields of the struct behind columns name, in their order.
func newTable(columns any, emit func(arrow.RecordBatch)) table {
	builders := reflect.ValueOf(columns).Elem()
	fields := make([]arrow.Field, builders.NumField())
	for i := range fields {
		field := builders.Type().Field(i)
		fields[i] = arrow.Field{Name: snake(field.Name), Type: typeOf[field.Type], Nullable: true}
	}
	t := table{
		record:  array.NewRecordBuilder(memory.NewGoAllocator(), arrow.NewSchema(fields, nil)),
		emit:    emit,
		encoder: xdr.NewEncodingBuffer(),
	}
	for i, builder := range t.record.Fields() {
		builders.Field(i).Set(reflect.ValueOf(builder))
		switch one := builder.(type) {
		case textColumn:
			t.variable = append(t.variable, one)
		case binaryColumn:
			t.variable = append(t.variable, one)
		}
	}
	t.dataLen = make([]int, len(t.variable))
	t.record.Reserve(batchRows)
	return t
}

// The row is finished.
func (t *table) next() {
	t.rows++
	t.total++
	if t.rows < batchRows && t.xdrBytes < batchBytes {
		return
	}
	t.cut()
	t.record.Reserve(batchRows)
	for i, column := range t.variable {
		column.ReserveData(t.dataLen[i])
	}
}

func (t *table) cut() {
	if t.rows == 0 {
		return
	}
	for i, column := range t.variable {
		t.dataLen[i] = column.DataLen()
	}
	for _, column := range t.record.Fields() {
		column.AppendNulls(t.rows - column.Len())
	}
	batch := t.record.NewRecordBatch()
	t.emit(batch)
	batch.Release()
	t.rows, t.xdrBytes = 0, 0
}

type nullable[T any] interface {
	Len() int
	AppendNulls(int)
	Append(T)
}

// Appends a cell of the present row.
func put[T any, Column nullable[T]](t *table, column Column, value T) {
	column.AppendNulls(t.rows - column.Len())
	column.Append(value)
}

// Encodes the value anew: the SDK's structs do not keep the bytes that they were read from.
func (t *table) putXDR(column binaryColumn, value xdr.EncoderTo) []byte {
	encoded, err := t.encoder.UnsafeMarshalBinary(value)
	must(err)
	column.Append(encoded)
	t.xdrBytes += len(encoded)
	return encoded
}

// LedgerCloseTime becomes ledger_close_time.
func snake(name string) string {
	var out strings.Builder
	for i, letter := range name {
		if unicode.IsUpper(letter) && i != 0 {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(letter))
	}
	return out.String()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
