// The OpenAPI document that the service serves, as those see it who make something of it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startService } from '../browser/service.js';

const here = new URL('.', import.meta.url).pathname;
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

/** Runs a program of a package; the test fails when there is none. */
function run(program, ...args) {
  const { status, error, stdout, stderr } = spawnSync(
    join(here, 'node_modules', '.bin', program),
    args,
    { cwd: here, encoding: 'utf8' },
  );
  assert.ifError(error);
  return { status, output: stdout + stderr };
}
