// Two wallets and a transfer with openapi-fetch over the types that openapi-typescript generates.
import createClient from "openapi-fetch";
import type { paths } from "./schema";

const [base, key] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: base, headers: { Authorization: `Bearer ${key}` } });
const header = { Prefer: "wait=10" };

async function walletOf(owner: string): Promise<number> {
  const { data, error } = await client.POST("/v1/wallets", {
    params: { header },
    body: { currency: "RUB", owner },
  });
  if (data === undefined || !("wallet_id" in data)) throw new Error(JSON.stringify(error ?? data));
  return data.wallet_id;
}

async function main(): Promise<void> {
  const source = await walletOf("ann");
  const destination = await walletOf("bob");
  await client.POST("/v1/adjustments", {
    params: { header },
    body: { wallet_id: source, amount: "100", currency: "RUB", direction: "credit", reason: "opening" },
  });
  const { data, error } = await client.POST("/v1/transfers", {
    params: { header },
    body: {
      source_wallet_id: source, destination_wallet_id: destination,
      amount: "12.30", currency: "RUB", description: "",
    },
  });
  if (data === undefined || !("transfer_id" in data)) throw new Error(JSON.stringify(error ?? data));
  if (data.source_balance !== "87.70" || data.destination_balance !== "12.30") {
    throw new Error(JSON.stringify(data));
  }
  console.log(data.transfer_id);
}

main().catch((error) => { console.error(error); process.exit(1); });
