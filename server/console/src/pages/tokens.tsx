// Admin tokens.

import { useState } from "preact/hooks";
import { type Page, type Role, type Token, post, query } from "../api";
import { date } from "../format";
import { usePolled, useShared } from "../hooks";
import { Chip, CopyButton, Failed, Head, IconButton, Loading, Pager, SelectField, TextField, When } from "../parts/basics";
import { Dialog, FormDialog } from "../parts/dialog";
import { Icon } from "../parts/icon";

export function Tokens() {
  const { say } = useShared();
  const [cursors, setCursors] = useState<string[]>([]);
  const [creating, setCreating] = useState(false);
  const [made, setMade] = useState<string>();
  const [revoking, setRevoking] = useState<Token>();
  const { data, error, reload } = usePolled<Page<Token>>(`/tokens${query({ limit: 50, after: cursors.at(-1) })}`);
  const items = data?.items ?? [];
  const revoke = async () => {
    await post(`/tokens/${revoking?.id}/revoke`);
    say(`${revoking?.name} is revoked.`);
    setRevoking(undefined);
    reload();
  };
  return (
    <>
      <Head title="Admin tokens">
        <button type="button" class="primary" onClick={() => setCreating(true)}><Icon name="plus" />New token</button>
      </Head>
      {!data && !error && <Loading />}
      {!!error && <Failed error={error} retry={reload} />}
      {items.length > 0 && (
        <table class="cards" role="table">
          <caption class="unseen">Admin tokens</caption>
          <thead role="rowgroup"><tr role="row">
            {["Name", "Role", "Id", "Created", "By", "Expires", "State"].map((title) => <th role="columnheader" key={title}>{title}</th>)}
            <th role="columnheader"><span class="unseen">Actions</span></th>
          </tr></thead>
          <tbody role="rowgroup">
            {items.map((one) => (
              <tr role="row" key={one.id}>
                <td role="cell" class="title">{one.name}</td>
                <td role="cell" data-label="Role">{one.scope ?? one.role}</td>
                <td role="cell" data-label="Id"><code>{one.id}</code></td>
                <td role="cell" data-label="Created">{date(one.created_at)}</td>
                <td role="cell" data-label="By">{one.created_by ?? "–"}</td>
                <td role="cell" data-label="Expires"><When at={one.expires_at} /></td>
                <td role="cell" data-label="State"><State one={one} /></td>
                <td role="cell" class="row-actions">
                  {!one.revoked_at && <IconButton icon="trash" danger label={`Revoke ${one.name}`} onClick={() => setRevoking(one)} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {data && <Pager cursors={cursors} next={data.next} shown={items.length} onChange={setCursors} />}
      {creating && <Create onClose={() => setCreating(false)} onMade={(text) => { setCreating(false); setMade(text); reload(); }} />}
      {made && (
        <Dialog title="The new token" onClose={() => setMade(undefined)}>
          <div class="body">
            <p>This is its text. It is shown only once; the server stores a verifier.</p>
            <p class="with-button"><code class="secret">{made}</code><CopyButton text={made} label="Copy the token" /></p>
          </div>
          <footer><button type="button" class="primary" onClick={() => setMade(undefined)}>Done</button></footer>
        </Dialog>
      )}
      {revoking && (
        <FormDialog title={`Revoke ${revoking.name}?`} action="Revoke the token" danger onClose={() => setRevoking(undefined)} onSubmit={revoke}>
          <p>Its requests are refused and its sessions end immediately. This cannot be undone.</p>
        </FormDialog>
      )}
    </>
  );
}

function State({ one }: { one: Token }) {
  if (one.revoked_at) return <Chip kind="off">Revoked</Chip>;
  if (one.expires_at && new Date(one.expires_at).getTime() < Date.now()) return <Chip kind="bad">Expired</Chip>;
  return <Chip kind="good">Valid</Chip>;
}

function Create({ onClose, onMade }: { onClose: () => void; onMade: (text: string) => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("operator");
  const [days, setDays] = useState("90");
  const submit = async () => {
    const expires_at = days ? new Date(Date.now() + Number(days) * 86_400_000).toISOString() : null;
    onMade((await post<{ text: string }>("/tokens", { name, role, expires_at })).text);
  };
  return (
    <FormDialog title="New admin token" action="Create token" onClose={onClose} onSubmit={submit}>
      <TextField label="Name" value={name} onChange={setName} required autoFocus hint="The audit trail shows it: name the person or program that uses it." />
      <SelectField label="Role" value={role} onChange={(role) => setRole(role as Role)} options={[
        ["viewer", "Viewer: reads everything except secrets"],
        ["operator", "Operator: also changes keys, groups and connectors"],
        ["admin", "Admin: also changes certificates and tokens"],
      ]} />
      <TextField label="Expires after days" type="number" min={1} value={days} onChange={setDays} hint="Empty: never." />
    </FormDialog>
  );
}
