// Asks the system's Chromium whether the preview is fresh after a save, keeps the last good rendering over a fault, leads
// from a finding to its line, can be used by keyboard alone, and is found accessible by axe-core.
//
//   node preview.mjs [--saves N] ADDRESS FILE      ADDRESS is an issue's page, FILE the manuscript it is made of
//
// Modules and browser are found as browser.mjs finds them. FILE is written and put back. Prints the times from a save to the
// fresh page in milliseconds, as JSON. Exit: 0 all is well, 1 something is not (printed), 2 could not run.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { STANDARDS, axe, launch, stop } from "./browser.mjs";

const rest = process.argv.slice(2);
const saves = rest[0] === "--saves" ? Number(rest.splice(0, 2)[1]) : 3;
const [address, file] = rest;
if (!address || !file || !existsSync(file)) stop("name the address of an issue and its file");

const original = readFileSync(file, "utf8");
// As careful editors save: a hidden file, then its name.
function save(text) {
  const aside = join(dirname(file), ".saved");
  writeFileSync(aside, text);
  renameSync(aside, file);
}

let findings = 0;
function finds(what, isSo) {
  if (isSo) return;
  findings += 1;
  console.log(`preview: ${what}`);
}

const launched = await launch();

// One look at the page as it is, on one paper and at one width.
async function look(tab, where) {
  await tab.evaluate(axe);
  const { violations } = await tab.evaluate((values) => globalThis.axe.run({ iframes: false, runOnly: { type: "tag", values } }), STANDARDS);
  for (const violation of violations) {
    finds(`${where}: ${violation.id}: ${violation.help}`, false);
    for (const node of violation.nodes.slice(0, 3)) console.log(`    ${node.html.slice(0, 140)}\n      ${(node.failureSummary ?? "").replace(/\s+/g, " ").slice(0, 200)}`);
  }
  const by = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  finds(`${where}: sticks out ${by} px to the side`, by <= 0);
}

const shownIn = (tab) => tab.frameLocator('#phone iframe[title^="Phone"]:not(.arriving)');

// From the save to the moment at which the new words stand in the frame that the editor sees.
async function timed(tab, text, words) {
  const began = performance.now();
  save(text);
  await tab.waitForFunction((words) => {
    const frame = document.querySelector("#phone iframe:not(.arriving)");
    return frame?.contentDocument?.readyState === "complete" && frame.contentDocument.body.textContent.includes(words);
  }, words, { polling: 2, timeout: 20000 });
  return performance.now() - began;
}

const times = [];
try {
  const context = await launched.newContext({ viewport: { width: 1280, height: 900 } });
  const tab = await context.newPage();
  const said = [];
  tab.on("console", (line) => line.type() === "error" && !line.text().includes("img-src") && said.push(line.text()));
  tab.on("pageerror", (fault) => said.push(fault.message));
  await tab.goto(address, { waitUntil: "load" });
  await shownIn(tab).locator("h1").first().waitFor();

  // Saves, with the reader's place kept.
  await tab.evaluate(() => document.querySelector("#phone iframe").contentWindow.scrollTo(0, 300));
  for (let at = 1; at <= saves; at += 1) times.push(Math.round(await timed(tab, `${original}\nLantern number ${at} is lit.\n`, `Lantern number ${at} is lit.`)));
  const scrolled = await tab.evaluate(() => document.querySelector("#phone iframe:not(.arriving)").contentWindow.scrollY);
  finds(`the frame lost the reader's place: ${scrolled}`, Math.abs(scrolled - 300) < 2);

  // A fault: what was good stays, greyed, and the finding leads to its line.
  save(`${original}\nLantern number ${saves} is lit.\n\n[The report](no-such-report.pdf)\n`);
  await tab.waitForSelector('main[data-state="faulty"]');
  finds("the last good rendering is gone", (await shownIn(tab).locator("body").textContent()).includes(`Lantern number ${saves} is lit.`));
  finds("nothing is grey", (await tab.locator("#phone iframe").first().evaluate((frame) => getComputedStyle(frame).filter)) !== "none");
  const link = tab.locator("#findings .error a").first();
  const line = (await link.getAttribute("href")).slice(1);
  await link.focus();
  await tab.keyboard.press("Enter");
  const inSight = tab.locator(`#${line}.error`).waitFor({ timeout: 10000 });
  finds("the line is not in sight", await inSight.then(() => true, () => false));
  finds("the line has not the focus", (await tab.evaluate(() => document.activeElement.id)) === line);
  for (const colorScheme of ["light", "dark"]) {
    await tab.emulateMedia({ colorScheme });
    await look(tab, `faulty, ${colorScheme}`);
  }

  // Mended, and every view by keyboard alone.
  save(original);
  await tab.waitForSelector('main[data-state="clean"]');
  await tab.locator("#views [aria-selected=true]").focus();
  await tab.keyboard.press("Home");
  const tabs = await tab.locator("#views [role=tab]").count();
  const seen = [];
  for (let at = 0; at < tabs; at += 1) {
    const name = await tab.evaluate(() => document.activeElement.textContent);
    const panel = await tab.evaluate(() => document.getElementById(document.activeElement.getAttribute("aria-controls")).hidden);
    finds(`${name} has the focus and is not shown`, !panel);
    seen.push(name);
    for (const colorScheme of ["light", "dark"]) {
      for (const width of [1280, 320]) {
        await tab.emulateMedia({ colorScheme });
        await tab.setViewportSize({ width, height: 900 });
        await look(tab, `${name}, ${colorScheme}, ${width} px`);
      }
    }
    await tab.keyboard.press("ArrowRight");
  }
  finds(`the views are ${seen}`, new Set(seen).size === tabs && tabs === 8);
  finds("the arrows do not go round", (await tab.evaluate(() => document.activeElement.textContent)) === seen[0]);

  // Papers and images.
  const paper = async (view) => {
    await tab.setViewportSize({ width: 1280, height: 900 });
    await tab.locator(`#to-${view}`).click();
    const body = tab.frameLocator(`#${view} iframe`).locator("body");
    await body.waitFor();
    return body.evaluate((element) => getComputedStyle(element).backgroundColor);
  };
  await tab.emulateMedia({ colorScheme: "dark" });
  finds("the desktop is not on light paper where the editor's is dark", (await paper("desktop")) === "rgb(255, 255, 255)");
  await tab.emulateMedia({ colorScheme: "light" });
  const dark = await paper("dark");
  finds(`dark paper is ${dark}`, dark !== "rgb(255, 255, 255)");
  const pictures = async (view) => {
    await paper(view);
    await tab.waitForTimeout(200);
    return tab.frameLocator(`#${view} iframe`).locator("img").evaluateAll((all) => all.map((image) => image.naturalWidth));
  };
  const [on, off] = [await pictures("desktop"), await pictures("bare")];
  finds(`images are ${on} with and ${off} without`, on.every((width) => width > 0) && off.every((width) => width === 0));
  finds(`the browser complains: ${said.join("; ")}`, said.length === 0);
} catch (error) {
  finds(error.message, false);
} finally {
  save(original);
  await launched.close();
}
console.log(JSON.stringify({ milliseconds: times, findings }));
process.exit(findings > 0 ? 1 : 0);
