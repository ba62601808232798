import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../storage/world.ts';
import { readVersionUuid, uuidText, writeVersionUuid } from './uuid.ts';

test('TX-T5: the UUID of a version has an inverse', () => {
  const seed = Date.now();
  const random = new SeededRandom(seed);
  const bytes = new Uint8Array(24);
  for (let i = 0; i < 20_000; i++) {
    const identity = {
      stamp: Math.floor(random.next() * 2 ** 53),
      server: random.below(65536),
      page: random.int32() >>> 0,
      slot: random.below(4096),
    };
    writeVersionUuid(bytes, 8, identity.stamp, identity.server, identity.page | 0, identity.slot);
    deepStrictEqual(readVersionUuid(bytes, 8), identity, `seed ${seed}, ${uuidText(bytes, 8)}`);
  }
});

test('TX-T5: the UUID is a version 7 one and sorts by time', () => {
  const bytes = new Uint8Array(16);
  let before = '';
  for (let stamp = 1_700_000_000_000_000; stamp < 1_700_000_000_003_000; stamp += 7) {
    writeVersionUuid(bytes, 0, stamp, 65535, 0xffffffff, 4095);
    const text = uuidText(bytes, 0);
    ok(text > before, `${text} after ${before}`);
    ok(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text), text);
    strictEqual(Number.parseInt(text.slice(0, 8) + text.slice(9, 13), 16), Math.floor(stamp / 1000));
    before = text;
  }
});

test('TX-T5: versions in flight and UUIDs of other makers have no counterpart', () => {
  throws(() => writeVersionUuid(new Uint8Array(16), 0, -1048577, 0, 0, 0), { code: '22023' });
  strictEqual(
    readVersionUuid(
      Uint8Array.from({ length: 16 }, () => 0xff),
      0,
    ),
    null,
  );
});
