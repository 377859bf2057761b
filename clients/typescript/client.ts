// A client of the payments platform over the types of its OpenAPI document.
//
// Make `schema.d.ts` beside this file: npx openapi-typescript http://127.0.0.1:8000/schema/openapi.json -o schema.d.ts
// Node 20 or later, or any browser. Every POST that moves money has one idempotency key over all its
// attempts; a request whose answer was lost is asked about before anything is sent again; calls wait
// for their decision.
import type { paths } from "./schema";

type Posts = { [P in keyof paths]: paths[P] extends { post: { responses: { 201: unknown } } } ? P : never }[keyof paths];
type Deletes = { [P in keyof paths]: paths[P] extends { delete: { responses: { 204: unknown } } } ? P : never }[keyof paths];
type Lists = { [P in keyof paths]: paths[P] extends { get: { responses: { 200: { content: { "application/json": { items: unknown[] } } } } } } ? P : never }[keyof paths];
type BodyOf<P extends Posts> = paths[P] extends { post: { requestBody?: { content: { "application/json": infer B } } } } ? B : never;
type AppliedOf<P extends Posts> = paths[P] extends { post: { responses: { 201: { content: { "application/json": infer A } } } } } ? A : never;
type ItemOf<P extends Lists> = paths[P] extends { get: { responses: { 200: { content: { "application/json": { items: (infer I)[] } } } } } } ? I : never;
type Operation = paths["/v1/operations/{operation_id}"]["get"]["responses"][200]["content"]["application/json"];
type Path = Record<string, string | number>;

/** The server refused: a problem document with a stable `code`. */
export class Problem extends Error {
  constructor(readonly status: number, readonly document: Record<string, unknown>, readonly key = "") {
    super(`${document.code ?? `http_${status}`}: ${document.detail ?? ""}`);
  }
  get code(): string { return String(this.document.code ?? `http_${this.status}`); }
}

/** Accepted and durable, not decided within `waitS`: ask `operation(operationId, 30)`. */
export class Undecided extends Error {
  constructor(readonly operationId: string, readonly key: string) {
    super(`operation ${operationId} is accepted and not decided yet`);
  }
}

/** Every retry ended without an answer: keep the key and ask `findOperation(key)` later. */
export class FateUnknown extends Error {
  constructor(readonly key: string, reason: string) {
    super(`it is not known whether ${key} was accepted: ${reason}`);
  }
}

interface Reply { status: number; document: Record<string, unknown> | null; retryAfterS: number }

export interface Options { waitS?: number; retries?: number; timeoutMs?: number }

export class Client {
  private readonly waitS: number;
  private readonly retries: number;
  private readonly timeoutMs: number;

  constructor(private readonly base: string, private readonly apiKey: string, options: Options = {}) {
    this.waitS = options.waitS ?? 10;
    this.retries = options.retries ?? 8;
    this.timeoutMs = options.timeoutMs ?? (Math.min(this.waitS, 30) + 10) * 1000;
  }

  /** Make a POST and give what it answers when it is applied. Refusals are `Problem`s. */
  async post<P extends Posts>(
    path: P, body: BodyOf<P>, options: { key?: string; path?: Path } = {},
  ): Promise<AppliedOf<P>> {
    const key = options.key ?? crypto.randomUUID();
    const target = filled(path, options.path);
    const text = JSON.stringify(body ?? {}); // the same bytes for every attempt
    let isInDoubt = false;
    let mustAsk = false;
    let reason = "";
    for (let attempt = 0; attempt <= this.retries; attempt++) {
      if (mustAsk) mustAsk = !(await this.asked(key));
      let reply: Reply | null = null;
      if (!mustAsk) {
        try {
          reply = await this.send("POST", target, text, {
            "Content-Type": "application/json", "Idempotency-Key": key,
            ...(this.waitS > 0 ? { Prefer: `wait=${Math.min(this.waitS, 30)}` } : {}),
          });
          if (!isForRetry(reply) && !(isInDoubt && (reply.status === 401 || reply.status === 403))) {
            return this.concluded(reply, key) as AppliedOf<P>;
          }
          reason = `answered with ${reply.status}`;
          mustAsk = !(reply.document?.retryable && reply.document.code !== "acceptance_unknown") && reply.status !== 429;
        } catch (error) {
          if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
          reason = String(error);
          mustAsk = true; // fetch does not say whether anything was sent
        }
        isInDoubt ||= mustAsk;
      }
      if (attempt < this.retries) await pause(attempt, reply?.retryAfterS ?? 0);
    }
    throw new FateUnknown(key, reason);
  }

  /** A GET, repeated while there is no answer. */
  async get(path: string, query: Record<string, string | number> = {}): Promise<Record<string, unknown>> {
    const search = new URLSearchParams(Object.entries(query).map(([n, v]) => [n, String(v)]));
    let reason: unknown = null;
    for (let attempt = 0; attempt <= this.retries; attempt++) {
      try {
        const reply = await this.send("GET", `${path}?${search}`);
        if (!isForRetry(reply)) {
          if (reply.status >= 400) throw new Problem(reply.status, reply.document ?? {});
          return reply.document ?? {};
        }
        reason = new Problem(reply.status, reply.document ?? {});
      } catch (error) {
        if (error instanceof Problem) throw error;
        reason = error;
      }
      if (attempt < this.retries) await pause(attempt, 0);
    }
    throw reason;
  }

  /** A DELETE, repeated while there is no answer: what is gone by then was deleted by the attempt before. */
  async delete<P extends Deletes>(path: P, options: { path?: Path } = {}): Promise<void> {
    let isInDoubt = false;
    let reason: unknown = null;
    for (let attempt = 0; attempt <= this.retries; attempt++) {
      try {
        const reply = await this.send("DELETE", filled(path, options.path));
        if (!isForRetry(reply)) {
          if (reply.status < 400 || (reply.status === 404 && isInDoubt)) return;
          throw new Problem(reply.status, reply.document ?? {});
        }
        reason = new Problem(reply.status, reply.document ?? {});
      } catch (error) {
        if (error instanceof Problem) throw error;
        reason = error;
      }
      isInDoubt = true;
      if (attempt < this.retries) await pause(attempt, 0);
    }
    throw reason;
  }

  /** Every item of a list, page by page. */
  async *list<P extends Lists>(
    path: P, options: { query?: Record<string, string | number>; path?: Path } = {},
  ): AsyncGenerator<ItemOf<P>> {
    let query = options.query ?? {};
    for (;;) {
      const page = await this.get(filled(path, options.path), query);
      yield* page.items as ItemOf<P>[];
      if (!page.next_cursor) return;
      const { after: _, ...rest } = query; // of events: the cursor says where to go on
      query = { ...rest, cursor: String(page.next_cursor) };
    }
  }

  /** Where an operation stands, after waiting up to `waitS` for its decision. */
  async operation(operationId: string, waitS = 0): Promise<Operation> {
    return (await this.get(`/v1/operations/${operationId}`, { wait: Math.min(waitS, 30) })) as Operation;
  }

  /** The operation that a key of yours started; null when nothing was accepted under it. */
  async findOperation(key: string): Promise<Operation | null> {
    const found = (await this.get("/v1/operations", { idempotency_key: key })).items as Operation[];
    return found[0] ?? null;
  }

  /** Whether the request may be sent again under its key; throws when it stays undecided. */
  private async asked(key: string): Promise<boolean> {
    try {
      const search = new URLSearchParams({ idempotency_key: key });
      const reply = await this.send("GET", `/v1/operations?${search}`);
      if (reply.status === 401 || reply.status === 403) return true; // the key itself protects
      if (reply.status >= 400 || reply.document === null) return false;
      let operation = (reply.document.items as Operation[])[0];
      if (operation?.status === "accepted" && this.waitS > 0) {
        operation = await this.operation(operation.operation_id, this.waitS);
      }
      if (operation?.status === "accepted" || operation?.status === "parked") {
        throw new Undecided(operation.operation_id, key);
      }
      return true;
    } catch (error) {
      if (error instanceof TypeError || error instanceof DOMException) return false;
      throw error;
    }
  }

  private concluded(reply: Reply, key: string): Record<string, unknown> {
    const document = reply.document ?? {};
    if (reply.status >= 400) throw new Problem(reply.status, document, key);
    if (reply.status === 202) throw new Undecided(String(document.operation_id), key);
    return document;
  }

  private async send(
    method: string, target: string, body?: string, headers: Record<string, string> = {},
  ): Promise<Reply> {
    const response = await fetch(this.base + target, {
      method, body, signal: AbortSignal.timeout(this.timeoutMs),
      headers: { Authorization: `Bearer ${this.apiKey}`, ...headers },
    });
    const text = await response.text();
    let document: Record<string, unknown> | null = null;
    try { document = JSON.parse(text); } catch { /* a page of something between us and the server */ }
    return { status: response.status, document, retryAfterS: Number(response.headers.get("retry-after")) || 0 };
  }
}

function isForRetry(reply: Reply): boolean {
  if (reply.status >= 500 || reply.status === 429) return true;
  if (reply.status === 204) return false;
  return reply.status >= 400 ? reply.document?.retryable === true : reply.document === null;
}

function filled(path: string, values: Path = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
}

function pause(attempt: number, retryAfterS: number): Promise<void> {
  const ownMs = Math.min(100 * 2 ** attempt, 5000) * (0.5 + Math.random() / 2);
  return new Promise((resolve) => setTimeout(resolve, Math.max(ownMs, Math.min(retryAfterS, 60) * 1000)));
}
