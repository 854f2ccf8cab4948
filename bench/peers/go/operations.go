package main

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"github.com/stellar/go-stellar-sdk/toid"
	"github.com/stellar/go-stellar-sdk/xdr"
)

type operationTable struct {
	table
	networkID xdr.Hash
	columns   struct {
		LedgerSequence                 u32Column
		TransactionHash                hashColumn
		TransactionIndex               u32Column
		OperationIndex                 u32Column
		OperationId                    i64Column
		LedgerCloseTime                timeColumn
		OperationType                  u32Column
		OperationTypeString            textColumn
		SourceAccount                  textColumn
		SourceAccountEd25519           hashColumn
		SourceAccountMuxed             u64Column
		TransactionSuccessful          boolColumn
		TransactionSourceAccount       textColumn
		Successful                     boolColumn
		ResultCode                     i32Column
		ResultCodeString               textColumn
		DestinationAccount             textColumn
		Amount                         i64Column
		AssetType                      u8Column
		AssetCode                      textColumn
		AssetIssuer                    textColumn
		SendAssetType                  u8Column
		SendAssetCode                  textColumn
		SendAssetIssuer                textColumn
		SendAmount                     i64Column
		DestMin                        i64Column
		PathLength                     u32Column
		Trustor                        textColumn
		Trustee                        textColumn
		TrustLimit                     i64Column
		AuthorizeToMaintainLiabilities boolColumn
		ClawbackEnabled                boolColumn
		OfferId                        i64Column
		BuyingAssetType                u8Column
		BuyingAssetCode                textColumn
		BuyingAssetIssuer              textColumn
		SellingAssetType               u8Column
		SellingAssetCode               textColumn
		SellingAssetIssuer             textColumn
		PriceN                         i32Column
		PriceD                         i32Column
		StartingBalance                i64Column
		HomeDomain                     textColumn
		InflationDest                  textColumn
		MasterWeight                   u32Column
		ThresholdLow                   u32Column
		ThresholdMedium                u32Column
		ThresholdHigh                  u32Column
		SignerKey                      textColumn
		SignerWeight                   u32Column
		DataName                       textColumn
		DataValue                      binaryColumn
		BalanceId                      hashColumn
		ClaimantCount                  u32Column
		SponsoredAccount               textColumn
		SponsorAccount                 textColumn
		LiquidityPoolId                hashColumn
		ReserveADeposit                i64Column
		ReserveBDeposit                i64Column
		MinPriceN                      i32Column
		MinPriceD                      i32Column
		MaxPriceN                      i32Column
		MaxPriceD                      i32Column
		HostFunctionType               u32Column
		ContractId                     hashColumn
		ContractCodeHash               hashColumn
		FunctionName                   textColumn
		SorobanAuthCount               u32Column
		OperationXdr                   binaryColumn
		OperationResultXdr             binaryColumn
		OperationMetaXdr               binaryColumn
	}
}

var operationNames = func() (names [27]string) {
	for kind := range names {
		names[kind] = snake(strings.TrimPrefix(xdr.OperationType(kind).String(), "OperationType"))
	}
	return names
}()

func (t *operationTable) add(l *ledger, tx *transaction) {
	to := &t.columns
	results, _ := tx.Result.OperationResults()
	for index := range tx.operations {
		op := &tx.operations[index]
		source, sourceText := &tx.source, tx.sourceText
		if op.SourceAccount != nil {
			source, sourceText = op.SourceAccount, addressOf(op.SourceAccount)
		}
		to.LedgerSequence.UnsafeAppend(l.sequence)
		to.TransactionHash.Append(tx.Hash[:])
		to.TransactionIndex.UnsafeAppend(tx.Index)
		to.OperationIndex.UnsafeAppend(uint32(index))
		to.OperationId.UnsafeAppend(toid.New(int32(l.sequence), int32(tx.Index), int32(index+1)).ToInt64())
		to.LedgerCloseTime.UnsafeAppend(l.closed)
		to.OperationType.UnsafeAppend(uint32(op.Body.Type))
		to.OperationTypeString.Append(operationNames[op.Body.Type])
		to.SourceAccount.Append(sourceText)
		to.SourceAccountEd25519.Append(keyOf(source))
		if source.Med25519 != nil {
			put(&t.table, to.SourceAccountMuxed, uint64(source.Med25519.Id))
		}
		to.TransactionSuccessful.UnsafeAppend(tx.successful)
		to.TransactionSourceAccount.Append(tx.sourceText)
		var result *xdr.OperationResult
		if index < len(results) {
			result = &results[index]
		}
		t.result(tx, result)
		var done *xdr.OperationResultTr // if what it says has lasted
		if tx.successful {
			done = result.Tr
		}
		t.body(tx, index, source, sourceText, done)
		t.putXDR(to.OperationXdr, op)
		if tx.successful {
			t.putXDR(to.OperationMetaXdr, operationMeta(&tx.UnsafeMeta, index))
		} else {
			to.OperationMetaXdr.Append(nil)
		}
		t.next()
	}
}

func (t *operationTable) result(tx *transaction, result *xdr.OperationResult) {
	to := &t.columns
	if result == nil { // none was tried
		code := tx.Result.Result.Result.Code
		to.Successful.UnsafeAppend(false)
		to.ResultCode.UnsafeAppend(int32(code))
		to.ResultCodeString.Append(codeName(code.String()))
		to.OperationResultXdr.Append(nil)
		return
	}
	encoded := t.putXDR(to.OperationResultXdr, result)
	if result.Tr == nil {
		to.Successful.UnsafeAppend(false)
		to.ResultCode.UnsafeAppend(int32(result.Code))
		to.ResultCodeString.Append(codeName(result.Code.String()))
		return
	}
	name, err := result.Tr.MapOperationResultTr()
	must(err)
	// Its own kind's code follows the union's two; the SDK has no accessor for it.
	code := int32(binary.BigEndian.Uint32(encoded[8:]))
	to.Successful.UnsafeAppend(code == 0)
	to.ResultCode.UnsafeAppend(code)
	to.ResultCodeString.Append(codeName(name))
}

func operationMeta(meta *xdr.TransactionMeta, index int) xdr.EncoderTo {
	switch meta.V {
	case 1:
		return &meta.V1.Operations[index]
	case 2:
		return &meta.V2.Operations[index]
	case 3:
		return &meta.V3.Operations[index]
	case 4:
		return &meta.V4.Operations[index]
	}
	return &(*meta.Operations)[index]
}

func (t *operationTable) asset(kind u8Column, code, issuer textColumn, asset *xdr.Asset) {
	put(&t.table, kind, uint8(asset.Type))
	if asset.Type != xdr.AssetTypeAssetTypeNative {
		put(&t.table, code, validText(strings.TrimRight(asset.GetCode(), "\x00")))
		put(&t.table, issuer, asset.GetIssuer())
	}
}

func (t *operationTable) mainAsset(asset *xdr.Asset) {
	t.asset(t.columns.AssetType, t.columns.AssetCode, t.columns.AssetIssuer, asset)
}

func (t *operationTable) sendAsset(asset *xdr.Asset) {
	t.asset(t.columns.SendAssetType, t.columns.SendAssetCode, t.columns.SendAssetIssuer, asset)
}

func (t *operationTable) offer(selling, buying *xdr.Asset, amount xdr.Int64, price xdr.Price) {
	to := &t.columns
	t.asset(to.SellingAssetType, to.SellingAssetCode, to.SellingAssetIssuer, selling)
	t.asset(to.BuyingAssetType, to.BuyingAssetCode, to.BuyingAssetIssuer, buying)
	put(&t.table, to.Amount, int64(amount))
	put(&t.table, to.PriceN, int32(price.N))
	put(&t.table, to.PriceD, int32(price.D))
}

func (t *operationTable) optional(column u32Column, value *xdr.Uint32) {
	if value != nil {
		put(&t.table, column, uint32(*value))
	}
}

func (t *operationTable) body(tx *transaction, index int, source *xdr.MuxedAccount, sourceText string,
	done *xdr.OperationResultTr) {
	to := &t.columns
	body := &tx.operations[index].Body
	switch body.Type {
	case xdr.OperationTypeCreateAccount:
		op := body.CreateAccountOp
		put(&t.table, to.DestinationAccount, op.Destination.Address())
		put(&t.table, to.StartingBalance, int64(op.StartingBalance))
	case xdr.OperationTypePayment:
		op := body.PaymentOp
		put(&t.table, to.DestinationAccount, addressOf(&op.Destination))
		t.mainAsset(&op.Asset)
		put(&t.table, to.Amount, int64(op.Amount))
	case xdr.OperationTypePathPaymentStrictReceive:
		op := body.PathPaymentStrictReceiveOp
		put(&t.table, to.DestinationAccount, addressOf(&op.Destination))
		t.mainAsset(&op.DestAsset)
		t.sendAsset(&op.SendAsset)
		put(&t.table, to.Amount, int64(op.DestAmount))
		put(&t.table, to.PathLength, uint32(len(op.Path)))
		if done != nil {
			put(&t.table, to.SendAmount, int64(done.PathPaymentStrictReceiveResult.SendAmount()))
		}
	case xdr.OperationTypePathPaymentStrictSend:
		op := body.PathPaymentStrictSendOp
		put(&t.table, to.DestinationAccount, addressOf(&op.Destination))
		t.mainAsset(&op.DestAsset)
		t.sendAsset(&op.SendAsset)
		put(&t.table, to.SendAmount, int64(op.SendAmount))
		put(&t.table, to.DestMin, int64(op.DestMin))
		put(&t.table, to.PathLength, uint32(len(op.Path)))
		if done != nil {
			put(&t.table, to.Amount, int64(done.PathPaymentStrictSendResult.DestAmount()))
		}
	case xdr.OperationTypeManageSellOffer:
		op := body.ManageSellOfferOp
		t.offer(&op.Selling, &op.Buying, op.Amount, op.Price)
		put(&t.table, to.OfferId, int64(op.OfferId))
	case xdr.OperationTypeManageBuyOffer:
		op := body.ManageBuyOfferOp
		t.offer(&op.Selling, &op.Buying, op.BuyAmount, op.Price)
		put(&t.table, to.OfferId, int64(op.OfferId))
	case xdr.OperationTypeCreatePassiveSellOffer:
		op := body.CreatePassiveSellOfferOp
		t.offer(&op.Selling, &op.Buying, op.Amount, op.Price)
	case xdr.OperationTypeSetOptions:
		t.options(body.SetOptionsOp)
	case xdr.OperationTypeChangeTrust:
		op := body.ChangeTrustOp
		put(&t.table, to.Trustor, sourceText)
		put(&t.table, to.TrustLimit, int64(op.Limit))
		if op.Line.Type == xdr.AssetTypeAssetTypePoolShare {
			pool := op.Line.LiquidityPool.ConstantProduct
			id, err := xdr.NewPoolId(pool.AssetA, pool.AssetB, pool.Fee)
			must(err)
			put(&t.table, to.AssetType, uint8(op.Line.Type))
			put(&t.table, to.LiquidityPoolId, id[:])
			return
		}
		asset := op.Line.ToAsset()
		t.mainAsset(&asset)
		if asset.Type != xdr.AssetTypeAssetTypeNative {
			put(&t.table, to.Trustee, asset.GetIssuer())
		}
	case xdr.OperationTypeAllowTrust:
		op := body.AllowTrustOp
		put(&t.table, to.Trustor, op.Trustor.Address())
		put(&t.table, to.Trustee, sourceText)
		asset := op.Asset.ToAsset(source.ToAccountId())
		t.mainAsset(&asset)
		put(&t.table, to.AuthorizeToMaintainLiabilities,
			xdr.TrustLineFlags(op.Authorize).IsAuthorizedToMaintainLiabilitiesFlag())
	case xdr.OperationTypeAccountMerge:
		put(&t.table, to.DestinationAccount, addressOf(body.Destination))
		if done != nil {
			put(&t.table, to.Amount, int64(*done.AccountMergeResult.SourceAccountBalance))
		}
	case xdr.OperationTypeManageData:
		op := body.ManageDataOp
		put(&t.table, to.DataName, validText(string(op.DataName)))
		if op.DataValue != nil {
			put(&t.table, to.DataValue, []byte(*op.DataValue))
		}
	case xdr.OperationTypeCreateClaimableBalance:
		op := body.CreateClaimableBalanceOp
		t.mainAsset(&op.Asset)
		put(&t.table, to.Amount, int64(op.Amount))
		put(&t.table, to.ClaimantCount, uint32(len(op.Claimants)))
		if done != nil {
			put(&t.table, to.BalanceId, done.CreateClaimableBalanceResult.BalanceId.V0[:])
		}
	case xdr.OperationTypeClaimClaimableBalance:
		put(&t.table, to.BalanceId, body.ClaimClaimableBalanceOp.BalanceId.V0[:])
	case xdr.OperationTypeBeginSponsoringFutureReserves:
		put(&t.table, to.SponsoredAccount, body.BeginSponsoringFutureReservesOp.SponsoredId.Address())
		put(&t.table, to.SponsorAccount, sourceText)
	case xdr.OperationTypeEndSponsoringFutureReserves:
		put(&t.table, to.SponsoredAccount, sourceText)
		if done != nil {
			t.sponsor(tx, index, source.ToAccountId())
		}
	case xdr.OperationTypeRevokeSponsorship:
		t.revocation(body.RevokeSponsorshipOp)
	case xdr.OperationTypeClawback:
		op := body.ClawbackOp
		t.mainAsset(&op.Asset)
		put(&t.table, to.Amount, int64(op.Amount))
	case xdr.OperationTypeClawbackClaimableBalance:
		put(&t.table, to.BalanceId, body.ClawbackClaimableBalanceOp.BalanceId.V0[:])
	case xdr.OperationTypeSetTrustLineFlags:
		op := body.SetTrustLineFlagsOp
		set, clear := xdr.TrustLineFlags(op.SetFlags), xdr.TrustLineFlags(op.ClearFlags)
		put(&t.table, to.Trustor, op.Trustor.Address())
		t.mainAsset(&op.Asset)
		if op.Asset.Type != xdr.AssetTypeAssetTypeNative {
			put(&t.table, to.Trustee, op.Asset.GetIssuer())
		}
		if set.IsAuthorizedToMaintainLiabilitiesFlag() {
			put(&t.table, to.AuthorizeToMaintainLiabilities, true)
		} else if clear.IsAuthorizedToMaintainLiabilitiesFlag() {
			put(&t.table, to.AuthorizeToMaintainLiabilities, false)
		}
		if clear.IsClawbackEnabledFlag() {
			put(&t.table, to.ClawbackEnabled, false)
		}
	case xdr.OperationTypeLiquidityPoolDeposit:
		op := body.LiquidityPoolDepositOp
		put(&t.table, to.LiquidityPoolId, op.LiquidityPoolId[:])
		put(&t.table, to.MinPriceN, int32(op.MinPrice.N))
		put(&t.table, to.MinPriceD, int32(op.MinPrice.D))
		put(&t.table, to.MaxPriceN, int32(op.MaxPrice.N))
		put(&t.table, to.MaxPriceD, int32(op.MaxPrice.D))
		if done != nil {
			t.deposit(tx, index, op.LiquidityPoolId)
		}
	case xdr.OperationTypeLiquidityPoolWithdraw:
		op := body.LiquidityPoolWithdrawOp
		put(&t.table, to.LiquidityPoolId, op.LiquidityPoolId[:])
		put(&t.table, to.Amount, int64(op.Amount))
	case xdr.OperationTypeInvokeHostFunction:
		t.hostFunction(body.InvokeHostFunctionOp)
	case xdr.OperationTypeExtendFootprintTtl, xdr.OperationTypeRestoreFootprint:
		t.footprint(tx)
	}
}

func (t *operationTable) options(op *xdr.SetOptionsOp) {
	to := &t.columns
	if op.InflationDest != nil {
		put(&t.table, to.InflationDest, op.InflationDest.Address())
	}
	t.optional(to.MasterWeight, op.MasterWeight)
	t.optional(to.ThresholdLow, op.LowThreshold)
	t.optional(to.ThresholdMedium, op.MedThreshold)
	t.optional(to.ThresholdHigh, op.HighThreshold)
	if op.HomeDomain != nil {
		put(&t.table, to.HomeDomain, validText(string(*op.HomeDomain)))
	}
	if op.Signer != nil {
		put(&t.table, to.SignerKey, op.Signer.Key.Address())
		put(&t.table, to.SignerWeight, uint32(op.Signer.Weight))
	}
}

// Who began to sponsor the source of the operation that ends it.
func (t *operationTable) sponsor(tx *transaction, end int, sponsored xdr.AccountId) {
	for i := end - 1; i >= 0; i-- {
		op := &tx.operations[i]
		begin := op.Body.BeginSponsoringFutureReservesOp
		if begin == nil || !begin.SponsoredId.Equals(sponsored) {
			continue
		}
		by := tx.sourceText
		if op.SourceAccount != nil {
			by = addressOf(op.SourceAccount)
		}
		put(&t.table, t.columns.SponsorAccount, by)
		return
	}
}

func (t *operationTable) revocation(op *xdr.RevokeSponsorshipOp) {
	to := &t.columns
	if op.Type == xdr.RevokeSponsorshipTypeRevokeSponsorshipSigner {
		put(&t.table, to.SponsoredAccount, op.Signer.AccountId.Address())
		put(&t.table, to.SignerKey, op.Signer.SignerKey.Address())
		return
	}
	switch key := op.LedgerKey; key.Type {
	case xdr.LedgerEntryTypeAccount:
		put(&t.table, to.SponsoredAccount, key.Account.AccountId.Address())
	case xdr.LedgerEntryTypeTrustline:
		put(&t.table, to.Trustor, key.TrustLine.AccountId.Address())
		if pool := key.TrustLine.Asset.LiquidityPoolId; pool != nil {
			put(&t.table, to.AssetType, uint8(key.TrustLine.Asset.Type))
			put(&t.table, to.LiquidityPoolId, pool[:])
			return
		}
		asset := key.TrustLine.Asset.ToAsset()
		t.mainAsset(&asset)
	case xdr.LedgerEntryTypeOffer:
		put(&t.table, to.SponsoredAccount, key.Offer.SellerId.Address())
		put(&t.table, to.OfferId, int64(key.Offer.OfferId))
	case xdr.LedgerEntryTypeData:
		put(&t.table, to.SponsoredAccount, key.Data.AccountId.Address())
		put(&t.table, to.DataName, validText(string(key.Data.DataName)))
	case xdr.LedgerEntryTypeClaimableBalance:
		put(&t.table, to.BalanceId, key.ClaimableBalance.BalanceId.V0[:])
	case xdr.LedgerEntryTypeLiquidityPool:
		put(&t.table, to.LiquidityPoolId, key.LiquidityPool.LiquidityPoolId[:])
	}
}

// What the deposit added to the pool.
func (t *operationTable) deposit(tx *transaction, index int, pool xdr.PoolId) {
	changes, err := tx.GetOperationChanges(uint32(index))
	must(err)
	for i := range changes {
		change := &changes[i]
		after := reservesOf(change.Post, pool)
		if change.Type != xdr.LedgerEntryTypeLiquidityPool || after == nil {
			continue
		}
		before := reservesOf(change.Pre, pool)
		if before == nil {
			before = &xdr.LiquidityPoolEntryConstantProduct{}
		}
		put(&t.table, t.columns.ReserveADeposit, int64(after.ReserveA-before.ReserveA))
		put(&t.table, t.columns.ReserveBDeposit, int64(after.ReserveB-before.ReserveB))
		return
	}
}

func reservesOf(entry *xdr.LedgerEntry, pool xdr.PoolId) *xdr.LiquidityPoolEntryConstantProduct {
	if entry == nil || entry.Data.LiquidityPool == nil || entry.Data.LiquidityPool.LiquidityPoolId != pool {
		return nil
	}
	return entry.Data.LiquidityPool.Body.ConstantProduct
}

func (t *operationTable) hostFunction(op *xdr.InvokeHostFunctionOp) {
	to := &t.columns
	put(&t.table, to.HostFunctionType, uint32(op.HostFunction.Type))
	put(&t.table, to.SorobanAuthCount, uint32(len(op.Auth)))
	switch function := &op.HostFunction; function.Type {
	case xdr.HostFunctionTypeHostFunctionTypeInvokeContract:
		if id := function.InvokeContract.ContractAddress.ContractId; id != nil {
			put(&t.table, to.ContractId, id[:])
		}
		put(&t.table, to.FunctionName, validText(string(function.InvokeContract.FunctionName)))
	case xdr.HostFunctionTypeHostFunctionTypeCreateContract:
		t.creation(&function.CreateContract.ContractIdPreimage, &function.CreateContract.Executable)
	case xdr.HostFunctionTypeHostFunctionTypeCreateContractV2:
		t.creation(&function.CreateContractV2.ContractIdPreimage, &function.CreateContractV2.Executable)
	case xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm:
		hash := sha256.Sum256(*function.Wasm)
		put(&t.table, to.ContractCodeHash, hash[:])
	}
}

func (t *operationTable) creation(preimage *xdr.ContractIdPreimage, executable *xdr.ContractExecutable) {
	encoded, err := t.encoder.UnsafeMarshalBinary(&xdr.HashIdPreimage{
		Type: xdr.EnvelopeTypeEnvelopeTypeContractId,
		ContractId: &xdr.HashIdPreimageContractId{
			NetworkId: t.networkID, ContractIdPreimage: *preimage,
		},
	})
	must(err)
	id := sha256.Sum256(encoded)
	put(&t.table, t.columns.ContractId, id[:])
	if executable.WasmHash != nil {
		put(&t.table, t.columns.ContractCodeHash, executable.WasmHash[:])
	}
}

// The contract of the first contract data in the footprint.
func (t *operationTable) footprint(tx *transaction) {
	data, ok := tx.GetSorobanData()
	if !ok {
		return
	}
	footprint := &data.Resources.Footprint
	for _, keys := range [][]xdr.LedgerKey{footprint.ReadWrite, footprint.ReadOnly} {
		for i := range keys {
			if entry := keys[i].ContractData; entry != nil && entry.Contract.ContractId != nil {
				put(&t.table, t.columns.ContractId, entry.Contract.ContractId[:])
				return
			}
		}
	}
}
