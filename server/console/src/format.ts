// Formats numbers and times.

const number = new Intl.NumberFormat("en");
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const moment = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
});
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export const count = (value: number): string => number.format(value);
export const date = (at: string): string => day.format(new Date(at));
export const time = (at: string): string => moment.format(new Date(at));
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** The distance to a time: "3 days ago", "in 2 hours". */
export function distance(at: string): string {
  const seconds = (new Date(at).getTime() - Date.now()) / 1000;
  const units: [Intl.RelativeTimeFormatUnit, number][] =
    [["year", 31_557_600], ["month", 2_629_800], ["day", 86_400], ["hour", 3600], ["minute", 60]];
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return "just now";
}

export const daysUntil = (at: string): number => (new Date(at).getTime() - Date.now()) / 86_400_000;

/** "key_created" in words. */
export function words(code: string): string {
  const text = code.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A hash in pairs of digits. */
export const colons = (hex: string): string => (hex.toUpperCase().match(/../g) ?? []).join(":");

/** A hash in groups, between which it wraps. */
export const quads = (hex: string): string => (hex.toUpperCase().match(/.{1,4}/g) ?? []).join(" ");

/** Converts a time for an input of type datetime-local, and back. */
export function toLocal(at: string | null): string {
  if (!at) return "";
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
export const fromLocal = (text: string): string | null => (text ? new Date(text).toISOString() : null);

/** Saves a text as a file. */
export function save(name: string, text: string, type = "text/plain"): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
