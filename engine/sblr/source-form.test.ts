import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert';
import { test } from 'node:test';
import { SqlError } from '../../shm/errors.ts';
import { decodeSource, encodeSource } from './binary-source.ts';
import { FORM_BOUND, FORM_SOURCE, type ModuleHeader, readModule, writeModule } from './header.ts';
import {
  column,
  constant,
  item,
  operator,
  pick,
  RANDOM_LIMITS,
  type Random,
  randomFrom,
  randomNode,
  select,
} from './source-fixture.ts';
import type { SourceExpression, SourceQuery, SourceStatement } from './source.gen.ts';
import { printSource, readSource } from './text-form.ts';
import { SOURCE_DEPTH_MAX, verifySource } from './verify-source.ts';

const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

const headerOf = (statement: string): ModuleHeader => ({
  dialect: 'test',
  semantics: '',
  statement,
  ...RANDOM_LIMITS,
  parameters: 0,
  columns: 0,
  shaping: [],
  settings: [],
});

const randomStatement = (random: Random): SourceStatement | SourceQuery =>
  randomNode(random, ['statement', 'query'], 2 + Math.floor(random() * 4)) as SourceStatement | SourceQuery;

/** An SqlError, whatever else happens. */
const isSqlError = (error: unknown): boolean => error instanceof SqlError;

test('every well formed tree survives bytes and text as it is', () => {
  const random = randomFrom(SEED);
  for (let round = 0; round < 1500; round++) {
    const statement = randomStatement(random);
    const say = `seed ${SEED}, round ${round}`;
    verifySource(statement, RANDOM_LIMITS);
    const decoded = decodeSource(encodeSource({ header: headerOf(statement.op), statement }));
    deepStrictEqual(decoded.statement, statement, say);
    deepStrictEqual(readSource(printSource(statement)), statement, say);
  }
});

function mutate(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const kind = random();
  if (kind < 0.2) return copy.subarray(0, Math.floor(random() * copy.length));
  for (let count = 1 + Math.floor(random() * 4); count > 0; count--)
    copy[Math.floor(random() * copy.length)] = kind < 0.6 ? Math.floor(random() * 256) : copy[Math.floor(random() * copy.length)];
  return copy;
}

test('bytes that were changed are refused by the hash, and by the verifier when the hash is made to agree', () => {
  const random = randomFrom(SEED + 1);
  let refused = 0;
  for (let round = 0; round < 1500; round++) {
    const statement = randomStatement(random);
    const bytes = encodeSource({ header: headerOf(statement.op), statement });
    const changed = mutate(random, bytes);
    if (!changed.equals(bytes)) throws(() => decodeSource(changed), isSqlError, `seed ${SEED}, round ${round}`);
    const body = Buffer.from(readModule(FORM_SOURCE, bytes).body);
    const forged = writeModule(FORM_SOURCE, headerOf(statement.op), mutate(random, body));
    try {
      verifySource(decodeSource(forged).statement, RANDOM_LIMITS);
    } catch (error) {
      ok(isSqlError(error), `seed ${SEED}, round ${round}: ${(error as Error).stack}`);
      refused++;
    }
  }
  ok(refused > 500, `${refused} of 1500 were refused`);
});

/** Puts something else into a random place of a tree. */
function damage(random: Random, node: unknown): void {
  const target = node as { [name: string]: unknown };
  const keys = Object.keys(target);
  const key = pick(random, keys);
  const value = target[key];
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0 && random() < 0.8)
    return damage(random, value);
  target[key] = pick(random, [
    null,
    undefined,
    'nonsense',
    -1,
    1.5,
    Number.NaN,
    [],
    {},
    [null],
    { op: 'name' },
    true,
    node,
    10n,
    () => 1,
  ]);
}

test('a damaged tree is an error or still a tree', () => {
  const random = randomFrom(SEED + 2);
  let refused = 0;
  for (let round = 0; round < 2000; round++) {
    const statement = structuredClone(randomStatement(random));
    damage(random, statement);
    try {
      verifySource(statement, RANDOM_LIMITS);
    } catch (error) {
      ok(isSqlError(error), `seed ${SEED}, round ${round}: ${(error as Error).stack}`);
      refused++;
    }
  }
  ok(refused > 1000, `${refused} of 2000 were refused`);
});

test('a changed line of printed text is an error or a tree', () => {
  const random = randomFrom(SEED + 3);
  for (let round = 0; round < 1000; round++) {
    const text = printSource(randomStatement(random));
    const at = Math.floor(random() * text.length);
    const changed =
      text.slice(0, at) +
      pick(random, ['', ' ', '\n', '"', '@', '=', 'x', '  ', '[', ':']) +
      text.slice(at + Math.floor(random() * 3));
    try {
      readSource(changed);
    } catch (error) {
      ok(isSqlError(error), `seed ${SEED}, round ${round}: ${(error as Error).stack}`);
    }
  }
});

test('what is too deep or too large is 54001', () => {
  const nested = (levels: number): SourceExpression => {
    let node: SourceExpression = column('a');
    for (let level = 0; level < levels; level++) node = operator('-', null, node);
    return node;
  };
  // The select, its item, the column and its name take four levels.
  verifySource(select({ items: [item(nested(SOURCE_DEPTH_MAX - 4))] }), RANDOM_LIMITS);
  throws(() => verifySource(select({ items: [item(nested(SOURCE_DEPTH_MAX))] }), RANDOM_LIMITS), { code: '54001' });
  const wide = select({ items: Array.from({ length: 60_000 }, () => item(constant('1'))) });
  throws(() => verifySource(wide, RANDOM_LIMITS), { code: '54001' });
});

test('ordinals and literals beyond what the header says are refused', () => {
  const statement = select({ items: [item({ op: 'literal', at: 1, index: 3, kind: 'integer' })] });
  throws(() => verifySource(statement, { tokens: 5, literals: 3 }), { code: '08P01' });
  verifySource(statement, { tokens: 5, literals: 4 });
  throws(() => verifySource(statement, { tokens: 1, literals: 4 }), { code: '08P01' });
});

test('a module says which form it has', () => {
  const bytes = encodeSource({ header: headerOf('select'), statement: select({}) });
  strictEqual(decodeSource(bytes).header.dialect, 'test');
  throws(() => readModule(FORM_BOUND, bytes), { code: '08P01' });
  throws(() => decodeSource(bytes.subarray(1)), { code: '08P01' });
});
