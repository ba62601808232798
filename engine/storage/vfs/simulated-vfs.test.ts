import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedCrash } from './simulated-faults.ts';
import { SimulatedVfs } from './simulated-vfs.ts';
import { type VfsFile, ZEROS } from './vfs.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

/** A disk with the durable directory /d. */
function diskFor(seed: number): SimulatedVfs {
  const disk = new SimulatedVfs({ seed });
  disk.makeDirectory('/d');
  disk.syncDirectory('/');
  return disk;
}

/** A file whose name and content are durable. */
function durableFile(disk: SimulatedVfs, path: string, content: Uint8Array): VfsFile {
  const file = disk.open(path, 'createNew');
  file.write(0, content, 0, content.length);
  file.sync();
  disk.syncDirectory('/d');
  return file;
}

function contentOf(disk: SimulatedVfs, path: string): Uint8Array {
  const file = disk.open(path, 'existing');
  const content = new Uint8Array(file.size());
  strictEqual(file.read(0, content, 0, content.length), content.length);
  file.close();
  return content;
}

const textOf = (disk: SimulatedVfs, path: string): string => Buffer.from(contentOf(disk, path)).toString();

test('simulated disk: files are opened, written, read, cut, grown, renamed and removed as on a real one', () => {
  const disk = diskFor(1);
  throws(() => disk.open('/d/a', 'existing'), { code: '58030', message: /\/d\/a: ENOENT/ });
  throws(() => disk.open('/none/a', 'create'), { code: '58030' });
  const file = disk.open('/d/a', 'create');
  throws(() => disk.open('/d/a', 'createNew'), { code: '58030', message: /EEXIST/ });
  throws(() => disk.open('/d', 'create'), { code: '58030', message: /EISDIR/ });
  file.writeParts(2, [bytes('abc'), new Uint8Array(0), bytes('def')]);
  const target = filled(10, 255);
  strictEqual(file.read(3, target, 1, 9), 5, 'fewer bytes only at the end of the file');
  deepStrictEqual(Buffer.from(target).toString('latin1'), '\xffbcdef\xff\xff\xff\xff');
  strictEqual(file.read(100, target, 0, 5), 0);
  file.truncate(4);
  file.truncate(6);
  strictEqual(textOf(disk, '/d/a'), '\0\0ab\0\0');
  disk.makeDirectory('/d/x/y');
  disk.rename('/d/a', '/d/x/b');
  deepStrictEqual(
    [disk.list('/d'), disk.list('/d/x'), disk.exists('/d/a'), disk.exists('/d/x')],
    [['x'], ['b', 'y'], false, true],
  );
  disk.remove('/d/x/b');
  throws(() => disk.remove('/d/x/b'), { code: '58030' });
  throws(() => disk.list('/d/x/b'), { code: '58030' });
  strictEqual(file.size(), 6, 'who has it open keeps it');
  file.close();
  file.close();
  throws(() => file.size(), { name: 'InvariantError' });
});

test('simulated disk: a write from a Buffer is a copy, whatever memory lies behind it', () => {
  const disk = diskFor(1);
  const file = disk.open('/d/a', 'create');
  const shared = Buffer.from(new SharedArrayBuffer(8192));
  shared.fill(1);
  file.write(0, shared, 0, 8192);
  shared.fill(2);
  file.sync();
  disk.syncDirectory('/d');
  deepStrictEqual(contentOf(disk, '/d/a'), filled(8192, 1));
  deepStrictEqual(contentOf(disk.crash(), '/d/a'), filled(8192, 1));
});

test('simulated disk: what is synced, name and content, survives every crash', () => {
  for (let seed = 0; seed < 200; seed++) {
    const disk = diskFor(seed);
    durableFile(disk, '/d/a', bytes('kept'));
    strictEqual(textOf(disk.crash(), '/d/a'), 'kept', `seed ${seed}`);
  }
});

test('simulated disk: a synced file is lost without a sync of its directory, in some crashes and not in others', () => {
  const survived = new Set<boolean>();
  for (let seed = 0; seed < 50; seed++) {
    const disk = diskFor(seed);
    const file = disk.open('/d/a', 'createNew');
    file.write(0, bytes('kept'), 0, 4);
    file.sync();
    const after = disk.crash();
    survived.add(after.exists('/d/a'));
    if (after.exists('/d/a')) strictEqual(textOf(after, '/d/a'), 'kept', `seed ${seed}`);
  }
  strictEqual(survived.size, 2);
});

test('simulated disk: changes of names in one directory survive in order, those of two directories in any', () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 300; seed++) {
    const disk = diskFor(seed);
    disk.makeDirectory('/e');
    disk.syncDirectory('/');
    durableFile(disk, '/d/new', bytes('new'));
    durableFile(disk, '/d/old', bytes('old'));
    disk.rename('/d/new', '/d/old');
    disk.open('/d/third', 'createNew');
    disk.open('/e/other', 'createNew');
    disk.remove('/d/third');
    const after = disk.crash();
    ok(after.exists('/d/old'), `seed ${seed}: a rename over a file leaves the one or the other`);
    const state = `${textOf(after, '/d/old')} ${after.list('/d').join()} ${after.list('/e').join()}`;
    seen.add(state);
  }
  deepStrictEqual([...seen].sort(), [
    'new old ',
    'new old other',
    'new old,third ',
    'new old,third other',
    'old new,old ',
    'old new,old other',
  ]);
});

test('simulated disk: a rename between directories is whole, and syncing either of the two makes it durable', () => {
  const places = new Set<string>();
  for (let seed = 0; seed < 100; seed++) {
    const disk = diskFor(seed);
    disk.makeDirectory('/e');
    disk.syncDirectory('/');
    durableFile(disk, '/d/a', bytes('a'));
    disk.rename('/d/a', '/e/a');
    const after = disk.crash();
    ok(after.exists('/d/a') !== after.exists('/e/a'), `seed ${seed}`);
    places.add(after.exists('/d/a') ? 'd' : 'e');
  }
  strictEqual(places.size, 2);
  for (const directory of ['/d', '/e']) {
    for (let seed = 0; seed < 20; seed++) {
      const disk = diskFor(seed);
      disk.makeDirectory('/e');
      disk.syncDirectory('/');
      durableFile(disk, '/d/a', bytes('a'));
      disk.rename('/d/a', '/e/a');
      disk.syncDirectory(directory);
      strictEqual(disk.crash().exists('/e/a'), true, `seed ${seed}`);
    }
  }
});

test('simulated disk: syncing a directory makes durable what its names build on in another one', () => {
  for (let seed = 0; seed < 20; seed++) {
    const disk = diskFor(seed);
    disk.makeDirectory('/e');
    disk.syncDirectory('/');
    disk.open('/d/first', 'createNew');
    disk.open('/d/a', 'createNew');
    disk.rename('/d/a', '/e/a');
    disk.syncDirectory('/e');
    const after = disk.crash();
    deepStrictEqual([after.list('/d'), after.list('/e')], [['first'], ['a']], `seed ${seed}`);
  }
});

test('simulated disk: what lies in a directory whose own name is lost is gone', () => {
  const survived = new Set<boolean>();
  for (let seed = 0; seed < 50; seed++) {
    const disk = diskFor(seed);
    disk.makeDirectory('/d/x');
    const file = disk.open('/d/x/a', 'createNew');
    file.sync();
    disk.syncDirectory('/d/x');
    const after = disk.crash();
    strictEqual(after.exists('/d/x/a'), after.exists('/d/x'), `seed ${seed}`);
    survived.add(after.exists('/d/x'));
  }
  strictEqual(survived.size, 2);
});

test('simulated disk: crashAfter lets so many changes end, goes down in the next, and all calls throw from then on', () => {
  const work = (disk: SimulatedVfs): void => {
    const file = disk.open('/d/a', 'createNew');
    file.write(0, filled(1000, 1), 0, 1000);
    file.sync();
    disk.syncDirectory('/d');
    disk.rename('/d/a', '/d/b');
    file.truncate(10);
    disk.remove('/d/b');
    disk.makeDirectory('/d/c');
    file.syncLater(() => {});
    disk.makeDirectory('/d/e');
  };
  const before = diskFor(3).operations;
  const whole = diskFor(3);
  work(whole);
  const changes = whole.operations - before;
  strictEqual(changes, 10);
  for (let after = 0; after < changes; after++) {
    const disk = diskFor(3);
    const handle = disk.open('/d/z', 'createNew');
    disk.plan({ crashAfter: after });
    throws(() => work(disk), SimulatedCrash, `after ${after} changes`);
    strictEqual(disk.isDown, true);
    for (const call of [
      () => handle.read(0, new Uint8Array(1), 0, 1),
      () => handle.size(),
      () => handle.close(),
      () => disk.exists('/d'),
      () => disk.lock('/d'),
      () => disk.completeSyncs(),
    ]) {
      throws(call, SimulatedCrash);
    }
    strictEqual(disk.crash().exists('/d'), true);
  }
  const disk = diskFor(3);
  disk.plan({ crashAfter: changes });
  work(disk);
  strictEqual(disk.isDown, false);
});

test('simulated disk: one seed, one fate; another seed, another', () => {
  const run = (seed: number): object[] => {
    let disk = diskFor(seed);
    const states: object[] = [];
    for (let round = 0; round < 5; round++) {
      const file = disk.open(`/d/f${round}`, 'create');
      for (let i = 0; i < 20; i++) file.write(i * 700, filled(1000, i + round), 0, 1000);
      disk.syncDirectory('/d');
      states.push(disk.snapshot());
      disk = disk.crash();
    }
    states.push(disk.snapshot());
    return states;
  };
  deepStrictEqual(run(5), run(5));
  notDeepStrictEqual(run(5), run(6));
});

test('simulated disk: lock', () => {
  const disk = diskFor(1);
  const lock = disk.lock('/d');
  throws(() => disk.lock('/d'), { code: '55006', message: new RegExp(`pid ${process.pid}`) });
  throws(() => disk.adoptLock('/d', 'x'), { code: '55006' });
  disk.adoptLock('/d', lock.token).release();
  disk.lock('/d');
  lock.release();
  throws(() => disk.lock('/d'), { code: '55006' }, 'a second release leaves the later lock alone');
  deepStrictEqual(disk.list('/d'), []);
  disk.crash().lock('/d').release();
});

test('simulated disk: a log segment of 64 MiB written with zeros costs no memory, and space all the same', () => {
  const disk = diskFor(1);
  disk.plan({ freeBytes: (64 << 20) + 4096 });
  const file = disk.open('/d/log', 'createNew');
  const before = process.memoryUsage().arrayBuffers;
  for (let at = 0; at < 64 << 20; at += ZEROS.length) file.write(at, ZEROS, 0, ZEROS.length);
  const own = new Uint8Array(1 << 20);
  file.write(0, own, 0, own.length);
  file.sync();
  disk.syncDirectory('/d');
  file.write(5000, bytes('x'), 0, 1);
  const after = disk.crash();
  ok(process.memoryUsage().arrayBuffers - before < 4 << 20, 'a few chunks at most, and the 1 MiB of this test');
  strictEqual(after.open('/d/log', 'existing').size(), 64 << 20);
  throws(() => after.open('/d/b', 'create').write(0, filled(8192, 1), 0, 8192), { code: '53100' });
});
