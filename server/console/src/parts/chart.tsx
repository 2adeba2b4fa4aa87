// Enrollments over time, as bars.

import { useEffect, useState } from "preact/hooks";
import { type Utilization, get, query } from "../api";
import { count, date, plural } from "../format";

const DAYS = 30;
/** The most calls for one chart; each counts a thousand connectors. */
const CALLS_MAX = 20;

interface Counted { starts: number[]; counts: number[]; whole: boolean }

async function load(key: string): Promise<Counted> {
  const until = new Date();
  until.setHours(24, 0, 0, 0);
  const since = new Date(until.getTime() - DAYS * 86_400_000);
  const counts = new Array<number>(DAYS).fill(0);
  let after: string | null = null;
  let calls = 0;
  do {
    const question = query({ since: since.toISOString(), until: until.toISOString(), buckets: DAYS, after });
    const part: Utilization = await get<Utilization>(`/keys/${key}/utilization${question}`);
    part.counts.forEach((more, index) => { counts[index] = (counts[index] ?? 0) + more; });
    after = part.next;
  } while (after && ++calls < CALLS_MAX);
  return { starts: counts.map((_, day) => since.getTime() + day * 86_400_000), counts, whole: !after };
}

/** The enrollments of a key per day. */
export function Chart({ id, used }: { id: string; used: number }) {
  const [counted, setCounted] = useState<Counted>();
  useEffect(() => {
    let gone = false;
    load(id).then((counted) => { if (!gone) setCounted(counted); }).catch(() => {});
    return () => { gone = true; };
  }, [id, used]);
  if (!counted) return <div class="chart faint">Loading…</div>;
  const { counts, starts, whole } = counted;
  const top = Math.max(...counts, 1);
  const sum = counts.reduce((sum, one) => sum + one, 0);
  const most = counts.indexOf(top);
  const day = (index: number) => date(new Date(starts[index] ?? 0).toISOString());
  const label = sum === 0 ? "No connector enrolled in the last 30 days."
    : `${whole ? "" : "At least "}${plural(sum, "enrollment")} in the last 30 days, most on ${day(most)}: ${count(top)}.`;
  return (
    <figure class="chart">
      <svg viewBox="0 0 300 64" preserveAspectRatio="none" role="img" aria-label={label}>
        <line x1="0" y1="63.5" x2="300" y2="63.5" />
        {counts.map((value, index) => {
          const height = value === 0 ? 0 : Math.max(2, (value / top) * 60);
          return (
            <rect key={index} x={index * 10 + 1} width="8" y={63 - height} height={height}>
              <title>{`${day(index)}: ${count(value)}`}</title>
            </rect>
          );
        })}
      </svg>
      <figcaption>{label}</figcaption>
    </figure>
  );
}
