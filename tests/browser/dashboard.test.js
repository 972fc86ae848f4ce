// The dashboard of the demo in a real browser. Screenshots of every page are written into the folder in
// RATELIMITER_SCREENSHOTS, by default artifacts/screenshots.

import assert from 'node:assert/strict';
import { readFile, mkdir } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { startDemo, until } from './service.js';

const browserPath = process.env.RATELIMITER_CHROMIUM ?? '/usr/bin/chromium';
const pictures = process.env.RATELIMITER_SCREENSHOTS
  ?? new URL('../../artifacts/screenshots', import.meta.url).pathname;
const axe = await readFile(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

const patience = 20_000;
const sizes = { narrow: { width: 390, height: 844 }, wide: { width: 1440, height: 900 } };
const pages = {
  overview: '',
  policies: 'policies',
  policy: `policies/edit?route=${encodeURIComponent('POST /login')}&role=default`,
  history: `policies/history?route=${encodeURIComponent('GET /search')}&role=default`,
  users: 'users',
  user: 'users?user=crawler-7',
  logs: 'logs',
  keys: 'keys',
};

let demo;
let browser;

before(async () => {
  await mkdir(pictures, { recursive: true });
  demo = await startDemo();
  browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
}, { timeout: 300_000 });

after(async () => {
  await browser?.close();
  await demo?.stop();
});

describe('A user with a key', () => {
  it('creates a policy, sees checks and a denial arrive, resets the user, and signs out', async () => {
    await asVisitor({}, async (page) => {
      await signIn(page, demo.key);
      const route = `GET /press/"50%"/{id}`;

      await page.getByRole('link', { name: 'Policies', exact: true }).click();
      await page.getByRole('link', { name: 'New policy' }).click();
      await page.getByRole('textbox', { name: 'Route' }).fill(route);
      await page.getByRole('textbox', { name: 'Permits' }).fill('2');
      await page.getByRole('textbox', { name: 'Window in seconds' }).fill('0');
      await page.getByRole('button', { name: 'Save policy' }).click();
      // The validation message of the API, at its field.
      await expectVisible(page.getByText('must be from 1 to 31536000'));
      await page.getByRole('textbox', { name: 'Window in seconds' }).fill('600');
      await page.getByRole('button', { name: 'Save policy' }).click();
      await until('The policy was not saved.', patience, async () =>
        (await demo.ask('GET', `/policy?route_key=${encodeURIComponent(route)}`)).length === 1);
      await page.goto(`${demo.address}/dashboard/policies`);
      await expectVisible(page.getByText(route, { exact: true }).first());

      await page.getByRole('link', { name: 'Overview', exact: true }).click();
      const live = page.getByRole('region', { name: 'Live decisions' });
      await expectVisible(live);
      const check = { user_id: 'reporter', route_key: route };
      assert.equal((await demo.ask('POST', '/check', check)).allowed, true);
      const row = live.getByRole('row').filter({ hasText: 'reporter' });
      await expectVisible(row.filter({ hasText: 'Allowed' }).first());
      assert.equal((await demo.ask('POST', '/check', check)).allowed, true);
      assert.equal((await demo.ask('POST', '/check', check)).allowed, false);
      await expectVisible(row.filter({ hasText: 'Denied' }).first());

      await page.goto(`${demo.address}/dashboard/users`);
      // Input before the page is connected is lost.
      await until('The user was not found.', patience, async () => {
        await page.getByRole('textbox', { name: 'User' }).fill('reporter');
        await page.getByRole('button', { name: 'Look up' }).click();
        return page.getByText('2 of 2 used').first().waitFor({ timeout: 3_000 })
          .then(() => true, () => false);
      });
      await page.getByRole('button', { name: `Reset, route ${route}` }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click();
      await expectVisible(page.getByText('0 of 2 used').first());
      assert.equal((await demo.ask('POST', '/check', check)).allowed, true);

      await page.getByRole('button', { name: 'Sign out' }).click();
      await expectVisible(page.getByRole('heading', { name: 'Sign in' }));
      await page.goto(`${demo.address}/dashboard/policies`);
      await expectVisible(page.getByRole('heading', { name: 'Sign in' }));
    });
  });

  it('sees the remaining permits of a bucket relative to its burst, not to its limit', async () => {
    await asVisitor({}, async (page) => {
      await signIn(page, demo.key);
      const check = { user_id: 'pair', route_key: 'GET /search' };
      assert.equal((await demo.ask('POST', '/check', check)).remaining, 9);
      await page.goto(`${demo.address}/dashboard/logs?user=pair`);
      await expectVisible(page.getByRole('row').filter({ hasText: 'pair' }).filter({ hasText: '9 of 10' }).first());
    });
  });

  it('follows decisions with a click on the switch, and stops with one on its label', async () => {
    await asVisitor({}, async (page) => {
      await signIn(page, demo.key);
      await page.goto(`${demo.address}/dashboard/logs`);
      await expectVisible(page.getByRole('button', { name: 'Details' }).first());
      const live = page.getByRole('heading', { name: 'Live decisions' });
      await page.locator('.rz-switch').click();
      await expectVisible(live);
      await page.getByText('Follow', { exact: true }).click();
      await live.waitFor({ state: 'detached' });
    });
  });

  it('sees an organisation in the log and its usage, and resets it', async () => {
    await asVisitor({}, async (page) => {
      await signIn(page, demo.key);
      const route = 'POST /prompts';
      await demo.ask('POST', '/policy', { route_key: route, limit: 5, window_seconds: 3600, per: ['org'] });
      await demo.ask('POST', '/check', { user_id: 'member', route_key: route, subjects: { org: 'acme' } });
      await page.goto(`${demo.address}/dashboard/logs?subject=org%3Dacme`);
      await expectVisible(page.getByRole('row').filter({ hasText: 'member' }).filter({ hasText: 'org=acme' }).first());

      await page.goto(`${demo.address}/dashboard`);
      await expectVisible(page.getByRole('heading', { name: 'Busiest by org' }));

      await page.goto(`${demo.address}/dashboard/users`);
      // Input before the page is connected is lost.
      await until('The organisation was not found.', patience, async () => {
        await page.getByRole('textbox', { name: 'Subjects' }).fill('org=acme');
        await page.getByRole('button', { name: 'Look up' }).click();
        return page.getByText('1 of 5 used').first().waitFor({ timeout: 3_000 })
          .then(() => true, () => false);
      });
      await page.getByRole('button', { name: `Reset, route ${route}` }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click();
      await expectVisible(page.getByText('0 of 5 used').first());
    });
  });

  it('sees an error when the key is wrong', async () => {
    await asVisitor({}, async (page) => {
      await page.goto(`${demo.address}/dashboard`);
      await page.getByLabel('API key').fill('rl_wrong');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await expectVisible(page.getByRole('alert'));
      assert.deepEqual(
        (await page.context().cookies()).filter((cookie) => cookie.name === 'ratelimiter-session'),
        []);
    });
  });

  it('has a session that scripts and other sites cannot use', async () => {
    await asVisitor({}, async (page) => {
      await signIn(page, demo.key);
      const session = (await page.context().cookies())
        .find((cookie) => cookie.name === 'ratelimiter-session');
      assert.equal(session.httpOnly, true);
      assert.equal(session.sameSite, 'Strict');
      assert.ok(!session.value.includes(demo.key));
    });
  });

  it('signs in and opens the policies with the keyboard alone', async () => {
    await asVisitor({}, async (page) => {
      await page.goto(`${demo.address}/dashboard`);
      await page.keyboard.type(demo.key);
      await page.keyboard.press('Enter');
      await expectVisible(page.getByRole('heading', { level: 1, name: 'Overview' }));
      await connected(page);
      await tabBackTo(page, 'Policies');
      await page.keyboard.press('Enter');
      await expectVisible(page.getByRole('heading', { level: 1, name: 'Policies' }));
    });
  });

  it('is redirected to the sign-in page when the key is revoked', async () => {
    const { key_id: id, api_key: key } = await demo.ask('POST', '/keys', { name: 'short-lived', scopes: ['logs:read'] });
    await asVisitor({}, async (page) => {
      await signIn(page, key);
      await connected(page);
      await demo.ask('DELETE', `/keys/${id}`);
      // The overview reloads its figures every few seconds.
      await expectVisible(page.getByRole('heading', { name: 'Sign in' }));
    });
  });
});

describe('Every page', () => {
  for (const colorScheme of ['light', 'dark']) {
    for (const [size, viewport] of Object.entries(sizes)) {
      it(`is accessible, fits, and calls no other host: ${colorScheme}, ${size}`, async () => {
        const failures = [];
        await asVisitor({ colorScheme, viewport }, async (page) => {
          const others = [];
          page.on('request', (request) => {
            const { host, protocol } = new URL(request.url());
            if (protocol !== 'data:' && protocol !== 'blob:' && host !== new URL(demo.address).host) {
              others.push(request.url());
            }
          });
          const complaints = [];
          page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
          page.on('pageerror', (error) => complaints.push(`${error}`));

          await page.goto(`${demo.address}/dashboard`);
          await examine(page, 'sign-in');
          await signIn(page, demo.key);
          for (const [name, path] of Object.entries(pages)) {
            await page.goto(`${demo.address}/dashboard/${path}`);
            await loaded(page);
            await examine(page, name);
          }

          assert.deepEqual(others, [], 'Another host was called.');
          assert.deepEqual(complaints, [], 'The browser reports errors.');
        });
        assert.deepEqual(failures, []);

        async function examine(page, name) {
          await page.screenshot({ path: join(pictures, `${name}-${colorScheme}-${size}.png`) });
          const { scroll, client } = await page.evaluate(() => ({
            scroll: document.documentElement.scrollWidth,
            client: document.documentElement.clientWidth,
          }));
          if (scroll > client) {
            failures.push(`${name}: ${scroll} pixels wide on ${client}`);
          }

          failures.push(...(await seriousViolations(page)).map((violation) => `${name}: ${violation}`));
        }
      });
    }
  }

  it('is reported if it is inaccessible', async () => {
    await asVisitor({}, async (page) => {
      await page.setContent('<html><body><img src="x"><button></button></body></html>');
      assert.ok((await seriousViolations(page)).length >= 2);
    });
  });
});

async function asVisitor(options, visit) {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  try {
    await visit(page);
  } catch (error) {
    await page.screenshot({ path: join(pictures, 'failed.png') });
    throw error;
  } finally {
    await context.close();
  }
}

async function signIn(page, key) {
  await page.goto(`${demo.address}/dashboard`);
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expectVisible(page.getByRole('heading', { level: 1, name: 'Overview' }));
}

/** Waits until a page has loaded its data: until then it shows that it is busy. */
async function loaded(page) {
  await expectVisible(page.getByRole('heading', { level: 1 }));
  await page.waitForFunction(() => !document.querySelector('main [aria-busy="true"]') && window.Blazor);
}

/** Waits until the overview has figures, which arrive over its connection. */
const connected = (page) => expectVisible(page.getByText('in the last hour').first());

const expectVisible = (locator) => locator.waitFor({ state: 'visible', timeout: patience });

/** A new page has the focus on its heading, and the navigation links precede it. */
async function tabBackTo(page, name) {
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Shift+Tab');
    const focused = await page.evaluate(() => document.activeElement?.textContent?.trim());
    if (focused?.endsWith(name)) {
      return;
    }
  }

  assert.fail(`The keyboard does not reach ${name}.`);
}

/** The violations that axe finds, one per line. In an isolated world, to which the page's CSP does not apply. */
async function seriousViolations(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).slice(0, 3).join(' ')}`);
}
