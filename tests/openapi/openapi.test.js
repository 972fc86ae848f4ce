// The OpenAPI document of the service, as linters and client generators process it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startService } from '../browser/service.js';

const here = new URL('.', import.meta.url).pathname;
const root = new URL('../..', import.meta.url).pathname;
// Disables the tools' update checks and telemetry.
const silent = {
  KIOTA_OFFLINE_ENABLED: 'true',
  KIOTA_TELEMETRY_OPTOUT: 'true',
  REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
  REDOCLY_TELEMETRY: 'off',
};
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

test('Spectral has no findings', () => {
  const { status, output } = run('spectral', 'lint', '--fail-severity=hint', document);
  assert.equal(status, 0, output);
});

test('Redocly has no findings, except that the document states no licence', () => {
  const { status, output } = run('redocly', 'lint', '--format=json', '--skip-rule=info-license', document);
  assert.equal(status, 0, output);
  const { totals, problems } = JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1));
  assert.deepEqual([totals.errors, totals.warnings], [0, 0], JSON.stringify(problems, null, 2));
});

test('Kiota accepts every type, and resolves each reference', async () => {
  const output = join(folder, 'kiota');
  const made = runIn(root, 'dotnet', 'kiota', 'generate', '-l', 'CSharp', '-d', document, '-o', output, '-c', 'Api', '-n', 'Made');
  assert.equal(made.status, 0, made.output);
  // The server URL of the document is relative, which Kiota resolves only for a document from an address.
  const warnings = made.output.match(/(OpenAPI warning|Discriminator).*/g) ?? [];
  assert.deepEqual(warnings.filter(warning => !warning.includes('A servers entry')), []);
  const entry = await readFile(join(output, 'Models', 'AuditEntryResponse.cs'), 'utf8');
  assert.match(entry, /AuditedResponse\? Before/);
});

test('The TypeScript client that NSwag generates compiles under --strict, and works', async () => {
  const source = join(folder, 'client.ts');
  const made = runIn(root, 'dotnet', 'run', '--no-build', '--project', 'tools/RateLimiter.Clients', '--', 'typescript', document, source);
  assert.equal(made.status, 0, made.output);
  const { status, output } = run('tsc', '--strict', '--target', 'es2022', '--module', 'es2022', '--lib', 'es2022,dom', source);
  assert.equal(status, 0, output);
  // Without a package.json in the folder, only this extension marks it as a module.
  const compiled = join(folder, 'client.mjs');
  await rename(join(folder, 'client.js'), compiled);
  const { RateLimiterApi } = await import(compiled);

  let key;
  const api = new RateLimiterApi(service.address, {
    fetch(url, init) {
      const headers = { ...init.headers, 'X-API-Key': key };
      // The client sends omitted headers as empty ones.
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

/** Runs a program of an installed package; the test fails when it is missing. */
function run(program, ...args) {
  return runIn(here, join(here, 'node_modules', '.bin', program), ...args);
}

function runIn(cwd, program, ...args) {
  const env = { ...process.env, ...silent };
  const { status, error, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: 'utf8' });
  assert.ifError(error);
  return { status, output: stdout + stderr };
}
