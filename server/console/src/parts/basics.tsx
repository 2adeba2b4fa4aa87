// Small parts that every page uses.

import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import { explain } from "../api";
import { distance, time } from "../format";
import { useShared } from "../hooks";
import { Icon, type IconName } from "./icon";

/** A time as a distance, with the exact time as a tooltip. */
export function When({ at, none = "Never" }: { at: string | null; none?: string }) {
  if (!at) return <span class="faint">{none}</span>;
  return <time dateTime={at} title={time(at)}>{distance(at)}</time>;
}

/** A field of a form, with its label. */
export function Field({ label, hint, children }: {
  label: string; hint?: ComponentChildren; children: (id: string, hintId: string | undefined) => JSX.Element;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id, hint ? `${id}-hint` : undefined)}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

interface TextProps {
  label: string; value: string; onChange: (value: string) => void; hint?: ComponentChildren;
  type?: "text" | "number" | "datetime-local"; required?: boolean; min?: number; max?: number; placeholder?: string; autoFocus?: boolean;
}

export function TextField({ label, hint, onChange, type = "text", ...input }: TextProps) {
  return (
    <Field label={label} hint={hint}>
      {(id, hintId) => (
        <input id={id} aria-describedby={hintId} autocomplete="off" type={type as "text"} {...input}
          onInput={(event) => onChange(event.currentTarget.value)} />
      )}
    </Field>
  );
}

interface SelectProps {
  label: string; value: string; onChange: (value: string) => void; hint?: ComponentChildren;
  options: [value: string, label: string][]; required?: boolean;
}

export function SelectField({ label, hint, value, options, required, onChange }: SelectProps) {
  return (
    <Field label={label} hint={hint}>
      {(id, hintId) => (
        <select id={id} aria-describedby={hintId} value={value} required={!!required}
          onChange={(event) => onChange(event.currentTarget.value)}>
          {options.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
        </select>
      )}
    </Field>
  );
}

export function AreaField({ label, hint, value, rows = 3, required, onChange }: {
  label: string; value: string; rows?: number; required?: boolean; hint?: ComponentChildren;
  onChange: (value: string) => void;
}) {
  return (
    <Field label={label} hint={hint}>
      {(id, hintId) => (
        <textarea id={id} aria-describedby={hintId} rows={rows} spellcheck={false} value={value}
          required={!!required} onInput={(event) => onChange(event.currentTarget.value)} />
      )}
    </Field>
  );
}

export function Check({ label, checked, onChange }: {
  label: ComponentChildren; checked: boolean; onChange: (checked: boolean) => void;
}) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

/** An icon button with an accessible name. */
export function IconButton({ icon, label, onClick, danger, disabled }: {
  icon: IconName; label: string; onClick: () => void; danger?: boolean; disabled?: boolean;
}) {
  return (
    <button type="button" class={danger ? "quiet red" : "quiet"} title={label} aria-label={label}
      disabled={!!disabled} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

/** A state in one word; the color is redundant. */
export function Chip({ kind, children }: { kind: "good" | "warn" | "bad" | "off"; children: ComponentChildren }) {
  return <span class={`chip ${kind}`}>{children}</span>;
}

/** The placeholder of an empty listing. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return <div class="empty"><p><strong>{title}</strong></p>{children}</div>;
}

export function Loading() {
  return (
    <div class="empty" role="status">
      <span class="spinner" aria-hidden="true" />
      <p>Loading…</p>
    </div>
  );
}

export function Failed({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <div class="empty" role="alert">
      <p><strong>Loading failed.</strong></p>
      <p>{explain(error)}</p>
      <button type="button" onClick={retry}>Try again</button>
    </div>
  );
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const { say } = useShared();
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    say("Copied.");
  };
  return <IconButton icon="copy" label={label} onClick={() => void copy()} />;
}

/** The heading of a page, which is focused when the page opens. */
export function Head({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="head">
      <h1 tabIndex={-1}>{title}</h1>
      <div class="actions">{children}</div>
    </div>
  );
}

/** Paging: back to the pages seen, and to the next. */
export function Pager({ cursors, next, shown, onChange }: {
  cursors: string[]; next: string | null; shown: number; onChange: (cursors: string[]) => void;
}) {
  if (!cursors.length && !next) return <p class="pager faint" aria-live="off">{shown} shown</p>;
  return (
    <nav class="pager" aria-label="Pages">
      <button type="button" disabled={!cursors.length} onClick={() => onChange(cursors.slice(0, -1))}>Previous</button>
      <span>Page {cursors.length + 1}</span>
      <button type="button" disabled={!next} onClick={() => next && onChange([...cursors, next])}>Next</button>
    </nav>
  );
}
