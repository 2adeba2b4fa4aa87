// A server with a fleet, a browser, and pages whose every complaint is a failure.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const root = new URL("../../../", import.meta.url).pathname;
const binary = process.env.PROVKEY_FLEET ?? `${root}target/debug/examples/fleet`;

export class Fleet {
  /** Starts the server; on a port if it has to be the same again. */
  static async start(port = 0) {
    const fleet = new Fleet();
    fleet.process = spawn(binary, [String(port)], { stdio: ["pipe", "pipe", "inherit"] });
    const [line] = await once(createInterface({ input: fleet.process.stdout }), "line");
    Object.assign(fleet, JSON.parse(line));
    return fleet;
  }

  async stop() {
    const ended = once(this.process, "exit");
    this.process.stdin.end();
    await ended;
  }

  /** Asks the API as an administrator. */
  async api(method, path, body) {
    const response = await fetch(`${this.address}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.admin}`, "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? null : response.json();
  }

  async key(name) {
    const { items } = await this.api("GET", `/keys?name=${encodeURIComponent(name)}`);
    return items[0];
  }
}

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** A page that remembers what the browser complained about. */
export async function open(browser, fleet, { role = "admin", path = "/", ...options } = {}) {
  const context = await browser.newContext({ baseURL: fleet.address, locale: "en-GB", timezoneId: "UTC", acceptDownloads: true, ...options });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.complaints = [];
  // A refusal is what some tests ask for; the browser logs each.
  const refused = /Failed to load resource: the server responded with a status of 4\d\d/;
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !refused.test(message.text())) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(fleet.address) && !request.url().startsWith("blob:")) page.complaints.push(`asked ${request.url()}`);
  });
  if (role) {
    const response = await context.request.post("/api/v1/session", { data: { token: fleet[role] } });
    if (!response.ok()) throw new Error(await response.text());
  }
  await page.goto(path);
  return page;
}

/** What axe-core finds on a page. It is put in past the policy of the page, as a debugger may. */
export async function violations(page) {
  const client = await page.context().newCDPSession(page);
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await client.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  await evaluate(axe);
  const found = await evaluate(`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
    .then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map((node) => node.html + " " + node.failureSummary).join("\\n  ")))`);
  await client.detach();
  return found;
}
