import { chromium } from "playwright-core";
import { mkdirSync } from "node:fs";
import * as s from "./scripted-station.ts";
mkdirSync("/tmp/shots", { recursive: true });
const only = process.argv[2];
const dist = "/work/main/station-app/dist/renderer";
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: "--no-sandbox --headless --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync".split(
    " ",
  ),
  env: { ...process.env, FONTCONFIG_FILE: "/tmp/shots/fonts.conf" },
});
const ended = (o: any) => s.makeParcel({ phase: "ended", chute: 12, ...o });
const recent = () => [
  ended({ verdict: "accepted", outcome: "accepted" }),
  ended({ verdict: "intercepted", outcome: "intercepted", chute: 90, reasons: [] }),
  ended({ verdict: "accepted", outcome: "accepted", chute: 4 }),
  ended({ verdict: "no-read", outcome: "no-read", barcode: null, chute: 99 }),
  ended({ verdict: "accepted", outcome: "rejected", chute: 99 }),
  ended({ verdict: "accepted", outcome: "accepted", chute: 7 }),
  ended({ verdict: "accepted", outcome: "accepted", chute: 7 }),
];
const counts = { accepted: 1187, intercepted: 9, rejected: 4, noRead: 4 };
const rich = (lane: any = {}) =>
  s.makeLane({
    counts,
    recent: recent(),
    parcels: [
      s.accepted(),
      s.accepted({ phase: "labelling", chute: 7 }),
      s.makeParcel({ weightGrams: null, size: null }),
      s.makeParcel({ barcode: null, weightGrams: null, size: null }),
    ],
    ...lane,
  });
const dev = (state: any) => [
  s.makeDevice("scale"),
  s.makeDevice("scanner"),
  s.makeDevice("dimensioner", { state: "connecting" }),
  s.makeDevice("printer", state),
  s.makeDevice("sorter"),
];
const W = (o: any) => s.makeParcel(o);
const views: Record<string, any> = {
  accepted: s.makeView([rich()]),
  empty: s.makeView([s.makeLane()]),
  stopped2: s.makeView([
    rich(),
    rich({
      laneId: "lane-2",
      parcels: [
        W({
          phase: "diverting",
          verdict: "intercepted",
          chute: 90,
          weightGrams: 1310,
          reasons: [
            {
              code: "weight.deviation",
              details: { declaredGrams: 842, weighedGrams: 1310, deviationGrams: 468, allowedGrams: 50 },
            },
            { code: "channel.country", details: { channelCode: "EUB-FR", country: "CH" } },
          ],
        }),
      ],
    }),
  ]),
  rejected2: s.makeView(
    [
      rich({
        parcels: [
          W({
            phase: "diverting",
            verdict: "rejected",
            chute: 99,
            reasons: [{ code: "order.unknown", details: { barcode: "LP004711182CN" } }],
          }),
        ],
      }),
      rich({
        laneId: "lane-2",
        parcels: [
          W({
            barcode: null,
            phase: "diverting",
            verdict: "no-read",
            chute: 99,
            reasons: [{ code: "barcode.no-read", details: {} }],
          }),
        ],
      }),
    ],
    {
      devices: dev({
        state: "faulted",
        failure: { code: "printer.paper-out", details: { device: "printer-1" } },
      }),
      link: {
        cloud: "offline",
        failure: null,
        factsRecorded: 1204,
        factsAcknowledged: 877,
        ordersVisible: 318,
      },
    },
  ),
  label2: s.makeView([
    rich({
      parcels: [
        W({
          phase: "waiting",
          needs: "label-answer",
          verdict: "accepted",
          chute: 12,
          reasons: [{ code: "label.unknown", details: {} }],
        }),
      ],
    }),
    rich({
      laneId: "bench-1",
      profile: "bench",
      status: "stopped",
      stopReason: "operator",
      parcels: [W({ phase: "waiting", needs: "barcode", barcode: null })],
    }),
  ]),
  bench: s.makeView([
    rich({
      laneId: "bench-1",
      profile: "bench",
      status: "faulted",
      stopReason: "assertion failed: a bug",
      parcels: [W({ weightGrams: null, size: null, channelCode: null, country: null })],
    }),
  ]),
};
for (const [name, view] of Object.entries(views)) {
  if (only && !name.includes(only)) continue;
  const st = await s.startScriptedStation({ view, staticDir: dist });
  for (const [w, h, scheme, lang] of [
    [1280, 800, "light", "en"],
    [1920, 1080, "dark", "en"],
    [1280, 800, "dark", "zh"],
    [1024, 768, "light", "en"],
  ] as const) {
    const ctx = await browser.newContext({
      viewport: { width: w, height: h },
      colorScheme: scheme,
      locale: lang === "zh" ? "zh-CN" : "en-GB",
      hasTouch: true,
    });
    const page = await ctx.newPage();
    page.on("console", (m) => {
      if (m.type() === "error") console.log(name, m.text());
    });
    page.on("pageerror", (e) => console.log(name, String(e)));
    await page.goto(st.url);
    await page.waitForSelector(".lane");
    await page.waitForTimeout(500);
    await page.screenshot({ path: `/tmp/shots/${name}-${w}-${scheme}-${lang}.png` });
    if (name === "accepted") {
      await page.keyboard.press("F2");
      await st.close;
    }
    if (name === "bench" && w === 1280 && lang === "en") {
      st.feed.replace(s.makeView([rich({ profile: "bench", parcels: [W({ barcode: null })] })]));
      await page.waitForTimeout(300);
      await page.keyboard.press("F4");
      await page.waitForTimeout(300);
      await page.screenshot({ path: "/tmp/shots/dialog.png" });
    }
    if (name === "empty" && w === 1280 && lang === "en") {
      await page.close();
    }
    await ctx.close();
  }
  if (name === "stopped2") {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(st.url);
    await page.waitForSelector(".lane");
    await st.close();
    await page.waitForTimeout(600);
    await page.screenshot({ path: "/tmp/shots/lost.png" });
    await page.close();
  } else await st.close();
}
await browser.close();
