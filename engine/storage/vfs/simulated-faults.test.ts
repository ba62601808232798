import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import type { FailedSync } from './simulated-faults.ts';
import { SimulatedVfs } from './simulated-vfs.ts';
import { type VfsFile, ZEROS } from './vfs.ts';

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

function diskFor(seed: number): { disk: SimulatedVfs; file: VfsFile } {
  const disk = new SimulatedVfs({ seed });
  disk.makeDirectory('/d');
  disk.syncDirectory('/');
  const file = disk.open('/d/a', 'createNew');
  disk.syncDirectory('/d');
  return { disk, file };
}

function contentOf(file: VfsFile): Uint8Array {
  const content = new Uint8Array(file.size());
  file.read(0, content, 0, content.length);
  return content;
}

const crashed = (disk: SimulatedVfs): Uint8Array => contentOf(disk.crash().open('/d/a', 'existing'));

test('full disk: new places are refused with 53100 and the path, part of the write may be done, old places still take writes', () => {
  const { disk, file } = diskFor(1);
  file.write(0, filled(8192, 1), 0, 8192);
  disk.plan({ freeBytes: 8192 });
  throws(() => file.write(8192, filled(20_000, 2), 0, 20_000), { code: '53100', message: /\/d\/a/ });
  strictEqual(file.size(), 16384, 'as much as there was room for');
  file.write(0, filled(16384, 3), 0, 16384);
  deepStrictEqual(contentOf(file), filled(16384, 3));
  throws(() => disk.open('/d/b', 'create'), { code: '53100', message: /\/d\/b/ });
  throws(() => file.writeParts(16384, [filled(1, 1)]), { code: '53100' });
});

test('full disk: truncate and remove give space back, a removed file only when its last handle is closed', () => {
  const { disk, file } = diskFor(1);
  disk.plan({ freeBytes: 16384 });
  const other = disk.open('/d/b', 'create');
  file.write(0, filled(8192, 1), 0, 8192);
  other.write(0, filled(8192, 1), 0, 8192);
  const more = (): void => file.write(8192, filled(4096, 1), 0, 4096);
  throws(more, { code: '53100' });
  disk.remove('/d/b');
  throws(more, { code: '53100' }, 'it is open');
  other.close();
  more();
  file.write(12288, filled(4096, 1), 0, 4096);
  file.truncate(100);
  file.write(100, filled(16284, 1), 0, 16284);
  throws(() => file.write(16384, filled(1, 1), 0, 1), { code: '53100' });
  disk.plan({ freeBytes: null });
  file.write(16384, filled(100_000, 1), 0, 100_000);
});

test('full disk: it is as full after a crash as before', () => {
  const { disk, file } = diskFor(1);
  disk.plan({ freeBytes: 8192 });
  file.write(0, filled(8192, 1), 0, 8192);
  file.sync();
  const after = disk.crash();
  const again = after.open('/d/a', 'existing');
  throws(() => again.write(8192, filled(1, 1), 0, 1), { code: '53100' });
  again.truncate(0);
  again.write(0, filled(8192, 1), 0, 8192);
});

test('I/O errors: the nth read, write or sync of the named files fails once with 58030', () => {
  const { disk, file } = diskFor(1);
  const other = disk.open('/d/b', 'create');
  file.write(0, filled(100, 1), 0, 100);
  const actions: [string, (of: VfsFile) => void][] = [
    ['failRead', (of) => of.read(0, new Uint8Array(10), 0, 10)],
    ['failWrite', (of) => of.write(0, filled(10, 2), 0, 10)],
    ['failSync', (of) => of.sync()],
  ];
  for (const [fault, act] of actions) {
    disk.plan({ [fault]: 2, only: '/a' });
    act(other);
    act(other);
    act(file);
    act(other);
    throws(() => act(file), { code: '58030', message: /\/d\/a.*EIO/ }, fault);
    act(file);
  }
  disk.plan({ failSync: 1, only: '' });
  throws(() => disk.syncDirectory('/d'), { code: '58030' });
});

test('short read: the nth read returns too little', () => {
  const { disk, file } = diskFor(1);
  file.write(0, filled(8192, 1), 0, 8192);
  disk.plan({ shortRead: 2 });
  const read = () => file.read(0, new Uint8Array(8192), 0, 8192);
  strictEqual(read(), 8192);
  ok(read() < 8192);
  strictEqual(read(), 8192);
});

/** For each seed: what reads see after a failed sync, and what is on the disk after a second one that ended well. */
function afterFailedSync(failedSync: FailedSync): { read: string; disk: string }[] {
  const kind = (content: Uint8Array): string => {
    const values = new Set(content);
    return values.size > 1 ? 'mixed' : values.has(1) ? 'old' : 'new';
  };
  return Array.from({ length: 60 }, (_, seed) => {
    const { disk, file } = diskFor(seed);
    file.write(0, filled(65536, 1), 0, 65536);
    file.sync();
    disk.plan({ failSync: 1, failedSync });
    file.write(0, filled(65536, 2), 0, 65536);
    throws(() => file.sync(), { code: '58030' }, `seed ${seed}`);
    const read = kind(contentOf(file));
    file.sync();
    return { read, disk: kind(crashed(disk)) };
  });
}

test('failed sync, keepsDirty: the next sync writes all', () => {
  for (const result of afterFailedSync('keepsDirty')) deepStrictEqual(result, { read: 'new', disk: 'new' });
});

test('failed sync, dropsDirty: reads see the data, but no later sync brings it to the disk', () => {
  const results = afterFailedSync('dropsDirty');
  for (const { read } of results) strictEqual(read, 'new');
  deepStrictEqual(new Set(results.map(({ disk }) => disk)), new Set(['new', 'old', 'mixed']));
});

test('failed sync, revertsToDisk: reads see what is on the disk', () => {
  const results = afterFailedSync('revertsToDisk');
  for (const { read, disk } of results) strictEqual(read, disk);
  deepStrictEqual(new Set(results.map(({ disk }) => disk)), new Set(['new', 'old', 'mixed']));
});

test('syncLater: covers what was written before the call only, and is answered when the test says so', () => {
  const lost = new Set<boolean>();
  for (let seed = 0; seed < 60; seed++) {
    const { disk, file } = diskFor(seed);
    disk.plan({ holdSyncs: true });
    const answers: unknown[] = [];
    file.write(0, filled(600, 1), 0, 600);
    file.syncLater((error) => answers.push(error));
    file.write(600, filled(600, 2), 0, 600);
    file.close();
    strictEqual(answers.length, 0);
    disk.completeSyncs();
    deepStrictEqual(answers, [null]);
    const content = crashed(disk);
    deepStrictEqual(content.subarray(0, 600), filled(600, 1), `seed ${seed}`);
    lost.add(content.length < 1200 || content[1199] !== 2);
  }
  strictEqual(lost.size, 2, 'the later write is lost in some crashes');
});

test('syncLater: a second sync with more in it, and then one with less, leave all durable', () => {
  for (let seed = 0; seed < 60; seed++) {
    const { disk, file } = diskFor(seed);
    disk.plan({ holdSyncs: true });
    for (const [i, cut] of [9000, 300, 9000].entries()) {
      file.write(i * 500, filled(9000, i + 1), 0, 9000);
      file.truncate(cut);
      file.syncLater((error) => strictEqual(error, null));
    }
    const expected = contentOf(file);
    file.sync();
    disk.completeSyncs();
    deepStrictEqual(crashed(disk), expected, `seed ${seed}`);
  }
});

test('syncLater: by itself it is answered soon, with the planned failure, and not at all once the machine is down', async () => {
  const { disk, file } = diskFor(1);
  const answers: (Error | null)[] = [];
  const syncLater = () => file.syncLater((error) => answers.push(error));
  syncLater();
  disk.plan({ failSync: 2 });
  syncLater();
  strictEqual(answers.length, 0, 'never before the call has returned');
  await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  deepStrictEqual(
    answers.map((error) => (error as { code?: string } | null)?.code),
    [undefined, '58030'],
  );
  syncLater();
  disk.crash();
  await new Promise((resolve) => setImmediate(resolve));
  strictEqual(answers.length, 2);
});

test('bit rot: corrupt and flipBits change what lies on the disk, for reads and for the next start', () => {
  const { disk, file } = diskFor(7);
  file.write(0, filled(10_000, 0), 0, 10_000);
  file.sync();
  disk.corrupt('/d/a', 4095, Uint8Array.of(1, 2));
  const flipped = disk.flipBits('/d/a', 3, 8000, 9000);
  const expected = filled(10_000, 0);
  expected.set([1, 2], 4095);
  for (const [offset, bit] of flipped) {
    ok(offset >= 8000 && offset < 9000);
    expected[offset]! ^= 1 << bit;
  }
  strictEqual(new Set(flipped.map(([offset, bit]) => offset * 8 + bit)).size, 3);
  deepStrictEqual(contentOf(file), expected);
  file.write(0, filled(10, 9), 0, 10);
  file.sync();
  expected.fill(9, 0, 10);
  deepStrictEqual(crashed(disk), expected);
  throws(() => disk.corrupt('/d/a', 10_000, Uint8Array.of(1)), { name: 'InvariantError' });
});

test('bit rot: a sync of newer data writes over it', () => {
  const { disk, file } = diskFor(7);
  file.write(0, filled(4096, 1), 0, 4096);
  file.sync();
  file.write(0, filled(4096, 2), 0, 4096);
  disk.corrupt('/d/a', 0, Uint8Array.of(99));
  deepStrictEqual(contentOf(file), filled(4096, 2), 'the newer data is in memory');
  file.sync();
  deepStrictEqual(crashed(disk), filled(4096, 2));
});

test('bit rot: a rotten chunk of zeros is not changed further by writes that are not synced', () => {
  const lost = new Set<boolean>();
  for (let seed = 0; seed < 40; seed++) {
    const { disk, file } = diskFor(seed);
    file.write(0, ZEROS, 0, 8192);
    file.sync();
    file.write(0, ZEROS, 0, 4096);
    disk.corrupt('/d/a', 7, Uint8Array.of(99));
    file.write(512, filled(512, 1), 0, 512);
    const after = crashed(disk);
    lost.add(after[512] === 0);
    ok(after[7] === 99 || after[7] === 0, `seed ${seed}`);
  }
  strictEqual(lost.size, 2, 'the later write is lost in some crashes');
});
