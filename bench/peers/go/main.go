// What a Go program makes of a data lake with the official SDK and arrow-go: the original's four tables,
// all columns of version 1.0.0 (tests/schemas), from zstd objects to record batches that are released.
//
//	go-peer [-output DIR] LAKE PASSPHRASE
//
// Prints one JSON object: bytes of XDR, seconds of unzipping and of decoding them alone, seconds of the
// whole way to the tables, rows of each. DIR gets the batches as one Arrow stream a table.
//
// It is meant to be as fast as such a program can well be, in one goroutine on one core: reused buffers
// for unzipping and for encoding, builders with room reserved, nulls appended in runs, batches bounded as
// ours, a garbage collector that is let off four of five runs. What costs is the SDK: structs are decoded
// once, every *_xdr cell is encoded from them anew, since they do not keep their bytes; transactions come
// from ingest.LedgerTransactionReader, which hashes each envelope once; events from token_transfer. The
// SDK's views, which alias bytes and are marked experimental, are not used: neither of the two takes them.
//
// No column is left out. What differs from ours: text that is no UTF-8 has one U+FFFD for each run of bad
// bytes. Columns that ours have beyond version 1.0.0 are not made.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/klauspost/compress/zstd"
	"github.com/stellar/go-stellar-sdk/ingest"
	tt "github.com/stellar/go-stellar-sdk/processors/token_transfer"
	"github.com/stellar/go-stellar-sdk/xdr"
)

type tables struct {
	passphrase   string
	ledgers      ledgerTable
	transactions transactionTable
	operations   operationTable
	events       eventTable
	ledger       ledger // the present one; its slice is used again
}

// Each table's batches go to what emit gives for its name.
func newTables(passphrase string, emit func(name string) func(arrow.RecordBatch)) *tables {
	t := &tables{passphrase: passphrase}
	t.ledgers.table = newTable(&t.ledgers.columns, emit("stellar_ledger"))
	t.transactions.table = newTable(&t.transactions.columns, emit("transactions"))
	t.operations.table = newTable(&t.operations.columns, emit("operations"))
	t.operations.networkID = sha256.Sum256([]byte(passphrase))
	t.events.table = newTable(&t.events.columns, emit("ttp_events"))
	t.events.derived = tt.NewEventsProcessor(passphrase)
	t.events.unified = tt.NewEventsProcessorForUnifiedEvents(passphrase)
	return t
}

func (t *tables) add(meta *xdr.LedgerCloseMeta) {
	header := meta.LedgerHeaderHistoryEntry()
	l := &t.ledger
	*l = ledger{
		meta:         meta,
		header:       header.Header,
		hash:         header.Hash,
		sequence:     uint32(header.Header.LedgerSeq),
		closed:       micros(header.Header.ScpValue.CloseTime),
		transactions: l.transactions[:0],
	}
	reader, err := ingest.NewLedgerTransactionReaderFromLedgerCloseMeta(t.passphrase, *meta)
	must(err)
	for {
		read, err := reader.Read()
		if err == io.EOF {
			break
		}
		must(err)
		l.transactions = append(l.transactions, newTransaction(read))
	}
	t.ledgers.add(l)
	for i := range l.transactions {
		t.transactions.add(l, &l.transactions[i])
		t.operations.add(l, &l.transactions[i])
	}
	t.events.add(l)
}

// Ends the batches that are not full.
func (t *tables) cut() {
	t.ledgers.cut()
	t.transactions.cut()
	t.operations.cut()
	t.events.cut()
}

func (t *tables) rows() map[string]int {
	return map[string]int{"stellar_ledger": t.ledgers.total, "transactions": t.transactions.total,
		"operations": t.operations.total, "ttp_events": t.events.total}
}

// The lake's objects in the order of ledgers, as they are stored.
func read(lake string) (objects [][]byte) {
	must(filepath.WalkDir(lake, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".zst" {
			return err
		}
		object, err := os.ReadFile(path)
		objects = append(objects, object)
		return err
	}))
	slices.Reverse(objects) // names begin with the greatest number less the ledger's
	return objects
}

func unzip(unzipper *zstd.Decoder, object, to []byte) []byte {
	raw, err := unzipper.DecodeAll(object, to[:0])
	must(err)
	return raw
}

func decode(raw []byte) *xdr.LedgerCloseMetaBatch {
	var batch xdr.LedgerCloseMetaBatch
	must(batch.UnmarshalBinary(raw))
	return &batch
}

// Writes Arrow streams into the folder.
type files struct {
	folder  string
	writers []*ipc.Writer
}

func (f *files) emit(name string) func(arrow.RecordBatch) {
	file, err := os.Create(filepath.Join(f.folder, name+".arrows"))
	must(err)
	var writer *ipc.Writer
	return func(batch arrow.RecordBatch) {
		if writer == nil {
			writer = ipc.NewWriter(file, ipc.WithSchema(batch.Schema()))
			f.writers = append(f.writers, writer)
		}
		must(writer.Write(batch))
	}
}

func (f *files) close() {
	for _, writer := range f.writers {
		must(writer.Close())
	}
}

func drop(string) func(arrow.RecordBatch) { return func(arrow.RecordBatch) {} }

func main() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(400)
	output := flag.String("output", "", "folder for the tables")
	flag.Parse()
	objects := read(flag.Arg(0))
	unzipper, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	must(err)

	var raw []byte
	var bytes int
	var unzipping, decoding time.Duration
	for _, object := range objects {
		start := time.Now()
		raw = unzip(unzipper, object, raw)
		unzipping += time.Since(start)
		start = time.Now()
		decode(raw)
		decoding += time.Since(start)
		bytes += len(raw)
	}

	runtime.GC() // that garbage is not the tables'
	out := files{folder: *output}
	emit := drop
	if *output != "" {
		emit = out.emit
	}
	start := time.Now()
	t := newTables(flag.Arg(1), emit)
	for _, object := range objects {
		raw = unzip(unzipper, object, raw)
		batch := decode(raw)
		for i := range batch.LedgerCloseMetas {
			t.add(&batch.LedgerCloseMetas[i])
		}
	}
	t.cut()
	whole := time.Since(start)
	out.close()
	must(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"bytes": bytes, "unzip": unzipping.Seconds(), "decode": decoding.Seconds(),
		"tables": whole.Seconds(), "rows": t.rows()}))
}
