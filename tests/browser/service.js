// The service, or its demo, as a user starts it: a separate process, on a free port of the loopback, with its own folder.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const project = new URL('../../src/RateLimiter.Api', import.meta.url).pathname;
const startTimeout = 120_000;
const pastTimeout = 120_000;

/** Starts the demo, and waits until the simulated past of its sample client is counted. */
export async function startDemo() {
  const demo = await start('demo');
  try {
    demo.key = await until('The demo does not start.', startTimeout, () =>
      /to sign in with: (rl_\S+)/.exec(demo.output)?.[1]);
    let before = 0;
    await until('The past is not counted.', pastTimeout, async () => {
      // The store may be too busy counting to answer.
      const { checks } = await demo.ask('GET', '/analytics/summary').catch(() => ({ checks: 0 }));
      const isCounted = checks > 10_000 && checks - before < 100;
      before = checks;
      return isCounted;
    });
    return demo;
  } catch (error) {
    console.error(demo.output);
    await demo.stop();
    throw error;
  }
}

/** Starts the service, and waits until it is ready. */
export async function startService() {
  const service = await start();
  try {
    await until('The service does not start.', startTimeout, () =>
      service.ask('GET', '/health/ready').then(() => true, () => false));
    return service;
  } catch (error) {
    console.error(service.output);
    await service.stop();
    throw error;
  }
}

/** Waits until find returns a truthy value. */
export async function until(what, timeout, find) {
  const late = Date.now() + timeout;
  for (;;) {
    const found = await find();
    if (found) {
      return found;
    }

    if (Date.now() > late) {
      throw new Error(what);
    }

    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function start(...args) {
  const folder = await mkdtemp(join(tmpdir(), 'ratelimiter-node-'));
  const address = `http://127.0.0.1:${await freePort()}`;
  const server = spawn('dotnet', ['run', '--no-build', '--project', project, '--', ...args], {
    cwd: folder,
    // The whole process group is killed, because dotnet run starts the service as another process.
    detached: true,
    env: {
      ...process.env,
      ASPNETCORE_URLS: address,
      Embedded__DataDirectory: join(folder, 'data'),
      REDIS_HOST: '',
      // A busy machine must not cause timeouts.
      Store__TimeoutMs: '5000',
    },
  });
  const service = {
    address,
    output: '',
    /** Calls the API with the key, if there is one, and returns the response body. */
    async ask(method, path, body) {
      const response = await fetch(address + path, {
        method,
        headers: { ...(service.key && { 'X-API-Key': service.key }), 'Content-Type': 'application/json' },
        body: body && JSON.stringify(body),
      });
      const text = await response.text();
      if (!response.ok) {
        throw new Error(`${method} ${path}: ${response.status} ${text}`);
      }

      return text && JSON.parse(text);
    },
    async stop() {
      end(server);
      await rm(folder, { recursive: true, force: true });
    },
  };
  for (const stream of [server.stdout, server.stderr]) {
    stream.on('data', (text) => (service.output += text));
  }

  process.once('exit', () => end(server));
  return service;
}

function end(server) {
  try {
    process.kill(-server.pid, 'SIGKILL');
  } catch {
    // The process has exited already.
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
