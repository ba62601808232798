import { deepStrictEqual } from 'node:assert';
import { test } from 'node:test';
import { KnownKeys } from './known-keys.ts';

test('a set of keys knows what it was given, through growth, emptying and more keys than it keeps', () => {
  const known = new KnownKeys();
  for (const count of [10, 100_000, 3, 700_000]) {
    known.clear();
    const wrong: string[] = [];
    for (let at = 0; at < count; at++) {
      const key = Math.imul(at, 0x85eb_ca6b);
      if (known.has(key)) wrong.push(`${key} is known before it was given`);
      known.add(key);
      if (!known.has(key)) wrong.push(`${key} is not known`);
    }
    // What it forgets is only more than half a million keys.
    let found = 0;
    for (let at = 0; at < count; at++) if (known.has(Math.imul(at, 0x85eb_ca6b))) found++;
    deepStrictEqual({ wrong, found }, { wrong: [], found: count <= 1 << 19 ? count : count - (1 << 19) + 1 });
  }
});
