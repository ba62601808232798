/** TPC-H's 22 queries answer as PostgreSQL does, over the data of the benchmark at a small scale. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Database } from '../../../../engine/api/api.ts';
import { openPglite, type Pglite } from '../../../harness/peers.ts';
import { copyLines, loadOurs } from './load.ts';
import { QUERIES } from './queries.ts';
import { createIndexes, createTable, TABLES } from './schema.ts';

const SCALE = 0.002;
/** PostgreSQL's number of the type date. */
const DATE = 1082;
const DATES_AS_TEXT = { [DATE]: (text: string) => text };
const MIB = 1 << 20;

let directory: string;
let ours: Database;
let peer: Pglite;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'scratchbird-tpch-'));
  ours = loadOurs(directory, SCALE, 64 * MIB);
  peer = await openPglite();
  for (const table of TABLES) {
    await peer.exec(createTable(table, false));
    const blob = new Blob([[...copyLines(table, SCALE), ''].join('\n')]);
    await peer.query(`copy ${table.name} from '/dev/blob'`, [], { blob });
    for (const index of createIndexes(table)) await peer.exec(index);
  }
  await peer.exec('analyze');
});

after(async () => {
  ours?.close();
  await peer?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** As PostgreSQL writes it. */
const textOf = (value: unknown): string | null => (value === null ? null : String(value));

for (const [index, sql] of QUERIES.entries()) {
  test(`TPC-H query ${index + 1} answers as PostgreSQL does`, async () => {
    const { rows } = await peer.query(sql, [], { rowMode: 'array', parsers: DATES_AS_TEXT });
    const answer = ours.prepare(sql).raw().all() as unknown[][];
    assert.deepEqual(
      answer.map((row) => row.map(textOf)),
      (rows as unknown[][]).map((row) => row.map(textOf)),
    );
  });
}
