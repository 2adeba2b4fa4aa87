// The audit trail.

import { useEffect, useState } from "preact/hooks";
import { type Entry, type Page, query } from "../api";
import { fromLocal, time, toLocal, words } from "../format";
import { goto, usePolled, useRoute, useScope } from "../hooks";
import { Empty, Failed, Head, Loading, Pager, SelectField, TextField } from "../parts/basics";

const ACTIONS = [
  "key_created", "key_updated", "key_copied", "key_downloaded", "key_deleted", "key_compromised", "connector_enrolled",
  "connector_replayed", "connector_renewed", "connector_revoked", "enrollment_refused", "renewal_refused",
  "group_created", "group_deleted", "certificate_created", "certificate_requested", "certificate_imported",
  "certificate_retired", "certificate_deleted", "token_created", "token_revoked", "admin_signed_in", "admin_signed_out", "authority_created", "host_added",
  "master_rotated", "master_removed", "pruned",
];

export function Audit() {
  const { query: { key = "", connector = "", action = "", since = "" } } = useRoute();
  const [cursors, setCursors] = useState<string[]>([]);
  const asked = query({ key, connector, action, since });
  useEffect(() => setCursors([]), [asked]);
  // An operator of one group names a key or a connector.
  const unnamed = useScope() !== null && !key && !connector;
  const { data, error, reload } = usePolled<Page<Entry>>(
    unnamed ? null : `/audit${query({ key, connector, action, since, after: cursors.at(-1) })}`);
  const set = (change: Record<string, string>) => goto("audit", { key, connector, action, since, ...change });
  const items = data?.items ?? [];
  return (
    <>
      <Head title="Audit" />
      <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
        <SelectField label="What" value={action} onChange={(action) => set({ action })}
          options={[["", "Anything"], ...ACTIONS.map((one): [string, string] => [one, words(one)])]} />
        <TextField label="Key id" value={key} onChange={(value) => set({ key: value.trim() })} />
        <TextField label="Connector id" value={connector} onChange={(value) => set({ connector: value.trim() })} />
        <TextField label="Since" type="datetime-local" value={toLocal(since)} onChange={(value) => set({ since: fromLocal(value) ?? "" })} />
        {asked && <button type="button" class="quiet" onClick={() => goto("audit")}>Clear filters</button>}
      </form>
      {unnamed && <Empty title="Enter the id of a key or a connector of your group." />}
      {!unnamed && !data && !error && <Loading />}
      {!!error && <Failed error={error} retry={reload} />}
      {data && items.length === 0 && (
        <Empty title={data.next ? "No entry on this page matches." : "No entries."}>
          {data.next && <p>There are more: see the next page.</p>}
        </Empty>
      )}
      {items.length > 0 && (
        <table class="cards" role="table">
          <caption class="unseen">Audit trail, the latest first</caption>
          <thead role="rowgroup"><tr role="row">
            {["When", "What", "Who", "About", "Details"].map((title) => <th role="columnheader" key={title}>{title}</th>)}
          </tr></thead>
          <tbody role="rowgroup">
            {items.map((one, index) => (
              <tr role="row" key={`${one.at}-${index}`}>
                <td role="cell" class="title"><time dateTime={one.at}>{time(one.at)}</time></td>
                <td role="cell" data-label="What">{words(one.action)}{one.code && <><br /><code>{one.code}</code></>}{one.count !== null && <span class="faint"> {one.count} ×</span>}</td>
                <td role="cell" data-label="Who">{one.actor ?? <span class="faint">{one.connector ? "The connector" : "–"}</span>}{one.admin_token && <><br /><code class="faint">{one.admin_token}</code></>}</td>
                <td role="cell" data-label="About"><About one={one} /></td>
                <td role="cell" data-label="Details" class="wrap">{[one.address && `from ${one.address}`, one.last_at && `the last at ${time(one.last_at)}`, one.details].filter(Boolean).join("; ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {data && <Pager cursors={cursors} next={data.next} shown={items.length} onChange={setCursors} />}
    </>
  );
}

function About({ one }: { one: Entry }) {
  const things: [string, string, string | null][] = [
    ["Key", `#/keys?id=${one.key}`, one.key],
    ["Connector", `#/connectors?id=${one.connector}`, one.connector],
    ["Group", `#/groups?id=${one.group}`, one.group],
    ["Certificate", `#/certificates?id=${one.certificate}`, one.certificate],
  ];
  return (
    <ul class="about">
      {things.filter(([, , id]) => id).map(([kind, link, id]) => (
        <li key={kind}><span class="faint">{kind}</span> <a href={link}><code>{id?.slice(0, 12)}{(id?.length ?? 0) > 12 && "…"}</code></a></li>
      ))}
    </ul>
  );
}
