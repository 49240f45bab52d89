// Bundles src/ into static/, and gathers the licences of what goes into the bundle.
import { build } from "esbuild";
import { readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";

const result = await build({
  entryPoints: { practice: "src/page.js" },
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome110", "firefox115", "safari16"],
  outdir: "static",
  legalComments: "none",
  metafile: true,
});

const packages = new Set(
  Object.keys(result.metafile.inputs)
    .map((file) => file.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1])
    .filter(Boolean),
);
const notices = [];
for (const name of [...packages].sort()) {
  const folder = path.join("node_modules", name);
  const { version, license } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? await readFile(path.join(folder, file), "utf8") : `Licence: ${license}`;
  notices.push(`${name} ${version}\n\n${text.trim()}\n`);
}
await writeFile("static/THIRD-PARTY-NOTICES.txt", notices.join("\n" + "-".repeat(80) + "\n\n"));
console.log(`bundled with ${[...packages].sort().join(", ")}`);
