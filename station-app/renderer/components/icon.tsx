/** Our own small set, drawn on 24 x 24 with a stroke of 2: no icon font, no request. */
const paths = {
  accepted: "M2.5 12.5L9 19 21.5 5.5",
  intercepted: "M8 2.5h8L21.5 8v8L16 21.5H8L2.5 16V8zM8 12h8",
  rejected: "M4 4l16 16M20 4L4 20",
  "no-read": "M5.5 3v10M12 3v5M12 16v5M18.5 11v10M2.5 19.5l19-15",
  question: "M6.5 8a5.5 5.5 0 1 1 8 4.9c-1.7.9-2.5 1.9-2.5 3.6M12 21v.1",
  working: "M6 2.5h12M6 21.5h12M7 2.5c0 5.5 4 6.5 5 9.5 1-3 5-4 5-9.5M7 21.5c0-5.5 4-6.5 5-9.5 1 3 5 4 5 9.5",
  parcel: "M3 7.5l9-5 9 5v9l-9 5-9-5zM3 7.5l9 5 9-5M12 12.5v9M7.5 5l9 5",
  scale: "M4 9h16l1 11.5H3zM8 9a4 4 0 0 1 8 0M12 15.5l2.5-2.5",
  scanner: "M3 7V3h4M17 3h4v4M21 17v4h-4M7 21H3v-4M3 12h18",
  dimensioner: "M4 20V4M4 20h16M4 20l7-7M8 4v0M20 16v0M4 4l-1.5 2M4 4l1.5 2M20 20l-2-1.5M20 20l-2 1.5",
  printer:
    "M7 8V3h10v5M7 17H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1h16a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-3M7 13.5h10V21H7z",
  sorter: "M2.5 12h7l6-7h5M9.5 12l6 7h5M18 2.5L20.5 5 18 7.5M18 16.5l2.5 2.5-2.5 2.5",
  cloud: "M7 19a5 5 0 0 1-.6-9.96A6 6 0 0 1 18 10.5a4.3 4.3 0 0 1-.5 8.5z",
  "cloud-off": "M7 19a5 5 0 0 1-.6-9.96A6 6 0 0 1 18 10.5a4.3 4.3 0 0 1-.5 8.5zM3 3l18 18",
  unplugged: "M9 3v4M15 3v4M6.5 7h11v4a5.5 5.5 0 0 1-11 0zM12 16.5V21M2.5 2.5l19 19",
  person: "M12 12a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM3.5 21a8.5 8.5 0 0 1 17 0",
  sun: "M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM12 1.5v2M12 20.5v2M1.5 12h2M20.5 12h2M4.6 4.6L6 6M18 18l1.4 1.4M4.6 19.4L6 18M18 6l1.4-1.4",
  moon: "M20.5 14.5A9 9 0 1 1 9.5 3.5a7 7 0 0 0 11 11z",
  sound: "M3 9.5v5h4l5.5 4.5V5L7 9.5zM16 9a4 4 0 0 1 0 6M18.5 6a8 8 0 0 1 0 12",
  muted: "M3 9.5v5h4l5.5 4.5V5L7 9.5zM16.5 9.5l5 5M21.5 9.5l-5 5",
  language:
    "M12 21.5a9.5 9.5 0 1 0 0-19 9.5 9.5 0 0 0 0 19zM2.5 12h19M12 2.5c5 6 5 13 0 19M12 2.5c-5 6-5 13 0 19",
  stop: "M6 6h12v12H6z",
  resume: "M7 4.5l12 7.5-12 7.5z",
  keyboard: "M2.5 6h19v12h-19zM6 10v0M10 10v0M14 10v0M18 10v0M7 14h10",
  "take-away": "M4 10.5L12 14l8-3.5M4 10.5v7l8 3.5 8-3.5v-7M12 14v7M12 10V2.5M8.5 6L12 2.5 15.5 6",
  next: "M4 12h15M13 5.5l6.5 6.5-6.5 6.5",
  warning: "M12 3L1.5 21h21zM12 10v5M12 18v.1",
} as const;

export type IconName = keyof typeof paths;

/** Decoration: the word beside it says the same. */
export function Icon({ name, heavy = false }: { name: IconName; heavy?: boolean }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={heavy ? 3 : 2}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}
