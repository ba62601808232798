/** Texts that are read from their bytes mean what the input functions read in them. */

import { strictEqual } from 'node:assert';
import { test } from 'node:test';
import { CONTEXT } from '../../test/oracle/postgresql.ts';
import { inputValue } from '../values/functions-casts.ts';
import { isPlainDecimal, quickDate, quickFloat, quickTimestamp } from './quick-texts.ts';

const DATES = '2000-01-01 1970-01-01 1969-12-31 2024-02-29 0001-01-01 9999-12-31 1900-03-01 2026-11-21'.split(' ');
const NO_DATES =
  '2023-02-29 2000-13-01 2000-00-10 2000-01-32 0000-01-01 2000-1-01 2000/01/01 20000-1-1 infinity 2000-01-0x'.split(' ');
const CLOCKS = ['00:00:00', '23:59:59', '12:30:05.5', '12:30:05.123456', '01:02:03.000001', '10:11:12.10'];
const NO_CLOCKS = ['24:00:00', '12:60:00', '12:30:60', '12:30', '12:30:05.', '12:30:05.1234567', '12:30:05+0', '1:30:05'];
const DECIMALS = ['0', '-1', '12.50', '0.001', '-0.1', '123456789012345678901234567890', '0.00', '100'];
const NO_DECIMALS = ['', '-', '+1', '01', '.5', '5.', '1e3', 'NaN', '-0', '-0.0', '1.2.3', ' 1', '00.1'];

const read = (quick: (bytes: Buffer, at: number, length: number) => number, text: string): number =>
  quick(Buffer.from(`ab${text}cd`), 2, text.length);

test('dates and timestamps in the usual form are what the input functions make of them', () => {
  for (const date of DATES) {
    strictEqual(read(quickDate, date), inputValue('date', date, CONTEXT), date);
    for (const clock of CLOCKS) {
      const text = `${date} ${clock}`;
      const expected = inputValue('timestamp', text, CONTEXT);
      const found = read(quickTimestamp, text);
      strictEqual(Number.isNaN(found) ? typeof expected : found, Number.isNaN(found) ? 'bigint' : expected, text);
    }
    for (const clock of NO_CLOCKS) strictEqual(read(quickTimestamp, `${date} ${clock}`), Number.NaN, clock);
  }
  for (const date of NO_DATES) {
    strictEqual(read(quickDate, date), Number.NaN, date);
    strictEqual(read(quickTimestamp, `${date} 00:00:00`), Number.NaN, date);
  }
});

test('floats of few digits are what the input function makes of them', () => {
  const texts = '0 -0 1 1. .5 -.25 0.1 3.14159 999999999999999 0.00000000000001 123456.789012345 -7 00012.50'.split(' ');
  for (let n = 1; n < 2000; n++) texts.push(`${(n * 7919) % 100003}.${String((n * 104729) % 1000003).padStart(n % 9, '0')}`);
  for (const text of texts) strictEqual(read(quickFloat, text), inputValue('float8', text, CONTEXT), text);
  for (const text of ['', '.', '-', '+1', '1e3', 'NaN', ' 1', '1 ', '1.2.3', '1234567890123456', '-Infinity'])
    strictEqual(read(quickFloat, text), Number.NaN, text);
});

test('decimals that are taken as they stand are the texts that are kept', () => {
  const isPlain = (text: string): boolean => isPlainDecimal(Buffer.from(`9${text}9`), 1, text.length);
  for (const text of DECIMALS) {
    strictEqual(isPlain(text), true, text);
    strictEqual(inputValue('numeric', text, CONTEXT), text);
  }
  for (const text of NO_DECIMALS) strictEqual(isPlain(text), false, text);
});
