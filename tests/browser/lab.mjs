// Opens notebooks in JupyterLab with headless Chromium, chooses Run All, waits until the kernel is idle, and tries the
// widgets. Prints, for each notebook, its errors and what the widgets did.
// usage: node lab.mjs '{"chromium": PATH, "url": "http://127.0.0.1:8888/lab/tree/", "token": T, "notebooks": [NAME...]}'
import { chromium } from "playwright-core";

const given = JSON.parse(process.argv[2]);
const limit = given.limit ?? 240000;
const browser = await chromium.launch({ executablePath: given.chromium, args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 1400, height: 1000 } });
const results = [];

const inApp = (tab, work, given) => tab.evaluate(work, given);

// The cells of the open notebook, from Lab's own model: none is missed because it was scrolled out of the page.
const outputs = (tab) => inApp(tab, () => {
  const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
  const found = { cells: 0, run: 0, errors: [], boxes: 0 };
  for (let i = 0; i < cells.length; i++) {
    const cell = cells.get(i);
    if (cell.type !== "code") continue;
    found.cells += 1;
    if (cell.executionCount) found.run += 1;
    for (const output of cell.outputs.toJSON()) {
      if (output.output_type === "error") found.errors.push(`${output.ename}: ${output.evalue}`.slice(0, 300));
      if ((output.data?.["text/html"] ?? "").includes('class="problem"')) found.boxes += 1;
    }
  }
  return found;
});

const show = async (tab, selector) => { // Lab draws a cell when it comes into view
  const at = await inApp(tab, (wanted) => {
    const { content } = window.jupyterapp.shell.currentWidget;
    for (let i = 0; i < content.model.cells.length; i++)
      if (content.model.cells.get(i).sharedModel.getSource().includes(wanted)) { content.activeCellIndex = i; return i; }
    return -1;
  }, selector.source);
  if (at < 0) return null;
  const cell = tab.locator(`.jp-Notebook [data-windowed-list-index="${at}"]`);
  for (let tries = 0; tries < 40; tries++) {
    await inApp(tab, (i) => window.jupyterapp.shell.currentWidget.content.scrollToItem(i, "start"), at);
    if (await cell.locator(selector.widget).count()) break;
    await tab.waitForTimeout(250);
  }
  return cell;
};

// Each slider of a cell one after the other: does the picture change, does the sentence?
const slide = async (tab, source) => {
  const cell = await show(tab, { source, widget: ".widget-slider" });
  if (!cell) return null;
  const moves = [];
  const handles = cell.locator(".widget-slider .noUi-handle");
  for (let i = 0; i < await handles.count(); i++) {
    const state = async () => [await cell.locator(".widget-image").getAttribute("src"), await cell.locator(".widget-label").last().textContent()];
    if (await handles.nth(i).locator("xpath=ancestor::*[@disabled]").count()) { moves.push({ disabled: true }); continue; }
    const before = await state();
    await handles.nth(i).focus();
    for (let n = 0; n < 12; n++) await tab.keyboard.press("ArrowRight");
    let after = before;
    for (let n = 0; n < 40 && (after[0] === before[0] || after[1] === before[1]); n++) { await tab.waitForTimeout(150); after = await state(); }
    moves.push({ picture: before[0] !== after[0], before: before[1], after: after[1] });
  }
  if (given.shots) await cell.screenshot({ path: `${given.shots}/lab-${source.replace(/\W/g, "")}.png` });
  return moves;
};

const browse = async (tab) => {
  const cell = await show(tab, { source: "AnswerBrowser(", widget: ".widget-dropdown select" });
  if (!cell) return null;
  const counted = () => cell.locator(".widget-label").filter({ hasText: "answers that differ" }).last().textContent();
  const choice = cell.locator(".widget-dropdown select").first();
  const options = await choice.locator("option").allTextContents();
  const all = await counted();
  const each = [];
  for (const option of options.slice(1)) {
    await choice.selectOption({ label: option });
    let now = all;
    for (let n = 0; n < 20 && now === all; n++) { await tab.waitForTimeout(100); now = await counted(); }
    each.push([option, now, await cell.locator(".widget-html strong").first().textContent().catch(() => "")]);
  }
  const marks = await cell.locator(".widget-html mark").count();
  if (given.shots) await cell.screenshot({ path: `${given.shots}/lab-answers.png` });
  return { all, each, marks };
};

const sort = async (tab) => {
  const cell = await show(tab, { source: "SortableTable(", widget: ".widget-dropdown select" });
  if (!cell) return null;
  const rows = () => cell.locator("tbody tr").allTextContents();
  const before = await rows();
  const choice = cell.locator(".widget-dropdown select").first();
  await choice.selectOption({ index: 1 });
  await cell.locator("input[type=checkbox]").first().check();
  await tab.waitForTimeout(600);
  const sorted = await rows();
  await cell.locator("input[type=text]").first().fill("zzzz");
  await tab.waitForTimeout(600);
  return { before: before.length, sorted: sorted.length, moved: before.join() !== sorted.join(), none: (await rows()).length };
};

// One answer of the review's form is found right: does the form go on to the next?
const label = async (tab) => {
  const cell = await show(tab, { source: "LabelForm(", widget: "button.widget-button" });
  if (!cell || !(await cell.locator("button.widget-button").count())) return null;
  const asked = () => cell.locator("textarea").inputValue();
  const before = await asked();
  await cell.locator("button.widget-button", { hasText: "yes" }).click();
  for (let n = 0; n < 40 && (await asked()) === before; n++) await tab.waitForTimeout(150);
  if (given.shots) await cell.screenshot({ path: `${given.shots}/lab-form.png` });
  return { before: before.slice(0, 12), after: (await asked()).slice(0, 12) };
};

for (const notebook of given.notebooks) {
  const tab = await context.newPage();
  await tab.goto(`${given.url}${notebook}?reset&token=${given.token}`);
  await tab.waitForFunction(() => window.jupyterapp?.shell?.currentWidget?.content?.model?.cells?.length > 0, null, { timeout: 90000 });
  await tab.waitForFunction(() => window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.connectionStatus === "connected", null, { timeout: 90000 });
  const started = Date.now();
  await inApp(tab, () => { window.ranAll = false; window.jupyterapp.commands.execute("runmenu:run-all").then(() => { window.ranAll = true; }); });
  await tab.waitForFunction(() => window.ranAll && window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === "idle", null, { timeout: limit, polling: 500 });
  await tab.waitForTimeout(1500);
  const result = { notebook, seconds: Math.round((Date.now() - started) / 1000), ...(await outputs(tab)) };
  result.threshold = await slide(tab, "ThresholdSlider(thresholds");
  result.bill = await slide(tab, "BillSliders(bill_at");
  result.answers = await browse(tab);
  result.table = await sort(tab);
  result.form = await label(tab);
  results.push(result);
  await inApp(tab, () => window.jupyterapp.shell.currentWidget.sessionContext.shutdown());
  await tab.close();
}
await browser.close();
console.log(JSON.stringify(results));
