// The system's Chromium and axe-core, for the scripts beside this one.
//
// Modules come from the folder that install.sh filled: MASTHEAD_ORACLES, else target/oracles. The browser is found on the
// PATH, or named by CHROMIUM. What is missing ends the script with 2.
import { createRequire } from "node:module";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const BROWSERS = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--no-first-run"];

export function stop(why) {
  console.error(why);
  process.exit(2);
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const modules = resolve(process.env.MASTHEAD_ORACLES || join(root, "target/oracles"));
const load = createRequire(join(modules, "package.json"));

let playwright, source;
try {
  playwright = load("playwright-core");
  source = readFileSync(load.resolve("axe-core/axe.min.js"), "utf8");
} catch (error) {
  stop(`${error.message.split("\n")[0]} (looked in ${modules}); run tests/oracles/install.sh`);
}

// The text of axe-core, to be run inside a page.
export const axe = source;

export async function launch() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = BROWSERS.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
  const executablePath = process.env.CHROMIUM || found || stop("no Chromium on the PATH; run tests/oracles/install.sh");
  return playwright.chromium.launch({ executablePath, args: ARGS }).catch((error) => stop(`Chromium does not start: ${error.message.split("\n")[0]}`));
}
