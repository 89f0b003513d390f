/**
 * Time and memory against the number of minions, as an SVG that needs nothing to be shown.
 * @module
 */
import type { Point } from "./scale_figures.ts";

const WIDTH = 420;
const HEIGHT = 300;
const MARGIN = { left: 60, right: 16, top: 34, bottom: 44 };

/** Colours of saltx and of real Salt. */
const COLOURS = ["#1f77b4", "#d95f02"];

interface Panel {
  title: string;
  unit: string;
  of: (point: Point) => number | undefined;
}

const PANELS: readonly Panel[] = [
  { title: "All connected", unit: "s", of: ({ connect }) => connect },
  { title: "salt '*' test.ping", unit: "s", of: ({ broadcast }) => broadcast },
  { title: "All back after a restart", unit: "s", of: ({ herd }) => herd },
  { title: "Memory of the master", unit: "MiB", of: ({ memory }) => memory },
];

/** Both axes are logarithmic: what grows as the number of minions does is a line of slope one. */
export function toSvg(points: readonly Point[], caption: string): string {
  const columns = 2;
  const height = Math.ceil(PANELS.length / columns) * HEIGHT + 30;
  const panels = PANELS.map((panel, i) => {
    const at = `translate(${(i % columns) * WIDTH} ${Math.floor(i / columns) * HEIGHT})`;
    return `<g transform="${at}">${drawPanel(panel, points)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${columns * WIDTH} ${height}" ` +
    `font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    ...panels,
    `<text x="12" y="${height - 10}" fill="#555">${escaped(caption)}</text>`,
    "</svg>",
  ].join("\n");
}

function drawPanel(panel: Panel, points: readonly Point[]): string {
  const known = points.filter((point) => (panel.of(point) ?? 0) > 0);
  const x = scale(known.map(({ minions }) => minions), MARGIN.left, WIDTH - MARGIN.right);
  const y = scale(
    known.map((point) => panel.of(point)!),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  );
  const parts = [
    `<text x="${MARGIN.left}" y="20" font-weight="bold">${escaped(panel.title)}</text>`,
  ];
  for (const tick of x.ticks) {
    parts.push(line(x.at(tick), MARGIN.top, x.at(tick), HEIGHT - MARGIN.bottom));
    parts.push(label(x.at(tick), HEIGHT - MARGIN.bottom + 16, "middle", String(tick)));
  }
  for (const tick of y.ticks) {
    parts.push(line(MARGIN.left, y.at(tick), WIDTH - MARGIN.right, y.at(tick)));
    parts.push(label(MARGIN.left - 6, y.at(tick) + 4, "end", `${tick} ${panel.unit}`));
  }
  parts.push(label(WIDTH / 2, HEIGHT - 8, "middle", "minions"));
  const names = [...new Set(known.map(({ software }) => software))]
    .sort((a, b) => Number(b === "saltx") - Number(a === "saltx"));
  names.forEach((name, i) => {
    const colour = COLOURS[i % COLOURS.length]!;
    const own = known.filter(({ software }) => software === name)
      .sort((a, b) => a.minions - b.minions)
      .map((point) => [x.at(point.minions), y.at(panel.of(point)!)] as const);
    const path = own.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" ");
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const [px, py] of own) {
      parts.push(`<circle cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="3" fill="${colour}"/>`);
    }
    const shown = name === "saltx" ? name : `Salt ${name}`;
    const at = MARGIN.top + 14 + i * 15;
    parts.push(`<text x="${MARGIN.left + 8}" y="${at}" fill="${colour}">${escaped(shown)}</text>`);
  });
  return parts.join("");
}

/** A logarithmic scale over some values, with ticks at 1, 2 and 5 times powers of ten. */
function scale(values: readonly number[], from: number, to: number) {
  const low = Math.log10(Math.min(...values, 1e9) / 1.3);
  const high = Math.log10(Math.max(...values, 1e-9) * 1.3);
  const at = (value: number) => from + (Math.log10(value) - low) / (high - low) * (to - from);
  const ticks: number[] = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power += 1) {
    for (const step of high - low > 2.5 ? [1] : [1, 2, 5]) {
      const tick = Number((step * 10 ** power).toPrecision(1));
      if (Math.log10(tick) >= low && Math.log10(tick) <= high) ticks.push(tick);
    }
  }
  return { at, ticks };
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  const [a, b, c, d] = [x1, y1, x2, y2].map((value) => value.toFixed(1));
  return `<line x1="${a}" y1="${b}" x2="${c}" y2="${d}" stroke="#ddd"/>`;
}

function label(x: number, y: number, anchor: string, text: string): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="#555">` +
    `${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("'", "&#39;");
}
