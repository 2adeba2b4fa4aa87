// Signing in with an admin token.

import { useEffect, useState } from "preact/hooks";
import { type Session, explain, post } from "../api";
import { Field } from "../parts/basics";

export function SignIn({ onSignedIn }: { onSignedIn: (session: Session) => void }) {
  const [token, setToken] = useState("");
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  useEffect(() => { document.title = "Sign in · provkey"; }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      onSignedIn(await post<Session>("/session", { token }));
    } catch (error) {
      setError(explain(error));
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <img src="icon.svg" alt="" width="44" height="44" />
        <h1>Sign in to provkey</h1>
        <Field label="Admin token" hint={<>It begins with <code>pvkt1_</code>. Create one with <code>provkey admin-token create NAME --role operator</code>.</>}>
          {(id, hintId) => (
            <input id={id} type="password" autocomplete="current-password" required autofocus spellcheck={false}
              aria-describedby={hintId} aria-invalid={!!error} value={token}
              onInput={(event) => setToken(event.currentTarget.value)} />
          )}
        </Field>
        {error && <p class="alert" role="alert">{error}</p>}
        <button type="submit" class="primary" disabled={busy}>{busy ? "One moment…" : "Sign in"}</button>
      </form>
    </main>
  );
}
