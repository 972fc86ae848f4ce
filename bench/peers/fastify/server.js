'use strict';

// A rate limiter as one would write it in Node: Fastify, rate-limiter-flexible and ioredis, in two processes.
// ROUTES is a JSON object: the name of a route to {"limit": permits, "window_ms": milliseconds}.

const cluster = require('node:cluster');

const processes = 2;

if (cluster.isPrimary) {
  for (let i = 0; i < processes; i++) {
    cluster.fork();
  }
  let listening = 0;
  cluster.on('listening', (_, address) => {
    if (++listening === processes) {
      console.log(`listening on http://127.0.0.1:${address.port}`);
    }
  });
  cluster.on('exit', () => process.exit(1));
} else {
  serve();
}

function serve() {
  const fastify = require('fastify')();
  const Redis = require('ioredis');
  const { RateLimiterRedis } = require('rate-limiter-flexible');

  const apiKey = process.env.API_KEY;
  const redis = new Redis(Number(process.env.REDIS_PORT), '127.0.0.1');
  const limiters = new Map();
  for (const [name, { limit, window_ms }] of Object.entries(JSON.parse(process.env.ROUTES))) {
    limiters.set(
      name,
      new RateLimiterRedis({
        storeClient: redis,
        keyPrefix: name,
        points: limit,
        duration: window_ms / 1000,
      }),
    );
  }

  const text = { type: 'string' };
  const integer = { type: 'integer' };
  const schema = {
    body: {
      type: 'object',
      required: ['user_id', 'route_key'],
      properties: { user_id: text, route_key: text },
    },
    response: {
      200: {
        type: 'object',
        properties: {
          allowed: { type: 'boolean' },
          remaining: integer,
          reset_in: integer,
          reason: { type: 'string', nullable: true },
          limit: integer,
          retry_after: { type: 'integer', nullable: true },
          retry_after_ms: { type: 'integer', nullable: true },
          matched_role: text,
          matched_route: text,
          shadow_denied: { type: 'boolean' },
          violated: { type: 'array', items: text },
        },
      },
    },
  };

  fastify.post('/check', { schema }, async (request, reply) => {
    if (request.headers['x-api-key'] !== apiKey) {
      return reply.code(401).send();
    }
    const { user_id, route_key } = request.body;
    const limiter = limiters.get(route_key);
    if (!limiter) {
      return reply.code(404).send();
    }

    let allowed = true;
    let result;
    try {
      result = await limiter.consume(user_id);
    } catch (denial) {
      if (denial instanceof Error) {
        throw denial;
      }
      allowed = false;
      result = denial;
    }

    const resetIn = Math.ceil(result.msBeforeNext / 1000);
    return {
      allowed,
      remaining: result.remainingPoints,
      reset_in: resetIn,
      reason: allowed ? null : 'Rate limit exceeded',
      limit: limiter.points,
      retry_after: allowed ? null : resetIn,
      retry_after_ms: allowed ? null : result.msBeforeNext,
      matched_role: 'default',
      matched_route: route_key,
      shadow_denied: false,
      violated: allowed ? [] : ['default'],
    };
  });

  fastify.listen({ host: '127.0.0.1', port: 0 });
}
