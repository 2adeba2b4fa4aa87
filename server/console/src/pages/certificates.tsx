// Enrollment certificates.

import { useState } from "preact/hooks";
import { type Certificate, type CertificateRequest, type Page, post, query, remove } from "../api";
import { colons, count, date, distance, save } from "../format";
import { useMay, usePolled, useRoute, useScope, useShared } from "../hooks";
import { Chip, CopyButton, Empty, Failed, Head, IconButton, Loading, Pager } from "../parts/basics";
import { FormDialog } from "../parts/dialog";
import { Icon } from "../parts/icon";
import { AnswerRequest, CreateCertificate, ImportCertificate } from "./certificates/forms";

const BAD = ["expired", "not_yet_valid"];

type Open =
  | { kind: "create" | "request" | "import" }
  | { kind: "answer" | "drop"; request: CertificateRequest }
  | { kind: "retire" | "delete"; item: Certificate };

export function Certificates() {
  const { query: { id } } = useRoute();
  const [cursors, setCursors] = useState<string[]>([]);
  const [open, setOpen] = useState<Open>();
  const certificates = usePolled<Page<Certificate>>(`/certificates${query({ limit: 50, after: cursors.at(-1) })}`);
  const scope = useScope();
  const requests = usePolled<Page<CertificateRequest>>(scope ? null : "/certificate-requests?limit=1000");
  const admin = useMay("admin");
  const items = certificates.data?.items ?? [];
  const close = () => setOpen(undefined);
  const done = () => {
    close();
    certificates.reload();
    requests.reload();
  };
  return (
    <>
      <Head title="Enrollment certificates">
        {admin && <>
          <button type="button" onClick={() => setOpen({ kind: "import" })}>Import</button>
          <button type="button" onClick={() => setOpen({ kind: "request" })}>Request from an external CA</button>
          <button type="button" class="primary" onClick={() => setOpen({ kind: "create" })}><Icon name="plus" />New certificate</button>
        </>}
      </Head>
      {!certificates.data && !certificates.error && <Loading />}
      {!!certificates.error && <Failed error={certificates.error} retry={certificates.reload} />}
      {certificates.data && items.length === 0 && <Empty title="There are no enrollment certificates yet."><p>It signs the certificates of connectors.</p></Empty>}
      {items.length > 0 && (
        <table class="cards" role="table">
          <caption class="unseen">Enrollment certificates</caption>
          <thead role="rowgroup"><tr role="row">
            {["Name", "Subject", "Key"].map((title) => <th role="columnheader" key={title}>{title}</th>)}
            <th role="columnheader">Valid until</th><th role="columnheader" class="number">Provisioning keys</th>
            <th role="columnheader">SHA-256</th><th role="columnheader">State</th>
            <th role="columnheader"><span class="unseen">Actions</span></th>
          </tr></thead>
          <tbody role="rowgroup">
            {items.map((one) => (
              <tr role="row" key={one.id} class={one.id === id ? "chosen" : ""}>
                <td role="cell" class="title">{one.name}</td>
                <td role="cell" data-label="Subject">{one.subject ?? "–"}{one.external && <span class="faint"> external</span>}</td>
                <td role="cell" data-label="Key">{one.algorithm}{one.key_elsewhere && <span class="faint"> in a token</span>}</td>
                <td role="cell" data-label="Valid until">{date(one.not_after)}<br /><span class="faint">{distance(one.not_after)}</span></td>
                <td role="cell" class="number" data-label="Provisioning keys"><a href={`#/keys?certificate=${one.id}`}>{count(one.keys)}</a></td>
                <td role="cell" data-label="SHA-256"><span class="with-button"><code title={colons(one.sha256)}>{colons(one.sha256.slice(0, 16))}…</code><CopyButton text={colons(one.sha256)} label={`Copy the fingerprint of ${one.name}`} /></span></td>
                <td role="cell" data-label="State"><Warnings one={one} /></td>
                <td role="cell" class="row-actions">
                  <div role="group" aria-label={`Actions for ${one.name}`}>
                    <IconButton icon="download" label={`Download ${one.name}`} onClick={() => save(`${one.id}.pem`, one.pem, "application/x-pem-file")} />
                    {admin && !one.retired_at && <IconButton icon="power" label={`Retire ${one.name}`} onClick={() => setOpen({ kind: "retire", item: one })} />}
                    {admin && <IconButton icon="trash" danger label={`Delete ${one.name}`} onClick={() => setOpen({ kind: "delete", item: one })} />}
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {certificates.data && <Pager cursors={cursors} next={certificates.data.next} shown={items.length} onChange={setCursors} />}
      {!!requests.data?.items.length && <Requests items={requests.data.items} admin={admin} onOpen={setOpen} />}
      {open && <Dialogs open={open} onClose={close} onDone={done} />}
    </>
  );
}

function Warnings({ one }: { one: Certificate }) {
  if (one.warnings.length === 0) return <Chip kind="good">Valid</Chip>;
  return <>{one.warnings.map((warning) => (
    <Chip key={warning} kind={warning === "retired" ? "off" : BAD.includes(warning) ? "bad" : "warn"}>
      {warning === "leaves_cut_short" ? "Cuts leaves short" : warning.charAt(0).toUpperCase() + warning.slice(1).replaceAll("_", " ")}
    </Chip>
  ))}</>;
}

function Requests({ items, admin, onOpen }: { items: CertificateRequest[]; admin: boolean; onOpen: (open: Open) => void }) {
  return (
    <section class="requests">
      <h2>Unanswered requests</h2>
      <ul>
        {items.map((request) => (
          <li key={request.id}>
            <span><strong>{request.name}</strong> <span class="faint">since {date(request.created_at)}</span></span>
            <span class="buttons">
              <button type="button" class="small" onClick={() => save(`${request.id}.csr`, request.csr, "application/pkcs10")}>Download CSR</button>
              {admin && <button type="button" class="small" onClick={() => onOpen({ kind: "answer", request })}>Import the answer</button>}
              {admin && <IconButton icon="trash" danger label={`Delete the request ${request.name}`} onClick={() => onOpen({ kind: "drop", request })} />}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Dialogs({ open, onClose, onDone }: { open: Open; onClose: () => void; onDone: () => void }) {
  const { say } = useShared();
  const after = (text: string, work: () => Promise<unknown>) => async () => {
    await work();
    say(text);
    onDone();
  };
  switch (open.kind) {
    case "create": return <CreateCertificate path="/certificates" onClose={onClose} onDone={onDone} />;
    case "request": return <CreateCertificate path="/certificate-requests" onClose={onClose} onDone={onDone} />;
    case "import": return <ImportCertificate onClose={onClose} onDone={onDone} />;
    case "answer": return <AnswerRequest request={open.request} onClose={onClose} onDone={onDone} />;
    case "drop": return (
      <FormDialog title={`Delete the request ${open.request.name}?`} action="Delete the request" danger onClose={onClose}
        onSubmit={after("The request is deleted.", () => remove(`/certificate-requests/${open.request.id}`))}>
        <p>Its private key is deleted, too: a certificate that the CA issues for it is useless then.</p>
      </FormDialog>
    );
    case "retire": return (
      <FormDialog title={`Retire ${open.item.name}?`} action="Retire the certificate" danger onClose={onClose}
        onSubmit={after(`${open.item.name} is retired.`, () => post(`/certificates/${open.item.id}/retire`))}>
        <p>It signs nothing from now on, permanently. Certificates that it signed stay valid.</p>
        {open.item.keys > 0 && <p><strong>{count(open.item.keys)} provisioning keys use it</strong> and enroll nobody until they are moved to another.</p>}
      </FormDialog>
    );
    case "delete": return (
      <FormDialog title={`Delete ${open.item.name}?`} action="Delete the certificate" danger onClose={onClose}
        onSubmit={after(`${open.item.name} is deleted.`, () => remove(`/certificates/${open.item.id}`))}>
        <p>A certificate can be deleted only if no provisioning key uses it and it signed for no connector. Its private key is deleted, too.</p>
      </FormDialog>
    );
  }
}
