// Takes the screenshots of docs/console.md: node screenshots.mjs FOLDER
import { Fleet, launch, open } from "./test/harness.mjs";

const folder = process.argv[2];
const fleet = await Fleet.start();
const browser = await launch();
const desktop = { width: 1360, height: 860 };
const phone = { width: 390, height: 844 };

async function shoot(name, path, { act, viewport = desktop, colorScheme = "light", role = "admin", fullPage = false } = {}) {
  const page = await open(browser, fleet, { role, path, viewport, colorScheme });
  await page.waitForSelector("table, .sign-in, .empty");
  await page.waitForLoadState("networkidle");
  await act?.(page);
  await page.waitForTimeout(300);
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage });
  await page.context().close();
}

const expand = async (page) => {
  await page.getByRole("button", { name: "Expand Plant 9 gateways" }).click();
  await page.waitForSelector(".chart svg");
};
const create = async (page) => {
  await page.getByRole("button", { name: "New key" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Plant 12 gateways");
  await page.getByLabel("Connector group").selectOption({ label: "New group…" });
};
await shoot("sign-in", "/", { role: null });
await shoot("keys", "/#/keys?sort=created", { act: expand });
await shoot("keys-dark", "/#/keys?sort=created", { act: expand, colorScheme: "dark" });
await shoot("keys-filters", "/#/keys?state=usable&sort=created", { act: (page) => page.getByRole("button", { name: /Filters/ }).first().click() });
await shoot("keys-phone", "/#/keys?sort=created", { act: expand, viewport: phone });
await shoot("key-create", "/#/keys?sort=created", { act: create });
await shoot("key-used-up", "/#/keys?sort=created", { act: (page) => page.getByRole("button", { name: /Why can Branch routers/ }).click() });
await shoot("key-qr", "/#/keys?name=Lab", { act: async (page) => {
  await page.getByRole("button", { name: "Expand Lab bench" }).click();
  await page.getByRole("button", { name: "QR code" }).click();
  await page.waitForSelector("svg.qr");
} });
await shoot("key-leaked", "/#/keys?name=Pilot", { act: async (page) => {
  await page.getByRole("button", { name: "Expand Pilot sensors" }).click();
  await page.getByRole("button", { name: "It leaked…" }).click();
  await page.getByText(/^It enrolled/).waitFor();
} });
await shoot("connectors", "/#/connectors");
await shoot("groups", "/#/groups");
await shoot("certificates", "/#/certificates");
await shoot("audit", "/#/audit");
await shoot("tokens", "/#/tokens");
await browser.close();
await fleet.stop();
