import { ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { open } from '../api/api.ts';
import type { Prepared } from './prepare.ts';
import type { Shape } from './shape.ts';
import { CACHED_BYTES, StatementCache } from './statement-cache.ts';

const shapeOf = (characters: number): Shape => ({ characters }) as Shape;

/** Keeps a statement as prepareOne() and a first run do. */
function add(cache: StatementCache, text: string, characters: number): Shape {
  const shape = shapeOf(characters);
  cache.shapes.set(text, [shape]);
  cache.texts.set(text, { shape } as Prepared);
  for (const dropped of cache.compiled(characters)) {
    ok(dropped !== shape && ![...cache.shapes.values()].some((shapes) => shapes.includes(dropped)));
  }
  return shape;
}

test('statements with much code are kept for so many bytes only; what was asked for lately stays, with its text', () => {
  const cache = new StatementCache();
  add(cache, 'used', 10);
  for (let n = 0; n < 500; n++) {
    add(cache, `large ${n}`, 400_000);
    ok(cache.texts.get('used') !== undefined && cache.shapes.get('used') !== undefined, `after ${n}`);
    ok(cache.bytes <= CACHED_BYTES, `${cache.bytes} bytes`);
    let texts = 0;
    for (const { shape } of cache.texts.values()) {
      texts++;
      ok([...cache.shapes.values()].some((shapes) => shapes.includes(shape)));
    }
    strictEqual(texts, cache.count);
  }
  ok(cache.count > 5 && cache.texts.get('large 499') !== undefined);
});

test('a thousand small statements fit', () => {
  const cache = new StatementCache();
  for (let n = 0; n < 1000; n++) add(cache, `small ${n}`, 4000);
  strictEqual(cache.count, 1000);
});

test('the code of compiled statements is counted', () => {
  const db = open(':memory:', { pool: 0 });
  try {
    db.exec('create table t(a integer primary key, b integer); insert into t values (1, 1), (2, 2)');
    const tables = Array.from({ length: 24 }, (_, n) => `t t${n}`);
    const joined = tables.slice(1).map((_, n) => `t${n}.b = t${n + 1}.a`);
    for (let n = 0; n < 3; n++) {
      const columns = tables.map((_, at) => `t${at}.${(n >> (at % 6)) % 2 === 0 ? 'a' : 'b'}`);
      const sql = `select ${columns.join(' + ')} as s from ${tables.join(', ')} where ${joined.join(' and ')} order by 1`;
      strictEqual(JSON.stringify(db.prepare(sql).raw().all()), '[[24],[48]]');
    }
    ok(db.stats().statements.bytes > 3 * 100_000, `${db.stats().statements.bytes}`);
  } finally {
    db.close();
  }
});
