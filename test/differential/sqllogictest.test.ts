/**
 * The sqllogictest corpus through the API. A part of every file in each run; SCRATCHBIRD_SLT=all runs every record,
 * SCRATCHBIRD_SLT=<text> those files whose path contains the text. Not in the checkout: the test is skipped where the corpus is not.
 */

import { deepStrictEqual, ok } from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Database, open, SqlError } from '../../engine/api/api.ts';
import { type LogicRecord, md5Of, mismatch, readRecords, resultLines } from './sqllogictest.ts';

const CORPORA = process.env.SCRATCHBIRD_CORPORA ?? join(import.meta.dirname, '../../../shared/corpora');
const FOLDER = join(CORPORA, 'sqllogictest');
const WANTED = process.env.SCRATCHBIRD_SLT ?? '';

/** Queries that a short run takes of a file: the first ones, then one in so many. */
const FIRST = 40;
const ONE_IN = 12;
const WRONG_SHOWN = 20;

class Tally {
  passed = 0;
  leftOut = 0;
  wrongCount = 0;
  readonly wrong: string[] = [];
  readonly skipped = new Map<string, number>();

  skip(reason: string): void {
    this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + 1);
  }

  fail(file: string, record: LogicRecord, why: string): void {
    this.wrongCount++;
    if (this.wrong.length < WRONG_SHOWN) this.wrong.push(`${file}:${record.line}: ${record.sql}\n  ${why}`);
  }
}

/** What is not there yet, in a few words; or null: the error is one. */
function unsupported(error: unknown, missing: ReadonlySet<string>, sql: string): string | null {
  if (!(error instanceof SqlError)) return null;
  if (error.code === '0A000') return error.message.replace(/"[^"]*"/g, '"..."');
  if ([...missing].some((name) => new RegExp(`\\b${name}\\b`, 'i').test(sql)))
    return 'about an object whose definition was skipped';
  return null;
}

const DEFINED = /^\s*create\s+(?:temp\w*\s+|unique\s+)?(?:view|trigger|table|index)\s+(?:if\s+not\s+exists\s+)?(\w+)/i;

function runFile(path: string, tally: Tally): void {
  const { records, leftOut } = readRecords(readFileSync(join(FOLDER, path), 'utf8'));
  tally.leftOut += leftOut;
  const db = open(':memory:', { pool: 0, times: 'text', json: 'text' });
  const missing = new Set<string>();
  const labels = new Map<string, string>();
  let queries = 0;
  try {
    for (const record of records) {
      if (record.kind === 'query' && WANTED === '' && queries++ >= FIRST && queries % ONE_IN !== 0) continue;
      runRecord(db, path, record, tally, missing, labels);
    }
  } finally {
    db.close();
  }
}

function runRecord(
  db: Database,
  path: string,
  record: LogicRecord,
  tally: Tally,
  missing: Set<string>,
  labels: Map<string, string>,
): void {
  let rows: unknown[][];
  try {
    rows = db.prepare(record.sql).raw().all();
  } catch (error) {
    if (!(error instanceof SqlError)) throw new Error(`${path}:${record.line}: ${record.sql}`, { cause: error });
    const reason = unsupported(error, missing, record.sql);
    if (reason !== null) {
      const defined = DEFINED.exec(record.sql);
      if (record.kind === 'ok' && defined !== null) missing.add(defined[1]);
      tally.skip(reason);
    } else if (record.kind === 'error') tally.passed++;
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

test('what sqllogictest expects of PostgreSQL is what our statements answer', (context) => {
  if (!existsSync(FOLDER)) {
    context.skip('the sqllogictest corpus is not here');
    return;
  }
  const tally = new Tally();
  const files = globSync('**/*.test', { cwd: FOLDER })
    .sort()
    .filter((path) => WANTED === '' || WANTED === 'all' || path.includes(WANTED));
  for (const path of files) runFile(path, tally);
  const skipped = [...tally.skipped].sort((a, b) => b[1] - a[1]);
  console.log(
    `sqllogictest: ${files.length} files, ${tally.passed} records passed, ${tally.wrongCount} wrong, ${tally.leftOut} not for us`,
  );
  for (const [reason, count] of skipped) console.log(`  skipped ${count}: ${reason}`);
  deepStrictEqual(tally.wrong, []);
  ok(tally.passed > 0);
});
