// Requests to the API of the server that served this page.

export interface Named { id: string; name: string }

export interface Key {
  id: string; name: string; host: string; masked: string; group: Named; certificate: Named;
  max_uses: number; used: number; last_used_at: string | null;
  state: "usable" | "exhausted" | "disabled" | "expired" | "compromised"; copyable: boolean; enabled: boolean;
  expires_at: string | null; allowed_addresses: string[]; proof_only: boolean;
  created_at: string; compromised_at: string | null; version: number;
}

export interface Group { id: string; name: string; keys: number; created_at: string }

export interface Certificate {
  id: string; name: string; algorithm: string | null; subject: string | null; serial: string;
  sha256: string; not_before: string; not_after: string; leaf_validity_seconds: number;
  renewal_grace_seconds: number; crl_url: string | null; ocsp_url: string | null;
  ca_issuers_url: string | null; keys: number; key_elsewhere: boolean; external: boolean;
  retired_at: string | null; warnings: string[]; created_at: string; pem: string;
}

export interface CertificateRequest { id: string; name: string; created_at: string; csr: string }

export interface Connector {
  id: string; key: string; group: string; certificate: string; enrolled_at: string;
  address: string | null; fingerprint: string | null; serial: string; not_before: string;
  not_after: string; renewals: number; renewed_at: string | null; revoked_at: string | null;
  revocation_reason: string | null; replays: number; last_replay_at: string | null; pem: string;
}

export interface Entry {
  at: string; action: string; actor: string | null; admin_token: string | null; last_at: string | null; key: string | null; group: string | null;
  certificate: string | null; connector: string | null; address: string | null;
  code: string | null; count: number | null; details: string | null;
}

export interface Token {
  id: string; name: string; role: Role; scope: string | null; created_at: string; created_by: string | null;
  expires_at: string | null; revoked_at: string | null;
}

export type Role = "viewer" | "operator" | "admin";
/** `scope` is `operator:` and the id of a group; null: the whole authority. */
export interface Session { name: string; role: Role; scope: string | null; by: string; expires_at: string | null }
export interface Page<T> { items: T[]; next: string | null }
export interface Utilization { since: string; until: string; counts: number[]; next: string | null }

/** A problem document: why a request failed. */
export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, detail: string) {
    super(detail);
  }
}

/** Whether the server is reachable. Fires `change`. */
export const reachable = new class extends EventTarget {
  now = true;
  set(now: boolean): void {
    if (now !== this.now) {
      this.now = now;
      this.dispatchEvent(new Event("change"));
    }
  }
}();

/** Fires `out` when the server requires a sign-in. */
export const signedOut = new EventTarget();

export interface Answer<T> { data: T; etag: string | null }

export async function send(
  method: string, path: string, body?: unknown, headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> {
  const init: RequestInit = {
    method,
    headers: { "X-Provkey-Console": "1", ...headers },
    credentials: "same-origin",
    cache: "no-store",
    signal: signal ?? null,
  };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    (init.headers as Record<string, string>)["Content-Type"] = "application/json";
  }
  let response: Response;
  try {
    // Relative to the page, which may be mounted under any path.
    response = await fetch(`../api/v1${path}`, init);
  } catch (error) {
    if (!signal?.aborted) reachable.set(false);
    throw error;
  }
  reachable.set(true);
  if (response.ok || response.status === 304) return response;
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401 && path !== "/session") signedOut.dispatchEvent(new Event("out"));
  throw new Problem(response.status, problem.code ?? "unknown", problem.detail ?? response.statusText);
}

export async function call<T>(
  method: string, path: string, body?: unknown, headers?: Record<string, string>,
): Promise<Answer<T>> {
  const response = await send(method, path, body, headers);
  const data = response.status === 204 ? undefined : await response.json();
  return { data: data as T, etag: response.headers.get("etag") };
}

export const get = async <T>(path: string): Promise<T> => (await call<T>("GET", path)).data;
export const post = async <T>(path: string, body: unknown = {}): Promise<T> =>
  (await call<T>("POST", path, body)).data;
export const remove = (path: string): Promise<unknown> => call("DELETE", path);

/** A query string without the empty values. */
export function query(values: Record<string, string | number | null | undefined>): string {
  const given = Object.entries(values).filter(([, value]) => value !== "" && value != null);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}

/** The message of an error, for people. */
export function explain(error: unknown): string {
  if (error instanceof Problem) {
    const text = error.message;
    return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
  }
  return "The server is unreachable.";
}
