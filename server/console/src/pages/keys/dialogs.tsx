// Dialogs for provisioning keys.

import { useEffect, useState } from "preact/hooks";
import { type Certificate, type Group, type Key, explain, post, remove } from "../../api";
import { count, fromLocal, plural } from "../../format";
import { useMay, useShared } from "../../hooks";
import { Check, TextField } from "../../parts/basics";
import { Dialog, FormDialog } from "../../parts/dialog";
import { Qr } from "../../parts/qr";
import { CreateKey, EditKey } from "./forms";

export type Open =
  | { kind: "create" }
  | { kind: "edit" | "delete" | "used-up" | "qr" | "leaked"; item: Key }
  | { kind: "text"; item: Key; text: string };

export interface Props {
  groups: Group[];
  certificates: Certificate[];
  onClose: () => void;
  onDone: () => void;
}

export function KeyDialogs({ open, onOpen, ...props }: Props & { open: Open; onOpen: (open: Open) => void }) {
  switch (open.kind) {
    case "create": return <CreateKey {...props} />;
    case "edit": return <EditKey item={open.item} {...props} />;
    case "delete": return <DeleteKey item={open.item} {...props} />;
    case "used-up": return <UsedUp item={open.item} onEdit={() => onOpen({ kind: "edit", item: open.item })} {...props} />;
    case "qr": return <QrCode item={open.item} {...props} />;
    case "leaked": return <Leaked item={open.item} {...props} />;
    case "text": return (
      <Dialog title={`The text of ${open.item.name}`} onClose={props.onClose}>
        <div class="body">
          <p>The browser does not allow copying. Select the text:</p>
          <p><code class="secret">{open.text}</code></p>
        </div>
        <footer><button type="button" onClick={props.onClose}>Done</button></footer>
      </Dialog>
    );
  }
}

function UsedUp({ item, onClose, onEdit }: Props & { item: Key; onEdit: () => void }) {
  return (
    <Dialog title={`${item.name} is used up`} onClose={onClose}>
      <div class="body">
        <p>{count(item.used)} of {plural(item.max_uses, "connector")} have enrolled with this key, so its text would
          enroll nobody. Connectors that have enrolled are not affected.</p>
        <p>Raise the maximum to copy it again.</p>
      </div>
      <footer>
        <button type="button" onClick={onClose}>Not now</button>
        <button type="button" class="primary" onClick={onEdit}>Edit the key</button>
      </footer>
    </Dialog>
  );
}

function DeleteKey({ item, onClose, onDone }: Props & { item: Key }) {
  const { say } = useShared();
  const submit = async () => {
    await remove(`/keys/${item.id}`);
    say(`${item.name} is deleted.`);
    onDone();
  };
  return (
    <FormDialog title={`Delete ${item.name}?`} action="Delete the key" danger onClose={onClose} onSubmit={submit}>
      <p>No connector can enroll with it from now on, permanently: copies of its text are useless.</p>
      {item.used > 0
        ? <p><strong>{plural(item.used, "connector")} that enrolled with it keep{item.used === 1 ? "s" : ""} {item.used === 1 ? "its certificate" : "their certificates"}</strong>,
            and can renew. To end those, too, choose “It leaked…” instead.</p>
        : <p>No connector has enrolled with it.</p>}
    </FormDialog>
  );
}

function QrCode({ item, onClose }: Props & { item: Key }) {
  const [text, setText] = useState<string>();
  const [error, setError] = useState<string>();
  useEffect(() => {
    post<{ text: string }>(`/keys/${item.id}/copy`).then(({ text }) => setText(text), (error) => setError(explain(error)));
  }, [item.id]);
  return (
    <Dialog title={`QR code of ${item.name}`} onClose={onClose}>
      <div class="body">
        {error && <p class="alert" role="alert">{error}</p>}
        {text && <Qr text={text} label={`QR code with the text of ${item.name}`} />}
        <p class="hint">Anyone who photographs it can enroll. The audit trail records it as a copy.</p>
      </div>
      <footer><button type="button" onClick={onClose}>Done</button></footer>
    </Dialog>
  );
}

interface Compromised { connectors: number; revoked: number }

function Leaked({ item, onClose, onDone }: Props & { item: Key }) {
  const { say } = useShared();
  const [since, setSince] = useState("");
  const [counted, setCounted] = useState<Compromised>();
  const [sure, setSure] = useState(false);
  const operator = useMay("operator");
  const question = (dry_run: boolean) =>
    post<Compromised>(`/keys/${item.id}/compromise`, { dry_run, since: fromLocal(since) });
  useEffect(() => {
    let gone = false;
    setCounted(undefined);
    question(true).then((counted) => { if (!gone) setCounted(counted); }, () => {});
    return () => { gone = true; };
  }, [since]);
  const submit = async () => {
    const done = await question(false);
    say(`${item.name} is compromised; ${plural(done.revoked, "connector")} revoked.`);
    onDone();
  };
  return (
    <FormDialog title={`${item.name} leaked`} action="Disable and revoke" danger disabled={!sure || !counted || !operator} onClose={onClose} onSubmit={submit}>
      <p>The key is disabled permanently, and the connectors that it enrolled are revoked with the reason keyCompromise. Those connectors
        have to enroll anew with another key.</p>
      <TextField label="Only connectors enrolled since" type="datetime-local" value={since} onChange={setSince}
        hint="Empty: all connectors." />
      <p role="status">
        {counted
          ? <>It enrolled <strong>{plural(counted.connectors, "connector")}</strong>; {plural(counted.revoked, "of them is", "of them are")} not revoked yet. <a href={`#/connectors?key=${item.id}${since ? `&since=${fromLocal(since)}` : ""}`} onClick={onClose}>See which</a></>
          : "Counting…"}
      </p>
      <Check label={`Disable the key and revoke ${counted ? plural(counted.revoked, "connector") : "them"}`} checked={sure} onChange={setSure} />
    </FormDialog>
  );
}
