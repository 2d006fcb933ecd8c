// Draws what a program printed as a terminal in SVG:
//   ./smki demo --exit | node scripts/terminal-picture.ts "./smki demo --exit" docs/demo.svg

import { writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";

const [command = "", file = ""] = process.argv.slice(2);
const widest = 104;
const lineHeight = 18;
const characterWidth = 7.85;

const escaped = (words: string): string =>
  words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** A line that is too long for the picture ends with an ellipsis; a tick is green, a heading is bright. */
function drawn(line: string): string {
  const shown = line.length > widest ? `${line.slice(0, widest - 1)}…` : line;
  const tone = /^\d /.test(shown) || shown.startsWith("$ ") ? ' class="bright"' : "";
  return `<tspan${tone}>${escaped(shown).replace("✓", '<tspan class="tick">✓</tspan>')}</tspan>`;
}

const lines = [`$ ${command}`, ...(await text(process.stdin)).trimEnd().split("\n")];
const width = Math.round(widest * characterWidth) + 40;
const height = lines.length * lineHeight + 50;
const rows = lines.map(
  (line, index) =>
    `<text x="20" y="${String(40 + index * lineHeight)}" xml:space="preserve">${drawn(line)}</text>`,
);
writeFileSync(
  file,
  `<svg xmlns="http://www.w3.org/2000/svg" width="${String(width)}" height="${String(height)}" viewBox="0 0 ${String(width)} ${String(height)}" role="img">
<title>${escaped(command)}: what it prints</title>
<style>text{font:13px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#c9d1d9}.bright{fill:#fff;font-weight:600}.tick{fill:#3fb950}</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${rows.join("\n")}
</svg>
`,
);
