import assert, { strictEqual } from 'node:assert';
import { test } from 'node:test';
import { PAGE_BYTES } from '../../shm/types.ts';
import { privateViews } from './rows/byte-views.ts';
import { createDatabaseFiles, openDatabaseFiles } from './database-files.ts';
import { META } from './meta.layout.ts';
import { newMeta, readMeta, soundMetaPages, writeMeta } from './meta.ts';
import { sealImage } from './cache/page-image.ts';
import { SimulatedCrash } from './vfs/simulated-faults.ts';
import { SimulatedVfs } from './vfs/simulated-vfs.ts';
import { seedOf } from './cache/cache-fixture.ts';

const DIRECTORY = '/database';

function create(seed: number): SimulatedVfs {
  const disk = new SimulatedVfs({ seed });
  createDatabaseFiles(disk, DIRECTORY);
  const files = openDatabaseFiles(disk, DIRECTORY);
  const meta = newMeta(7, 9, 1234567);
  for (meta.boot = 1; meta.boot <= 4; meta.boot++) {
    meta.highestStamp = meta.boot * 1000;
    writeMeta(files, meta);
  }
  return disk;
}

test('the newest meta page holds, and what is written is what is read', () => {
  const meta = readMeta(openDatabaseFiles(create(1), DIRECTORY));
  strictEqual(meta.sequence, 4);
  strictEqual(meta.boot, 4);
  strictEqual(meta.highestStamp, 4000);
  strictEqual(meta.databaseHigh, 7);
  strictEqual(meta.created, 1234567);
});

test('a crash in the middle of writing a meta page leaves the one before (SM-W6)', () => {
  const seed = seedOf('meta pages');
  for (let round = 0; round < 200; round++) {
    const disk = create(seed + round);
    const files = openDatabaseFiles(disk, DIRECTORY);
    const meta = readMeta(files);
    meta.boot = 5;
    disk.plan({ crashAfter: round % 2 });
    assert.throws(() => writeMeta(files, meta), SimulatedCrash);
    const survivor = openDatabaseFiles(disk.crash(), DIRECTORY);
    const after = readMeta(survivor);
    assert(after.boot === 4 || after.boot === 5);
    after.boot++;
    writeMeta(survivor, after);
    strictEqual(readMeta(survivor).boot, after.boot);
  }
});

test('wherever a meta page is torn, the other one holds, and the torn one is written next', () => {
  for (let cut = 1; cut < 152; cut++) {
    const disk = create(1);
    const files = openDatabaseFiles(disk, DIRECTORY);
    // Sequence 5 goes to page 1; only its first bytes get there.
    const write = files.data.write.bind(files.data);
    files.data.write = (position, source, offset) => write(position, source, offset, cut);
    const meta = readMeta(files);
    meta.boot = 5;
    meta.highestStamp = 5000;
    writeMeta(files, meta);
    files.data.write = write;
    const after = readMeta(files);
    const whole = after.boot === 5;
    if (!whole) strictEqual(after.sequence, 4, `cut at ${cut}`);
    strictEqual(soundMetaPages(files), whole ? 2 : 1);
    writeMeta(files, after);
    strictEqual(soundMetaPages(files), 2);
  }
});

test('both damaged is reported with file and place', () => {
  const disk = create(1);
  disk.corrupt(`${DIRECTORY}/data`, 100, Uint8Array.of(1));
  strictEqual(readMeta(openDatabaseFiles(disk, DIRECTORY)).sequence, 3);
  disk.corrupt(`${DIRECTORY}/data`, PAGE_BYTES + 100, Uint8Array.of(1));
  assert.throws(() => readMeta(openDatabaseFiles(disk, DIRECTORY)), {
    code: 'XX001',
    message: /page 0 \(checksum\) is damaged: \/database\/data at byte 0: expected 0x/,
  });
});

test('every field of a meta page that is corrupted is detected by the checksum', () => {
  for (const [name, field] of Object.entries(META.fields)) {
    const disk = create(1);
    for (const page of [0, PAGE_BYTES]) disk.flipBits(`${DIRECTORY}/data`, 1, page + field.at, page + field.at + field.bytes);
    assert.throws(() => readMeta(openDatabaseFiles(disk, DIRECTORY)), { code: 'XX001' }, name);
  }
});

test('a sound page of another format, or one that cannot be ours, is refused', () => {
  for (const [at, code, text] of [
    [64, 'XX001', /magic/],
    [68, '0A000', /format/],
    [72, 'XX001', /sequence/],
    [124, 'XX001', /allocation root/],
  ] as const) {
    const disk = create(1);
    const files = openDatabaseFiles(disk, DIRECTORY);
    const views = privateViews(PAGE_BYTES);
    files.data.read(0, views.bytesView, 0, PAGE_BYTES);
    if (at === 72) views.f64[at >>> 3] += 3;
    else views.u32[at >>> 2] += 3;
    sealImage(views, 0);
    files.data.write(0, views.bytesView, 0, PAGE_BYTES);
    assert.throws(() => readMeta(files), { code, message: text });
  }
});
