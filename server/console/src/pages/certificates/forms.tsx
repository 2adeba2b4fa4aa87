// Forms that create, request and import enrollment certificates.

import { useState } from "preact/hooks";
import { type CertificateRequest, post } from "../../api";
import { useShared } from "../../hooks";
import { AreaField, SelectField, TextField } from "../../parts/basics";
import { FormDialog } from "../../parts/dialog";

const DAY = 86_400;
interface Props { onClose: () => void; onDone: () => void }

export function CreateCertificate({ path, onClose, onDone }: Props & { path: "/certificates" | "/certificate-requests" }) {
  const { say } = useShared();
  const own = path === "/certificates";
  const [name, setName] = useState("");
  const [algorithm, setAlgorithm] = useState("p256");
  const [days, setDays] = useState("3650");
  const [leafDays, setLeafDays] = useState("365");
  const [crlUrl, setCrlUrl] = useState("");
  const submit = async () => {
    await post(path, {
      name, algorithm, leaf_validity_seconds: Number(leafDays) * DAY, crl_url: crlUrl || null,
      ...(own ? { validity_seconds: Number(days) * DAY } : {}),
    });
    say(own ? `${name} is made.` : `Download the CSR of ${name} and send it to the CA.`);
    onDone();
  };
  return (
    <FormDialog title={own ? "New enrollment certificate" : "Request from an external CA"} action={own ? "Create certificate" : "Create CSR"}
      onClose={onClose} onSubmit={submit}>
      <TextField label="Name" value={name} onChange={setName} required autoFocus />
      <SelectField label="Key" value={algorithm} onChange={setAlgorithm}
        options={[["p256", "ECDSA P-256"], ["p384", "ECDSA P-384"], ["ed25519", "Ed25519"]]} />
      {own && <TextField label="Valid for, in days" type="number" min={1} value={days} onChange={setDays} required />}
      <TextField label="Connectors' certificates valid for, in days" type="number" min={1} value={leafDays} onChange={setLeafDays} required />
      <TextField label="URL of the CRL" value={crlUrl} onChange={setCrlUrl} placeholder="http://crl.example.com/ca.crl"
        hint="It is written into connectors' certificates. Empty: none." />
    </FormDialog>
  );
}

const PEM = "-----BEGIN CERTIFICATE-----";

export function ImportCertificate({ onClose, onDone }: Props) {
  const { say } = useShared();
  const [name, setName] = useState("");
  const [certificates, setCertificates] = useState("");
  const [key, setKey] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const submit = async () => {
    await post("/certificates/import", { name, certificates, private_key: key, passphrase: passphrase || null });
    say(`${name} is imported.`);
    onDone();
  };
  return (
    <FormDialog title="Import a certificate with its key" action="Import" wide onClose={onClose} onSubmit={submit}>
      <TextField label="Name" value={name} onChange={setName} required autoFocus />
      <AreaField label="Certificate in PEM" value={certificates} onChange={setCertificates} rows={5} required
        hint={`Begins with ${PEM}. Those of its issuers may follow.`} />
      <AreaField label="Private key in PEM" value={key} onChange={setKey} rows={5} required hint="It is stored encrypted under the master key." />
      <TextField label="Passphrase" value={passphrase} onChange={setPassphrase} hint="If the key is encrypted." />
    </FormDialog>
  );
}

export function AnswerRequest({ request, onClose, onDone }: Props & { request: CertificateRequest }) {
  const { say } = useShared();
  const [certificates, setCertificates] = useState("");
  const submit = async () => {
    await post(`/certificate-requests/${request.id}/answer`, { certificates });
    say(`${request.name} can sign now.`);
    onDone();
  };
  return (
    <FormDialog title={`What the CA issued for ${request.name}`} action="Import" wide onClose={onClose} onSubmit={submit}>
      <AreaField label="Certificate in PEM" value={certificates} onChange={setCertificates} rows={8} required
        hint={`Begins with ${PEM}. Those of its issuers may follow.`} />
    </FormDialog>
  );
}
