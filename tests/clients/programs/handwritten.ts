// clients/typescript/client.ts against the product, through a proxy that cuts a reply.
import { connect, createServer, type AddressInfo } from "node:net";
import { Client, FateUnknown, Problem, Undecided } from "./client";

const [base, key] = process.argv.slice(2);
const target = new URL(base);
let cutAfter: string | null = null;
let cuts = 0;

const proxy = createServer((near) => {
  const far = connect(Number(target.port), target.hostname);
  let isDoomed = false;
  near.on("data", (chunk) => {
    if (cutAfter !== null && chunk.includes(cutAfter)) { cutAfter = null; isDoomed = true; }
    far.write(chunk);
  });
  far.on("data", (chunk) => {
    if (isDoomed) { cuts += 1; near.destroy(); far.destroy(); } else near.write(chunk);
  });
  for (const side of [near, far]) {
    side.on("error", () => undefined);
    side.on("close", () => { near.destroy(); far.destroy(); });
  }
});

function expect(actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    throw new Error(`${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);
  }
}

async function failure(call: Promise<unknown>): Promise<unknown> {
  try { await call; } catch (error) { return error; }
  throw new Error("nothing was thrown");
}

async function main(): Promise<void> {
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const through = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const client = new Client(through, key, { retries: 3 });
  const ann = (await client.post("/v1/wallets", { currency: "RUB", owner: "ann" })).wallet_id;
  const bob = (await client.post("/v1/wallets", { currency: "RUB", owner: "bob" })).wallet_id;
  await client.post("/v1/adjustments", {
    wallet_id: ann, amount: "100", currency: "RUB", direction: "credit", reason: "opening",
  });
  const move = (amount: string) => ({
    source_wallet_id: ann, destination_wallet_id: bob, amount, currency: "RUB", description: "",
  });

  cutAfter = "POST /v1/transfers ";
  const moved = await client.post("/v1/transfers", move("12.30"));
  expect([cuts, moved.destination_balance], [1, "12.30"]);

  cutAfter = "POST /v1/transfers ";
  const refused = await failure(client.post("/v1/transfers", move("5000")));
  expect([refused instanceof Problem && refused.code, cuts], ["insufficient_funds", 2]);

  const hasty = new Client(through, key, { waitS: 0 });
  const accepted = await failure(hasty.post("/v1/transfers", move("1")));
  if (!(accepted instanceof Undecided)) throw accepted;
  expect((await client.operation(accepted.operationId, 10)).status, "applied");

  cutAfter = "POST /v1/transfers ";
  const nobody = new Client(through, key, { retries: 0 });
  const unknown = await failure(nobody.post("/v1/transfers", move("2")));
  if (!(unknown instanceof FateUnknown)) throw unknown;
  const repeated = await client.post("/v1/transfers", move("2"), { key: unknown.key });
  expect((await client.findOperation(unknown.key))?.operation_id, repeated.operation_id);

  const amounts: string[] = [];
  const path = { wallet_id: bob };
  for await (const entry of client.list("/v1/wallets/{wallet_id}/entries", { path, query: { limit: 2 } })) {
    amounts.push(entry.amount);
  }
  expect(amounts, ["2.00", "1.00", "12.30"]);

  cutAfter = "POST /v1/payees ";
  const wallet = { owner: "ann", superpay_wallet_id: "W-1001-RUB", currency: "RUB", name: "mine" };
  const payee = await client.post("/v1/payees", wallet);
  const paid = await client.post("/v1/payouts", { wallet_id: ann, payee_id: payee.payee_id, amount: "5", currency: "RUB", description: "" });
  const listed: string[] = [];
  for await (const one of client.list("/v1/payees", { query: { owner: "ann" } })) listed.push(one.payee_id);
  expect([payee.status, paid.superpay_wallet_id, listed], ["confirmed", "W-1001-RUB", [payee.payee_id]]);
  cutAfter = "DELETE /v1/payees/";
  await client.delete("/v1/payees/{payee_id}", { path: { payee_id: payee.payee_id } });
  const gone = await failure(client.delete("/v1/payees/{payee_id}", { path: { payee_id: payee.payee_id } }));
  expect(gone instanceof Problem && gone.code, "payee_not_found");
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
