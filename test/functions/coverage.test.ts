/** How many of PostgreSQL 15's functions and operators exist, and that the list of the others is what it says. */

import { ok, strictEqual } from 'node:assert';
import { test } from 'node:test';
import { coverage, readMissing } from './coverage.ts';

/** Only ever raised. */
const EXIST_AT_LEAST = 0.9;

const { counted, missing, text } = coverage();

test('functions and operators of PostgreSQL 15 exist by name, types and type of the result', () => {
  const share = 1 - missing.length / counted;
  ok(share >= EXIST_AT_LEAST, `${counted - missing.length} of ${counted}`);
});

test('the list of missing ones is current', () => {
  strictEqual(readMissing(), text, 'write it anew: node test/functions/coverage.ts --rewrite');
});
