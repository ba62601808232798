import { deepStrictEqual, match, ok, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { assert, InvariantError } from './assert.ts';
import {
  conditionName,
  dataDamaged,
  databaseLocked,
  diskFull,
  fromPlain,
  indexDamaged,
  ioError,
  SQLSTATE,
  SqlError,
  toPlain,
  withContext,
  withPosition,
} from './errors.ts';

test('errors: every code is five characters and stands for one condition', () => {
  const codes = Object.values(SQLSTATE);
  strictEqual(new Set(codes).size, codes.length);
  for (const code of codes) match(code, /^[0-9A-Z]{5}$/);
  strictEqual(conditionName('53100'), 'disk_full');
  strictEqual(conditionName('ZZZZZ'), undefined);
});

test('errors: the way through structured clone keeps class, code, position, hint, stack and the chain of causes', () => {
  const system = Object.assign(new RangeError('EIO: i/o error'), { code: 'EIO' });
  const first = new SqlError(SQLSTATE.syntax_error, 'unexpected word', {
    position: 7,
    hint: 'look there',
    cause: ioError('/x', 'read', system),
  });
  const copy = fromPlain(structuredClone(toPlain(first))) as SqlError;
  ok(copy instanceof SqlError);
  deepStrictEqual(
    [copy.code, copy.message, copy.position, copy.hint, copy.stack],
    ['42601', 'unexpected word', 7, 'look there', first.stack],
  );
  const cause = copy.cause as SqlError;
  ok(cause instanceof SqlError);
  strictEqual(cause.code, '58030');
  const root = cause.cause as Error & { code: string };
  deepStrictEqual([root.name, root.message, root.code, root.cause], ['RangeError', 'EIO: i/o error', 'EIO', undefined]);
});

test('errors: every field crosses, and stays where an error is told of its place', () => {
  const fields = { hint: 'h', detail: 'd', schema: 's', table: 't', column: 'c', constraint: 'k', dataType: 'y' };
  const first = new SqlError(SQLSTATE.check_violation, 'no', { ...fields, position: 3, context: 'COPY t, line 3' });
  const copies = [fromPlain(structuredClone(toPlain(first))), withContext(withPosition(first, 3), 'COPY t, line 3')];
  for (const copy of copies) deepStrictEqual({ ...copy }, { ...first });
});

test('errors: what is thrown without being an error, and a chain of causes that is a ring, cross as well', () => {
  strictEqual(fromPlain(structuredClone(toPlain('just text'))).message, 'just text');
  const ring = new Error('a');
  ring.cause = new Error('b', { cause: ring });
  strictEqual((fromPlain(structuredClone(toPlain(ring))).cause as Error).message, 'b');
});

test('errors: messages say what, where and what to do', () => {
  const damage = { file: '/d/data', offset: 8192, what: 'page 1', expected: 0xbeef, actual: 16 };
  strictEqual(dataDamaged(damage).message, 'page 1 is damaged: /d/data at byte 8192: expected 0xbeef, found 0x10');
  strictEqual(indexDamaged(damage).code, 'XX002');
  match(diskFull('/d/log').message, /\/d\/log/);
  match(databaseLocked(process.pid + 1, '/d').message, new RegExp(`process ${process.pid + 1}`));
  match(databaseLocked(process.pid, '/d').message, /this process/);
  for (const error of [dataDamaged(damage), diskFull('/d'), databaseLocked(1, '/d')]) ok((error.hint ?? '').length > 10);
});

test('assert: passes what is true and throws InvariantError on what is not', () => {
  assert(true, 'never shown');
  throws(() => assert(false, 'one and one is three'), { name: 'InvariantError', message: 'one and one is three' });
  throws(() => assert(false, ''), InvariantError);
});
