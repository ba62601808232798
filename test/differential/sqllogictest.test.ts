/**
 * The sqllogictest corpus through the API. A part of it in each run: one file of each kind, of that the statements and some of its
 * queries. SCRATCHBIRD_SLT=all runs every record, SCRATCHBIRD_SLT=<text> those files whose path contains the text. Not in the
 * checkout: the test is skipped where the corpus is not.
 *
 * What is refused stands in sqllogictest-refused.ts, and nothing else is: neither by another code nor, where every record of a file
 * runs, more or less often.
 */

import { deepStrictEqual, ok } from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Database, open, SqlError } from '../../engine/api/api.ts';
import { type LogicRecord, md5Of, mismatch, readRecords, resultLines } from './sqllogictest.ts';
import { REFUSED, type Refused } from './sqllogictest-refused.ts';

const CORPORA = process.env.SCRATCHBIRD_CORPORA ?? join(import.meta.dirname, '../../../shared/corpora');
const FOLDER = join(CORPORA, 'sqllogictest');
const WANTED = process.env.SCRATCHBIRD_SLT ?? '';

/** Queries that a short run takes of a file: the first ones, then one in so many. */
const FIRST = 20;
const ONE_IN = 24;
const WRONG_SHOWN = 20;
/** Of all records, in a run of all. */
const SHARE_TO_PASS = 0.95;

class Tally {
  passed = 0;
  leftOut = 0;
  wrongCount = 0;
  readonly wrong: string[] = [];
  readonly refused = new Map<Refused, number>();

  refuse(kind: Refused): void {
    this.refused.set(kind, (this.refused.get(kind) ?? 0) + 1);
  }

  get refusedCount(): number {
    return [...this.refused.values()].reduce((sum, count) => sum + count, 0);
  }

  fail(file: string, record: LogicRecord, why: string): void {
    this.wrongCount++;
    if (this.wrong.length < WRONG_SHOWN) this.wrong.push(`${file}:${record.line}: ${record.sql}\n  ${why}`);
  }
}

/** The line of the list that a statement and its error belong to. */
const refusedAs = (file: string, sql: string, { code }: SqlError): Refused | undefined =>
  REFUSED.find((kind) => kind.code === code && kind.files.test(file) && kind.statement.test(sql));

/** Files of a run: all, those that are asked for, or one of each kind, of sizes that differ from kind to kind. */
function filesToRun(): string[] {
  const files = globSync('**/*.test', { cwd: FOLDER }).sort();
  if (WANTED !== '') return files.filter((path) => WANTED === 'all' || path.includes(WANTED));
  const kinds = Map.groupBy(files, (path) => (path.includes('/') ? path.split('/').slice(0, 2).join('/') : path));
  return [...kinds].map(([, alike], at) => alike[at % alike.length]);
}

function runFile(path: string, tally: Tally): void {
  const { records, leftOut } = readRecords(readFileSync(join(FOLDER, path), 'utf8'));
  tally.leftOut += leftOut;
  const db = open(':memory:', { pool: 0, times: 'text', json: 'text' });
  const labels = new Map<string, string>();
  let queries = 0;
  try {
    for (const record of records) {
      if (record.kind === 'query' && WANTED === '' && queries++ >= FIRST && queries % ONE_IN !== 0) continue;
      runRecord(db, path, record, tally, labels);
    }
  } finally {
    db.close();
  }
}

function runRecord(db: Database, path: string, record: LogicRecord, tally: Tally, labels: Map<string, string>): void {
  let rows: unknown[][];
  try {
    rows = db.prepare(record.sql).raw().all();
  } catch (error) {
    if (!(error instanceof SqlError)) throw new Error(`${path}:${record.line}: ${record.sql}`, { cause: error });
    const kind = refusedAs(path, record.sql, error);
    if (kind !== undefined) tally.refuse(kind);
    else if (record.kind === 'error' && error.code !== '0A000') tally.passed++;
    else tally.fail(path, record, `${error.code} ${error.message}`);
    return;
  }
  if (record.kind === 'error') return tally.fail(path, record, 'no error');
  if (record.kind === 'query') {
    const lines = resultLines(rows, record);
    const why = mismatch(lines, record.expected) ?? labelMismatch(labels, record, lines);
    if (why !== null) return tally.fail(path, record, why);
  }
  tally.passed++;
}

/** Queries with one label have one result. */
function labelMismatch(labels: Map<string, string>, { label, sort }: LogicRecord, lines: readonly string[]): string | null {
  if (label === '') return null;
  const key = `${label} ${sort}`;
  const md5 = md5Of(lines);
  const before = labels.get(key);
  labels.set(key, before ?? md5);
  return before === undefined || before === md5 ? null : `another result than the query before with label ${label}`;
}

test('what sqllogictest expects of PostgreSQL is what we answer, but for what is listed', (context) => {
  if (!existsSync(FOLDER)) {
    context.skip('the sqllogictest corpus is not here');
    return;
  }
  const tally = new Tally();
  const files = filesToRun();
  const start = performance.now();
  for (const path of files) runFile(path, tally);
  const seconds = Math.round((performance.now() - start) / 1000);
  const megabytes = Math.round(process.resourceUsage().maxRSS / 1024);
  const { passed, refused, refusedCount, wrongCount, leftOut } = tally;
  console.log(
    `sqllogictest: ${files.length} files, ${passed} records passed, ${refusedCount} refused, ${wrongCount} wrong, ` +
      `${leftOut} not for us; ${seconds} s, ${megabytes} MiB`,
  );
  for (const [{ code, what }, count] of refused) console.log(`  refused ${count}: ${code} ${what}`);
  deepStrictEqual(tally.wrong, []);
  ok(passed > 0);
  if (WANTED !== 'all') return;
  ok(passed / (passed + refusedCount + wrongCount) >= SHARE_TO_PASS);
  deepStrictEqual(
    REFUSED.map((kind) => `${kind.what}: ${refused.get(kind) ?? 0}`),
    REFUSED.map(({ what, records }) => `${what}: ${records}`),
  );
});
