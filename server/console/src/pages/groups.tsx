// Connector groups.

import { useState } from "preact/hooks";
import { type Group, type Page, post, query, remove } from "../api";
import { count, date } from "../format";
import { useMay, usePolled, useRoute, useScope, useShared } from "../hooks";
import { Empty, Failed, Head, IconButton, Loading, Pager, TextField } from "../parts/basics";
import { FormDialog } from "../parts/dialog";
import { Icon } from "../parts/icon";

export function Groups() {
  const { query: { id } } = useRoute();
  const [cursors, setCursors] = useState<string[]>([]);
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState<Group>();
  const { data, error, reload } = usePolled<Page<Group>>(`/groups${query({ limit: 50, after: cursors.at(-1) })}`);
  const scope = useScope();
  const operator = useMay("operator") && !scope;
  const items = data?.items ?? [];
  const done = () => {
    setCreating(false);
    setDeleting(undefined);
    reload();
  };
  return (
    <>
      <Head title="Connector groups">
        {operator && <button type="button" class="primary" onClick={() => setCreating(true)}><Icon name="plus" />New group</button>}
      </Head>
      {!data && !error && <Loading />}
      {!!error && <Failed error={error} retry={reload} />}
      {data && items.length === 0 && <Empty title="There are no groups yet."><p>Each connector belongs to a group, which its certificate names.</p></Empty>}
      {items.length > 0 && (
        <table class="cards" role="table">
          <caption class="unseen">Connector groups</caption>
          <thead role="rowgroup"><tr role="row">
            <th role="columnheader">Name</th><th role="columnheader" class="number">Provisioning keys</th>
            <th role="columnheader">Connectors</th><th role="columnheader">Created</th><th role="columnheader">Id</th>
            <th role="columnheader"><span class="unseen">Actions</span></th>
          </tr></thead>
          <tbody role="rowgroup">
            {items.map((one) => (
              <tr role="row" key={one.id} class={one.id === id ? "chosen" : ""}>
                <td role="cell" class="title">{one.name}</td>
                <td role="cell" class="number" data-label="Provisioning keys"><a href={`#/keys?group=${one.id}`}>{count(one.keys)}</a></td>
                <td role="cell" data-label="Connectors"><a href={`#/connectors?group=${one.id}`} aria-label={`Show connectors of ${one.name}`}>Show</a></td>
                <td role="cell" data-label="Created">{date(one.created_at)}</td>
                <td role="cell" data-label="Id"><code>{one.id}</code></td>
                <td role="cell" class="row-actions">
                  {operator && <IconButton icon="trash" danger label={`Delete ${one.name}`} onClick={() => setDeleting(one)} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {data && <Pager cursors={cursors} next={data.next} shown={items.length} onChange={setCursors} />}
      {creating && <Create onClose={() => setCreating(false)} onDone={done} />}
      {deleting && <Delete one={deleting} onClose={() => setDeleting(undefined)} onDone={done} />}
    </>
  );
}

function Create({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const { say } = useShared();
  const [name, setName] = useState("");
  const submit = async () => {
    await post("/groups", { name });
    say(`${name} is made.`);
    onDone();
  };
  return (
    <FormDialog title="New connector group" action="Create group" onClose={onClose} onSubmit={submit}>
      <TextField label="Name" value={name} onChange={setName} required autoFocus />
    </FormDialog>
  );
}

function Delete({ one, onClose, onDone }: { one: Group; onClose: () => void; onDone: () => void }) {
  const { say } = useShared();
  const submit = async () => {
    await remove(`/groups/${one.id}`);
    say(`${one.name} is deleted.`);
    onDone();
  };
  return (
    <FormDialog title={`Delete ${one.name}?`} action="Delete the group" danger onClose={onClose} onSubmit={submit}>
      <p>A group can be deleted only without provisioning keys and connectors.</p>
    </FormDialog>
  );
}
