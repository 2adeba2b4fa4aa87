// Forms that create and edit provisioning keys.

import { useEffect, useState } from "preact/hooks";
import { type Certificate, type Group, type Key, Problem, call, explain, post } from "../../api";
import { fromLocal, plural, toLocal } from "../../format";
import { useMay, useScope, useShared } from "../../hooks";
import { AreaField, Check, SelectField, TextField } from "../../parts/basics";
import { FormDialog } from "../../parts/dialog";
import type { Props } from "./dialogs";

const NEW = "+";

const lines = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

export function CreateKey({ groups, certificates, onClose, onDone }: Props) {
  const { say } = useShared();
  const admin = useMay("admin");
  const scope = useScope();
  const usable = certificates.filter((one) => !one.retired_at && !one.warnings.includes("expired"));
  const [name, setName] = useState("");
  const [max, setMax] = useState("10");
  const [group, setGroup] = useState(groups[0]?.id ?? NEW);
  const [groupName, setGroupName] = useState("");
  const [certificate, setCertificate] = useState(usable[0]?.id ?? (admin ? NEW : ""));
  const [certificateName, setCertificateName] = useState("");
  const [expires, setExpires] = useState("");
  const [addresses, setAddresses] = useState("");
  const [proofOnly, setProofOnly] = useState(false);
  const submit = async () => {
    // If a later step fails, the group and certificate that were created stay selected.
    let groupId = group;
    if (group === NEW) {
      groupId = (await post<Group>("/groups", { name: groupName })).id;
      groups.push({ id: groupId, name: groupName, keys: 0, created_at: new Date().toISOString() });
      setGroup(groupId);
    }
    let certificateId = certificate;
    if (certificate === NEW) {
      const made = await post<Certificate>("/certificates", { name: certificateName });
      certificateId = made.id;
      certificates.push(made);
      setCertificate(certificateId);
    }
    await post<Key>("/keys", {
      name, group: groupId, certificate: certificateId, max_uses: Number(max),
      expires_at: fromLocal(expires), allowed_addresses: lines(addresses), proof_only: proofOnly,
    });
    say(`${name} is made. Copy its text to hand it out.`);
    onDone();
  };
  const named = (items: { id: string; name: string }[]) => items.map((one): [string, string] => [one.id, one.name]);
  return (
    <FormDialog title="New provisioning key" action="Create key" onClose={onClose} onSubmit={submit}>
      <TextField label="Name" value={name} onChange={setName} required autoFocus />
      <TextField label="Maximum connectors" type="number" min={1} value={max} onChange={setMax} required
        hint="Each connector that enrolls uses one. You can raise it later." />
      <SelectField label="Connector group" value={group} onChange={setGroup} options={[...named(groups), ...(scope ? [] : [[NEW, "New group…"] as [string, string]])]} />
      {group === NEW && <TextField label="Name of the new group" value={groupName} onChange={setGroupName} required />}
      <SelectField label="Enrollment certificate" value={certificate} onChange={setCertificate} required
        options={[...named(usable), ...(admin ? [[NEW, "New certificate…"] as [string, string]] : [])]}
        hint="It signs the certificates of the connectors." />
      {certificate === NEW && (
        <TextField label="Name of the new certificate" value={certificateName} onChange={setCertificateName} required
          hint="P-256, valid for 10 years; connectors' certificates for one." />
      )}
      <details>
        <summary>More</summary>
        <TextField label="Expires" type="datetime-local" value={expires} onChange={setExpires} hint="Empty: never." />
        <AreaField label="Allowed addresses" value={addresses} onChange={setAddresses} rows={2}
          hint="Ranges such as 10.0.0.0/8, one per line. Empty: any address." />
        <Check label="Require a proof in the CSR: connectors never send the text" checked={proofOnly} onChange={setProofOnly} />
      </details>
    </FormDialog>
  );
}

export function EditKey({ item, certificates, onClose, onDone }: Props & { item: Key }) {
  const { say } = useShared();
  const [key, setKey] = useState(item);
  const [etag, setEtag] = useState<string | null>(null);
  const [name, setName] = useState(item.name);
  const [max, setMax] = useState(String(item.max_uses));
  const [certificate, setCertificate] = useState(item.certificate.id);
  const [expires, setExpires] = useState(toLocal(item.expires_at));
  const [addresses, setAddresses] = useState(item.allowed_addresses.join("\n"));
  const [proofOnly, setProofOnly] = useState(item.proof_only);
  const [enabled, setEnabled] = useState(item.enabled);
  const [failed, setFailed] = useState<string>();
  const load = async () => {
    const { data, etag } = await call<Key>("GET", `/keys/${item.id}`);
    setKey(data);
    setEtag(etag);
    setName(data.name);
    setMax(String(data.max_uses));
    setCertificate(data.certificate.id);
    setExpires(toLocal(data.expires_at));
    setAddresses(data.allowed_addresses.join("\n"));
    setProofOnly(data.proof_only);
    setEnabled(data.enabled);
  };
  useEffect(() => { load().catch((error) => setFailed(explain(error))); }, []);
  const submit = async () => {
    const patch: Record<string, unknown> = {};
    if (name !== key.name) patch["name"] = name;
    if (Number(max) !== key.max_uses) patch["max_uses"] = Number(max);
    if (certificate !== key.certificate.id) patch["certificate"] = certificate;
    if (expires !== toLocal(key.expires_at)) patch["expires_at"] = fromLocal(expires);
    if (lines(addresses).join() !== key.allowed_addresses.join()) patch["allowed_addresses"] = lines(addresses);
    if (proofOnly !== key.proof_only) patch["proof_only"] = proofOnly;
    if (enabled !== key.enabled) patch["enabled"] = enabled;
    try {
      await call("PATCH", `/keys/${item.id}`, patch, etag ? { "If-Match": etag } : {});
    } catch (error) {
      if (error instanceof Problem && error.status === 412) {
        await load();
        throw new Problem(412, error.code, "The key was edited meanwhile. The form shows its current state.");
      }
      throw error;
    }
    say(`${name} is saved.`);
    onDone();
  };
  const choices = certificates.filter((one) => !one.retired_at || one.id === key.certificate.id);
  return (
    <FormDialog title={`Edit ${item.name}`} action="Save" disabled={!etag} onClose={onClose} onSubmit={submit}>
      {failed && <p class="alert" role="alert">{failed}</p>}
      {/* Not before all is loaded, which would overwrite what was typed. */}
      {etag && <>
        <TextField label="Name" value={name} onChange={setName} required />
        <TextField label="Maximum connectors" type="number" min={1} value={max} onChange={setMax} required autoFocus
          hint={`${plural(key.used, "connector has", "connectors have")} enrolled. A lower maximum stops new ones only.`} />
        <SelectField label="Enrollment certificate" value={certificate} onChange={setCertificate}
          options={choices.map((one): [string, string] => [one.id, one.name])} hint="It signs for connectors that enroll from now on." />
        <TextField label="Expires" type="datetime-local" value={expires} onChange={setExpires} hint="Empty: never." />
        <AreaField label="Allowed addresses" value={addresses} onChange={setAddresses} rows={2}
          hint="Ranges such as 10.0.0.0/8, one per line. Empty: any address." />
        <Check label="Require a proof in the CSR: connectors never send the text" checked={proofOnly} onChange={setProofOnly} />
        <Check label="Enabled" checked={enabled} onChange={setEnabled} />
      </>}
    </FormDialog>
  );
}
