// Line icons of 16 × 16, hidden from screen readers: each control with an icon has a name.

const PATHS = {
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
  edit: "M10.8 2.8l2.4 2.4-7.7 7.7-3 .6.6-3zM9.3 4.3l2.4 2.4",
  trash: "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.8l.6-9M6.7 7v4M9.3 7v4",
  download: "M8 2.5v7.5M4.8 7L8 10.2 11.2 7M2.5 13.5h11",
  qr: "M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h1.5M13.5 9.5v4M9.5 12v1.5h1.5",
  warning: "M8 2.2l6.3 11.3H1.7zM8 6.5v3.2M8 11.7v.1",
  chevron: "M6 3.5L10.5 8 6 12.5",
  filter: "M2.5 3.5h11L9.3 8.4v4.1l-2.6 1V8.4z",
  plus: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  power: "M8 2.5v5.5M4.9 4.6a4.7 4.7 0 1 0 6.2 0",
  leak: "M8 2.2s4 4.4 4 7.2a4 4 0 0 1-8 0c0-2.8 4-7.2 4-7.2z",
  key: "M6.2 9.8a2.7 2.7 0 1 0-3.8 0 2.7 2.7 0 0 0 3.8 0zM6.2 9.8L7 8h6.5v2.5M11 8v2",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
