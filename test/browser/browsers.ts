// Browsers of the system, where they are: tests that need one are skipped, with a line that says so, where it is not.
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

function find(name: string, variable: string, places: string[]): string | undefined {
  const found = [process.env[variable], ...places].find((path) => path && existsSync(path));
  if (!found) console.warn(`${name} is not installed (${variable} can name it): its tests are skipped.`);
  return found;
}

export const CHROMIUM = find('Chromium', 'CHROMIUM', ['/usr/bin/chromium', '/usr/bin/chromium-browser']);
export const FIREFOX = find('Firefox', 'FIREFOX', ['/usr/bin/firefox-esr', '/usr/bin/firefox']);
const libraries = ['x86_64', 'aarch64'].map(
  (machine) => `/usr/lib/${machine}-linux-gnu/webkit2gtk-4.1/MiniBrowser`,
);
export const WEBKIT = find('WebKit', 'WEBKIT', libraries);
export const XVFB = WEBKIT && find('Xvfb', 'XVFB', ['/usr/bin/Xvfb']);

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}
