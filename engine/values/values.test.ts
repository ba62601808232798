/** What no other database need be asked: the table of primitives is whole, and text is ordered by its bytes. */

import { strict as assert } from 'node:assert';
import test from 'node:test';
import { primitiveNames, primitiveOf } from '../sblr/primitives.ts';
import { aggregates } from './aggregates.ts';
import { compareTexts } from './compare.ts';
import { formatDecimal, parseDecimalText } from './decimal.ts';
import { CONTEXT, call, randomFrom } from './differential-fixture.ts';
import { inputValue, outputText } from './functions-casts.ts';
import { implementations } from './functions.ts';
import { setFunctions } from './set-functions.ts';
import { WINDOW_FUNCTIONS } from './windows.ts';

test('every primitive that is declared is implemented, and no other', () => {
  const declared = new Set(primitiveNames());
  for (const name of declared) {
    const { aggregate, window, rows } = primitiveOf(name);
    const table = aggregate ? aggregates : window ? WINDOW_FUNCTIONS : rows ? setFunctions : implementations;
    assert.ok(name in table, `${name} is not implemented`);
  }
  for (const name of Object.keys(implementations)) assert.ok(declared.has(name), `${name} is not declared`);
});

test('text is ordered as its UTF-8 bytes are', () => {
  const random = randomFrom(1);
  const texts = Array.from({ length: 400 }, () =>
    Array.from({ length: random(4) }, () =>
      String.fromCodePoint([97, 233, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x1f600][random(7)]),
    ).join(''),
  );
  for (const a of texts) {
    const b = texts[random(texts.length)];
    assert.equal(compareTexts(a, b), Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
  }
});

test('short numerics and long ones give the same', () => {
  const random = randomFrom(2);
  const short = (): string => `${random(2) === 0 ? '-' : ''}${random(10 ** 9)}.${'0'.repeat(random(3))}${random(10 ** 6)}`;
  // A hundred zeros take the way of long ones and leave again.
  const long = (text: string): string => call('numeric.add', [text, `0.${'0'.repeat(100)}`]) as string;
  for (let round = 0; round < 2000; round++) {
    const [a, b] = [short(), short()];
    for (const name of ['numeric.add', 'numeric.sub', 'numeric.mul', 'numeric.compare']) {
      const [fast, exact] = [call(name, [a, b]), call(name, [long(a), long(b)])];
      assert.equal(
        typeof fast === 'string' ? call('numeric.equal', [fast, exact]) : fast,
        typeof fast === 'string' ? true : exact,
      );
    }
  }
});

test('what is written is read back', () => {
  for (const [type, text] of [
    ['timestamptz', '294276-12-31 18:59:59.999999-05'],
    ['timestamp', '4713-11-24 00:00:00 BC'],
    ['interval', '-178000000 years -11 mons +3 days -04:05:06.789'],
    ['numeric', '-12345678901234567890.123456789'],
    ['float8', '1.7976931348623157e+308'],
    ['float4', '3.4028235e+38'],
    ['date', '5874897-12-31'],
    ['bytea', '\\x00ff'],
    ['jsonb', '{"a": 1.50, "bb": [null, true, "x\\ny"]}'],
  ]) {
    assert.equal(outputText(type, inputValue(type, text, CONTEXT), CONTEXT), text);
  }
  assert.equal(formatDecimal(parseDecimalText(`1e-16383`)).length, 16385);
});

test('the session and its sequences are asked through the context', () => {
  const asked: unknown[] = [];
  const context = {
    ...CONTEXT,
    sequenceByName: (name: string) => 6 + asked.push(name),
    nextValue: (sequence: number) => 2n ** 60n + BigInt(asked.push(sequence)),
    setValue: (sequence: number, value: number | bigint, called: boolean) => void asked.push([sequence, value, called]),
    setting: (name: string) => (name === 'work_mem' ? '4MB' : null),
  };
  assert.equal(implementations['sequence.next']('s', context), 2n ** 60n + 2n);
  assert.equal(implementations['sequence.set.called']('s', 5, false, context), 5);
  assert.deepEqual(asked, ['s', 7, 's', [9, 5, false]]);
  assert.equal(implementations['session.setting']('work_mem', context), '4MB');
  assert.throws(() => implementations['session.setting']('nothing', context), { code: '42704' });
  assert.equal(implementations['session.setting.missing']('nothing', true, context), null);
  assert.match(
    implementations['uuid.version7'](context) as string,
    /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
  );
});
