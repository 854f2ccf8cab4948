// Prints what the official SDK says of ledgers' transactions and operations, one JSON line a row, by
// our columns' names. Bytes and codes of assets are hex, XDR columns the hex of their SHA-256, texts of
// any bytes their `_bytes` columns alone. Leaves out what the SDK knows nothing of: `details`, names in
// lower case, arguments as JSON.
//
//	rows PASSPHRASE < LIST
//
// LIST has one file a line, as read.Each reads them. An error or a panic of the SDK's becomes the
// ledger's "error", in place of its rows.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"strings"

	"github.com/stellar/go-stellar-sdk/ingest"
	"github.com/stellar/go-stellar-sdk/toid"
	"github.com/stellar/go-stellar-sdk/xdr"

	"stellar-arrow-source/tests/compare/go/read"
)

type row map[string]any

type line struct {
	Stream string `json:"stream"`
	Table  string `json:"table"`
	Row    row    `json:"row"`
	Error  string `json:"error,omitempty"`
}

// Columns that are null where nothing is said of them.
var nullsOfTransactions = []string{
	"source_account_muxed", "resource_fee", "soroban_resource_fee", "created_contract_count",
	"time_bounds_min", "time_bounds_max", "time_bounds", "ledger_bounds_min", "ledger_bounds_max",
	"ledger_bounds", "min_account_sequence", "min_account_sequence_age",
	"min_account_sequence_ledger_gap", "extra_signers_count", "inner_transaction_hash", "fee_source",
	"memo_text_bytes", "memo_id", "memo_hash", "memo_return_hash", "soroban_resources_instructions",
	"soroban_resources_read_bytes", "soroban_resources_disk_read_bytes",
	"soroban_resources_write_bytes", "account_muxed", "fee_account_muxed", "new_max_fee",
	"inclusion_fee_bid", "inclusion_fee_charged", "resource_fee_refund",
	"non_refundable_resource_fee_charged", "refundable_resource_fee_charged", "rent_fee_charged",
	"inner_result_code", "fee_bump_signature_count", "post_fee_meta_xdr",
}

var nullsOfOperations = []string{
	"source_account_muxed", "destination_account", "destination_account_muxed", "amount", "asset_type",
	"asset_code", "asset_issuer", "send_asset_type", "send_asset_code", "send_asset_issuer",
	"send_amount", "send_max", "dest_min", "path_length", "trustor", "trustee", "trust_limit",
	"authorize", "authorize_to_maintain_liabilities", "clawback_enabled", "offer_id",
	"buying_asset_type", "buying_asset_code", "buying_asset_issuer", "selling_asset_type",
	"selling_asset_code", "selling_asset_issuer", "price_n", "price_d", "starting_balance",
	"home_domain_bytes", "inflation_dest", "master_weight", "threshold_low", "threshold_medium",
	"threshold_high", "signer_key", "signer_weight", "data_name_bytes", "data_value", "balance_id",
	"claimant_count", "sponsored_account", "sponsor_account", "liquidity_pool_id",
	"reserve_a_deposit", "reserve_b_deposit", "min_price_n", "min_price_d", "max_price_n",
	"max_price_d", "host_function_type", "contract_id", "contract_code_hash", "function_name_bytes",
	"soroban_auth_count", "from_account", "from_account_muxed", "set_flags", "clear_flags",
	"result_offer_effect", "result_offer_id", "bump_to", "max_amount_a", "max_amount_b",
	"shares_received", "min_amount_a", "min_amount_b", "reserve_a_withdraw", "reserve_b_withdraw",
	"extend_to", "sponsor", "operation_result_code", "operation_trace_code",
}

func with(nulls []string) row {
	out := row{}
	for _, name := range nulls {
		out[name] = nil
	}
	return out
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func encoded(value encoding.BinaryMarshaler) []byte {
	out, err := value.MarshalBinary()
	must(err)
	return out
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func hashOfXDR(value encoding.BinaryMarshaler) string { return hashOf(encoded(value)) }

func hashOfChanges(changes xdr.LedgerEntryChanges) string {
	var out bytes.Buffer
	_, err := xdr.Marshal(&out, changes)
	must(err)
	return hashOf(out.Bytes())
}

func plain(account xdr.MuxedAccount) string {
	id := account.ToAccountId()
	return id.Address()
}

func muxedID(account xdr.MuxedAccount) any {
	if account.Type != xdr.CryptoKeyTypeKeyTypeMuxedEd25519 {
		return nil
	}
	return uint64(account.Med25519.Id)
}

func key(account xdr.MuxedAccount) string {
	id := account.ToAccountId()
	return hex.EncodeToString(id.Ed25519[:])
}

// Seconds as microseconds, up to the last that fits.
func micros(seconds xdr.TimePoint) int64 {
	if uint64(seconds) > math.MaxInt64/1_000_000 {
		return math.MaxInt64
	}
	return int64(seconds) * 1_000_000
}

func hints(signatures []xdr.DecoratedSignature) []string {
	out := []string{}
	for _, one := range signatures {
		out = append(out, hex.EncodeToString(one.Hint[:]))
	}
	return out
}

func operationEvents(tx *ingest.LedgerTransaction) (count int) {
	if tx.UnsafeMeta.V < 3 { // had none; the SDK refuses version 0
		return 0
	}
	events, err := tx.GetTransactionEvents()
	must(err)
	for _, of := range events.OperationEvents {
		count += len(of)
	}
	return count
}

func operationChanges(tx *ingest.LedgerTransaction, index int) []ingest.Change {
	changes, err := tx.GetOperationChanges(uint32(index))
	must(err)
	return changes
}

func createdContracts(tx *ingest.LedgerTransaction) (count int) {
	for i := range tx.Envelope.Operations() {
		for _, change := range operationChanges(tx, i) {
			if change.ChangeType == xdr.LedgerEntryChangeTypeLedgerEntryCreated &&
				change.Type == xdr.LedgerEntryTypeContractData &&
				change.Post.Data.ContractData.Key.Type == xdr.ScValTypeScvLedgerKeyContractInstance {
				count++
			}
		}
	}
	return count
}

func sorobanMeta(meta xdr.TransactionMeta) (ext xdr.SorobanTransactionMetaExt) {
	switch {
	case meta.V == 3 && meta.V3.SorobanMeta != nil:
		ext = meta.V3.SorobanMeta.Ext
	case meta.V == 4 && meta.V4.SorobanMeta != nil:
		ext = meta.V4.SorobanMeta.Ext
	}
	return ext
}

func transactionRow(tx *ingest.LedgerTransaction) row {
	out := with(nullsOfTransactions)
	env := tx.Envelope
	source := env.SourceAccount()
	out["ledger_sequence"] = tx.Ledger.LedgerSequence()
	out["transaction_hash"] = tx.Hash.HexString()
	out["transaction_index"] = tx.Index
	out["transaction_id"] = tx.ID()
	out["ledger_close_time"] = tx.Ledger.ClosedAt().UnixMicro()
	out["protocol_version"] = tx.Ledger.ProtocolVersion()
	out["source_account"] = plain(source)
	out["source_account_ed25519"] = key(source)
	out["source_account_muxed"] = muxedID(source)
	if text, ok := tx.AccountMuxed(); ok {
		out["account_muxed"] = text
	}
	out["sequence_number"] = tx.AccountSequence()
	out["fee_charged"], _ = tx.FeeCharged()
	out["max_fee"] = int64(env.Fee())
	out["inner_max_fee"] = int64(tx.MaxFee())
	out["successful"] = tx.Successful()
	out["result_code"] = tx.Result.Result.Result.Code
	out["transaction_result_code"] = tx.ResultCode()
	out["operation_count"] = tx.OperationCount()
	out["signature_count"] = len(env.Signatures())
	out["signature_hints"] = hints(env.Signatures())
	out["fee_bump_signature_hints"] = hints(nil)
	if env.IsFeeBump() {
		payer := env.FeeBumpAccount()
		out["max_fee"] = env.FeeBumpFee()
		out["new_max_fee"], _ = tx.NewMaxFee()
		out["inner_transaction_hash"], _ = tx.InnerTransactionHash()
		out["fee_source"] = plain(payer)
		if payer.Type == xdr.CryptoKeyTypeKeyTypeMuxedEd25519 {
			out["fee_account_muxed"] = payer.Address()
		}
		out["fee_bump_signature_count"] = len(env.FeeBumpSignatures())
		out["fee_bump_signature_hints"] = hints(env.FeeBumpSignatures())
		if pair := tx.Result.Result.Result.InnerResultPair; pair != nil {
			out["inner_result_code"] = pair.Result.Result.Code
		}
	}
	preconditions(tx, out)
	memo := env.Memo()
	out["memo_type"] = memo.Type
	switch memo.Type {
	case xdr.MemoTypeMemoText:
		out["memo_text_bytes"] = hex.EncodeToString([]byte(memo.MustText()))
	case xdr.MemoTypeMemoId:
		out["memo_id"] = uint64(memo.MustId())
	case xdr.MemoTypeMemoHash:
		out["memo_hash"] = memo.MustHash().HexString()
	case xdr.MemoTypeMemoReturn:
		out["memo_return_hash"] = memo.MustRetHash().HexString()
	}
	out["transaction_envelope_type"] = env.Type
	out["contract_events_count"] = operationEvents(tx)
	archived := []uint32{}
	if data, ok := tx.GetSorobanData(); ok {
		resource, _ := tx.SorobanResourceFee()
		out["resource_fee"] = resource
		out["resource_fee_refund"] = tx.SorobanResourceFeeRefund()
		out["soroban_resource_fee"] = resource - tx.SorobanResourceFeeRefund()
		out["inclusion_fee_bid"], _ = tx.SorobanInclusionFeeBid()
		out["inclusion_fee_charged"], _ = tx.SorobanInclusionFeeCharged()
		out["soroban_resources_instructions"], _ = tx.SorobanResourcesInstructions()
		out["soroban_resources_read_bytes"], _ = tx.SorobanResourcesDiskReadBytes()
		out["soroban_resources_disk_read_bytes"], _ = tx.SorobanResourcesDiskReadBytes()
		out["soroban_resources_write_bytes"], _ = tx.SorobanResourcesWriteBytes()
		out["created_contract_count"] = createdContracts(tx)
		if ext, ok := data.Ext.GetResourceExt(); ok {
			for _, index := range ext.ArchivedSorobanEntries {
				archived = append(archived, uint32(index))
			}
		}
	}
	out["soroban_resources_archived_entries"] = archived
	if parts, ok := sorobanMeta(tx.UnsafeMeta).GetV1(); ok {
		out["non_refundable_resource_fee_charged"] = parts.TotalNonRefundableResourceFeeCharged
		out["refundable_resource_fee_charged"] = parts.TotalRefundableResourceFeeCharged
		out["rent_fee_charged"] = parts.RentFeeCharged
	}
	out["transaction_envelope_xdr"] = hashOfXDR(env)
	out["transaction_result_xdr"] = hashOfXDR(tx.Result.Result)
	out["transaction_meta_xdr"] = hashOfXDR(tx.UnsafeMeta)
	out["fee_meta_xdr"] = hashOfChanges(tx.FeeChanges)
	if tx.Ledger.V == 2 {
		out["post_fee_meta_xdr"] = hashOfChanges(tx.PostTxApplyFeeChanges)
	}
	return out
}

func preconditions(tx *ingest.LedgerTransaction, out row) {
	env := tx.Envelope
	if text, ok := tx.TimeBounds(); ok {
		out["time_bounds"] = text
		out["time_bounds_min"] = micros(env.TimeBounds().MinTime)
		if env.TimeBounds().MaxTime != 0 {
			out["time_bounds_max"] = micros(env.TimeBounds().MaxTime)
		}
	}
	if text, ok := tx.LedgerBounds(); ok {
		out["ledger_bounds"] = text
		out["ledger_bounds_min"] = env.LedgerBounds().MinLedger
		out["ledger_bounds_max"] = env.LedgerBounds().MaxLedger
	}
	if number, ok := tx.MinSequence(); ok {
		out["min_account_sequence"] = number
	}
	if age := env.MinSeqAge(); age != nil {
		out["min_account_sequence_age"] = uint64(*age)
	}
	if gap := env.MinSeqLedgerGap(); gap != nil {
		out["min_account_sequence_ledger_gap"] = uint32(*gap)
	}
	signers := []string{}
	for _, signer := range env.ExtraSigners() {
		signers = append(signers, signer.Address())
	}
	out["extra_signers"] = signers
	if env.Type != xdr.EnvelopeTypeEnvelopeTypeTxV0 && env.Preconditions().Type == xdr.PreconditionTypePrecondV2 {
		out["extra_signers_count"] = len(signers)
	}
}

type extractable interface {
	Extract(typ interface{}, code interface{}, issuer interface{}) error
}

func (out row) asset(prefix string, one extractable) {
	var kind xdr.AssetType
	var code, issuer string
	must(one.Extract(&kind, &code, &issuer))
	out[prefix+"asset_type"] = kind
	if kind != xdr.AssetTypeAssetTypeNative {
		out[prefix+"asset_code"] = hex.EncodeToString([]byte(strings.TrimRight(code, "\x00")))
		out[prefix+"asset_issuer"] = issuer
	}
}

func (out row) destination(account xdr.MuxedAccount) {
	out["destination_account"] = plain(account)
	out["destination_account_muxed"] = muxedID(account)
}

func (out row) price(prefix string, price xdr.Price) {
	out[prefix+"price_n"], out[prefix+"price_d"] = price.N, price.D
}

func (out row) offer(selling, buying xdr.Asset, amount xdr.Int64, price xdr.Price) {
	out.asset("selling_", selling)
	out.asset("buying_", buying)
	out["amount"] = amount
	out.price("", price)
}

func (out row) made(success *xdr.ManageOfferSuccessResult) {
	out["result_offer_effect"] = success.Offer.Effect
	if success.Offer.Offer != nil {
		out["result_offer_id"] = success.Offer.Offer.OfferId
	}
}

func number(value *xdr.Uint32) any {
	if value == nil {
		return nil
	}
	return *value
}

// After less before of a pool's reserves and shares; all nil where it did not change.
func poolDelta(changes []ingest.Change, pool xdr.PoolId, sign xdr.Int64) (a, b, shares any) {
	for _, change := range changes {
		if change.Type != xdr.LedgerEntryTypeLiquidityPool {
			continue
		}
		of := func(entry *xdr.LedgerEntry) (bool, xdr.LiquidityPoolEntryConstantProduct) {
			if entry == nil || entry.Data.LiquidityPool.LiquidityPoolId != pool {
				return false, xdr.LiquidityPoolEntryConstantProduct{}
			}
			return true, *entry.Data.LiquidityPool.Body.ConstantProduct
		}
		before, pre := of(change.Pre)
		after, post := of(change.Post)
		if before || after {
			return sign * (post.ReserveA - pre.ReserveA), sign * (post.ReserveB - pre.ReserveB),
				sign * (post.TotalPoolShares - pre.TotalPoolShares)
		}
	}
	return nil, nil, nil
}

func sponsor(op xdr.Operation, changes []ingest.Change) any {
	signer := ""
	if options, ok := op.Body.GetSetOptionsOp(); ok && options.Signer != nil {
		signer = options.Signer.Key.Address()
	}
	for _, change := range changes {
		if signer != "" && change.Type == xdr.LedgerEntryTypeAccount && change.Post != nil {
			var before xdr.AccountId
			had := false
			if change.Pre != nil {
				account := change.Pre.Data.MustAccount()
				before, had = account.SponsorPerSigner()[signer]
			}
			account := change.Post.Data.MustAccount()
			if after, has := account.SponsorPerSigner()[signer]; has && !(had && before.Equals(after)) {
				return after.Address()
			}
		}
		if change.Pre == nil && change.Post != nil {
			if by := change.Post.SponsoringID(); by != nil {
				return by.Address()
			}
		}
	}
	return nil
}

func createdContract(passphrase string, preimage xdr.ContractIdPreimage) string {
	return hashOfXDR(xdr.HashIdPreimage{
		Type: xdr.EnvelopeTypeEnvelopeTypeContractId,
		ContractId: &xdr.HashIdPreimageContractId{
			NetworkId: sha256.Sum256([]byte(passphrase)), ContractIdPreimage: preimage,
		},
	})
}

// The contract of the first contract data in the footprint.
func footprintContract(tx *ingest.LedgerTransaction) any {
	data, ok := tx.GetSorobanData()
	if !ok {
		return nil
	}
	footprint := data.Resources.Footprint
	for _, keys := range [][]xdr.LedgerKey{footprint.ReadWrite, footprint.ReadOnly} {
		for _, one := range keys {
			if entry, ok := one.GetContractData(); ok {
				if id, ok := entry.Contract.GetContractId(); ok {
					return hex.EncodeToString(id[:])
				}
			}
		}
	}
	return nil
}

func codeOf(executable xdr.ContractExecutable) any {
	if executable.Type != xdr.ContractExecutableTypeContractExecutableWasm {
		return nil
	}
	return executable.WasmHash.HexString()
}

func operationMeta(meta xdr.TransactionMeta, index int) encoding.BinaryMarshaler {
	switch meta.V {
	case 1:
		return meta.V1.Operations[index]
	case 2:
		return meta.V2.Operations[index]
	case 3:
		return meta.V3.Operations[index]
	case 4:
		return meta.V4.Operations[index]
	}
	return (*meta.Operations)[index]
}

func operationRow(passphrase string, tx *ingest.LedgerTransaction, index int) row {
	out := with(nullsOfOperations)
	op, _ := tx.GetOperation(uint32(index))
	source := tx.Envelope.SourceAccount()
	out["transaction_source_account"] = plain(source)
	if op.SourceAccount != nil {
		source = *op.SourceAccount
	}
	out["ledger_sequence"] = tx.Ledger.LedgerSequence()
	out["ledger_close_time"] = tx.Ledger.ClosedAt().UnixMicro()
	out["transaction_hash"] = tx.Hash.HexString()
	out["transaction_index"] = tx.Index
	out["operation_index"] = index
	out["transaction_id"] = tx.ID()
	out["operation_id"] = toid.New(int32(tx.Ledger.LedgerSequence()), int32(tx.Index), int32(index+1)).ToInt64()
	out["operation_type"] = op.Body.Type
	out["source_account"] = plain(source)
	out["source_account_ed25519"] = key(source)
	out["source_account_muxed"] = muxedID(source)
	out["transaction_successful"] = tx.Successful()
	out["meta_version"] = tx.UnsafeMeta.V
	out["operation_xdr"] = hashOfXDR(op)
	out["operation_meta_xdr"] = hashOf(nil)
	var changes []ingest.Change
	if tx.Successful() {
		changes = operationChanges(tx, index)
		out["operation_meta_xdr"] = hashOfXDR(operationMeta(tx.UnsafeMeta, index))
		out["sponsor"] = sponsor(op, changes)
	}
	out["successful"] = false
	out["result_code"] = tx.Result.Result.Result.Code
	out["operation_result_xdr"] = hashOf(nil)
	var tr xdr.OperationResultTr
	if results, ok := tx.Result.OperationResults(); ok {
		result := results[index]
		out["operation_result_xdr"] = hashOfXDR(result)
		out["operation_result_code"] = result.Code.String()
		out["result_code"] = result.Code
		if result.Code == xdr.OperationResultCodeOpInner {
			tr = *result.Tr
			trace, err := tr.MapOperationResultTr()
			must(err)
			out["operation_trace_code"] = trace
			// Every arm begins with its code, after the union's own.
			out["result_code"] = innerCode(encoded(tr))
			out["successful"] = innerCode(encoded(tr)) == 0
		}
	}
	body(passphrase, tx, index, op, source, tr, changes, out)
	return out
}

func innerCode(tr []byte) int32 {
	return int32(tr[4])<<24 | int32(tr[5])<<16 | int32(tr[6])<<8 | int32(tr[7])
}

func body(passphrase string, tx *ingest.LedgerTransaction, index int, op xdr.Operation,
	source xdr.MuxedAccount, tr xdr.OperationResultTr, changes []ingest.Change, out row) {
	done := tx.Successful()
	switch op.Body.Type {
	case xdr.OperationTypeCreateAccount:
		one := op.Body.CreateAccountOp
		out["destination_account"] = one.Destination.Address()
		out["starting_balance"] = one.StartingBalance
	case xdr.OperationTypePayment:
		one := op.Body.PaymentOp
		out.destination(one.Destination)
		out.asset("", one.Asset)
		out["amount"] = one.Amount
	case xdr.OperationTypePathPaymentStrictReceive:
		one := op.Body.PathPaymentStrictReceiveOp
		out.destination(one.Destination)
		out.asset("", one.DestAsset)
		out.asset("send_", one.SendAsset)
		out["amount"], out["send_max"], out["path_length"] = one.DestAmount, one.SendMax, len(one.Path)
		if done {
			out["send_amount"] = tr.PathPaymentStrictReceiveResult.SendAmount()
		}
	case xdr.OperationTypePathPaymentStrictSend:
		one := op.Body.PathPaymentStrictSendOp
		out.destination(one.Destination)
		out.asset("", one.DestAsset)
		out.asset("send_", one.SendAsset)
		out["send_amount"], out["dest_min"], out["path_length"] = one.SendAmount, one.DestMin, len(one.Path)
		if done {
			out["amount"] = tr.PathPaymentStrictSendResult.DestAmount()
		}
	case xdr.OperationTypeManageSellOffer:
		one := op.Body.ManageSellOfferOp
		out.offer(one.Selling, one.Buying, one.Amount, one.Price)
		out["offer_id"] = one.OfferId
		if done {
			out.made(tr.ManageSellOfferResult.Success)
		}
	case xdr.OperationTypeManageBuyOffer:
		one := op.Body.ManageBuyOfferOp
		out.offer(one.Selling, one.Buying, one.BuyAmount, one.Price)
		out["offer_id"] = one.OfferId
		if done {
			out.made(tr.ManageBuyOfferResult.Success)
		}
	case xdr.OperationTypeCreatePassiveSellOffer:
		one := op.Body.CreatePassiveSellOfferOp
		out.offer(one.Selling, one.Buying, one.Amount, one.Price)
		if done {
			result := tr.CreatePassiveSellOfferResult
			if result == nil { // core writes the other kind's
				result = tr.ManageSellOfferResult
			}
			out.made(result.Success)
		}
	case xdr.OperationTypeSetOptions:
		one := op.Body.SetOptionsOp
		if one.InflationDest != nil {
			out["inflation_dest"] = one.InflationDest.Address()
		}
		out["set_flags"], out["clear_flags"] = number(one.SetFlags), number(one.ClearFlags)
		out["master_weight"], out["threshold_low"] = number(one.MasterWeight), number(one.LowThreshold)
		out["threshold_medium"], out["threshold_high"] = number(one.MedThreshold), number(one.HighThreshold)
		if one.HomeDomain != nil {
			out["home_domain_bytes"] = hex.EncodeToString([]byte(*one.HomeDomain))
		}
		if one.Signer != nil {
			out["signer_key"], out["signer_weight"] = one.Signer.Key.Address(), one.Signer.Weight
		}
	case xdr.OperationTypeChangeTrust:
		one := op.Body.ChangeTrustOp
		out["trustor"], out["trust_limit"] = plain(source), one.Limit
		if one.Line.Type == xdr.AssetTypeAssetTypePoolShare {
			params := one.Line.LiquidityPool.ConstantProduct
			pool, err := xdr.NewPoolId(params.AssetA, params.AssetB, params.Fee)
			must(err)
			out["asset_type"], out["liquidity_pool_id"] = one.Line.Type, hex.EncodeToString(pool[:])
		} else {
			out.asset("", one.Line.ToAsset())
			out["trustee"] = out["asset_issuer"]
		}
	case xdr.OperationTypeAllowTrust:
		one := op.Body.AllowTrustOp
		out["trustor"], out["trustee"] = one.Trustor.Address(), plain(source)
		out.asset("", one.Asset.ToAsset(source.ToAccountId()))
		out["authorize"] = one.Authorize
		out["authorize_to_maintain_liabilities"] =
			xdr.TrustLineFlags(one.Authorize).IsAuthorizedToMaintainLiabilitiesFlag()
	case xdr.OperationTypeAccountMerge:
		out.destination(*op.Body.Destination)
		if done {
			out["amount"] = *tr.AccountMergeResult.SourceAccountBalance
		}
	case xdr.OperationTypeInflation:
	case xdr.OperationTypeManageData:
		one := op.Body.ManageDataOp
		out["data_name_bytes"] = hex.EncodeToString([]byte(one.DataName))
		if one.DataValue != nil {
			out["data_value"] = hex.EncodeToString(*one.DataValue)
		}
	case xdr.OperationTypeBumpSequence:
		out["bump_to"] = op.Body.BumpSequenceOp.BumpTo
	case xdr.OperationTypeCreateClaimableBalance:
		one := op.Body.CreateClaimableBalanceOp
		out.asset("", one.Asset)
		out["amount"], out["claimant_count"] = one.Amount, len(one.Claimants)
		if done {
			out["balance_id"] = tr.CreateClaimableBalanceResult.BalanceId.V0.HexString()
		}
	case xdr.OperationTypeClaimClaimableBalance:
		out["balance_id"] = op.Body.ClaimClaimableBalanceOp.BalanceId.V0.HexString()
	case xdr.OperationTypeBeginSponsoringFutureReserves:
		out["sponsored_account"] = op.Body.BeginSponsoringFutureReservesOp.SponsoredId.Address()
		out["sponsor_account"] = plain(source)
	case xdr.OperationTypeEndSponsoringFutureReserves:
		out["sponsored_account"] = plain(source)
		for i := index - 1; done && i >= 0; i-- {
			before, _ := tx.GetOperation(uint32(i))
			if begin := before.Body.BeginSponsoringFutureReservesOp; begin != nil &&
				begin.SponsoredId.Address() == plain(source) {
				by := tx.Envelope.SourceAccount()
				if before.SourceAccount != nil {
					by = *before.SourceAccount
				}
				out["sponsor_account"] = plain(by)
				break
			}
		}
	case xdr.OperationTypeRevokeSponsorship:
		revoke(op.Body.RevokeSponsorshipOp, out)
	case xdr.OperationTypeClawback:
		one := op.Body.ClawbackOp
		out.asset("", one.Asset)
		out["amount"] = one.Amount
		out["from_account"], out["from_account_muxed"] = plain(one.From), muxedID(one.From)
	case xdr.OperationTypeClawbackClaimableBalance:
		out["balance_id"] = op.Body.ClawbackClaimableBalanceOp.BalanceId.V0.HexString()
	case xdr.OperationTypeSetTrustLineFlags:
		one := op.Body.SetTrustLineFlagsOp
		set, clear := xdr.TrustLineFlags(one.SetFlags), xdr.TrustLineFlags(one.ClearFlags)
		out["trustor"] = one.Trustor.Address()
		out.asset("", one.Asset)
		out["trustee"] = out["asset_issuer"]
		out["set_flags"], out["clear_flags"] = one.SetFlags, one.ClearFlags
		if set.IsAuthorizedToMaintainLiabilitiesFlag() {
			out["authorize_to_maintain_liabilities"] = true
		} else if clear.IsAuthorizedToMaintainLiabilitiesFlag() {
			out["authorize_to_maintain_liabilities"] = false
		}
		if clear.IsClawbackEnabledFlag() {
			out["clawback_enabled"] = false
		}
	case xdr.OperationTypeLiquidityPoolDeposit:
		one := op.Body.LiquidityPoolDepositOp
		out["liquidity_pool_id"] = hex.EncodeToString(one.LiquidityPoolId[:])
		out["max_amount_a"], out["max_amount_b"] = one.MaxAmountA, one.MaxAmountB
		out.price("min_", one.MinPrice)
		out.price("max_", one.MaxPrice)
		if done {
			out["reserve_a_deposit"], out["reserve_b_deposit"], out["shares_received"] =
				poolDelta(changes, one.LiquidityPoolId, 1)
		}
	case xdr.OperationTypeLiquidityPoolWithdraw:
		one := op.Body.LiquidityPoolWithdrawOp
		out["liquidity_pool_id"], out["amount"] = hex.EncodeToString(one.LiquidityPoolId[:]), one.Amount
		out["min_amount_a"], out["min_amount_b"] = one.MinAmountA, one.MinAmountB
		if done {
			out["reserve_a_withdraw"], out["reserve_b_withdraw"], _ =
				poolDelta(changes, one.LiquidityPoolId, -1)
		}
	case xdr.OperationTypeInvokeHostFunction:
		hostFunction(passphrase, op.Body.InvokeHostFunctionOp, out)
	case xdr.OperationTypeExtendFootprintTtl:
		out["extend_to"] = op.Body.ExtendFootprintTtlOp.ExtendTo
		out["contract_id"] = footprintContract(tx)
	case xdr.OperationTypeRestoreFootprint:
		out["contract_id"] = footprintContract(tx)
	}
}

func revoke(one *xdr.RevokeSponsorshipOp, out row) {
	if one.Type == xdr.RevokeSponsorshipTypeRevokeSponsorshipSigner {
		out["sponsored_account"] = one.Signer.AccountId.Address()
		out["signer_key"] = one.Signer.SignerKey.Address()
		return
	}
	switch entry := one.LedgerKey; entry.Type {
	case xdr.LedgerEntryTypeAccount:
		out["sponsored_account"] = entry.Account.AccountId.Address()
	case xdr.LedgerEntryTypeTrustline:
		out["trustor"] = entry.TrustLine.AccountId.Address()
		if pool := entry.TrustLine.Asset.LiquidityPoolId; pool != nil {
			out["asset_type"], out["liquidity_pool_id"] = entry.TrustLine.Asset.Type, hex.EncodeToString(pool[:])
		} else {
			out.asset("", entry.TrustLine.Asset)
		}
	case xdr.LedgerEntryTypeOffer:
		out["sponsored_account"], out["offer_id"] = entry.Offer.SellerId.Address(), entry.Offer.OfferId
	case xdr.LedgerEntryTypeData:
		out["sponsored_account"] = entry.Data.AccountId.Address()
		out["data_name_bytes"] = hex.EncodeToString([]byte(entry.Data.DataName))
	case xdr.LedgerEntryTypeClaimableBalance:
		out["balance_id"] = entry.ClaimableBalance.BalanceId.V0.HexString()
	case xdr.LedgerEntryTypeLiquidityPool:
		out["liquidity_pool_id"] = hex.EncodeToString(entry.LiquidityPool.LiquidityPoolId[:])
	}
}

func hostFunction(passphrase string, one *xdr.InvokeHostFunctionOp, out row) {
	out["host_function_type"], out["soroban_auth_count"] = one.HostFunction.Type, len(one.Auth)
	switch function := one.HostFunction; function.Type {
	case xdr.HostFunctionTypeHostFunctionTypeInvokeContract:
		if id, ok := function.InvokeContract.ContractAddress.GetContractId(); ok {
			out["contract_id"] = hex.EncodeToString(id[:])
		}
		out["function_name_bytes"] = hex.EncodeToString([]byte(function.InvokeContract.FunctionName))
	case xdr.HostFunctionTypeHostFunctionTypeCreateContract:
		out["contract_id"] = createdContract(passphrase, function.CreateContract.ContractIdPreimage)
		out["contract_code_hash"] = codeOf(function.CreateContract.Executable)
	case xdr.HostFunctionTypeHostFunctionTypeCreateContractV2:
		out["contract_id"] = createdContract(passphrase, function.CreateContractV2.ContractIdPreimage)
		out["contract_code_hash"] = codeOf(function.CreateContractV2.Executable)
	case xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm:
		out["contract_code_hash"] = hashOf(*function.Wasm)
	}
}

func main() {
	passphrase := os.Args[1]
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer out.Flush()
	print := json.NewEncoder(out)
	read.Each(os.Stdin, func(stream string, ledger xdr.LedgerCloseMeta) {
		var lines []line
		if err := read.Try(func() error {
			txs, err := read.Transactions(passphrase, ledger)
			for i := range txs {
				tx := &txs[i]
				lines = append(lines, line{stream, "transactions", transactionRow(tx), ""})
				for index := range tx.Envelope.Operations() {
					lines = append(lines, line{stream, "operations", operationRow(passphrase, tx, index), ""})
				}
			}
			return err
		}); err != nil {
			lines = []line{{Stream: stream, Error: err.Error()}}
		}
		for _, one := range lines {
			must(print.Encode(one))
		}
	})
}
