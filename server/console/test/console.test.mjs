// The console in a real browser, one test for each thing that people do with it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { Fleet, launch, open, violations } from "./harness.mjs";

let fleet;
let browser;
before(async () => {
  fleet = await Fleet.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await fleet?.stop();
});

/** A test on a page of its own; whatever the browser complained about fails it. */
function check(name, options, body) {
  test(name, { timeout: 60_000 }, async () => {
    const page = await open(browser, fleet, options);
    try {
      await body(page);
      assert.deepEqual(page.complaints, []);
    } finally {
      await page.context().close();
    }
  });
}

const row = (page, name) => page.getByRole("row").filter({ has: page.getByText(name, { exact: true }) });
const button = (page, name) => page.getByRole("button", { name, exact: true });
const names = (page) => page.locator("tbody td.title").allTextContents();
/** Waits until something holds; the page is asked again and again. */
async function until(what, holds) {
  for (let tries = 0; tries < 100; tries++) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail(`in vain: ${what}`);
}
const newKey = async (name, max_uses = 2) => {
  const model = await fleet.key("Lab bench");
  return fleet.api("POST", "/keys", { name, max_uses, group: model.group.id, certificate: model.certificate.id });
};

check("signs in and out", { role: null }, async (page) => {
  const token = page.getByLabel("Admin token");
  await token.fill("pvkt1_nonsense");
  await button(page, "Sign in").click();
  await page.getByRole("alert").getByText("not an admin token").waitFor();
  await token.fill(fleet.operator);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Provisioning keys" }).waitFor();
  const [cookie] = await page.context().cookies();
  assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, "Strict"]);
  assert.equal(await page.evaluate(() => document.cookie), "");
  await button(page, "Sign out").click();
  await token.waitFor();
  assert.deepEqual(await page.context().cookies(), []);
});

check("shows the columns of a key, masked", { path: "/#/keys?sort=created" }, async (page) => {
  const heads = page.getByRole("columnheader");
  await heads.first().waitFor();
  assert.deepEqual((await heads.allTextContents()).map((text) => text.replace(/ [↑↓]/, "")),
    ["", "Name", "Maximum connectors", "Utilization count", "Connector group", "Provisioning key", "State", "Last used", "Actions"]);
  const cells = await row(page, "Branch routers").getByRole("cell").allTextContents();
  assert.deepEqual(cells.slice(1, 5), ["Branch routers", "12", "12 of 12", "Branch offices"]);
  assert.match(cells[5], /^pvk1_…[a-z0-9]{12}••••$/);
  assert.equal(cells[6], "Used up");
});

check("expands one row, or all", { path: "/#/keys?sort=created" }, async (page) => {
  await button(page, "Expand Plant 9 gateways").click();
  const more = page.locator("tr.more");
  await more.getByText("Signing certificate").waitFor();
  for (const text of ["Connectors 2026", "SHA-256", "Valid"]) await more.getByText(text).first().waitFor();
  await more.getByRole("img", { name: /103 enrollments in the last 30 days/ }).waitFor();
  assert.equal(await more.locator(".recent li").count(), 5);
  await button(page, "Expand all rows").click();
  await until("all are expanded", async () => (await more.count()) === 50);
  await button(page, "Collapse all rows").click();
  assert.equal(await more.count(), 0);
});

check("filters by every column, and none by default", {}, async (page) => {
  await row(page, "Lab bench").waitFor();
  await button(page, "Filters").click();
  const filters = page.getByRole("form", { name: "Filters" });
  for (const field of await filters.locator("input, select").all()) assert.equal(await field.inputValue(), "");
  const key = await fleet.key("Lab bench");
  const only = async (label, value, expected) => {
    const field = filters.getByLabel(label, { exact: true });
    if (await field.evaluate((field) => field.tagName === "SELECT")) await field.selectOption({ label: value });
    else await field.fill(value);
    await until(`${label} ${value}`, async () => (await names(page)).join() === expected.join());
    await button(page, "Clear filters").click();
    await until("cleared", async () => (await page.locator("tbody td.title").count()) === 50);
  };
  await only("Name contains", "BENCH", ["Lab bench"]);
  await only("Maximum at least", "100", ["Plant 9 gateways"]);
  await only("Used at least", "31", ["Plant 9 gateways"]);
  await only("Connector group", "Lab", ["Lab bench", "Pilot sensors"]);
  await only("Certificate", "Pilot", ["Lab bench", "Pilot sensors"]);
  await only("Key id contains", key.id, ["Lab bench"]);
  await only("State", "Used up", ["Branch routers"]);
  await only("Last used since", "2020-01-01T00:00", ["Branch routers", "Pilot sensors", "Plant 7 gateways", "Plant 9 gateways"]);
});

check("sorts by name and creation, and pages", {}, async (page) => {
  await row(page, "Branch routers").waitFor();
  const name = page.getByRole("columnheader", { name: /Name/ });
  assert.equal(await name.getAttribute("aria-sort"), "ascending");
  await name.getByRole("button").click();
  await until("Z to A", async () => (await names(page))[0] === "Store 080");
  assert.equal(await name.getAttribute("aria-sort"), "descending");
  await page.getByRole("combobox", { name: /^Sort/ }).selectOption({ label: "Oldest first" });
  await until("the oldest first", async () => (await names(page))[0] === "Plant 7 gateways");
  await page.getByRole("combobox", { name: /^Rows/ }).selectOption("25");
  await until("25", async () => (await names(page)).length === 25);
  const seen = await names(page);
  await button(page, "Next").click();
  await until("another page", async () => !seen.includes((await names(page))[0]));
  await button(page, "Previous").click();
  await until("the first page", async () => (await names(page))[0] === seen[0]);
});

check("copies and downloads a key", { role: "operator", path: "/#/keys?name=Lab" }, async (page) => {
  await button(page, "Copy the text of Lab bench").click();
  await page.getByRole("status").getByText("is copied").waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /^pvk1_api\.private\.example\.com_[a-z0-9]{85}$/);
  const [download] = await Promise.all([page.waitForEvent("download"), button(page, "Download the text of Lab bench").click()]);
  assert.match(download.suggestedFilename(), /^Lab-bench-[a-z0-9]{12}\.key$/);
  assert.equal(await readFile(await download.path(), "utf8"), `${copied}\n`);
  const { items } = await fleet.api("GET", `/audit?key=${(await fleet.key("Lab bench")).id}&limit=2`);
  assert.deepEqual(items.map(({ action, actor }) => [action, actor]), [["key_downloaded", "token:oscar"], ["key_copied", "token:oscar"]]);
});

check("a key that is used up is not copied, and edit is offered", { path: "/#/keys?name=Branch" }, async (page) => {
  assert.ok(await button(page, "Copy the text of Branch routers").isDisabled());
  await button(page, "Why can Branch routers not be copied?").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("12 of 12 connectors").waitFor();
  await dialog.getByRole("button", { name: "Edit the key" }).click();
  await page.getByRole("dialog", { name: "Edit Branch routers" }).getByLabel("Maximum connectors").fill("13");
  await button(page, "Save").click();
  await until("it can be copied", async () => button(page, "Copy the text of Branch routers").isEnabled());
  await fleet.api("PATCH", `/keys/${(await fleet.key("Branch")).id}`, { max_uses: 12 });
});

check("creates a key with a new group and a new certificate", { path: "/#/keys?sort=-created" }, async (page) => {
  await button(page, "New key").click();
  const dialog = page.getByRole("dialog", { name: "New provisioning key" });
  await dialog.getByLabel("Name", { exact: true }).fill("Harbour cranes");
  await dialog.getByLabel("Maximum connectors").fill("3");
  await dialog.getByLabel("Connector group").selectOption({ label: "New group…" });
  await dialog.getByLabel("Name of the new group").fill("Harbour");
  await dialog.getByLabel("Enrollment certificate").selectOption({ label: "New certificate…" });
  await dialog.getByLabel("Name of the new certificate").fill("Harbour 2026");
  await dialog.getByText("More").click();
  await dialog.getByLabel("Allowed addresses").fill("10.0.0.0/33");
  await dialog.getByRole("button", { name: "Create key" }).click();
  await dialog.getByRole("alert").getByText("CIDR").waitFor();
  await dialog.getByLabel("Allowed addresses").fill("10.0.0.0/8");
  await dialog.getByRole("button", { name: "Create key" }).click();
  await row(page, "Harbour cranes").waitFor();
  const key = await fleet.key("Harbour");
  assert.deepEqual([key.group.name, key.certificate.name, key.max_uses, key.allowed_addresses],
    ["Harbour", "Harbour 2026", 3, ["10.0.0.0/8"]]);
});

check("a conflicting edit is reported, and loses nothing", { path: "/#/keys?name=Line 003" }, async (page) => {
  await button(page, "Edit Line 003").click();
  const dialog = page.getByRole("dialog", { name: "Edit Line 003" });
  await until("it is loaded", async () => dialog.getByRole("button", { name: "Save" }).isEnabled());
  const key = await fleet.key("Line 003");
  await fleet.api("PATCH", `/keys/${key.id}`, { max_uses: 9 });
  await dialog.getByLabel("Maximum connectors").fill("6");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.getByRole("alert").getByText("The key was edited meanwhile").waitFor();
  assert.equal(await dialog.getByLabel("Maximum connectors").inputValue(), "9");
});

check("disables and enables, shows a QR code, deletes", { path: "/#/keys?name=Line 006" }, async (page) => {
  await button(page, "Expand Line 006").click();
  await button(page, "Disable").click();
  await page.getByText("Disabled", { exact: true }).waitFor();
  await button(page, "Enable").click();
  await page.getByText("Usable", { exact: true }).waitFor();
  await button(page, "QR code").click();
  await page.getByRole("img", { name: /QR code with the text of Line 006/ }).waitFor();
  await button(page, "Done").click();
  await button(page, "Delete Line 006").click();
  await page.getByRole("dialog").getByText("No connector has enrolled with it.").waitFor();
  await button(page, "Delete the key").click();
  await page.getByText("No key matches the filters.").waitFor();
});

check("deleting a key reports how many connectors enrolled", { path: "/#/keys?name=Plant 7" }, async (page) => {
  await button(page, "Delete Plant 7 gateways").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("30 connectors that enrolled with it keep their certificates").waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await dialog.count(), 0);
  // Focus is where it was.
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), "Delete Plant 7 gateways");
});

check("connectors of a leaked key are counted and revoked", { path: "/#/keys?name=Pilot" }, async (page) => {
  await button(page, "Expand Pilot sensors").click();
  await button(page, "It leaked…").click();
  const dialog = page.getByRole("dialog", { name: "Pilot sensors leaked" });
  await dialog.getByText("15 connectors", { exact: true }).waitFor();
  const act = dialog.getByRole("button", { name: "Disable and revoke" });
  assert.ok(await act.isDisabled());
  await dialog.getByLabel(/Disable the key and revoke 15 connectors/).check();
  await act.click();
  await page.getByText("Compromised", { exact: true }).waitFor();
  const { items } = await fleet.api("GET", `/connectors?key=${(await fleet.key("Pilot")).id}`);
  assert.ok(items.every((one) => one.revocation_reason === "keyCompromise"));
});

check("a revoked connector is marked, and pages link to each other", { path: "/#/connectors" }, async (page) => {
  const key = await fleet.key("Plant 7");
  await page.getByLabel("Key id").fill(key.id);
  await until("those of the key", async () => (await names(page)).length === 30);
  const id = (await names(page))[0];
  await button(page, `Revoke ${id}`).click();
  await page.getByLabel("Reason").selectOption("superseded");
  await button(page, "Revoke").click();
  await row(page, id).getByText("Revoked").waitFor();
  await page.getByRole("link", { name: id }).click();
  const dialog = page.getByRole("dialog", { name: "Connector" });
  await dialog.getByText(/superseded/).waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Download certificate" }).click()]);
  assert.match(await readFile(await download.path(), "utf8"), /^-----BEGIN CERTIFICATE-----/);
  await dialog.getByRole("link", { name: "Audit trail" }).click();
  await page.getByRole("heading", { name: "Audit" }).waitFor();
  await page.getByRole("cell", { name: "Connector revoked" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), "H1");
  await page.getByRole("cell").getByRole("link", { name: key.id }).first().click();
  await row(page, "Plant 7 gateways").waitFor();
});

check("groups are created, and deleted unless they are in use", { path: "/#/groups" }, async (page) => {
  await button(page, "New group").click();
  await page.getByLabel("Name").fill("Depots");
  await button(page, "Create group").click();
  await row(page, "Depots").waitFor();
  await button(page, "Delete Depots").click();
  await button(page, "Delete the group").click();
  await until("it is gone", async () => (await row(page, "Depots").count()) === 0);
  await button(page, "Delete Lab").click();
  await button(page, "Delete the group").click();
  await page.getByRole("dialog").getByRole("alert").getByText("belong to the group").waitFor();
});

check("certificates are created, requested, retired and deleted", { path: "/#/certificates" }, async (page) => {
  await row(page, "Pilot").first().getByText("Expires soon").waitFor();
  await button(page, "New certificate").click();
  await page.getByLabel("Name").fill("Spare CA");
  await button(page, "Create certificate").click();
  await row(page, "Spare CA").first().getByText("Valid").waitFor();
  await button(page, "Retire Spare CA").click();
  await button(page, "Retire the certificate").click();
  await row(page, "Spare CA").first().getByText("Retired").waitFor();
  await button(page, "Delete Spare CA").click();
  await button(page, "Delete the certificate").click();
  await until("it is gone", async () => (await row(page, "Spare CA").count()) === 0);
  await button(page, "Request from an external CA").click();
  await page.getByLabel("Name").fill("Group PKI");
  await button(page, "Create CSR").click();
  const request = page.getByRole("listitem").filter({ hasText: "Group PKI" });
  const [download] = await Promise.all([page.waitForEvent("download"), request.getByRole("button", { name: "Download CSR" }).click()]);
  assert.match(await readFile(await download.path(), "utf8"), /^-----BEGIN CERTIFICATE REQUEST-----/);
});

check("tokens are created, shown once and revoked; a session ends with its token", { path: "/#/tokens" }, async (page) => {
  await button(page, "New token").click();
  await page.getByLabel("Name").fill("Bob");
  await button(page, "Create token").click();
  const text = await page.locator("code.secret").textContent();
  assert.match(text, /^pvkt1_/);
  await button(page, "Done").click();
  assert.equal(await page.getByText(text).count(), 0);
  const bob = await open(browser, { ...fleet, bob: text }, { role: "bob" });
  await bob.getByRole("heading", { name: "Provisioning keys" }).waitFor();
  await button(page, "Revoke Bob").click();
  await button(page, "Revoke the token").click();
  await bob.getByRole("heading", { name: "Sign in to provkey" }).waitFor();
  await bob.context().close();
});

check("a viewer sees everything and can change nothing", { role: "viewer" }, async (page) => {
  await row(page, "Lab bench").waitFor();
  for (const name of [/^Copy/, /^Edit/, /^Delete/, /^New/]) assert.equal(await page.getByRole("button", { name }).count(), 0);
  assert.equal(await page.getByRole("link", { name: "Admin tokens" }).count(), 0);
});

test("an operator of one group sees that group", { timeout: 60_000 }, async () => {
  const made = await fleet.api("POST", "/tokens", { name: "lab", role: "operator", scope: "operator:Lab" });
  fleet.lab = made.text;
  const page = await open(browser, fleet, { role: "lab" });
  await row(page, "Lab bench").waitFor();
  assert.deepEqual([...new Set(await page.locator("td[data-label='Connector group']").allTextContents())], ["Lab"]);
  await page.getByText(made.token.scope).waitFor();
  for (const [name, text] of [["Connector groups", "Lab"], ["Enrollment certificates", "Pilot"], ["Audit", "Enter the id"]]) {
    await page.getByRole("link", { name }).click();
    await page.getByText(text).first().waitFor();
    assert.equal(await page.getByRole("alert").count(), 0);
    assert.equal(await page.getByRole("button", { name: /^New/ }).count(), 0);
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

check("changes made elsewhere appear without reload", { path: "/#/keys?name=Live" }, async (page) => {
  await page.getByText("No key matches the filters.").waitFor();
  const key = await newKey("Live one");
  await row(page, "Live one").waitFor();
  await fleet.api("PATCH", `/keys/${key.id}`, { max_uses: 7 });
  await row(page, "Live one").getByText("0 of 7").waitFor();
});

test("reports an unreachable server, and recovers", { timeout: 60_000 }, async () => {
  const first = await Fleet.start();
  const page = await open(browser, first, { path: "/#/groups" });
  await row(page, "Lab").waitFor();
  await first.stop();
  await page.getByRole("alert").getByText("cannot be reached").waitFor();
  // What was seen stays.
  assert.equal(await row(page, "Lab").count(), 1);
  const again = await Fleet.start(new URL(first.address).port);
  await page.getByRole("heading", { name: "Sign in to provkey" }).waitFor();
  assert.equal(await page.getByText("cannot be reached").count(), 0);
  await page.context().close();
  await again.stop();
});

check("a failed load is explained", { path: "/#/connectors?key=nonsense" }, async (page) => {
  await page.getByRole("alert").getByText("There is no such provisioning key: nonsense.").waitFor();
  await button(page, "Try again").waitFor();
});

check("works by keyboard alone", { path: "/#/keys?name=Lab" }, async (page) => {
  await row(page, "Lab bench").waitFor();
  const reach = async (label) => {
    await until(label, async () => {
      await page.keyboard.press("Tab");
      return page.evaluate((label) => document.activeElement?.getAttribute("aria-label") === label, label);
    });
  };
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Skip to the page");
  await reach("Expand Lab bench");
  await page.keyboard.press("Enter");
  await page.locator("tr.more").waitFor();
  await reach("Edit Lab bench");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  for (let turn = 0; turn < 20; turn++) {
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() => document.activeElement === document.body || !!document.activeElement?.closest("dialog")));
  }
  await page.keyboard.press("Escape");
  await until("it is closed", async () => (await dialog.count()) === 0);
});

const PAGES = ["keys", "connectors", "groups", "certificates", "audit", "tokens"];
for (const colorScheme of ["light", "dark"]) {
  for (const viewport of [{ width: 1280, height: 900 }, { width: 390, height: 844 }]) {
    check(`axe finds no violation: ${colorScheme}, ${viewport.width} wide`, { colorScheme, viewport }, async (page) => {
      const found = [];
      for (const name of PAGES) {
        await page.goto(`/#/${name}`);
        await page.locator("tbody tr").first().waitFor();
        if (name === "keys") {
          await button(page, "Filters").click();
          await button(page, "Expand Branch routers").click();
          await page.locator("tr.more .chart svg").waitFor();
        }
        found.push(...(await violations(page)).map((one) => `${name}: ${one}`));
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is too wide`);
      }
      await page.goto("/#/keys?name=Lab");
      await button(page, "New key").click();
      await page.getByText("More").click();
      found.push(...(await violations(page)).map((one) => `a dialog: ${one}`));
      assert.deepEqual(found, []);
    });
  }
  check(`axe finds no violation when signing in: ${colorScheme}`, { role: null, colorScheme }, async (page) => {
    await page.getByLabel("Admin token").fill("x");
    await button(page, "Sign in").click();
    await page.getByRole("alert").waitFor();
    assert.deepEqual(await violations(page), []);
  });
}

test("the page is served with a strict policy", async () => {
  const response = await fetch(fleet.address);
  const policy = response.headers.get("content-security-policy");
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  for (const [name, value] of [["x-frame-options", "DENY"], ["referrer-policy", "no-referrer"], ["x-content-type-options", "nosniff"]]) {
    assert.equal(response.headers.get(name), value);
  }
  const again = await fetch(`${fleet.address}/console/app.js`, {
    headers: { "if-none-match": (await fetch(`${fleet.address}/console/app.js`)).headers.get("etag") },
  });
  assert.equal(again.status, 304);
});
