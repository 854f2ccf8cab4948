package main

import (
	"encoding/hex"
	"strconv"

	tt "github.com/stellar/go-stellar-sdk/processors/token_transfer"
	"github.com/stellar/go-stellar-sdk/xdr"
)

type event struct {
	*tt.TokenTransferEvent
	transaction *transaction
}

type eventTable struct {
	table
	derived, unified      *tt.EventsProcessor
	before, during, after []event // the operations of the ledger
	columns               struct {
		LedgerSequence         u32Column
		LedgerCloseTime        timeColumn
		TransactionHash        hashColumn
		OperationIndex         u32Column
		EventType              textColumn
		FromAccount            textColumn
		ToAccount              textColumn
		AssetCode              textColumn
		AssetIssuer            textColumn
		Amount                 i64Column
		AmountPrecision        u32Column
		Memo                   textColumn
		MemoType               textColumn
		OperationSourceAccount textColumn
		IsNativeAsset          boolColumn
		IsPathPayment          boolColumn
		PathLength             u32Column
		FeeCharged             i64Column
		MaxFee                 i64Column
	}
}

// In the order of the SDK's EventsFromLedger, which would read and hash all transactions again.
func (t *eventTable) add(l *ledger) {
	events := t.derived
	if hasUnifiedEvents(l) {
		events = t.unified
	}
	t.before, t.during, t.after = t.before[:0], t.during[:0], t.after[:0]
	for i := range l.transactions {
		tx := &l.transactions[i]
		of, err := events.EventsFromTransaction(tx.LedgerTransaction)
		must(err)
		t.before = append(t.before, event{of.FeeEvents[0], tx})
		for _, one := range of.OperationEvents {
			t.during = append(t.during, event{one, tx})
		}
		if len(of.FeeEvents) < 2 {
			continue
		}
		if refund := (event{of.FeeEvents[1], tx}); l.header.LedgerVersion < 23 {
			t.during = append(t.during, refund)
		} else {
			t.after = append(t.after, refund)
		}
	}
	for _, events := range [][]event{t.before, t.during, t.after} {
		for i := range events {
			t.addEvent(l, &events[i])
		}
	}
}

// Whether core was told to write the events of classic operations and fees.
func hasUnifiedEvents(l *ledger) bool {
	for i := range l.transactions {
		meta := l.transactions[i].UnsafeMeta.V4
		if meta == nil {
			return false
		}
		fees := false
		for i := range meta.Events {
			one := &meta.Events[i].Event
			if one.Type == xdr.ContractEventTypeContract && one.ContractId != nil && one.Body.V0 != nil &&
				len(one.Body.V0.Topics) != 0 {
				name, ok := one.Body.V0.Topics[0].GetSym()
				fees = fees || ok && string(name) == tt.FeeEvent
			}
		}
		if !fees {
			return false
		}
	}
	return true
}

func (t *eventTable) addEvent(l *ledger, e *event) {
	to := &t.columns
	tx := e.transaction
	index := e.Meta.GetOperationIndex() // from 1; 0 is the transaction's
	to.LedgerSequence.UnsafeAppend(l.sequence)
	to.LedgerCloseTime.UnsafeAppend(l.closed)
	to.TransactionHash.Append(tx.Hash[:])
	to.OperationIndex.UnsafeAppend(index)
	to.EventType.Append(e.GetEventType())
	from, into := parties(e.TokenTransferEvent)
	to.FromAccount.Append(from)
	to.ToAccount.Append(into)
	asset := e.GetAsset()
	native, precision := false, uint32(0)
	if asset != nil {
		precision = 7
		if issued := asset.GetIssuedAsset(); issued != nil {
			put(&t.table, to.AssetCode, issued.AssetCode)
			put(&t.table, to.AssetIssuer, issued.Issuer)
		} else {
			native = true
		}
	}
	amount, _ := strconv.ParseInt(e.GetAmount(), 10, 64) // the nearest there is, where it does not fit
	to.Amount.UnsafeAppend(amount)
	to.AmountPrecision.UnsafeAppend(precision)
	t.memo(tx.Envelope.Memo())
	to.IsNativeAsset.UnsafeAppend(native)
	path, isPath := 0, false
	if index != 0 {
		operation := &tx.operations[index-1]
		source := tx.sourceText
		if operation.SourceAccount != nil {
			source = addressOf(operation.SourceAccount)
		}
		put(&t.table, to.OperationSourceAccount, source)
		switch body := &operation.Body; body.Type {
		case xdr.OperationTypePathPaymentStrictReceive:
			path, isPath = len(body.PathPaymentStrictReceiveOp.Path), true
		case xdr.OperationTypePathPaymentStrictSend:
			path, isPath = len(body.PathPaymentStrictSendOp.Path), true
		}
	}
	to.IsPathPayment.UnsafeAppend(isPath)
	if isPath {
		put(&t.table, to.PathLength, uint32(path))
	}
	to.FeeCharged.UnsafeAppend(tx.feeCharged)
	to.MaxFee.UnsafeAppend(tx.maxFee)
	t.next()
}

func parties(e *tt.TokenTransferEvent) (from, to string) {
	switch one := e.Event.(type) {
	case *tt.TokenTransferEvent_Transfer:
		return one.Transfer.From, one.Transfer.To
	case *tt.TokenTransferEvent_Mint:
		return "", one.Mint.To
	case *tt.TokenTransferEvent_Burn:
		return one.Burn.From, ""
	case *tt.TokenTransferEvent_Clawback:
		return one.Clawback.From, ""
	case *tt.TokenTransferEvent_Fee:
		return one.Fee.From, ""
	}
	return "", ""
}

func (t *eventTable) memo(memo xdr.Memo) {
	to := &t.columns
	switch memo.Type {
	case xdr.MemoTypeMemoNone:
		put(&t.table, to.MemoType, "none")
	case xdr.MemoTypeMemoText:
		put(&t.table, to.Memo, validText(*memo.Text))
		put(&t.table, to.MemoType, "text")
	case xdr.MemoTypeMemoId:
		put(&t.table, to.Memo, strconv.FormatUint(uint64(*memo.Id), 10))
		put(&t.table, to.MemoType, "id")
	case xdr.MemoTypeMemoHash:
		put(&t.table, to.Memo, hex.EncodeToString(memo.Hash[:]))
		put(&t.table, to.MemoType, "hash")
	case xdr.MemoTypeMemoReturn:
		put(&t.table, to.Memo, hex.EncodeToString(memo.RetHash[:]))
		put(&t.table, to.MemoType, "return")
	}
}
