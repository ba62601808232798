import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../world.ts';
import { SECTOR_BYTES } from './simulated-content.ts';
import { SimulatedVfs } from './simulated-vfs.ts';
import { type VfsFile, ZEROS } from './vfs.ts';

/**
 * The same file in the plainest way: one array, a copy of it after every change since the last sync. A crash is right
 * when each sector of what it leaves is in one of these copies, and the size is one of theirs or the end of a write (or of whole
 * sectors, as far as a torn write came).
 */
class PlainFile {
  content = new Uint8Array(0);
  versions: Uint8Array[] = [this.content];
  writeEnds: number[] = [];

  change(content: Uint8Array<ArrayBuffer>): void {
    this.content = content;
    this.versions.push(content);
  }

  write(position: number, bytes: Uint8Array): void {
    const content = new Uint8Array(Math.max(this.content.length, position + bytes.length));
    content.set(this.content);
    content.set(bytes, position);
    this.writeEnds.push(position + bytes.length);
    this.change(content);
  }

  truncate(size: number): void {
    const content = new Uint8Array(size);
    content.set(this.content.subarray(0, size));
    this.change(content);
  }

  sync(): void {
    this.versions = [this.content];
    this.writeEnds = [];
  }
}

/** The sector, padded with zeros to a whole one. */
function sectorOf(content: Uint8Array, sector: number): string {
  const padded = Buffer.alloc(SECTOR_BYTES);
  padded.set(content.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES));
  return padded.toString('base64');
}

function checkCrash(plain: PlainFile, left: Uint8Array, label: string): void {
  const sizes = [...plain.versions.map((version) => version.length), ...plain.writeEnds];
  const sizeFits = sizes.includes(left.length) || (left.length % SECTOR_BYTES === 0 && left.length <= Math.max(...sizes));
  ok(sizeFits, `${label}: size ${left.length}, seen ${sizes}`);
  for (let sector = 0; sector * SECTOR_BYTES < left.length; sector++) {
    const actual = sectorOf(left, sector);
    // The size is cut on its own: a version counts as far as the file goes.
    const possible = plain.versions.some((version) => sectorOf(version.subarray(0, left.length), sector) === actual);
    ok(possible, `${label}: sector ${sector} is none of its versions`);
  }
}

function randomBytes(random: SeededRandom): Uint8Array {
  const length = 1 + random.below(random.chance(0.2) ? 30_000 : 1500);
  if (random.chance(0.1)) return ZEROS.subarray(0, length);
  if (random.chance(0.05)) return new Uint8Array(length);
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = 1 + random.below(255);
  return bytes;
}

/** One random change or look, on both files alike. */
function step(random: SeededRandom, file: VfsFile, plain: PlainFile, label: string): void {
  const kind = random.next();
  if (kind < 0.6) {
    const bytes = randomBytes(random);
    const position = random.below(random.chance(0.3) ? 60_000 : plain.content.length + 1);
    const cut = random.below(bytes.length);
    if (random.chance(0.5)) file.write(position, bytes, 0, bytes.length);
    else file.writeParts(position, [bytes.subarray(0, cut), bytes.subarray(cut)]);
    plain.write(position, bytes);
  } else if (kind < 0.7) {
    const size = random.below(plain.content.length + 3000);
    file.truncate(size);
    plain.truncate(size);
  } else if (kind < 0.85) {
    file.sync();
    plain.sync();
  } else {
    const position = random.below(plain.content.length + 100);
    const target = new Uint8Array(random.below(20_000));
    const read = file.read(position, target, 0, target.length);
    deepStrictEqual(target.subarray(0, read), plain.content.slice(position, position + target.length), label);
  }
}

const contentOf = (file: VfsFile): Uint8Array => {
  const content = new Uint8Array(file.size());
  strictEqual(file.read(0, content, 0, content.length), content.length);
  return content;
};

test('simulated content: reads agree with a plain array, and crashes leave sectors that were there, through several crashes', (context) => {
  const first = Number(process.env.SEED ?? 1);
  const count = process.env.SEED === undefined ? 300 : 1;
  context.diagnostic(`seeds ${first} to ${first + count - 1}; SEED=n runs one`);
  for (let seed = first; seed < first + count; seed++) {
    const random = new SeededRandom(seed);
    let disk = new SimulatedVfs({ seed });
    let file = disk.open('/a', 'createNew');
    disk.syncDirectory('/');
    const plain = new PlainFile();
    for (let life = 0; life < 4; life++) {
      const steps = random.below(15);
      for (let i = 0; i < steps; i++) step(random, file, plain, `seed ${seed}, life ${life}, step ${i}`);
      deepStrictEqual(contentOf(file), plain.content, `seed ${seed}, life ${life}`);
      const old = disk.snapshot();
      disk = disk.crash();
      file = disk.open('/a', 'existing');
      const left = contentOf(file);
      checkCrash(plain, left, `seed ${seed}, life ${life}, ${JSON.stringify(old)}`);
      plain.content = new Uint8Array(left);
      plain.sync();
    }
  }
});

test('simulated content: over the seeds a crash keeps, loses, tears and reorders', () => {
  const seen = { kept: 0, lost: 0, torn: 0, reordered: 0, reorderedFiles: 0 };
  for (let seed = 0; seed < 400; seed++) {
    const disk = new SimulatedVfs({ seed });
    const files = ['/a', '/b'].map((path) => disk.open(path, 'createNew'));
    for (const file of files) {
      file.write(0, ZEROS, 0, 16384);
      file.sync();
    }
    disk.syncDirectory('/');
    const page = new Uint8Array(8192);
    for (const position of [0, 8192]) for (const file of files) file.write(position, page.fill(1), 0, page.length);
    const after = disk.crash();
    const [a, b] = ['/a', '/b'].map((path) => contentOf(after.open(path, 'existing')));
    const share = (content: Uint8Array, from: number) =>
      content.subarray(from, from + 8192).reduce((sum, byte) => sum + byte, 0) / 8192;
    const [first, second, other] = [share(a!, 0), share(a!, 8192), share(b!, 0)];
    if (first === 1) seen.kept++;
    else if (first === 0) seen.lost++;
    else seen.torn++;
    if (first === 0 && second === 1) seen.reordered++;
    if (first === 0 && other === 1) seen.reorderedFiles++;
  }
  for (const [outcome, count] of Object.entries(seen)) ok(count >= 10, `${outcome}: ${count} of 400`);
});

test('simulated content: a file grown by a write that is lost keeps its size in some crashes, with zeros', () => {
  const ends = new Set<string>();
  for (let seed = 0; seed < 300; seed++) {
    const disk = new SimulatedVfs({ seed });
    const file = disk.open('/a', 'createNew');
    disk.syncDirectory('/');
    file.write(0, new Uint8Array(100).fill(7), 0, 100);
    const left = contentOf(disk.crash().open('/a', 'existing'));
    ends.add(`${left.length} of ${left[0]}`);
  }
  deepStrictEqual([...ends].sort(), ['0 of undefined', '100 of 0', '100 of 7']);
});

test('simulated content: a cut of the file that is not synced is undone by some crashes', () => {
  const sizes = new Set<number>();
  for (let seed = 0; seed < 100; seed++) {
    const disk = new SimulatedVfs({ seed });
    const file = disk.open('/a', 'createNew');
    disk.syncDirectory('/');
    file.write(0, new Uint8Array(9000).fill(7), 0, 9000);
    file.sync();
    file.truncate(0);
    const left = contentOf(disk.crash().open('/a', 'existing'));
    ok(left.every((byte) => byte === 7));
    sizes.add(left.length);
  }
  deepStrictEqual([...sizes].sort(), [0, 9000]);
});
