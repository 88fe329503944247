// Asks axe-core, in the system's Chromium, whether pages keep to WCAG 2.x A and AA on light and dark paper, wide and narrow.
//
//   node axe.mjs [--width N]… PAGE…        PAGE is an HTML file or an http(s) address
//
// Modules and browser are found as browser.mjs finds them. A file is read with the network off; an address is fetched from where it says.
// Exit: 0 nothing found, 1 findings (printed), 2 could not run.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { STANDARDS, axe, launch, stop } from "./browser.mjs";

const widths = [];
const pages = [];
for (let rest = process.argv.slice(2); rest.length > 0; rest = rest.slice(1)) {
  if (rest[0] !== "--width") {
    pages.push(rest[0]);
    continue;
  }
  rest = rest.slice(1);
  if (!(Number(rest[0]) > 0)) stop("--width wants a number of pixels");
  widths.push(Number(rest[0]));
}
if (pages.length === 0) stop("name at least one page");
if (widths.length === 0) widths.push(800, 320);

// Runs inside the page: how far it sticks out to the side, and which elements are the outermost culprits.
function overhang() {
  const page = document.documentElement;
  const by = page.scrollWidth - page.clientWidth;
  if (by <= 0) return { by, culprits: [] };
  const scrolls = (element) => element && (["auto", "scroll", "hidden"].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
  const wide = [...document.body.querySelectorAll("*")].filter((e) => {
    const box = e.getBoundingClientRect();
    return (box.right > page.clientWidth + 0.5 || box.left < -0.5) && !scrolls(e.parentElement);
  });
  return { by, culprits: wide.slice(-3).map((e) => e.outerHTML.slice(0, 120)) };
}

const shown = (html) => html.replace(/\s+/g, " ").slice(0, 160);
let findings = 0;
let looks = 0;
const launched = await launch();
try {
  for (const page of pages) {
    const remote = /^https?:\/\//.test(page);
    if (!remote && !existsSync(page)) stop(`no such file: ${page}`);
    for (const colorScheme of ["light", "dark"]) {
      for (const width of widths) {
        const where = `${page} (${colorScheme}, ${width} px)`;
        const context = await launched.newContext({ colorScheme, viewport: { width, height: 900 }, offline: !remote, bypassCSP: true });
        const tab = await context.newPage();
        await tab.goto(remote ? page : pathToFileURL(resolve(page)).href, { waitUntil: "load" });
        const { by, culprits } = await tab.evaluate(overhang);
        if (by > 0) {
          findings += 1;
          console.log(`${where}: sticks out ${by} px to the side`);
          for (const culprit of culprits) console.log(`    ${shown(culprit)}`);
        }
        await tab.evaluate(axe);
        const { violations } = await tab.evaluate((values) => globalThis.axe.run({ runOnly: { type: "tag", values } }), STANDARDS);
        for (const violation of violations) {
          findings += 1;
          console.log(`${where}: ${violation.id} (${violation.impact}): ${violation.help}`);
          for (const node of violation.nodes.slice(0, 5)) console.log(`    ${shown(node.html)}\n      ${shown(node.failureSummary ?? "")}`);
        }
        looks += 1;
        await context.close();
      }
    }
  }
} catch (error) {
  stop(error.message);
} finally {
  await launched.close();
}
console.log(`axe: ${findings} finding(s) in ${looks} looks at ${pages.length} page(s)`);
process.exit(findings > 0 ? 1 : 0);
