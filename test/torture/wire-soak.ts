/**
 * A soak: for minutes clients of every kind use one server, whose memory must not grow; then what they left is verified, by SQL and
 * page by page.
 *
 *   transfers (wire-bank.ts)   point reads   COPY in and out   long statements   results that are left half read   errors
 *   connections that come and go   statements that are never the same   waits that are cancelled
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { pipeline } from 'node:stream/promises';
import { Readable, Writable } from 'node:stream';
import type pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { open } from '../../engine/api/api.ts';
import { CREATE_BANK, faultOfBank, type Told, transferOnce } from './wire-bank.ts';
import { randomOf } from './wire-rounds.ts';
import { freePort, WireServer } from './wire-server.ts';

const SAMPLE_MS = 2000;
/** Memory that may come to what it was after a third of the time, MiB, and as a share. */
const GROWTH_MIB = 48;
const GROWTH_SHARE = 1.15;
const ITEMS = 20_000;

export interface SoakResult {
  /** How often each kind of load did its work. */
  readonly done: ReadonlyMap<string, number>;
  /** Median MiB in memory in the second and the last third. */
  readonly memory: readonly [number, number];
  readonly failure: string | null;
}

interface Soak {
  readonly server: WireServer;
  readonly random: () => number;
  readonly isOver: () => boolean;
  readonly count: (what: string) => void;
}

type Load = (client: pg.Client, soak: Soak, turn: number) => Promise<unknown>;

const key = ({ random }: Soak): number => 1 + Math.floor(random() * ITEMS);

const LOADS: { readonly [what: string]: Load } = {
  reads: (client, soak) => client.query({ name: 'read', text: 'select * from item where id = $1', values: [key(soak)] }),
  changes: (client, soak) => client.query('update item set price = price + 1 where id = $1', [key(soak)]),
  'long statements': (client) =>
    client.query('select a, count(*), sum(price) from item, generate_series(1, 20) g group by a order by 2'),
  'statements of their own': (client, soak, turn) =>
    client.query(`select id, price as p${turn % 5000} from item where id = ${key(soak)} and ${turn} > 0`),
  errors: async (client, _, turn) => {
    for (const text of [
      'select 1/0',
      `select no_such_column_${turn} from item`,
      'insert into item values (1, 1, 1, null)',
      'selct',
    ])
      await client.query(text).then(
        () => Promise.reject(new Error(`${text} went well`)),
        () => undefined,
      );
  },
  'copies in': async (client) => {
    await client.query('create temporary table if not exists loaded (id int, name text); truncate loaded');
    const lines = Array.from({ length: 2000 }, (_, id) => `${id}\tname of ${id}\n`);
    await pipeline(Readable.from(lines), client.query(copyFrom('copy loaded from stdin')));
  },
  'copies out': async (client) => {
    const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
    await pipeline(client.query(copyTo('copy item to stdout')), sink);
  },
  connections: async (_, { server, random }) => {
    const client = await server.client();
    // Some leave in the middle of an answer.
    if (random() < 0.5) {
      client.query("select repeat('x', 1000) from item").catch(() => {});
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    } else {
      await client.query('select 1');
      await client.end();
    }
  },
  'waits that end': async (client) => {
    await client.query('set lock_timeout = 20');
    await client.query('begin; select * from item where id = 1 for update');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await client.query('rollback');
  },
};

/** Two of each kind, so that they meet. */
const OF_EACH = 2;

async function keepDoing(what: string, load: Load, soak: Soak): Promise<void> {
  const client = await soak.server.client();
  for (let turn = 0; !soak.isOver(); turn++) {
    try {
      await load(client, soak, turn);
      soak.count(what);
    } catch (error) {
      // Whom another one has kept waiting too long, or met.
      if (!['55P03', '40001', '40P01'].includes((error as { code?: string }).code ?? '')) throw new Error(what, { cause: error });
      await client.query('rollback');
    }
  }
  await client.end();
}

async function keepTransferring(told: Told, soak: Soak): Promise<void> {
  const client = await soak.server.client();
  while (!soak.isOver()) if (await transferOnce(client, told, soak.random)) soak.count('transfers');
  await client.end();
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

async function under(
  server: WireServer,
  seconds: number,
  seed: number,
  done: Map<string, number>,
): Promise<{ told: Told[]; samples: number[] }> {
  const random = randomOf(seed);
  const until = performance.now() + seconds * 1000;
  let hasFailed = false;
  const soak: Soak = {
    ...{ server, random },
    isOver: () => hasFailed || performance.now() >= until,
    count: (what) => void done.set(what, (done.get(what) ?? 0) + 1),
  };
  const samples: number[] = [];
  const sampler = setInterval(() => samples.push(server.memory), Math.min(SAMPLE_MS, seconds * 20));
  const told = Array.from({ length: 4 }, (_, client): Told => ({ client, acknowledged: 0 }));
  try {
    await Promise.all([
      ...told.map((one) => keepTransferring(one, soak)),
      ...Object.entries(LOADS).flatMap(([what, load]) => Array.from({ length: OF_EACH }, () => keepDoing(what, load, soak))),
    ]);
  } finally {
    hasFailed = true;
    clearInterval(sampler);
  }
  return { told, samples };
}

/** Page by page, and every index entry. */
function faultOfPages(data: string): string | null {
  const database = open(data);
  try {
    const { problems } = database.check();
    return problems.length === 0 ? null : `${problems.length} problems: ${JSON.stringify(problems[0])}`;
  } finally {
    database.close();
  }
}

export async function runSoak(seconds: number, seed: number): Promise<SoakResult> {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-soak-'));
  const data = join(directory, 'data');
  const server = new WireServer(data, await freePort(), ['--cache', '64MB', '--heavy-cost', '3000', '--slow-query=-1']);
  const done = new Map<string, number>();
  let failure: string | null = null;
  let samples: number[] = [];
  try {
    await server.start();
    const client = await server.client();
    await client.query(CREATE_BANK);
    await client.query('create table item (id int primary key, a int not null, price float8, name text)');
    await client.query(`insert into item select g, g % 100, g / 2.0, 'item ' || g from generate_series(1, ${ITEMS}) g`);
    const left = await under(server, seconds, seed, done);
    samples = left.samples;
    failure = await faultOfBank(client, left.told);
    const { count } = (await client.query('select count(*)::int as count from item')).rows[0];
    if (count !== ITEMS) failure ??= `${count} items are left of ${ITEMS}`;
    await client.end();
  } catch (error) {
    failure = `${inspect(error)}\n${server.said}`;
  } finally {
    await server.end('SIGTERM');
  }
  failure ??= faultOfPages(data);
  const third = Math.floor(samples.length / 3);
  const memory = [median(samples.slice(third, 2 * third)), median(samples.slice(2 * third))] as const;
  if (memory[1] > memory[0] * GROWTH_SHARE + GROWTH_MIB)
    failure ??= `memory grew from ${memory[0].toFixed(0)} MiB to ${memory[1].toFixed(0)} MiB`;
  if (failure === null) rmSync(directory, { recursive: true });
  else failure += `\nseed ${seed}; the database is in ${directory}`;
  return { done, memory, failure };
}
