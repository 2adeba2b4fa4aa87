// Connectors.

import { useEffect, useMemo, useState } from "preact/hooks";
import { type Certificate, type Connector, type Group, type Key, type Page, get, post, query } from "../api";
import { date, fromLocal, save, time, toLocal } from "../format";
import { goto, useAll, useMay, usePolled, useRoute, useShared } from "../hooks";
import { Chip, Empty, Failed, Head, IconButton, Loading, Pager, SelectField, TextField, When } from "../parts/basics";
import { Dialog, FormDialog } from "../parts/dialog";

const REASONS = [
  "unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation",
  "privilegeWithdrawn",
];

/** The names of the keys that still exist. */
function useKeyNames(ids: string[]): Map<string, string> {
  const [names, setNames] = useState(new Map<string, string>());
  const wanted = [...new Set(ids)].filter((id) => !names.has(id)).join(" ");
  useEffect(() => {
    if (!wanted) return;
    let gone = false;
    const found = wanted.split(" ").map((id) =>
      get<Key>(`/keys/${id}`).then((key): [string, string] => [id, key.name], (): [string, string] => [id, ""]));
    void Promise.all(found).then((found) => { if (!gone) setNames((old) => new Map([...old, ...found])); });
    return () => { gone = true; };
  }, [wanted]);
  return names;
}

export function Connectors() {
  const { query: filters } = useRoute();
  const { key = "", group = "", certificate = "", since = "", id } = filters;
  const [cursors, setCursors] = useState<string[]>([]);
  const [revoking, setRevoking] = useState<Connector>();
  const asked = query({ key, group, certificate, since });
  useEffect(() => setCursors([]), [asked]);
  const descending = key || group ? "true" : "";
  const { data, error, reload } = usePolled<Page<Connector>>(
    `/connectors${query({ key, group, certificate, since, descending, after: cursors.at(-1) })}`);
  const groups = useAll<Group>("/groups").items;
  const certificates = useAll<Certificate>("/certificates").items;
  const items = data?.items ?? [];
  const keys = useKeyNames(items.map((one) => one.key));
  const operator = useMay("operator");
  const set = (change: Record<string, string>) => goto("connectors", { key, group, certificate, since, ...change });
  const named = (items: { id: string; name: string }[]): [string, string][] =>
    [["", "Any"], ...items.map((one): [string, string] => [one.id, one.name])];
  const groupNames = useMemo(() => new Map(named(groups)), [groups]);
  const certificateNames = useMemo(() => new Map(named(certificates)), [certificates]);

  return (
    <>
      <Head title="Connectors" />
      <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
        <TextField label="Key id" value={key} onChange={(value) => set({ key: value.trim() })} />
        <SelectField label="Connector group" value={group} options={named(groups)} onChange={(group) => set({ group })} />
        <SelectField label="Certificate" value={certificate} options={named(certificates)} onChange={(certificate) => set({ certificate })} />
        <TextField label="Enrolled since" type="datetime-local" value={toLocal(since)} onChange={(value) => set({ since: fromLocal(value) ?? "" })} />
        {asked && <button type="button" class="quiet" onClick={() => goto("connectors")}>Clear filters</button>}
      </form>
      {!data && !error && <Loading />}
      {!!error && <Failed error={error} retry={reload} />}
      {data && items.length === 0 && (
        <Empty title={asked ? "No connector matches." : "No connector has enrolled yet."}>
          {!asked && <p>Copy a <a href="#/keys">provisioning key</a> for a connector.</p>}
        </Empty>
      )}
      {items.length > 0 && (
        <table class="cards" role="table">
          <caption class="unseen">Connectors</caption>
          <thead role="rowgroup"><tr role="row">
            {["Connector", "Enrolled", "From", "Provisioning key", "Connector group", "Certificate expires", "State"].map((title) =>
              <th role="columnheader" key={title}>{title}</th>)}
            <th role="columnheader"><span class="unseen">Actions</span></th>
          </tr></thead>
          <tbody role="rowgroup">
            {items.map((one) => (
              <tr role="row" key={one.id}>
                <td role="cell" class="title"><a href={link({ ...filters, id: one.id })}><code>{one.id}</code></a></td>
                <td role="cell" data-label="Enrolled"><When at={one.enrolled_at} /></td>
                <td role="cell" data-label="From">{one.address ?? <span class="faint">Unknown</span>}</td>
                <td role="cell" data-label="Provisioning key"><KeyName id={one.key} name={keys.get(one.key)} /></td>
                <td role="cell" data-label="Connector group"><a href={`#/groups?id=${one.group}`}>{groupNames.get(one.group) ?? one.group}</a></td>
                <td role="cell" data-label="Certificate expires">{date(one.not_after)}</td>
                <td role="cell" data-label="State"><State one={one} /></td>
                <td role="cell" class="row-actions">
                  {operator && !one.revoked_at && (
                    <IconButton icon="trash" danger label={`Revoke ${one.id}`} onClick={() => setRevoking(one)} />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {data && <Pager cursors={cursors} next={data.next} shown={items.length} onChange={setCursors} />}
      {id && (
        <Details id={id} groups={groupNames} certificates={certificateNames}
          onClose={() => goto("connectors", { key, group, certificate, since })} />
      )}
      {revoking && <Revoke one={revoking} onClose={() => setRevoking(undefined)} onDone={() => { setRevoking(undefined); reload(); }} />}
    </>
  );
}

const link = (filters: Record<string, string>): string => `#/connectors${query(filters)}`;

function KeyName({ id, name }: { id: string; name: string | undefined }) {
  if (name) return <a href={`#/keys?id=${id}`}>{name}</a>;
  return <span><code>{id}</code>{name === "" && <span class="faint"> deleted</span>}</span>;
}

function State({ one }: { one: Connector }) {
  if (one.revoked_at) return <Chip kind="bad">Revoked</Chip>;
  if (new Date(one.not_after).getTime() < Date.now()) return <Chip kind="warn">Expired</Chip>;
  return <Chip kind="good">Valid</Chip>;
}

function Details({ id, groups, certificates, onClose }: {
  id: string; groups: Map<string, string>; certificates: Map<string, string>; onClose: () => void;
}) {
  const { data: one, error, reload } = usePolled<Connector>(`/connectors/${id}`);
  return (
    <Dialog title="Connector" wide onClose={onClose}>
      <div class="body">
        {!one && !error && <Loading />}
        {!!error && <Failed error={error} retry={reload} />}
        {one && (
          <dl>
            <dt>Id</dt><dd><code class="hash">{one.id}</code></dd>
            <dt>State</dt><dd><State one={one} /> {one.revoked_at && `${time(one.revoked_at)}: ${one.revocation_reason}`}</dd>
            <dt>Enrolled</dt><dd>{time(one.enrolled_at)}{one.address && ` from ${one.address}`}</dd>
            <dt>Key</dt><dd><a href={`#/keys?id=${one.key}`}><code>{one.key}</code></a></dd>
            <dt>Group</dt><dd><a href={`#/groups?id=${one.group}`}>{groups.get(one.group) ?? one.group}</a></dd>
            <dt>Signed by</dt><dd><a href={`#/certificates?id=${one.certificate}`}>{certificates.get(one.certificate) ?? one.certificate}</a></dd>
            <dt>Valid</dt><dd>{time(one.not_before)} to {time(one.not_after)}</dd>
            <dt>Serial</dt><dd><code class="hash">{one.serial}</code></dd>
            <dt>Fingerprint</dt><dd>{one.fingerprint ? <code class="hash">{one.fingerprint}</code> : "None"}</dd>
            <dt>Renewed</dt><dd>{one.renewals === 0 ? "Never" : `${one.renewals} ×, last ${one.renewed_at ? time(one.renewed_at) : ""}`}</dd>
            <dt>Replays</dt><dd>{one.replays === 0 ? "Never" : `${one.replays} ×`}</dd>
          </dl>
        )}
        <p><a href={`#/audit?connector=${id}`}>Audit trail</a></p>
      </div>
      <footer>
        {one && <button type="button" onClick={() => save(`${one.id}.pem`, one.pem, "application/x-pem-file")}>Download certificate</button>}
        <button type="button" onClick={onClose}>Close</button>
      </footer>
    </Dialog>
  );
}

function Revoke({ one, onClose, onDone }: { one: Connector; onClose: () => void; onDone: () => void }) {
  const { say } = useShared();
  const [reason, setReason] = useState("unspecified");
  const submit = async () => {
    await post(`/connectors/${one.id}/revoke`, { reason });
    say("The connector is revoked.");
    onDone();
  };
  return (
    <FormDialog title="Revoke the connector?" action="Revoke" danger onClose={onClose} onSubmit={submit}>
      <p><code class="hash">{one.id}</code></p>
      <p>Its certificate is on the next CRL, it cannot renew, and its public key can never enroll again. This cannot be undone.</p>
      <SelectField label="Reason" value={reason} onChange={setReason} options={REASONS.map((one): [string, string] => [one, one])} />
    </FormDialog>
  );
}
