// Opens pages in headless Chromium at two widths, light and dark; prints what axe-core finds, what was asked of the
// network, the shape of the DOM, and takes screenshots where a folder is named.
// usage: node pages.mjs '{"chromium": PATH, "pages": [FILE...], "shots": FOLDER, "widths": [], "schemes": [], "axe": true}'
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const given = JSON.parse(process.argv[2]);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: given.chromium, args: ["--no-sandbox"] });

// Tags, attribute names and classes in order: all of a page but its words (a cell's class says how long its words are).
const shape = () => {
  const cell = (node) => ["TD", "TH"].includes(node.tagName);
  const names = (node) => [...node.attributes].map((a) => a.name).filter((name) => !cell(node) || name !== "class");
  const walk = (node) => [node.tagName, names(node).sort().join(), cell(node) ? "" : node.getAttribute("class"),
    [...node.children].map(walk)];
  return JSON.stringify(walk(document.documentElement));
};

const results = [];
for (const page of given.pages) {
  for (const width of given.widths ?? [1280, 390]) {
    for (const scheme of given.schemes ?? ["light", "dark"]) {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, bypassCSP: true });
      const tab = await context.newPage();
      const asked = [], dialogs = [];
      tab.on("request", (request) => asked.push(request.url()));
      tab.on("dialog", (dialog) => { dialogs.push(dialog.message()); dialog.dismiss(); });
      await tab.goto(pathToFileURL(page).href);
      const said = await tab.evaluate(shape);
      const wide = await tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (given.shots) {
        const name = `${basename(dirname(page))}-${basename(page, ".html")}-${width}-${scheme}.png`;
        await tab.screenshot({ path: `${given.shots}/${name}`, fullPage: true });
      }
      let found = { violations: [] };
      if (given.axe ?? true) {
        await tab.evaluate(axe);
        found = await tab.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
      }
      const faults = found.violations.map((v) => ({ rule: v.id, help: v.help, where: v.nodes.slice(0, 4).map((n) => n.target.join(" ") + " " + n.html.slice(0, 120)), n: v.nodes.length }));
      results.push({ page, width, scheme, faults, dialogs, asked: asked.filter((url) => url !== pathToFileURL(page).href && !url.startsWith("data:")), overflow: wide, shape: said });
      await context.close();
    }
  }
}
await browser.close();
console.log(JSON.stringify(results));
