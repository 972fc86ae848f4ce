// The OpenAPI document that the service serves, as those see it who make something of it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startService } from '../browser/service.js';

const here = new URL('.', import.meta.url).pathname;
const root = new URL('../..', import.meta.url).pathname;
let service, folder, document;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ratelimiter-openapi-'));
  service = await startService();
  document = join(folder, 'openapi.json');
  await writeFile(document, JSON.stringify(await service.ask('GET', '/openapi.json'), null, 2));
});

after(async () => {
  await service?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('Spectral finds nothing to complain about', () => {
  const { status, output } = run('spectral', 'lint', '--fail-severity=hint', document);
  assert.equal(status, 0, output);
});

test('The TypeScript client that NSwag makes of it compiles under --strict, and asks', async () => {
  const source = join(folder, 'client.ts');
  const made = runIn(root, 'dotnet', 'run', '--no-build', '--project', 'tools/RateLimiter.Clients', '--', 'typescript', document, source);
  assert.equal(made.status, 0, made.output);
  const { status, output } = run('tsc', '--strict', '--target', 'es2022', '--module', 'es2022', '--lib', 'es2022,dom', source);
  assert.equal(status, 0, output);
  // A folder without a package.json, where only this extension says that it is a module.
  const compiled = join(folder, 'client.mjs');
  await rename(join(folder, 'client.js'), compiled);
  const { RateLimiterApi } = await import(compiled);

  let key;
  const api = new RateLimiterApi(service.address, {
    fetch(url, init) {
      const headers = { ...init.headers, 'X-API-Key': key };
      // Headers that were not given, which it sends as empty ones.
      const given = Object.entries(headers).filter(([, value]) => value);
      return fetch(url, { ...init, headers: Object.fromEntries(given) });
    },
  });
  key = (await api.register_Register({ name: 'TypeScript' })).api_key;
  await api.policy_Save({ route_key: 'search', limit: 1, window_seconds: 60 });
  const check = { user_id: 'alice', route_key: 'search' };

  assert.equal((await api.check_Check(check)).allowed, true);
  assert.deepEqual((await api.check_Check(check)).violated, ['default']);
});

/** Runs a program of a package; the test fails when there is none. */
function run(program, ...args) {
  return runIn(here, join(here, 'node_modules', '.bin', program), ...args);
}

function runIn(cwd, program, ...args) {
  const { status, error, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  assert.ifError(error);
  return { status, output: stdout + stderr };
}
