// The console: sign-in, navigation and pages.

import { type JSX, render } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem, type Session, get, remove, signedOut } from "./api";
import { SharedContext, useReachable, useRoute } from "./hooks";
import { Loading } from "./parts/basics";
import { Audit } from "./pages/audit";
import { Certificates } from "./pages/certificates";
import { Connectors } from "./pages/connectors";
import { Groups } from "./pages/groups";
import { Keys } from "./pages/keys";
import { SignIn } from "./pages/sign-in";
import { Tokens } from "./pages/tokens";

const PAGES: Record<string, { title: string; admin?: boolean; page: () => JSX.Element }> = {
  keys: { title: "Provisioning keys", page: Keys },
  connectors: { title: "Connectors", page: Connectors },
  groups: { title: "Connector groups", page: Groups },
  certificates: { title: "Enrollment certificates", page: Certificates },
  audit: { title: "Audit", page: Audit },
  tokens: { title: "Admin tokens", admin: true, page: Tokens },
};

function App() {
  const [session, setSession] = useState<Session | null | undefined>(undefined);
  const [said, setSaid] = useState("");
  const timer = useRef(0);
  useEffect(() => {
    const ask = () => get<Session>("/session").then(setSession, (error) => {
      if (error instanceof Problem) setSession(null);
      else setTimeout(ask, 3000);
    });
    ask();
    const out = () => setSession(null);
    signedOut.addEventListener("out", out);
    return () => signedOut.removeEventListener("out", out);
  }, []);
  const say = useCallback((text: string) => {
    clearTimeout(timer.current);
    setSaid(text);
    timer.current = window.setTimeout(() => setSaid(""), 5000);
  }, []);
  return (
    <>
      <Offline />
      {session === undefined && <main><Loading /></main>}
      {session === null && <SignIn onSignedIn={setSession} />}
      {session && (
        <SharedContext.Provider value={{ session, say }}>
          <Frame session={session} onOut={() => setSession(null)} />
        </SharedContext.Provider>
      )}
      <div class="toast" role="status" aria-live="polite">{said && <p>{said}</p>}</div>
    </>
  );
}

function Offline() {
  if (useReachable()) return null;
  return (
    <div class="offline" role="alert">
      The server cannot be reached. What is shown may be old; it goes on by itself.
    </div>
  );
}

function Frame({ session, onOut }: { session: Session; onOut: () => void }) {
  const { page } = useRoute();
  const shown = PAGES[page] ?? PAGES["keys"];
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = `${shown?.title} · provkey`;
    if (!first.current) main.current?.querySelector("h1")?.focus();
    first.current = false;
  }, [shown]);
  const signOut = async () => {
    await remove("/session");
    onOut();
  };
  const Page = shown?.page ?? Keys;
  const pages = Object.entries(PAGES).filter(([, { admin }]) => !admin || session.role === "admin");
  const skip = (event: Event) => {
    event.preventDefault();
    main.current?.querySelector("h1")?.focus();
  };
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>Skip to the page</a>
      <header class="top">
        <a class="brand" href="#/keys"><img src="icon.svg" alt="" width="24" height="24" />provkey</a>
        <nav aria-label="Main">
          {pages.map(([name, { title }]) => (
            <a key={name} href={`#/${name}`} aria-current={PAGES[name] === shown ? "page" : undefined}>{title}</a>
          ))}
        </nav>
        <div class="who">
          <span title={`Signed in by ${session.by}`}>{session.name} <span class="faint">{session.scope ?? session.role}</span></span>
          {session.by === "token" && <button type="button" class="small" onClick={() => void signOut()}>Sign out</button>}
        </div>
      </header>
      <main id="main" ref={main}><Page key={page} /></main>
    </>
  );
}

const root = document.getElementById("app");
if (root) render(<App />, root);
