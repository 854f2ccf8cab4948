package main

import (
	"math"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/stellar/go-stellar-sdk/ingest"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// A ledger and what all of its rows need.
type ledger struct {
	meta         *xdr.LedgerCloseMeta
	header       xdr.LedgerHeader
	hash         xdr.Hash
	sequence     uint32
	closed       arrow.Timestamp
	transactions []transaction
}

// A transaction and what several of its cells need.
type transaction struct {
	ingest.LedgerTransaction
	operations []xdr.Operation
	source     xdr.MuxedAccount
	sourceText string
	successful bool
	feeCharged int64
	maxFee     int64
}

func newTransaction(read ingest.LedgerTransaction) transaction {
	tx := transaction{
		LedgerTransaction: read,
		operations:        read.Envelope.Operations(),
		source:            read.Envelope.SourceAccount(),
		successful:        read.Successful(),
		maxFee:            int64(read.Envelope.Fee()),
	}
	tx.sourceText = addressOf(&tx.source)
	tx.feeCharged, _ = read.FeeCharged()
	if read.Envelope.IsFeeBump() {
		tx.maxFee = read.Envelope.FeeBumpFee()
	}
	return tx
}

type ledgerTable struct {
	table
	columns struct {
		LedgerSequence             u32Column
		LedgerCloseTime            timeColumn
		LedgerHash                 hashColumn
		PreviousLedgerHash         hashColumn
		TransactionCount           u32Column
		OperationCount             u32Column
		SuccessfulTransactionCount u32Column
		FailedTransactionCount     u32Column
		ProtocolVersion            u32Column
		BaseFee                    u32Column
		BaseReserve                u32Column
		MaxTxSetSize               u32Column
		CloseTimeResolution        u32Column
		LedgerCloseMetaXdr         binaryColumn
	}
}

func (t *ledgerTable) add(l *ledger) {
	to := &t.columns
	successful, operations := 0, 0
	for i := range l.transactions {
		if tx := &l.transactions[i]; tx.successful {
			successful++
			operations += len(tx.operations)
		}
	}
	to.LedgerSequence.UnsafeAppend(l.sequence)
	to.LedgerCloseTime.UnsafeAppend(l.closed)
	to.LedgerHash.Append(l.hash[:])
	to.PreviousLedgerHash.Append(l.header.PreviousLedgerHash[:])
	to.TransactionCount.UnsafeAppend(uint32(len(l.transactions)))
	to.OperationCount.UnsafeAppend(uint32(operations))
	to.SuccessfulTransactionCount.UnsafeAppend(uint32(successful))
	to.FailedTransactionCount.UnsafeAppend(uint32(len(l.transactions) - successful))
	to.ProtocolVersion.UnsafeAppend(uint32(l.header.LedgerVersion))
	to.BaseFee.UnsafeAppend(uint32(l.header.BaseFee))
	to.BaseReserve.UnsafeAppend(uint32(l.header.BaseReserve))
	to.MaxTxSetSize.UnsafeAppend(uint32(l.header.MaxTxSetSize))
	to.CloseTimeResolution.UnsafeAppend(1)
	t.putXDR(to.LedgerCloseMetaXdr, l.meta)
	t.next()
}

type transactionTable struct {
	table
	columns struct {
		LedgerSequence                    u32Column
		TransactionHash                   hashColumn
		TransactionIndex                  u32Column
		LedgerCloseTime                   timeColumn
		SourceAccount                     textColumn
		SourceAccountEd25519              hashColumn
		SourceAccountMuxed                u64Column
		SequenceNumber                    i64Column
		FeeCharged                        i64Column
		MaxFee                            i64Column
		ResourceFee                       i64Column
		SorobanResourceFee                i64Column
		Successful                        boolColumn
		ResultCode                        i32Column
		ResultCodeString                  textColumn
		OperationCount                    u32Column
		CreatedContractCount              u32Column
		TimeBoundsMin                     timeColumn
		TimeBoundsMax                     timeColumn
		LedgerBoundsMin                   u32Column
		LedgerBoundsMax                   u32Column
		MinAccountSequence                i64Column
		MinAccountSequenceAge             u64Column
		MinAccountSequenceLedgerGap       u32Column
		ExtraSignersCount                 u32Column
		SignatureCount                    u32Column
		InnerTransactionHash              hashColumn
		FeeSource                         textColumn
		MemoType                          u8Column
		MemoText                          textColumn
		MemoId                            u64Column
		MemoHash                          hashColumn
		MemoReturnHash                    hashColumn
		ProtocolVersion                   u32Column
		TransactionEnvelopeType           u32Column
		SorobanOperationsCount            u32Column
		SorobanResourcesInstructions      u32Column
		SorobanResourcesReadBytes         u32Column
		SorobanResourcesWriteBytes        u32Column
		SorobanResourcesMetadataSizeBytes u32Column // always null
		TransactionEnvelopeXdr            binaryColumn
		TransactionResultXdr              binaryColumn
		TransactionMetaXdr                binaryColumn
	}
}

func (t *transactionTable) add(l *ledger, tx *transaction) {
	to := &t.columns
	env := &tx.Envelope
	to.LedgerSequence.UnsafeAppend(l.sequence)
	to.TransactionHash.Append(tx.Hash[:])
	to.TransactionIndex.UnsafeAppend(tx.Index)
	to.LedgerCloseTime.UnsafeAppend(l.closed)
	to.SourceAccount.Append(tx.sourceText)
	to.SourceAccountEd25519.Append(keyOf(&tx.source))
	if tx.source.Med25519 != nil {
		put(&t.table, to.SourceAccountMuxed, uint64(tx.source.Med25519.Id))
	}
	to.SequenceNumber.UnsafeAppend(env.SeqNum())
	to.FeeCharged.UnsafeAppend(tx.feeCharged)
	to.MaxFee.UnsafeAppend(tx.maxFee)
	to.Successful.UnsafeAppend(tx.successful)
	code := tx.Result.Result.Result.Code
	to.ResultCode.UnsafeAppend(int32(code))
	to.ResultCodeString.Append(codeName(code.String()))
	to.OperationCount.UnsafeAppend(uint32(len(tx.operations)))
	to.SignatureCount.UnsafeAppend(uint32(len(env.Signatures())))
	t.conditions(env)
	if env.IsFeeBump() {
		if pair, ok := tx.Result.Result.Result.GetInnerResultPair(); ok {
			put(&t.table, to.InnerTransactionHash, pair.TransactionHash[:])
		}
		payer := env.FeeBumpAccount()
		put(&t.table, to.FeeSource, addressOf(&payer))
	}
	t.memo(env.Memo())
	to.ProtocolVersion.UnsafeAppend(uint32(l.header.LedgerVersion))
	to.TransactionEnvelopeType.UnsafeAppend(uint32(env.Type))
	t.soroban(tx)
	t.putXDR(to.TransactionEnvelopeXdr, env)
	t.putXDR(to.TransactionResultXdr, &tx.Result.Result)
	t.putXDR(to.TransactionMetaXdr, &tx.UnsafeMeta)
	t.next()
}

func (t *transactionTable) conditions(env *xdr.TransactionEnvelope) {
	to := &t.columns
	if bounds := env.TimeBounds(); bounds != nil {
		put(&t.table, to.TimeBoundsMin, micros(bounds.MinTime))
		if bounds.MaxTime != 0 {
			put(&t.table, to.TimeBoundsMax, micros(bounds.MaxTime))
		}
	}
	if env.Type == xdr.EnvelopeTypeEnvelopeTypeTxV0 {
		return
	}
	v2, ok := env.Preconditions().GetV2()
	if !ok {
		return
	}
	if v2.LedgerBounds != nil {
		put(&t.table, to.LedgerBoundsMin, uint32(v2.LedgerBounds.MinLedger))
		put(&t.table, to.LedgerBoundsMax, uint32(v2.LedgerBounds.MaxLedger))
	}
	if v2.MinSeqNum != nil {
		put(&t.table, to.MinAccountSequence, int64(*v2.MinSeqNum))
	}
	put(&t.table, to.MinAccountSequenceAge, uint64(v2.MinSeqAge))
	put(&t.table, to.MinAccountSequenceLedgerGap, uint32(v2.MinSeqLedgerGap))
	put(&t.table, to.ExtraSignersCount, uint32(len(v2.ExtraSigners)))
}

func (t *transactionTable) memo(memo xdr.Memo) {
	to := &t.columns
	to.MemoType.UnsafeAppend(uint8(memo.Type))
	switch memo.Type {
	case xdr.MemoTypeMemoText:
		put(&t.table, to.MemoText, validText(*memo.Text))
	case xdr.MemoTypeMemoId:
		put(&t.table, to.MemoId, uint64(*memo.Id))
	case xdr.MemoTypeMemoHash:
		put(&t.table, to.MemoHash, memo.Hash[:])
	case xdr.MemoTypeMemoReturn:
		put(&t.table, to.MemoReturnHash, memo.RetHash[:])
	}
}

func (t *transactionTable) soroban(tx *transaction) {
	to := &t.columns
	count := uint32(0)
	for i := range tx.operations {
		switch tx.operations[i].Body.Type {
		case xdr.OperationTypeInvokeHostFunction, xdr.OperationTypeExtendFootprintTtl,
			xdr.OperationTypeRestoreFootprint:
			count++
		}
	}
	if count != 0 {
		put(&t.table, to.SorobanOperationsCount, count)
	}
	data, ok := tx.GetSorobanData()
	if !ok {
		return
	}
	put(&t.table, to.ResourceFee, int64(data.ResourceFee))
	put(&t.table, to.SorobanResourceFee, int64(data.ResourceFee)-tx.SorobanResourceFeeRefund())
	put(&t.table, to.CreatedContractCount, createdContracts(&tx.UnsafeMeta))
	put(&t.table, to.SorobanResourcesInstructions, uint32(data.Resources.Instructions))
	put(&t.table, to.SorobanResourcesReadBytes, uint32(data.Resources.DiskReadBytes))
	put(&t.table, to.SorobanResourcesWriteBytes, uint32(data.Resources.WriteBytes))
}

// Every contract has one entry for its instance.
func createdContracts(meta *xdr.TransactionMeta) (count uint32) {
	visit := func(changes xdr.LedgerEntryChanges) {
		for i := range changes {
			if created := changes[i].Created; created != nil && created.Data.ContractData != nil &&
				created.Data.ContractData.Key.Type == xdr.ScValTypeScvLedgerKeyContractInstance {
				count++
			}
		}
	}
	switch meta.V { // Soroban is younger than the others
	case 3:
		for i := range meta.V3.Operations {
			visit(meta.V3.Operations[i].Changes)
		}
	case 4:
		for i := range meta.V4.Operations {
			visit(meta.V4.Operations[i].Changes)
		}
	}
	return count
}

// Seconds that microseconds in an int64 cannot tell become the last time that they can.
func micros(seconds xdr.TimePoint) arrow.Timestamp {
	if uint64(seconds) > math.MaxInt64/1_000_000 {
		return math.MaxInt64
	}
	return arrow.Timestamp(seconds) * 1_000_000
}

func keyOf(account *xdr.MuxedAccount) []byte {
	if account.Med25519 != nil {
		return account.Med25519.Ed25519[:]
	}
	return account.Ed25519[:]
}

// The account's G address, whether it is muxed or not.
func addressOf(account *xdr.MuxedAccount) string {
	id := account.ToAccountId()
	return id.Address()
}

func validText(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

var codeNames = map[string]string{}

// PaymentResultCodePaymentUnderfunded becomes payment_underfunded.
func codeName(name string) string {
	short, ok := codeNames[name]
	if !ok {
		_, member, _ := strings.Cut(name, "ResultCode")
		short = snake(member)
		codeNames[name] = short
	}
	return short
}
