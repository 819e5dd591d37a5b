/** Further users in a shop. */
import { openShop, type Shop } from "../support/service.ts";

/** Another user, who was invited into the shop and came. */
export async function invite(shop: Shop): Promise<Shop> {
  const guest = await openShop();
  const invited = await shop.http.request("POST", "/api/pms/stores/{store}/members", {
    path: { store: shop.store },
    body: { email: guest.email, role: "editor" },
  });
  const token = (invited.body as { invite_token: string }).invite_token;
  await guest.http.request("POST", "/api/pms/auth/invites/accept", { body: { token } });
  return { ...guest, store: shop.store };
}
