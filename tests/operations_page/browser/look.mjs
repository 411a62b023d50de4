// Opens pages in headless Chromium, and prints what it found as JSON.
//   node look.mjs PACKAGES '{"pages": {"healthy": "/tmp/healthy.html"}, "views": {"phone": {"width": 320, "scheme": "dark"}}}'
// PACKAGES: the folder with node_modules, and with Chromium for Linux on x86-64, which the package @sparticuz/chromium brings
// along; elsewhere the variable CHROMIUM names another.
// A view may have "media": "print", "scripts": false, and "picture": {"folder": "/tmp", "at": time of the browser's clock,
// "until": {page: selector of the first element that the picture leaves out}}; of other pages it shows all.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [, , packages, wanted] = process.argv;
const { pages, views } = JSON.parse(wanted);
const require = createRequire(join(packages, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? join(packages, "chromium"),
  env: {
    ...process.env,
    LD_LIBRARY_PATH: join(packages, "al2023", "lib"),
    ...(existsSync("/etc/fonts/fonts.conf") ? {} : { FONTCONFIG_PATH: join(packages, "fonts") }),
  },
  args: ["--headless=shell", "--no-sandbox", "--no-zygote", "--disable-gpu", "--disable-background-networking"],
});

// Runs in the page: how it is laid out, and the colors of texts in pictures, which axe does not judge.
function measured() {
  const background = (node) => {
    const color = getComputedStyle(node).backgroundColor;
    return color === "rgba(0, 0, 0, 0)" && node.parentElement ? background(node.parentElement) : color;
  };
  const visible = (selector) => {
    const found = document.querySelector(selector);
    return found !== null && found.getClientRects().length > 0;
  };
  return {
    scrollWidth: document.documentElement.scrollWidth,
    width: window.innerWidth,
    headline: document.querySelector("#now h2").textContent,
    headlineBottom: document.querySelector("#now h2").getBoundingClientRect().bottom,
    age: document.querySelector("#age").textContent,
    isOld: visible(".old"),
    navigation: visible("nav"),
    details: document.querySelector("details table").getBoundingClientRect().height,
    pictureTexts: [...document.querySelectorAll("svg text")].map((text) => ({
      text: text.textContent,
      color: getComputedStyle(text).fill,
      background: background(text.closest("figure")),
      size: text.getBoundingClientRect().height,
    })),
  };
}

async function judged(page) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => window.axe.run(document));
  return {
    violations: violations.map(({ id, nodes }) => `${id}: ${nodes[0].html} ${nodes[0].failureSummary}`),
    rules: passes.map(({ id }) => id),
  };
}

async function byKeyboard(page) {
  await page.keyboard.press("Tab");
  const first = await page.evaluate(() => ({
    text: document.activeElement.textContent,
    left: document.activeElement.getBoundingClientRect().left,
    outline: getComputedStyle(document.activeElement).outlineStyle,
  }));
  await page.keyboard.press("Enter");
  return { first, then: await page.evaluate(() => document.activeElement.id) };
}

async function take(page, name, { folder, until }) {
  const leftOut = until[name] && (await page.locator(until[name]).boundingBox());
  const clip = leftOut ? { x: 0, y: 0, width: page.viewportSize().width, height: Math.floor(leftOut.y) } : undefined;
  await page.screenshot({ path: join(folder, `operations-${name}.png`), fullPage: true, clip });
}

async function look(name, file, { width, scheme, media = "screen", scripts = true, picture }) {
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: scheme,
    javaScriptEnabled: scripts,
  });
  const page = await context.newPage();
  const messages = [];
  const requests = [];
  page.on("console", (message) => messages.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => messages.push(error.message));
  page.on("request", (request) => requests.push(request.url()));
  if (picture) await page.clock.setFixedTime(new Date(picture.at));
  await page.goto(`file://${file}`);
  await page.emulateMedia({ media });
  if (picture) await take(page, name, picture);
  const found = { ...(await page.evaluate(measured)), ...(scripts && media === "screen" ? await judged(page) : {}) };
  const keyboard = await byKeyboard(page);
  await context.close();
  return { ...found, keyboard, messages, requests };
}

const result = {};
for (const [name, file] of Object.entries(pages)) {
  result[name] = {};
  for (const [view, options] of Object.entries(views)) result[name][view] = await look(name, file, options);
}
await browser.close();
console.log(JSON.stringify(result));
