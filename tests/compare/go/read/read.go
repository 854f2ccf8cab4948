// Package read has what the programs here share: ledgers out of files, and their transactions as the
// SDK pairs them. Unzips nothing.
package read

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/stellar/go-stellar-sdk/ingest"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// Try runs fn; its panic is an error, too.
func Try(fn func() error) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v", reason)
		}
	}()
	return fn()
}

// Transactions are in the order of application, with envelopes found by hash.
func Transactions(passphrase string, ledger xdr.LedgerCloseMeta) (out []ingest.LedgerTransaction, err error) {
	reader, err := ingest.NewLedgerTransactionReaderFromLedgerCloseMeta(passphrase, ledger)
	for err == nil {
		var tx ingest.LedgerTransaction
		if tx, err = reader.Read(); err == nil {
			out = append(out, tx)
		}
	}
	if err == io.EOF {
		err = nil
	}
	return out, err
}

// Ledgers of a record-marked stream, a bare LedgerCloseMeta or a LedgerCloseMetaBatch.
func Ledgers(content []byte) (out []xdr.LedgerCloseMeta, err error) {
	if len(content) != 0 && content[0]&0x80 != 0 { // a record mark; no union's kind is negative
		for len(content) != 0 {
			size := binary.BigEndian.Uint32(content) & 0x7fffffff
			var ledger xdr.LedgerCloseMeta
			if err = ledger.UnmarshalBinary(content[4 : 4+size]); err != nil {
				return nil, err
			}
			out = append(out, ledger)
			content = content[4+size:]
		}
		return out, nil
	}
	var ledger xdr.LedgerCloseMeta
	if err = ledger.UnmarshalBinary(content); err == nil {
		return []xdr.LedgerCloseMeta{ledger}, nil
	}
	var batch xdr.LedgerCloseMetaBatch
	if second := batch.UnmarshalBinary(content); second != nil {
		return nil, fmt.Errorf("neither a ledger (%w) nor a batch (%w)", err, second)
	}
	return batch.LedgerCloseMetas, nil
}

// Each calls fn for every ledger of every file that a list names, one a line. Ends the program where
// a file cannot be read.
func Each(list io.Reader, fn func(stream string, ledger xdr.LedgerCloseMeta)) {
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		stream := lines.Text()
		content, err := os.ReadFile(stream)
		if err != nil {
			log.Fatal(err)
		}
		all, err := Ledgers(content)
		if err != nil {
			log.Fatalf("%s: %v", stream, err)
		}
		for _, ledger := range all {
			fn(stream, ledger)
		}
	}
}
