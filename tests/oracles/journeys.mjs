// Goes the ways of readers in the system's Chromium, with and without JavaScript: joins, confirms, changes what comes,
// leaves and comes back, searches and reads, by keyboard alone; and opens every link of every mail as a program does that
// looks for harm.
//
//   node journeys.mjs JOURNEY ADDRESS OUTBOX CLOCK      JOURNEY is `joins`, `leaves`, `reads` or `looks`
//
// ADDRESS is a newsroom's own web address, OUTBOX the folder that its mail falls into, CLOCK the file that its clock goes
// by. On each page on the way: no request to anybody else, no cookie, no word of complaint on the console, nothing that
// sticks out, and nothing that axe-core finds, on light and dark paper, wide and narrow. Modules and browser are found as
// browser.mjs finds them. Exit: 0 all is well, 1 something is not (printed), 2 could not run.
import { existsSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { STANDARDS, axe, launch, stop } from "./browser.mjs";

// Longer than anything takes on a busy machine.
const AMPLE = 60000;

const [journey, address, outbox, clock] = process.argv.slice(2);
if (!clock) stop("name a journey, an address, an outbox and a clock");
let findings = 0;
function finds(what, isSo) {
  if (isSo) return;
  findings += 1;
  console.log(`journeys: ${what}`);
}

// Sets the newsroom's clock; it runs on from there.
function set(instant) {
  writeFileSync(`${clock}.fresh`, instant);
  renameSync(`${clock}.fresh`, clock);
}

// The text and the HTML of a message, as a mail program decodes them: what Masthead writes is quoted-printable.
function read(file) {
  const message = readFileSync(file, "latin1");
  const unquoted = message.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/g, (_, octet) => String.fromCharCode(parseInt(octet, 16)));
  return Buffer.from(unquoted, "latin1").toString("utf8");
}

const letters = (to) => readdirSync(outbox).filter((name) => name.startsWith(`${to}-`) && name.endsWith(".eml")).map((name) => read(join(outbox, name)));

// The first link of this kind in a mail to somebody, waited for as somebody waits who looks into a mailbox.
async function link(to, kind) {
  const deadline = Date.now() + AMPLE;
  while (Date.now() < deadline) {
    const found = existsSync(outbox) && letters(to).map((letter) => letter.match(new RegExp(`${address}/${kind}/[\\w-]+`))).find((found) => found);
    if (found) return found[0];
    await new Promise((again) => setTimeout(again, 20));
  }
  throw new Error(`no mail to ${to} has a link to ${kind}`);
}

// A reader at a browser, who notes whatever should not be.
class Visitor {
  static async comes(browser, hasScripts) {
    const visitor = new Visitor();
    visitor.hasScripts = hasScripts;
    visitor.where = hasScripts ? "with JavaScript" : "without JavaScript";
    visitor.context = await browser.newContext({ javaScriptEnabled: hasScripts, viewport: { width: 1280, height: 900 } });
    visitor.context.setDefaultTimeout(AMPLE);
    visitor.context.on("request", (request) => finds(`${visitor.where}: asks ${request.url()}`, request.url().startsWith(`${address}/`)));
    visitor.tab = await visitor.context.newPage();
    // That an answer has a status of its own is no complaint of the browser's, though it says so like one.
    visitor.tab.on("console", (line) => finds(`${visitor.where}: the console says ${line.text()}`, line.type() !== "error" || line.text().includes("responded with a status of")));
    visitor.tab.on("pageerror", (fault) => finds(`${visitor.where}: ${fault.message}`, false));
    return visitor;
  }

  async opens(url, heading, status = 200) {
    const answer = await this.tab.goto(url, { waitUntil: "load" });
    finds(`${this.where}: ${url} answers ${answer.status()} in place of ${status}`, answer.status() === status);
    await this.sees(heading);
  }

  // Is on a page with this heading, and looks at it from all sides.
  async sees(heading) {
    const { tab } = this;
    await tab.getByRole("heading", { level: 1, name: heading, exact: true }).first().waitFor();
    await tab.waitForLoadState("networkidle");
    const title = await tab.title();
    finds(`${this.where}: ${heading} has the title ${title}`, title.endsWith("Lantern Street Letter"));
    finds(`${this.where}: ${heading} has a script`, (await tab.locator('script:not([type="application/ld+json"])').count()) === 0);
    for (const colorScheme of ["light", "dark"]) {
      await tab.emulateMedia({ colorScheme });
      for (const width of [320, 1280]) {
        await tab.setViewportSize({ width, height: 900 });
        await this.looks(`${this.where}: ${heading}, ${colorScheme}, ${width} px`);
      }
    }
    await tab.emulateMedia({ colorScheme: "light" });
    finds(`${this.where}: ${heading} set a cookie`, (await this.context.cookies()).length === 0);
  }

  async looks(where) {
    const by = await this.tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    finds(`${where}: sticks out ${by} px to the side`, by <= 0);
    const small = await this.tab.locator("button, label.choice, input:not([type=checkbox], [type=radio], [type=hidden], #website)").evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML.slice(0, 80)));
    finds(`${where}: too small to hit: ${small}`, small.length === 0);
    // Without scripts axe does not run, and the page is the same.
    if (!this.hasScripts) return;
    await this.tab.evaluate(axe);
    const { violations } = await this.tab.evaluate((values) => globalThis.axe.run({ runOnly: { type: "tag", values } }), STANDARDS);
    for (const violation of violations) {
      finds(`${where}: ${violation.id}: ${violation.help}`, false);
      for (const node of violation.nodes.slice(0, 3)) console.log(`    ${node.html.slice(0, 140)}\n      ${(node.failureSummary ?? "").replace(/\s+/g, " ").slice(0, 200)}`);
    }
  }

  // Goes on with the tabulator until something has the focus, and whoever looks can tell that it has.
  async reaches(selector) {
    const { tab } = this;
    for (let presses = 0; presses < 40; presses += 1) {
      await tab.keyboard.press("Tab");
      const [is, outline, shown] = await tab.evaluate((selector) => {
        const one = document.activeElement;
        const style = getComputedStyle(one);
        return [one.matches(selector), style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth), one.checkVisibility()];
      }, selector);
      finds(`${this.where}: the focus is on something hidden`, shown);
      if (!is) continue;
      finds(`${this.where}: nobody sees that ${selector} has the focus`, outline >= 2);
      return;
    }
    throw new Error(`the keyboard does not reach ${selector}`);
  }

  async writes(selector, text) {
    await this.reaches(selector);
    await this.tab.keyboard.press("ControlOrMeta+A");
    await (text === "" ? this.tab.keyboard.press("Delete") : this.tab.keyboard.insertText(text));
  }

  async ticks(value) {
    await this.reaches(`input[type=checkbox][value="${value}"]`);
    await this.tab.keyboard.press("Space");
  }

  async presses(selector, heading) {
    await this.reaches(selector);
    await Promise.all([this.tab.waitForEvent("domcontentloaded"), this.tab.keyboard.press("Enter")]);
    await this.sees(heading);
  }

  ticked() {
    return this.tab.locator("input:checked").evaluateAll((all) => all.map((one) => one.value));
  }

  value(selector) {
    return this.tab.locator(selector).inputValue();
  }

  // What a field is said to be described by, which must be there to be read.
  async described(selector) {
    const id = await this.tab.locator(selector).getAttribute("aria-describedby");
    return id ? this.tab.locator(`#${id}`).innerText() : "nothing";
  }
}

async function joins(visitor, reader) {
  set("2014-11-28T12:00:00Z");
  await visitor.opens(`${address}/subscribe`, "Subscribe");
  finds("something is ticked before anybody ticked it", (await visitor.ticked()).length === 0);

  // Nothing ticked, and an address that the browser takes for one.
  await visitor.writes("#email", "eve@example");
  await visitor.presses("main button", "Not yet");
  finds(`the title is ${await visitor.tab.title()}`, (await visitor.tab.title()).startsWith("Not yet"));
  const alert = await visitor.tab.getByRole("alert").innerText();
  for (const [field, words] of [["#email", "has no dot"], ["#lists", "Nothing is ticked"]]) {
    finds(`${field} is described by ${await visitor.described(field)}`, (await visitor.described(field)).includes(words));
    finds(`the alert says ${alert}`, alert.includes(words));
  }
  finds("the wrong field is not marked", (await visitor.tab.locator("#email").getAttribute("aria-invalid")) === "true");
  finds("what was written is gone", (await visitor.value("#email")) === "eve@example");
  await visitor.reaches('[role=alert] a[href="#email"]');
  await visitor.tab.keyboard.press("Enter");
  finds("the fault does not lead to its field", await visitor.tab.evaluate(() => document.activeElement.id === "email"));

  // In haste: shown again as it was filled in; then taken.
  await visitor.tab.keyboard.press("ControlOrMeta+A");
  await visitor.tab.keyboard.insertText(reader);
  await visitor.writes("#name", "Eve Rowan");
  await visitor.ticks("general");
  set("2014-11-28T12:00:00Z");
  await visitor.presses("main button", "One more press");
  finds("the form was not shown as it was filled in", (await visitor.value("#email")) === reader && `${await visitor.ticked()}` === "general");
  set("2014-11-28T12:10:00Z");
  await visitor.presses("main button", "Look into your mailbox");
  await visitor.presses("header a", "Lantern Street Letter");

  const confirm = await link(reader, "confirm");
  for (let looks = 0; looks < 2; looks += 1) await visitor.opens(confirm, "Do you want to subscribe?");
  finds("it does not say what will come", (await visitor.tab.locator("main").innerText()).includes("The Letter"));
  await visitor.presses("button", "You are subscribed");
  await visitor.opens(confirm, "That is done already");
  await visitor.opens(await link(reader, "issues"), /./);
  await changes(visitor, await link(reader, "preferences"));
}

async function changes(visitor, preferences) {
  await visitor.opens(preferences, "Your preferences");
  finds(`ticked is ${await visitor.ticked()}`, (await visitor.ticked()).includes("general") && !(await visitor.ticked()).includes("extra"));
  finds("the name is not the reader's", (await visitor.value("#name")) === "Eve Rowan");
  await visitor.ticks("extra");
  await visitor.writes("#name", "Éva <b> Rowan");
  await visitor.presses('button[value="save"]', "Saved");
  for (const heading of ["Saved", "Your preferences"]) {
    finds(`${heading}: ticked is ${await visitor.ticked()}`, (await visitor.ticked()).includes("general") && (await visitor.ticked()).includes("extra"));
    finds(`${heading}: the name is ${await visitor.value("#name")}`, (await visitor.value("#name")) === "Éva <b> Rowan");
    await visitor.opens(preferences, "Your preferences");
  }
  await visitor.writes("#name", "Eve\u202eRowan");
  await visitor.presses('button[value="save"]', "Nothing was saved");
  finds(`the name is described by ${await visitor.described("#name")}`, (await visitor.described("#name")).includes("invisible character"));
  const [copy] = await Promise.all([visitor.tab.waitForEvent("download"), visitor.tab.locator('button[value="export"]').click()]);
  const known = JSON.parse(readFileSync(await copy.path(), "utf8"));
  finds("the copy knows nothing of the reader", JSON.stringify(known).includes("Éva <b> Rowan"));
  await visitor.presses('button[value="erase"]', "Erase everything that we know of you?");
  await visitor.presses("form.aside button", "Your preferences");
}

async function leaves(visitor, reader) {
  await visitor.opens(await link(reader, "issues"), /./);
  const leave = await link(reader, "u");
  await visitor.opens(leave, "Unsubscribe?");
  await visitor.presses('button[value="list"]', "You are unsubscribed");
  await visitor.presses('button[name="undo"]', "You are subscribed again");
  await visitor.opens(leave, "Unsubscribe?");
  await visitor.presses('button[value="list"]', "You are unsubscribed");
  await visitor.opens(leave, "You are unsubscribed");
  await visitor.presses('button[name="undo"]', "You are subscribed again");
  for (const nowhere of ["u", "confirm", "preferences"]) await visitor.opens(`${address}/${nowhere}/none`, "This link opens nothing", 404);
}

// From the front page by a search to an article, on to what it leads to and to what lies beside it, and to the feed.
async function reads(visitor) {
  const { tab } = visitor;
  const words = () => tab.locator("main").innerText();
  await visitor.opens(`${address}/issues`, "All issues");
  await visitor.opens(`${address}/`, /./);
  finds("the front page does not lead to the latest issue", (await tab.locator('main a[href="/issues/2014-12"]').count()) > 0);
  await visitor.writes("[role=search] input", "shelters");
  await visitor.presses("[role=search] button", "Search");
  const marked = await tab.locator("main mark").allInnerTexts();
  finds(`marked is ${marked}`, marked.length > 0 && marked.every((word) => /^shelter/i.test(word)));
  finds("the search has forgotten what was sought", (await visitor.value("[role=search] input >> nth=0")) === "shelters");
  await visitor.presses('main a[href^="/articles/2014-12/"]', "Story Hours in Family Shelters");
  finds("the article says nothing of what was sought", (await words()).includes("shelters keep a shelf"));
  await visitor.presses('main a[href^="/articles/2014-10/"]', /Volunteer/);
  finds("nothing says what refers to it", (await tab.locator('main a[href^="/articles/2014-12/"]').count()) > 0);
  await visitor.presses('a[href="/issues/2014-10"]', /./);
  await visitor.presses('a[rel="next"]', /./);
  finds(`the next issue is at ${tab.url()}`, tab.url() === `${address}/issues/2014-12`);
  await printed(visitor);
  await visitor.presses('a[rel="prev"]', /./);
  finds(`the issue before is at ${tab.url()}`, tab.url() === `${address}/issues/2014-10`);

  const feed = await tab.locator('link[rel="alternate"][type="application/atom+xml"]').first().evaluate((one) => one.href);
  const answer = await visitor.context.request.get(feed);
  finds(`the feed is ${answer.status()} ${answer.headers()["content-type"]}`, answer.ok() && answer.headers()["content-type"].startsWith("application/atom+xml"));
  finds("the feed has not the whole text", (await answer.text()).includes("Share one calendar among shelter"));
  await visitor.opens(`${address}/search?q=zyzzyva`, "Search");
  finds(`nothing is found, and that is not said: ${await words()}`, /nothing|no article/i.test(await words()));
  await visitor.opens(`${address}/search`, "Search");
  for (const nowhere of ["issues/1999-01", "articles/2014-12/none", "no/such/page"]) await visitor.opens(`${address}/${nowhere}`, "There is no page here", 404);
}

// On paper there is nothing to press, and the text is all there.
async function printed(visitor) {
  const { tab } = visitor;
  await tab.emulateMedia({ media: "print" });
  const pressed = await tab.locator("nav, form, input, button").evaluateAll((all) => all.filter((one) => one.checkVisibility()).map((one) => one.outerHTML.slice(0, 80)));
  finds(`in print there is ${pressed}`, pressed.length === 0);
  finds("in print the text is gone", await tab.getByText("Share one calendar among shelter").isVisible());
  await tab.emulateMedia({ media: "screen" });
}

// Opens every link of ours in every mail, and every link on the pages behind them, and waits until nothing more happens.
async function looks(visitor) {
  await link("waiting@example.org", "confirm");
  const mails = readdirSync(outbox).filter((name) => name.endsWith(".eml")).map((name) => read(join(outbox, name)));
  const ours = new Set(mails.flatMap((mail) => mail.match(new RegExp(`${address}/[\\w./#?=&;-]*[\\w-]`, "g")) ?? []));
  const kinds = ["u", "preferences", "confirm"].filter((kind) => [...ours].some((url) => url.startsWith(`${address}/${kind}/`)));
  finds(`the mail leads to ${kinds} alone`, kinds.length === 3);
  const seen = new Set();
  for (const next of [...ours]) {
    const behind = await visits(visitor, next, seen);
    for (const url of behind) await visits(visitor, url, seen);
  }
  finds("no cookie is wanted", (await visitor.context.cookies()).length === 0);
}

async function visits(visitor, url, seen) {
  if (seen.has(url) || !url.startsWith(`${address}/`)) return [];
  seen.add(url);
  await visitor.context.request.head(url);
  // What is no page is saved in place of shown.
  await visitor.tab.goto(url, { waitUntil: "networkidle" }).catch((fault) => finds(`${url}: ${fault.message}`, fault.message.includes("Download is starting")));
  for (const button of await visitor.tab.locator("button").all()) await button.hover();
  return visitor.tab.locator("a[href]").evaluateAll((all) => all.map((one) => one.href.split("#")[0]));
}

const ways = {
  joins: (visitor) => joins(visitor, visitor.hasScripts ? "eve@example.org" : "adam@example.org"),
  leaves: (visitor) => leaves(visitor, visitor.hasScripts ? "reader0001@example.org" : "reader0002@example.org"),
  reads,
  looks,
};
if (!ways[journey]) stop(`there is no journey ${journey}`);
const browser = await launch();
for (const hasScripts of [true, false]) {
  const visitor = await Visitor.comes(browser, hasScripts);
  await ways[journey](visitor).catch(async (fault) => finds(`${visitor.where}: at ${visitor.tab.url()}: ${fault.message}\n${await visitor.tab.locator("body").innerText()}`, false));
  await visitor.context.close();
}
await browser.close();
console.log(`journeys: ${journey}: ${findings} finding(s)`);
process.exit(findings > 0 ? 1 : 0);
