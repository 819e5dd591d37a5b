/**
 * A headless Chromium with the test's application in its tabs.
 *
 * Guarantees: pages are served without a server, at an origin that the service's CORS allows, also while the browser is
 * offline; nothing of the browser goes anywhere but to the service. Relies on: `STOREROOM_CHROMIUM`, or Debian's
 * `/usr/bin/chromium`.
 */
import { build } from "esbuild";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import type { Setting } from "./app.ts";

/** Where the pages are, as far as the browser knows. */
const ORIGIN = "http://localhost:5173";
const ARGS = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-sync",
  "--no-first-run",
  // The pages have no address of their own, so the browser would ask before it lets them reach the loopback one.
  "--disable-features=LocalNetworkAccessChecks",
];

/** Starts the browser. */
export function launch(): Promise<Browser> {
  const executablePath = process.env["STOREROOM_CHROMIUM"] ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: ARGS });
}

let bundle: Promise<string> | null = null;

async function bundled(): Promise<string> {
  const entryPoints = [new URL("app.ts", import.meta.url).pathname];
  const result = await build({ entryPoints, bundle: true, write: false, format: "iife", target: "es2022" });
  return result.outputFiles[0]?.text ?? "";
}

/** A user's browser: tabs of one context share storage, those of different contexts nothing. */
export async function openContext(browser: Browser): Promise<BrowserContext> {
  bundle ??= bundled();
  const script = await bundle;
  const context = await browser.newContext();
  await context.route(`${ORIGIN}/**`, (route) => {
    const isScript = route.request().url().endsWith(".js");
    const page = '<!doctype html><meta charset="utf-8"><title>test</title><script src="/app.js"></script>';
    return route.fulfill(
      isScript ? { contentType: "text/javascript", body: script } : { contentType: "text/html", body: page },
    );
  });
  return context;
}

/** A tab with the application running. */
export async function openTab(context: BrowserContext, setting: Setting): Promise<Page> {
  const page = await context.newPage();
  page.on("pageerror", (error) => console.log("in the page:", error.message));
  await page.goto(`${ORIGIN}/`);
  await page.evaluate((given) => app.start(given), setting);
  return page;
}

declare global {
  /** The application, in the page. */
  var app: import("./app.ts").App;
}
