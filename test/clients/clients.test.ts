/**
 * Clients as their users write them, unmodified, against one server. Each is a file here; one that is not installed is skipped.
 * `SCRATCHBIRD_CLIENTS=postgresql` runs the same against PostgreSQL 15, which is how the suites themselves are known to be right.
 */

import { after, before, describe, test } from 'node:test';
import { type ClientSuite, cleared, type Place, type Step } from './place.ts';
import { type ClientServer, isPeer, missing, startClientServer } from './server.ts';

const STEP_MS = 15_000;

/** Packages that a suite needs; '!psql': a program. */
const CLIENTS: readonly (readonly [name: string, packages: readonly string[], load: () => Promise<{ suite: ClientSuite }>])[] = [
  ['pg', ['pg', 'pg-cursor', 'pg-query-stream', 'pg-copy-streams'], () => import('./pg.ts')],
  ['postgres', ['postgres'], () => import('./postgres.ts')],
  ['kysely', ['pg', 'kysely'], () => import('./kysely.ts')],
  ['drizzle', ['pg', 'drizzle-orm'], () => import('./drizzle.ts')],
  ['knex', ['pg', 'knex'], () => import('./knex.ts')],
  ['sequelize', ['pg', 'sequelize'], () => import('./sequelize.ts')],
  ['typeorm', ['pg', 'typeorm'], () => import('./typeorm.ts')],
  ['psql', ['!psql'], () => import('./psql.ts')],
  ['psql-describe', ['!psql'], () => import('./psql-describe.ts')],
  ['pgbench', ['!pgbench'], () => import('./pgbench.ts')],
  ['pg-dump', ['!pg_dump'], () => import('./pg-dump.ts')],
];

/** Steps that PostgreSQL passes and we do not yet, and what they want. They run, and do not count. */
const WANTED: { readonly [step: string]: string } = {
  'sequelize: findOrCreate, in a function that is dropped again': 'PL/pgSQL',
  'sequelize: an enum, which it makes in a DO': 'PL/pgSQL',
};

async function run(load: () => Promise<{ suite: ClientSuite }>, place: Place, step: Step): Promise<void> {
  const { suite } = await load();
  await cleared(place);
  await suite(place, step);
}

describe('clients', () => {
  let server: ClientServer;
  before(async () => {
    server = await startClientServer();
  });
  after(() => server?.stop());

  for (const [file, needs, load] of CLIENTS) {
    test(file, async (context) => {
      const absent = needs.filter(missing);
      if (absent.length > 0) return context.skip(`skipped: ${absent.join(', ')} not installed`);
      await run(load, server.place, (name, body) => {
        const todo = isPeer ? undefined : WANTED[`${file}: ${name}`];
        return context.test(name, { timeout: STEP_MS, ...(todo !== undefined && { todo }) }, body);
      });
    });
  }
});
