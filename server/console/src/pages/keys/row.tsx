// A provisioning key: its row, and the expanded details.

import { type Certificate, type Connector, type Key, type Page, call, explain, post, send } from "../../api";
import { count, date, daysUntil, distance, plural, quads, save, time } from "../../format";
import { useMay, usePolled, useShared } from "../../hooks";
import { Chip, IconButton, When } from "../../parts/basics";
import { Chart } from "../../parts/chart";
import { Icon } from "../../parts/icon";
import type { Open } from "./dialogs";

const STATES = {
  usable: ["good", "Usable"], exhausted: ["warn", "Used up"], disabled: ["off", "Disabled"], expired: ["bad", "Expired"],
  compromised: ["bad", "Compromised"],
} as const;

export function KeyRow({ item, certificate, expanded, onToggle, onOpen, onChanged }: {
  item: Key; certificate: Certificate | undefined; expanded: boolean;
  onToggle: () => void; onOpen: (open: Open) => void; onChanged: () => void;
}) {
  const { say } = useShared();
  const operator = useMay("operator");
  const [kind, state] = STATES[item.state];
  const compromised = item.state === "compromised";
  const soon = item.expires_at && item.state === "usable" && daysUntil(item.expires_at) < 14;
  const copy = async () => {
    try {
      const { text } = await post<{ text: string }>(`/keys/${item.id}/copy`);
      await navigator.clipboard.writeText(text).then(
        () => say(`The text of ${item.name} is copied.`),
        () => onOpen({ kind: "text", item, text }),
      );
    } catch (error) {
      say(explain(error));
    }
  };
  const download = async () => {
    try {
      const response = await send("POST", `/keys/${item.id}/download`);
      const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1];
      save(name ?? `${item.id}.key`, await response.text());
      say(`The text of ${item.name} is saved.`);
    } catch (error) {
      say(explain(error));
    }
  };
  const enable = async () => {
    try {
      await call("PATCH", `/keys/${item.id}`, { enabled: !item.enabled });
      say(`${item.name} is ${item.enabled ? "disabled" : "enabled"}.`);
      onChanged();
    } catch (error) {
      say(explain(error));
    }
  };
  return (
    <>
      <tr role="row" class={expanded ? "expanded" : ""}>
        <td role="cell" class="narrow">
          <button type="button" class="quiet expand" aria-expanded={expanded} aria-controls={`more-${item.id}`}
            aria-label={`${expanded ? "Collapse" : "Expand"} ${item.name}`} onClick={onToggle}>
            <Icon name="chevron" />
          </button>
        </td>
        <td role="cell" class="title">{item.name}</td>
        <td role="cell" class="number" data-label="Maximum connectors">{count(item.max_uses)}</td>
        <td role="cell" data-label="Utilization count"><Bar used={item.used} max={item.max_uses} /></td>
        <td role="cell" data-label="Connector group"><a href={`#/groups?id=${item.group.id}`}>{item.group.name}</a></td>
        <td role="cell" data-label="Provisioning key">
          <code class="masked" title={item.masked}>pvk1_…{item.id}<span class="faint">••••</span></code>
        </td>
        <td role="cell" data-label="State">
          <Chip kind={kind}>{state}</Chip>
          {soon && <Chip kind="warn">Expires {distance(item.expires_at ?? "")}</Chip>}
        </td>
        <td role="cell" data-label="Last used"><When at={item.last_used_at} /></td>
        <td role="cell" class="row-actions">
          {operator && (
            <div role="group" aria-label={`Actions for ${item.name}`}>
              {!item.copyable && !compromised && (
                <button type="button" class="quiet amber" title="Used up: why?" aria-label={`Why can ${item.name} not be copied?`}
                  onClick={() => onOpen({ kind: "used-up", item })}>
                  <Icon name="warning" />
                </button>
              )}
              <IconButton icon="copy" disabled={!item.copyable} label={`Copy the text of ${item.name}`} onClick={() => void copy()} />
              <IconButton icon="edit" label={`Edit ${item.name}`} onClick={() => onOpen({ kind: "edit", item })} />
              <IconButton icon="download" disabled={!item.copyable} label={`Download the text of ${item.name}`} onClick={() => void download()} />
              <IconButton icon="trash" danger label={`Delete ${item.name}`} onClick={() => onOpen({ kind: "delete", item })} />
            </div>
          )}
        </td>
      </tr>
      {expanded && (
        <tr role="row" class="more" id={`more-${item.id}`}>
          <td role="cell" colSpan={9}>
            <div class="details">
              <section><h2>Enrollments</h2><Chart id={item.id} used={item.used} /><Recent item={item} /></section>
              <section><h2>Signing certificate</h2><Signer item={item} certificate={certificate} /></section>
              <section><h2>Key</h2>
                <dl>
                  <dt>Id</dt><dd><code>{item.id}</code></dd>
                  <dt>Host</dt><dd>{item.host}</dd>
                  <dt>Created</dt><dd>{time(item.created_at)}</dd>
                  {item.compromised_at && <><dt>Compromised at</dt><dd>{time(item.compromised_at)}</dd></>}
                  <dt>Expires</dt><dd>{item.expires_at ? time(item.expires_at) : "Never"}</dd>
                  <dt>Allowed addresses</dt><dd>{item.allowed_addresses.join(", ") || "Any"}</dd>
                  <dt>Proof</dt><dd>{item.proof_only ? "Proof in the CSR required" : "Proof or text"}</dd>
                </dl>
                {operator && (
                  <div class="buttons">
                    {!compromised && <>
                      <button type="button" class="small" onClick={() => onOpen({ kind: item.copyable ? "qr" : "used-up", item })}><Icon name="qr" />QR code</button>
                      <button type="button" class="small" onClick={() => void enable()}><Icon name="power" />{item.enabled ? "Disable" : "Enable"}</button>
                    </>}
                    <button type="button" class="small red" onClick={() => onOpen({ kind: "leaked", item })}><Icon name="leak" />It leaked…</button>
                  </div>
                )}
                <p><a href={`#/audit?key=${item.id}`}>Audit trail</a></p>
              </section>
            </div>
          </td>
        </tr>
      )}
    </>
  );
}

/** The uses of a key as numbers and as a bar. */
export function Bar({ used, max }: { used: number; max: number }) {
  const part = Math.min(1, used / max);
  const level = part >= 1 ? "full" : part >= 0.9 ? "high" : "";
  return (
    <div class="usage">
      <span class="figures">{count(used)}<span class="faint"> of {count(max)}</span></span>
      <svg class={`bar ${level}`} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="100" height="6" /><rect class="fill" width={part * 100} height="6" />
      </svg>
    </div>
  );
}

function Recent({ item }: { item: Key }) {
  const { data } = usePolled<Page<Connector>>(`/connectors?key=${item.id}&descending=true&limit=5`);
  if (!data) return null;
  if (data.items.length === 0) return <p class="faint">No connector has enrolled with it yet.</p>;
  return (
    <>
      <ul class="recent">
        {data.items.map((one) => (
          <li key={one.id}>
            <a href={`#/connectors?id=${one.id}`}><code>{one.id.slice(0, 12)}…</code></a>
            <span>{one.address ?? ""}</span>
            {one.revoked_at ? <Chip kind="bad">Revoked</Chip> : <When at={one.enrolled_at} />}
          </li>
        ))}
      </ul>
      <p><a href={`#/connectors?key=${item.id}`}>All {plural(item.used, "connector")}</a></p>
    </>
  );
}

function Signer({ item, certificate }: { item: Key; certificate: Certificate | undefined }) {
  if (!certificate) return <p>{item.certificate.name}</p>;
  return (
    <dl>
      <dt>Name</dt><dd><a href={`#/certificates?id=${certificate.id}`}>{certificate.name}</a></dd>
      <dt>Subject</dt><dd>{certificate.subject ?? "–"}</dd>
      <dt>Valid</dt><dd>{date(certificate.not_before)} to {date(certificate.not_after)}</dd>
      <dt>SHA-256</dt><dd><code class="hash">{quads(certificate.sha256)}</code></dd>
      {certificate.warnings.length > 0 && <>
        <dt>Warnings</dt><dd>{certificate.warnings.map((one) => <Chip key={one} kind="warn">{one.replaceAll("_", " ")}</Chip>)}</dd>
      </>}
    </dl>
  );
}
