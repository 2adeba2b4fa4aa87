// Filters for every column of the keys. They are part of the URL; none is set by default.

import type { Certificate, Group } from "../../api";
import { fromLocal, toLocal } from "../../format";
import { SelectField, TextField } from "../../parts/basics";

export const NO_FILTERS = {
  name: "", id: "", group: "", certificate: "", state: "", max_uses_min: "", max_uses_max: "",
  used_min: "", used_max: "", last_used_since: "", last_used_before: "", sort: "",
};

export type KeyFilters = typeof NO_FILTERS;

/** The query of the API. */
export function toQuery({ sort: _, ...filters }: KeyFilters): Record<string, string> {
  return Object.fromEntries(Object.entries(filters).filter(([name]) => name in NO_FILTERS));
}

const STATES: [string, string][] = [
  ["", "Any"], ["usable", "Usable"], ["exhausted", "Used up"], ["disabled", "Disabled"], ["expired", "Expired"],
  ["compromised", "Compromised"],
];

export function Filters({ filters, groups, certificates, onChange }: {
  filters: KeyFilters; groups: Group[]; certificates: Certificate[]; onChange: (change: Partial<KeyFilters>) => void;
}) {
  const text = (name: keyof KeyFilters, label: string) => (
    <TextField label={label} value={filters[name]} onChange={(value) => onChange({ [name]: value.trim() })} />
  );
  const number = (name: keyof KeyFilters, label: string) => (
    <TextField label={label} type="number" min={0} value={filters[name]} onChange={(value) => onChange({ [name]: value })} />
  );
  const moment = (name: keyof KeyFilters, label: string) => (
    <TextField label={label} type="datetime-local" value={toLocal(filters[name])}
      onChange={(value) => onChange({ [name]: fromLocal(value) ?? "" })} />
  );
  const named = (items: { id: string; name: string }[]): [string, string][] =>
    [["", "Any"], ...items.map((one): [string, string] => [one.id, one.name])];
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      {text("name", "Name contains")}
      {number("max_uses_min", "Maximum at least")}
      {number("max_uses_max", "Maximum at most")}
      {number("used_min", "Used at least")}
      {number("used_max", "Used at most")}
      <SelectField label="Connector group" value={filters.group} options={named(groups)} onChange={(group) => onChange({ group })} />
      <SelectField label="Certificate" value={filters.certificate} options={named(certificates)} onChange={(certificate) => onChange({ certificate })} />
      {text("id", "Key id contains")}
      <SelectField label="State" value={filters.state} options={STATES} onChange={(state) => onChange({ state })} />
      {moment("last_used_since", "Last used since")}
      {moment("last_used_before", "Not used since")}
    </form>
  );
}
