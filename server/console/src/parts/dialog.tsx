// Native dialogs, which trap focus and restore it.

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { explain } from "../api";
import { Icon } from "./icon";

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}

export function Dialog({ title, onClose, children, wide }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} class={wide ? "wide" : ""} aria-labelledby={id}
      onCancel={(event) => { event.preventDefault(); onClose(); }}>
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" class="quiet" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
}

interface FormProps extends Props {
  /** The label of the button that submits. */
  action: string;
  danger?: boolean;
  disabled?: boolean;
  onSubmit: () => Promise<void>;
}

/** A dialog with a form. It stays open with an explanation if submitting fails. */
export function FormDialog({ action, danger, disabled, onSubmit, children, ...props }: FormProps) {
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy || disabled) return;
    setBusy(true);
    setError(undefined);
    try {
      await onSubmit();
    } catch (error) {
      setError(explain(error));
      setBusy(false);
    }
  };
  return (
    <Dialog {...props}>
      <form onSubmit={submit}>
        <div class="body">{children}</div>
        {error && <p class="alert" role="alert">{error}</p>}
        <footer>
          <button type="button" onClick={props.onClose}>Cancel</button>
          <button type="submit" class={danger ? "danger" : "primary"} disabled={busy || !!disabled}>
            {busy ? "One moment…" : action}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
