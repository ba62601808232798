/** The measures of one session beside node:sqlite, PGlite and DuckDB: for comparison, without a bar. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext, Measure, PeerPackage, Running } from '../../harness/measure.ts';
import { median } from '../../harness/run-measure.ts';
import { itemNames, randomKeys } from '../kernel/items.ts';
import { createSqlItems, fillSqlItems, insertAllSql, readSqlItems, sqlOptions, updateSqlItems } from './items.ts';
import { duckdb, nodeSqlite, type OtherEngine, pglite } from './other-engines.ts';

interface Peer {
  readonly name: string;
  readonly needs: readonly PeerPackage[];
  readonly open: (directory: string) => OtherEngine | Promise<OtherEngine>;
  /** How many of the rows or keys of the full size it is given where each is a call: the slow ones end, too. */
  readonly share: number;
}

const PEERS: readonly Peer[] = [
  { name: 'node:sqlite', needs: [], open: nodeSqlite, share: 1 },
  { name: 'PGlite', needs: ['@electric-sql/pglite'], open: pglite, share: 0.02 },
  { name: 'DuckDB', needs: ['@duckdb/node-api'], open: duckdb, share: 0.02 },
];

const FULL_MS = 300;
const WARMUP_MS = 100;

/** Operations per second of a body that does `operations` a call, from the median call after a time of warming up. */
async function medianRate(context: BenchContext, operations: number, body: () => unknown): Promise<number> {
  const times: number[] = [];
  const begin = performance.now();
  for (;;) {
    const start = performance.now();
    await body();
    const end = performance.now();
    if (context.small || start - begin > WARMUP_MS) times.push(end - start);
    if (context.small || (end - begin > WARMUP_MS + FULL_MS && times.length >= 5)) break;
  }
  return (operations * 1000) / median(times);
}

async function rate(count: number, body: () => unknown): Promise<number> {
  const start = performance.now();
  await body();
  return (count * 1000) / (performance.now() - start);
}

const peerDirectory = (context: BenchContext, name: string): string => {
  const directory = join(context.directory, name);
  mkdirSync(directory);
  return directory;
};

async function get(context: BenchContext, peer: Peer): Promise<Running> {
  const rows = context.size(1_000_000, 2000);
  const ours = fillSqlItems(context.directory, rows, itemNames(), sqlOptions(context));
  const theirs = context.hasPeer ? await peer.open(peerDirectory(context, 'peer')) : undefined;
  await theirs?.fill(rows);
  const keys = randomKeys(context.size(1_000_000, 1000), 0, rows);
  const few = Math.max(100, 1000 * peer.share);
  const sum = readSqlItems(ours, keys, 0, few);
  context.digest(sum);
  const other = await theirs?.read(keys, 0, few);
  if (other !== undefined && other !== sum) throw new Error(`sum of the rows read: ours is ${sum}, the peer's ${other}`);
  const from = (count: number): (() => number) => {
    let at = -count;
    return () => {
      at = at + 2 * count > keys.length ? 0 : at + count;
      return at;
    };
  };
  const mine = from(1000);
  const its = from(few);
  return {
    ours: () =>
      medianRate(context, 1000, () => {
        const at = mine();
        return readSqlItems(ours, keys, at, at + 1000);
      }),
    peer:
      theirs &&
      (() =>
        medianRate(context, few, () => {
          const at = its();
          return theirs.read(keys, at, at + few);
        })),
    teardown: async () => {
      ours.database.close();
      await theirs?.close();
    },
  };
}

async function update(context: BenchContext, peer: Peer): Promise<Running> {
  const rows = context.size(1_000_000, 2000);
  const ours = fillSqlItems(context.directory, rows, itemNames(), sqlOptions(context));
  const theirs = context.hasPeer ? await peer.open(peerDirectory(context, 'peer')) : undefined;
  await theirs?.fill(rows);
  const keys = randomKeys(context.size(200_000, 200), 0, rows);
  const few = keys.subarray(0, Math.max(100, keys.length * peer.share));
  context.digest(keys.length);
  return {
    ours: () => rate(keys.length, () => ours.database.transaction(() => updateSqlItems(ours, keys, 0, keys.length))()),
    peer: theirs && (() => rate(few.length, () => theirs.update(few))),
    teardown: async () => {
      ours.database.close();
      await theirs?.close();
    },
  };
}

/** Into a new database each turn. */
function insert(context: BenchContext, peer: Peer): Running {
  const rows = context.size(1_000_000, 500);
  const few = Math.max(100, rows * peer.share);
  const names = itemNames();
  let turn = 0;
  context.digest(rows);
  const ours = async (): Promise<number> => {
    const items = createSqlItems(peerDirectory(context, `ours-${turn++}`), sqlOptions(context));
    const result = await rate(rows, () => insertAllSql(items, rows, names));
    items.database.close();
    return result;
  };
  const theirs = async (): Promise<number> => {
    const other = await peer.open(peerDirectory(context, `peer-${turn++}`));
    const result = await rate(few, () => other.insert(few, names));
    await other.close();
    return result;
  };
  return { ours, peer: context.hasPeer ? theirs : undefined };
}

const SUM = 'select sum(price) as sum from item where a < 500';
const GROUPS = 'select a, count(*) as n, sum(price) as sum from item group by a';

/** Values as numbers, rows in one order: engines give counts as number or bigint. */
const canonical = (rows: readonly unknown[][]): string =>
  rows
    .map((row) => row.map(Number).join(' '))
    .sort()
    .join('\n');

async function query(context: BenchContext, peer: Peer, sql: string): Promise<Running> {
  const rows = context.size(1_000_000, 2000);
  const ours = fillSqlItems(context.directory, rows, itemNames(), sqlOptions(context));
  const theirs = context.hasPeer ? await peer.open(peerDirectory(context, 'peer')) : undefined;
  await theirs?.fill(rows);
  const mine = ours.database.prepare(sql).raw();
  const expected = canonical(mine.all());
  context.digest(expected);
  if (theirs !== undefined && canonical(await theirs.query(sql)) !== expected)
    throw new Error(`${peer.name} answers otherwise: ${sql}`);
  return {
    ours: () => medianRate(context, rows, () => mine.all()),
    peer: theirs && (() => medianRate(context, rows, () => theirs.query(sql))),
    teardown: async () => {
      ours.database.close();
      await theirs?.close();
    },
  };
}

const measuresOf = (peer: Peer): Measure[] => {
  const common = { unit: 'rows/s', better: 'higher', peerName: peer.name, needs: peer.needs } as const;
  return [
    { name: `get by primary key, beside ${peer.name}`, ...common, setup: (context) => get(context, peer) },
    { name: `update in one transaction, beside ${peer.name}`, ...common, setup: (context) => update(context, peer) },
    { name: `insert in one transaction, beside ${peer.name}`, ...common, setup: (context) => insert(context, peer) },
    { name: `filtered sum, beside ${peer.name}`, ...common, setup: (context) => query(context, peer, SUM) },
    { name: `1000-group GROUP BY, beside ${peer.name}`, ...common, setup: (context) => query(context, peer, GROUPS) },
  ];
};

export const otherMeasures: readonly Measure[] = PEERS.flatMap(measuresOf);
