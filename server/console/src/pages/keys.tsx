// Provisioning keys: the table.

import { useEffect, useMemo, useState } from "preact/hooks";
import { type Certificate, type Group, type Key, type Page, query } from "../api";
import { plural } from "../format";
import { goto, useAll, useMay, usePolled, useRoute } from "../hooks";
import { Empty, Failed, Head, Loading, Pager } from "../parts/basics";
import { Icon } from "../parts/icon";
import { KeyDialogs, type Open } from "./keys/dialogs";
import { Filters, NO_FILTERS, toQuery } from "./keys/filters";
import { KeyRow } from "./keys/row";

const SORTS: [string, string][] = [
  ["name", "Name, A to Z"], ["-name", "Name, Z to A"], ["-created", "Newest first"], ["created", "Oldest first"],
];

export function Keys() {
  const route = useRoute();
  const filters = { ...NO_FILTERS, ...route.query };
  const sort = filters.sort || "name";
  const [cursors, setCursors] = useState<string[]>([]);
  const [limit, setLimit] = useState(50);
  const [expanded, setExpanded] = useState<Set<string>>(new Set());
  const [filtering, setFiltering] = useState(false);
  const [open, setOpen] = useState<Open>();
  const asked = query({ ...toQuery(filters), sort });
  useEffect(() => setCursors([]), [asked, limit]);
  const after = cursors.at(-1);
  const path = `/keys${query({ ...toQuery(filters), sort, limit, after })}`;
  const { data, error, reload } = usePolled<Page<Key>>(path);
  const groups = useAll<Group>("/groups");
  const certificates = useAll<Certificate>("/certificates");
  const operator = useMay("operator");
  const set = (change: Partial<typeof filters>) => goto("keys", { ...filters, ...change });
  const active = Object.entries(toQuery(filters)).filter(([, value]) => value).length;
  const items = data?.items ?? [];
  const all = items.length > 0 && items.every((key) => expanded.has(key.id));
  const toggle = (id: string) => setExpanded((old) => {
    const next = new Set(old);
    if (!next.delete(id)) next.add(id);
    return next;
  });
  const done = () => {
    setOpen(undefined);
    reload();
    groups.reload();
    certificates.reload();
  };
  const byId = useMemo(() => new Map(certificates.items.map((one) => [one.id, one])), [certificates.items]);

  return (
    <>
      <Head title="Provisioning keys">
        {operator && (
          <button type="button" class="primary" onClick={() => setOpen({ kind: "create" })}>
            <Icon name="plus" />New key
          </button>
        )}
      </Head>
      <Attention certificates={certificates.items} />
      <div class="tools">
        <button type="button" aria-expanded={filtering} onClick={() => setFiltering(!filtering)}>
          <Icon name="filter" />Filters{active > 0 && <span class="badge">{active}</span>}
        </button>
        {active > 0 && <button type="button" class="quiet" onClick={() => goto("keys", { sort: filters.sort })}>Clear filters</button>}
        <span class="space" />
        <label>Sort <select value={sort} onChange={(event) => set({ sort: event.currentTarget.value })}>
          {SORTS.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
        </select></label>
        <label>Rows <select value={limit} onChange={(event) => setLimit(Number(event.currentTarget.value))}>
          {[25, 50, 100, 200].map((value) => <option key={value} value={value}>{value}</option>)}
        </select></label>
      </div>
      {filtering && <Filters filters={filters} groups={groups.items} certificates={certificates.items} onChange={set} />}
      {!data && !error && <Loading />}
      {!!error && <Failed error={error} retry={reload} />}
      {data && items.length === 0 && <NoKeys filtered={active > 0} more={data.next !== null} />}
      {items.length > 0 && (
        <table class="cards keys" role="table">
          <caption class="unseen">Provisioning keys</caption>
          <thead role="rowgroup">
            <tr role="row">
              <th role="columnheader" class="narrow">
                <button type="button" class="quiet expand" aria-expanded={all}
                  aria-label={all ? "Collapse all rows" : "Expand all rows"}
                  onClick={() => setExpanded(all ? new Set() : new Set(items.map((key) => key.id)))}>
                  <Icon name="chevron" />
                </button>
              </th>
              <th role="columnheader" aria-sort={sort === "name" ? "ascending" : sort === "-name" ? "descending" : "none"}>
                <button type="button" class="sort" onClick={() => set({ sort: sort === "name" ? "-name" : "name" })}>
                  Name<span aria-hidden="true">{sort === "name" ? " ↑" : sort === "-name" ? " ↓" : ""}</span>
                </button>
              </th>
              <th role="columnheader" class="number">Maximum connectors</th>
              <th role="columnheader">Utilization count</th>
              <th role="columnheader">Connector group</th>
              <th role="columnheader">Provisioning key</th>
              <th role="columnheader">State</th>
              <th role="columnheader">Last used</th>
              <th role="columnheader"><span class="unseen">Actions</span></th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            {items.map((key) => (
              <KeyRow key={key.id} item={key} certificate={byId.get(key.certificate.id)}
                expanded={expanded.has(key.id)} onToggle={() => toggle(key.id)} onOpen={setOpen} onChanged={reload} />
            ))}
          </tbody>
        </table>
      )}
      {data && <Pager cursors={cursors} next={data.next} shown={items.length} onChange={setCursors} />}
      {open && (
        <KeyDialogs open={open} groups={groups.items} certificates={certificates.items}
          onOpen={setOpen} onClose={() => setOpen(undefined)} onDone={done} />
      )}
    </>
  );
}

/** What needs the attention of an operator. */
function Attention({ certificates }: { certificates: Certificate[] }) {
  const { data } = usePolled<Page<Key>>("/keys?state=exhausted&limit=100");
  const used = data?.items.length ?? 0;
  const troubled = certificates.filter((one) =>
    one.keys > 0 && one.warnings.some((warning) => warning !== "leaves_cut_short"));
  if (used === 0 && troubled.length === 0) return null;
  return (
    <ul class="attention" aria-label="Needs attention">
      {used > 0 && (
        <li><Icon name="warning" /><a href="#/keys?state=exhausted">
          {data?.next ? "More than " : ""}{plural(used, "key is", "keys are")} used up
        </a></li>
      )}
      {troubled.map((one) => (
        <li key={one.id}><Icon name="warning" /><a href={`#/certificates?id=${one.id}`}>
          Certificate {one.name}: {one.warnings.filter((warning) => warning !== "leaves_cut_short").map((warning) => warning.replaceAll("_", " ")).join(", ")}
        </a></li>
      ))}
    </ul>
  );
}

function NoKeys({ filtered, more }: { filtered: boolean; more: boolean }) {
  if (more) return <Empty title="No key on this page matches."><p>There are more: see the next page.</p></Empty>;
  if (filtered) return <Empty title="No key matches the filters." />;
  return <Empty title="There are no provisioning keys yet."><p>A key lets a limited number of connectors enroll.</p></Empty>;
}
