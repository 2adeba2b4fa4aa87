// State that follows the server, the address bar and the session.

import { createContext } from "preact";
import { useCallback, useContext, useEffect, useRef, useState } from "preact/hooks";
import { Problem, type Page, type Role, type Session, get, reachable, send } from "./api";

/** How often a page refreshes, in milliseconds. An unchanged response has no body. */
const POLL_MS = 3000;

export interface Polled<T> {
  data: T | undefined;
  error: unknown;
  reload: () => void;
}

/** The response of a path, polled while the page is visible. */
export function usePolled<T>(path: string | null): Polled<T> {
  const [state, setState] = useState<{ path: string | null; data?: T; error?: unknown }>({ path });
  const poll = useRef<() => void>(() => {});
  useEffect(() => {
    if (path === null) return;
    const abort = new AbortController();
    let timer = 0;
    let etag: string | null = null;
    const once = async () => {
      clearTimeout(timer);
      try {
        const headers: Record<string, string> = etag ? { "If-None-Match": etag } : {};
        const response = await send("GET", path, undefined, headers, abort.signal);
        if (response.status !== 304) {
          etag = response.headers.get("etag");
          const data = (await response.json()) as T;
          if (!abort.signal.aborted) setState({ path, data });
        }
      } catch (error) {
        if (abort.signal.aborted) return;
        // The last response stays while the server is unreachable.
        setState((old) => (old.path === path && old.data && !(error instanceof Problem)
          ? old : { path, error }));
      }
      if (!abort.signal.aborted && !document.hidden) timer = window.setTimeout(once, POLL_MS);
    };
    const seen = () => document.hidden || void once();
    poll.current = () => {
      etag = null;
      void once();
    };
    document.addEventListener("visibilitychange", seen);
    void once();
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [path]);
  const reload = useCallback(() => poll.current(), []);
  const current = state.path === path;
  return { data: current ? state.data : undefined, error: current ? state.error : undefined, reload };
}

/** All entries of a short listing, such as the groups. */
export function useAll<T>(path: string | null): { items: T[]; reload: () => void } {
  const [items, setItems] = useState<T[]>([]);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (path === null) return;
    let gone = false;
    void (async () => {
      const all: T[] = [];
      let after: string | null = null;
      do {
        const more: string = after ? `&after=${encodeURIComponent(after)}` : "";
        const page: Page<T> = await get<Page<T>>(`${path}?limit=1000${more}`);
        all.push(...page.items);
        after = page.next;
      } while (after && all.length < 10_000);
      if (!gone) setItems(all);
    })().catch(() => {});
    return () => { gone = true; };
  }, [path, turn]);
  return { items, reload: useCallback(() => setTurn((turn) => turn + 1), []) };
}

export interface Route { page: string; query: Record<string, string> }

function readRoute(): Route {
  const [page = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { page: page || "keys", query: Object.fromEntries(new URLSearchParams(query)) };
}

/** The page and the filters in the URL. */
export function useRoute(): Route {
  const [route, setRoute] = useState(readRoute);
  useEffect(() => {
    const changed = () => setRoute(readRoute());
    window.addEventListener("hashchange", changed);
    return () => window.removeEventListener("hashchange", changed);
  }, []);
  return route;
}

/** Writes filters into the URL. */
export function goto(page: string, query: Record<string, string> = {}): void {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  const text = new URLSearchParams(given).toString();
  location.hash = `/${page}${text && `?${text}`}`;
}

export function useReachable(): boolean {
  const [now, setNow] = useState(reachable.now);
  useEffect(() => {
    const changed = () => setNow(reachable.now);
    reachable.addEventListener("change", changed);
    return () => reachable.removeEventListener("change", changed);
  }, []);
  return now;
}

export interface Shared {
  session: Session;
  /** Shows a message, and announces it to screen readers. */
  say: (text: string) => void;
}

export const SharedContext = createContext<Shared | null>(null);

export function useShared(): Shared {
  const shared = useContext(SharedContext);
  if (!shared) throw new Error("nobody is signed in");
  return shared;
}

const ROLES: Role[] = ["viewer", "operator", "admin"];

/** What the session is limited to: one group; null: nothing. */
export function useScope(): string | null {
  return useShared().session.scope;
}

/** Whether the session has at least this role. */
export function useMay(role: Role): boolean {
  return ROLES.indexOf(useShared().session.role) >= ROLES.indexOf(role);
}
