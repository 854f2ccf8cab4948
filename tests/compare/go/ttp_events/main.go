// Prints what the official SDK makes of ledgers: one JSON line per token-transfer event, in the
// SDK's order, then one line per ledger with the verdict of the SDK's own check of balances. Judges
// nothing by itself but one thing: which of the SDK's two ways a ledger is read.
//
//	ttp_events [-way auto|unified|derived] PASSPHRASE < LIST
//
// LIST has one file a line: bare LedgerCloseMeta, LedgerCloseMetaBatch, or a record-marked stream,
// each unzipped. Way "auto" takes the events of the metas where every transaction has a fee event
// among them, and derives them where not. An error or a panic of the SDK's becomes the ledger's
// "error".
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/stellar/go-stellar-sdk/ingest"
	tt "github.com/stellar/go-stellar-sdk/processors/token_transfer"
	"github.com/stellar/go-stellar-sdk/xdr"

	"stellar-arrow-source/tests/compare/go/read"
)

// An absent text is "" here, as in the SDK.
type event struct {
	Stream      string  `json:"stream"`
	Ledger      uint32  `json:"ledger"`
	Transaction uint32  `json:"transaction"`
	Hash        string  `json:"hash"`
	Operation   uint32  `json:"operation"` // from 1; 0 is the transaction itself
	Type        string  `json:"type"`
	From        string  `json:"from"`
	To          string  `json:"to"`
	Asset       string  `json:"asset"` // "native", "CODE:ISSUER", or ""
	Amount      string  `json:"amount"`
	Contract    string  `json:"contract"`
	MuxedID     *uint64 `json:"muxed_id,omitempty"`
	MuxedText   *string `json:"muxed_text,omitempty"` // hex of the bytes
	MuxedHash   *string `json:"muxed_hash,omitempty"`
	context
}

// What the SDK says of the transaction and the operation around an event.
type context struct {
	Closed     int64  `json:"closed"` // seconds since the epoch
	Memo       string `json:"memo"`   // hex of a text, hash or return; decimal of an id
	MemoType   string `json:"memo_type"`
	Source     string `json:"source,omitempty"` // of the operation
	PathLength *int   `json:"path_length,omitempty"`
	FeeCharged int64  `json:"fee_charged"`
	MaxFee     int64  `json:"max_fee"`
}

type verdict struct {
	Stream  string `json:"stream"`
	Ledger  uint32 `json:"ledger"`
	Way     string `json:"way"`
	Events  int    `json:"events"`
	Error   string `json:"error,omitempty"`
	Balance string `json:"balance,omitempty"` // what VerifyEvents objects to
}

func isFee(ev xdr.ContractEvent) bool {
	body, ok := ev.Body.GetV0()
	if !ok || ev.Type != xdr.ContractEventTypeContract || ev.ContractId == nil || len(body.Topics) == 0 {
		return false
	}
	name, ok := body.Topics[0].GetSym()
	return ok && string(name) == tt.FeeEvent
}

func unified(ledger xdr.LedgerCloseMeta) bool {
	for i := 0; i < ledger.CountTransactions(); i++ {
		meta, ok := ledger.TxApplyProcessing(i).GetV4()
		if !ok {
			return false
		}
		fees := 0
		for _, ev := range meta.Events {
			if isFee(ev.Event) {
				fees++
			}
		}
		if fees == 0 {
			return false
		}
	}
	return true
}

func describe(stream string, ev *tt.TokenTransferEvent) event {
	out := event{
		Stream: stream, Ledger: ev.Meta.LedgerSequence, Transaction: ev.Meta.TransactionIndex,
		Hash: ev.Meta.TxHash, Operation: ev.Meta.GetOperationIndex(), Type: ev.GetEventType(),
		Amount: ev.GetAmount(), Contract: ev.Meta.ContractAddress,
	}
	switch one := ev.Event.(type) {
	case *tt.TokenTransferEvent_Transfer:
		out.From, out.To = one.Transfer.From, one.Transfer.To
	case *tt.TokenTransferEvent_Mint:
		out.To = one.Mint.To
	case *tt.TokenTransferEvent_Burn:
		out.From = one.Burn.From
	case *tt.TokenTransferEvent_Clawback:
		out.From = one.Clawback.From
	case *tt.TokenTransferEvent_Fee:
		out.From = one.Fee.From
	}
	if asset := ev.GetAsset(); asset != nil {
		if issued := asset.GetIssuedAsset(); issued != nil {
			out.Asset = issued.AssetCode + ":" + issued.Issuer
		} else {
			out.Asset = "native"
		}
	}
	switch muxed := ev.Meta.ToMuxedInfo.GetContent().(type) {
	case *tt.MuxedInfo_Id:
		out.MuxedID = &muxed.Id
	case *tt.MuxedInfo_Text:
		text := fmt.Sprintf("%x", muxed.Text)
		out.MuxedText = &text
	case *tt.MuxedInfo_Hash:
		hash := fmt.Sprintf("%x", muxed.Hash)
		out.MuxedHash = &hash
	}
	return out
}

func describeContext(tx ingest.LedgerTransaction, operation uint32) (out context) {
	out.Closed = tx.Ledger.ClosedAt().Unix()
	memo := tx.Envelope.Memo()
	out.MemoType = strings.ToLower(strings.TrimPrefix(memo.Type.String(), "MemoTypeMemo"))
	switch memo.Type {
	case xdr.MemoTypeMemoText:
		out.Memo = fmt.Sprintf("%x", memo.MustText())
	case xdr.MemoTypeMemoId:
		out.Memo = fmt.Sprint(uint64(memo.MustId()))
	case xdr.MemoTypeMemoHash:
		out.Memo = fmt.Sprintf("%x", memo.MustHash())
	case xdr.MemoTypeMemoReturn:
		out.Memo = fmt.Sprintf("%x", memo.MustRetHash())
	}
	out.FeeCharged, _ = tx.FeeCharged()
	out.MaxFee = int64(tx.Envelope.Fee())
	if tx.Envelope.IsFeeBump() {
		out.MaxFee = tx.Envelope.FeeBumpFee()
	}
	if operation == 0 {
		return out
	}
	op, _ := tx.GetOperation(operation - 1)
	source := tx.Envelope.SourceAccount()
	if op.SourceAccount != nil {
		source = *op.SourceAccount
	}
	account := source.ToAccountId()
	out.Source = account.Address()
	var path []xdr.Asset
	switch op.Body.Type {
	case xdr.OperationTypePathPaymentStrictReceive:
		path = op.Body.MustPathPaymentStrictReceiveOp().Path
	case xdr.OperationTypePathPaymentStrictSend:
		path = op.Body.MustPathPaymentStrictSendOp().Path
	default:
		return out
	}
	length := len(path)
	out.PathLength = &length
	return out
}

func main() {
	way := flag.String("way", "auto", "auto, unified or derived")
	flag.Parse()
	passphrase := flag.Arg(0)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer out.Flush()
	print := json.NewEncoder(out)
	print.SetEscapeHTML(false)
	read.Each(os.Stdin, func(stream string, ledger xdr.LedgerCloseMeta) {
		said := verdict{Stream: stream, Ledger: ledger.LedgerSequence(), Way: "derived"}
		processor := tt.NewEventsProcessor(passphrase)
		if *way == "unified" || *way == "auto" && unified(ledger) {
			said.Way = "unified"
			processor = tt.NewEventsProcessorForUnifiedEvents(passphrase)
		}
		var events []*tt.TokenTransferEvent
		if err := read.Try(func() (err error) {
			events, err = processor.EventsFromLedger(ledger)
			return err
		}); err != nil {
			said.Error = err.Error()
		} else if err := read.Try(func() error {
			return tt.VerifyEvents(ledger, passphrase, said.Way == "unified")
		}); err != nil {
			said.Balance = err.Error()
		}
		said.Events = len(events)
		var txs []ingest.LedgerTransaction
		if len(events) != 0 {
			var err error
			if txs, err = read.Transactions(passphrase, ledger); err != nil {
				log.Fatalf("%s: %v", stream, err)
			}
		}
		for _, ev := range events {
			line := describe(stream, ev)
			line.context = describeContext(txs[line.Transaction-1], line.Operation)
			print.Encode(line)
		}
		print.Encode(said)
	})
}
