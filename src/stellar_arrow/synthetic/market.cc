#include "stellar_arrow/synthetic/market.h"

#include <algorithm>
#include <limits>

#include "stellar_arrow/synthetic/events.h"

namespace stellar_arrow::synthetic {
namespace {

using Wide = __int128;

constexpr size_t kMostAtoms = 6;  // of one operation: keeps results as small as real ones

int64_t Narrow(Wide value) {
  return static_cast<int64_t>(std::min<Wide>(value, std::numeric_limits<int64_t>::max()));
}

bool Cheaper(const Price& a, const Price& b) { return int64_t{a.n} * b.d < int64_t{b.n} * a.d; }

// The best offer that sells what the order buys. Copied: taking it changes the state.
std::optional<OfferEntry> BestOffer(const World& world, const Order& order) {
  const OfferEntry* best = nullptr;
  world.state.ForEach(xdr::LedgerEntryType::OFFER, [&](const LedgerEntry& entry) {
    const OfferEntry& offer = entry.data.offer();
    if (!Same(offer.selling, order.buying) || !Same(offer.buying, order.selling)) return;
    if (best == nullptr || Cheaper(offer.price, best->price)) best = &offer;
  });
  return best == nullptr ? std::nullopt : std::optional(*best);
}

bool Accepts(const Order& order, const OfferEntry& offer) {
  if (!order.price) return true;
  // One for `n/d` of the other, seen from both sides.
  const int64_t asked = int64_t{offer.price.n} * order.price->n;
  const int64_t given = int64_t{offer.price.d} * order.price->d;
  return order.passive ? asked < given : asked <= given;
}

ClaimAtom AtomOf(uint32_t protocol, const OfferEntry& offer, int64_t sold, int64_t bought) {
  if (protocol < 18) {  // before pools
    return ClaimAtom::CLAIM_ATOM_TYPE_V0(
        {offer.sellerID.ed25519(), offer.offerID, offer.selling, sold, offer.buying, bought});
  }
  return ClaimAtom::CLAIM_ATOM_TYPE_ORDER_BOOK(
      {offer.sellerID, offer.offerID, offer.selling, sold, offer.buying, bought});
}

// The two moves of an exchange with whoever stands behind `other`.
void TellOfTrade(Applying& applying, const SCAddress& other, const Order& order, int64_t sold,
                 int64_t bought) {
  if (!applying.world.unified_events()) return;
  const SCAddress taker = AddressOf(applying.source);
  applying.events.push_back(MovedEvent(applying.world, order.buying, other, taker, bought));
  applying.events.push_back(MovedEvent(applying.world, order.selling, taker, other, sold));
}

std::optional<Exchange> ConvertWithPool(Applying& applying, const Order& order) {
  World& world = applying.world;
  if (world.protocol < 18) return std::nullopt;
  const LedgerKey key = KeyOfPool(PoolIdOf(order.selling, order.buying));
  const LedgerEntry* entry = world.state.Find(key);
  if (entry == nullptr) return std::nullopt;
  const auto& seen = entry->data.liquidityPool().body.constantProduct();
  const bool first = Same(seen.params.assetA, order.selling);
  const int64_t in = first ? seen.reserveA : seen.reserveB;
  const int64_t out = first ? seen.reserveB : seen.reserveA;
  const int64_t whole = 10'000;
  const int64_t kept = whole - seen.params.fee;
  int64_t sold = order.most_sold;
  int64_t bought = order.most_bought;
  if (sold != kNoLimit) {
    const Wide net = static_cast<Wide>(sold) * kept;
    bought = Narrow(net * out / (static_cast<Wide>(in) * whole + net));
  } else {
    if (bought >= out) return std::nullopt;
    const Wide divisor = static_cast<Wide>(out - bought) * kept;
    sold = Narrow((static_cast<Wide>(in) * bought * whole / kept * kept + divisor - 1) / divisor);
    // The division above may round one down too often; the pool must not lose.
    ++sold;
  }
  if (sold <= 0 || bought <= 0 || sold > std::numeric_limits<int64_t>::max() - in) {
    return std::nullopt;
  }
  auto& pool = world.state.Change(key).data.liquidityPool().body.constantProduct();
  (first ? pool.reserveA : pool.reserveB) += sold;
  (first ? pool.reserveB : pool.reserveA) -= bought;
  const Hash id = PoolIdOf(order.selling, order.buying);
  TellOfTrade(applying, SCAddress::SC_ADDRESS_TYPE_LIQUIDITY_POOL(id), order, sold, bought);
  return Exchange{
      {ClaimAtom::CLAIM_ATOM_TYPE_LIQUIDITY_POOL({id, order.buying, bought, order.selling, sold})},
      sold,
      bought};
}

}  // namespace

int64_t MultiplyDivide(int64_t a, int64_t b, int64_t c) {
  return Narrow(static_cast<Wide>(a) * b / c);
}

int64_t MultiplyDivideUp(int64_t a, int64_t b, int64_t c) {
  return Narrow((static_cast<Wide>(a) * b + c - 1) / c);
}

void RemoveOffer(World& world, const LedgerEntry& entry) {
  const LedgerEntry offer = entry;  // what it is called with may be the state's own
  RemoveLiabilities(world, offer.data.offer());
  ReleaseReserves(world, offer.data.offer().sellerID, 1, 1, offer);
  world.state.Remove(KeyOf(offer));
}

Exchange TakeOffers(Applying& applying, const Order& order) {
  World& world = applying.world;
  Exchange done;
  while (done.atoms.size() < kMostAtoms) {
    const std::optional<OfferEntry> offer = BestOffer(world, order);
    if (!offer || !Accepts(order, *offer)) break;
    if (offer->sellerID == applying.source) {
      done.crossed_self = true;
      break;
    }
    const Price price = offer->price;
    const int64_t can_sell = order.most_sold == kNoLimit ? kNoLimit : order.most_sold - done.sold;
    int64_t bought = std::min(
        offer->amount, order.most_bought == kNoLimit ? kNoLimit : order.most_bought - done.bought);
    bought = std::min(bought, MultiplyDivide(can_sell, price.d, price.n));
    if (bought <= 0) break;
    int64_t sold = MultiplyDivideUp(bought, price.n, price.d);
    const bool last = order.through && can_sell - sold < price.n && bought < offer->amount;
    if (last) sold = can_sell;
    const LedgerKey key = KeyOfOffer(offer->sellerID, offer->offerID);
    RemoveLiabilities(world, *offer);
    if (!Take(world, offer->sellerID, offer->selling, bought) ||
        !Give(world, offer->sellerID, offer->buying, sold)) {
      // Its liabilities forbid this as long as nobody but the generator writes the state.
      AddLiabilities(world, *offer);
      break;
    }
    OfferEntry& left = world.state.Change(key).data.offer();
    left.amount -= bought;
    AddLiabilities(world, left);
    done.atoms.push_back(AtomOf(world.protocol, *offer, bought, sold));
    done.sold += sold;
    done.bought += bought;
    TellOfTrade(applying, AddressOf(offer->sellerID), order, sold, bought);
    if (left.amount == 0) RemoveOffer(world, *world.state.Find(key));
  }
  return done;
}

Exchange Convert(Applying& applying, const Order& order) {
  if (auto exchange = ConvertWithPool(applying, order)) return std::move(*exchange);
  Exchange exchange = TakeOffers(applying, order);
  const bool met = order.most_sold != kNoLimit ? exchange.sold == order.most_sold
                                               : exchange.bought == order.most_bought;
  return met ? std::move(exchange) : Exchange{{}, 0, 0, exchange.crossed_self};
}

}  // namespace stellar_arrow::synthetic
