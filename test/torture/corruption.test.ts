/**
 * The corruption sweep: in a small database each header field of a page of every type, and each header field of the log's
 * batches and of a record of every type, is changed on the disk, one at a time. Opening, check() or reading must find it and
 * say where; what can still be read must be right; nothing hangs.
 */

import { ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { type Kernel, openKernel } from '../../engine/api/kernel.ts';
import type { KernelOptions } from '../../engine/api/kernel-options.ts';
import { NODE } from '../../engine/storage/btree/node.layout.ts';
import { LOG_BATCH } from '../../engine/storage/log/log-batch.layout.ts';
import { logRecordLength, logRecordType } from '../../engine/storage/log/log-record.layout.gen.ts';
import { LOG_RECORD } from '../../engine/storage/log/log-record.layout.ts';
import { FIRST_LSN } from '../../engine/storage/log/open.ts';
import { recordKind } from '../../engine/storage/log/records.ts';
import { metaCheckpointLsn, metaSequence } from '../../engine/storage/meta.layout.gen.ts';
import { META } from '../../engine/storage/meta.layout.ts';
import { pageType } from '../../engine/storage/page.layout.gen.ts';
import {
  PAGE,
  PAGE_TYPE_BTREE_INNER,
  PAGE_TYPE_BTREE_LEAF,
  PAGE_TYPE_HEAP_MAP,
  PAGE_TYPE_META,
  pageTypeName,
} from '../../engine/storage/page.layout.ts';
import { HEAP_MAP } from '../../engine/storage/space/space.layout.ts';
import { SimulatedVfs } from '../../engine/storage/vfs/simulated-vfs.ts';
import { ManualClock, SeededRandom } from '../../engine/storage/world.ts';
import { PAGE_BYTES } from '../../shm/types.ts';
import { type BatchPlace, type DiskImage, diskOf, logBatches, placeOfLsn, takeImage } from './disk-image.ts';
import { describeError, expect, isDamage, TortureFailure } from './failure.ts';
import type { ModelSizes } from './model.ts';
import { TortureSession } from './session.ts';
import { DIRECTORY } from './story.ts';
import { createTables } from './tables.ts';
import { type Known, nothingKnown, verifyModel } from './verify.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`corruption sweep: SCRATCHBIRD_SEED=${SEED}`);

const SIZES: ModelSizes = { noteMax: 100, hugeNote: 20_000, changesMax: 8, keys: 300 };
const OPTIONS: KernelOptions = {
  threads: 2,
  cacheSize: 1 << 20,
  logRing: 256 << 10,
  logSegment: 512 << 10,
  heapSize: 4 << 20,
  versionSize: 1 << 20,
  transactionSlots: 64,
  sessions: 16,
  pool: 0,
};

interface Sample {
  readonly image: DiskImage;
  readonly known: Known;
}

const openOn = (vfs: SimulatedVfs): Kernel =>
  openKernel(DIRECTORY, { ...OPTIONS, world: { vfs, clock: new ManualClock(1.7e15, 1), random: new SeededRandom(SEED) } });

/** A database with a few hundred rows and pages of many types; closed, or left as a crash leaves it with a full log. */
function makeSample(closed: boolean): Sample {
  const vfs = new SimulatedVfs({ seed: SEED });
  const kernel = openOn(vfs);
  const known = nothingKnown(SEED, SIZES, 2);
  const tables = createTables(kernel, known.sessions.length);
  known.created = true;
  const ledger = {
    begun: (session: number, number: number): void => void (known.sessions[session].begun = number),
    acknowledged: (session: number, number: number): void => void (known.sessions[session].acknowledged = number),
  };
  const sessions = known.sessions.map(
    (_, session) =>
      new TortureSession(
        kernel,
        tables,
        { seed: SEED, session, sizes: SIZES, styleSeed: SEED, pipelined: false },
        0,
        new Map(),
        ledger,
      ),
  );
  const most = closed ? 80 : 30;
  for (let turn = 0; sessions.some((session) => session.number < most); turn++) {
    const session = sessions[turn % sessions.length];
    if (session.number < most || !session.isIdle) session.step();
  }
  for (const session of sessions) session.close();
  verifyModel(kernel, known);
  if (!closed) return { image: takeImage(vfs.crash()), known };
  kernel.close();
  return { image: takeImage(vfs), known };
}

/** What opening, checking and reading say to a disk: problems and errors, one line each. Wrong rows are thrown. */
function findingsOn(vfs: SimulatedVfs, sample: Sample): string[] {
  const findings: string[] = [];
  const note = (error: unknown): void => {
    if (error instanceof TortureFailure || !isDamage(error)) throw error;
    findings.push(describeError(error).split('\n')[0]);
  };
  try {
    const kernel = openOn(vfs);
    for (const { file, page, what } of kernel.check().problems) findings.push(`${file} page ${page}: ${what}`);
    verifyModel(kernel, structuredClone(sample.known), note);
  } catch (error) {
    note(error);
  }
  return findings;
}

/** Flips a bit of the byte. */
function flip(vfs: SimulatedVfs, image: DiskImage, path: string, offset: number, bit: number): void {
  vfs.corrupt(path, offset, Uint8Array.of(image.files.get(path)![offset] ^ (1 << bit)));
}

interface Field {
  readonly at: number;
  readonly bytes: number;
}
type Fields = { readonly [name: string]: Field };

const typeFields: { readonly [type: number]: Fields } = {
  [PAGE_TYPE_META]: META.fields,
  [PAGE_TYPE_BTREE_INNER]: NODE.fields,
  [PAGE_TYPE_BTREE_LEAF]: NODE.fields,
  [PAGE_TYPE_HEAP_MAP]: HEAP_MAP.fields,
};

/** Runs `one` for each field, with a byte and a bit of it; says which field it was when it fails. */
function sweep(what: string, fields: Fields, one: (offset: number, bit: number) => void): number {
  const random = new SeededRandom(`${SEED} ${what}`);
  for (const [name, field] of Object.entries(fields)) {
    const offset = field.at + random.below(field.bytes);
    const bit = random.below(8);
    try {
      one(offset, bit);
    } catch (error) {
      throw new TortureFailure(`${what}, field ${name}, byte ${offset}, bit ${bit}: ${describeError(error)}`);
    }
  }
  return Object.keys(fields).length;
}

test('the sample itself has nothing to find, closed or left by a crash', () => {
  for (const closed of [true, false]) {
    const sample = makeSample(closed);
    strictEqual(findingsOn(diskOf(sample.image, SEED), sample).join('\n'), '');
  }
});

test('SM-W10: each header field of a page of every type, changed on the disk, is found and named', () => {
  const sample = makeSample(true);
  const path = `${DIRECTORY}/data`;
  const data = sample.image.files.get(path)!;
  // Pages of the last batch would be put right from there.
  sample.image.files.get(`${DIRECTORY}/double-write`)!.fill(0);
  const pages = new Map<number, number[]>();
  for (let page = 0; page < data.length / PAGE_BYTES; page++) {
    const type = pageType(data, page * PAGE_BYTES);
    pages.set(type, [...(pages.get(type) ?? []), page]);
  }
  pages.delete(0);
  ok(pages.size >= 8, `pages of ${[...pages.keys()].map(pageTypeName).join(', ')}`);
  for (const [type, of] of pages) {
    const page = of[Math.floor(of.length / 2)];
    sweep(`${pageTypeName(type)} page ${page}`, { ...PAGE.fields, ...typeFields[type] }, (offset, bit) => {
      const vfs = diskOf(sample.image, SEED);
      flip(vfs, sample.image, path, page * PAGE_BYTES + offset, bit);
      const findings = findingsOn(vfs, sample);
      // Of two meta pages the sound one serves, and opening writes the other one anew.
      if (type === PAGE_TYPE_META) return;
      expect(
        findings.some((finding) => finding.includes(path) && new RegExp(`page ${page}\\b`).test(finding)),
        () => `nobody names page ${page}; found: ${findings.join('; ') || 'nothing'}`,
      );
    });
  }
});

test('SM-W10: both meta pages damaged: opening says so', () => {
  const sample = makeSample(true);
  const path = `${DIRECTORY}/data`;
  const vfs = diskOf(sample.image, SEED);
  for (const page of [0, 1]) flip(vfs, sample.image, path, page * PAGE_BYTES + 70, 3);
  ok(findingsOn(vfs, sample).some((finding) => /XX001/.test(finding) && finding.includes(path)));
});

/** Where recovery of the sample begins to read. */
function checkpointOf(image: DiskImage): number {
  const data = image.files.get(`${DIRECTORY}/data`)!;
  const f64 = new Float64Array(data.buffer);
  const newest = metaSequence(f64, 0) > metaSequence(f64, PAGE_BYTES) ? 0 : PAGE_BYTES;
  return metaCheckpointLsn(f64, newest);
}

/** One record of each type that recovery reads and that later batches know to be on disk: its log position. */
function recordsByType(image: DiskImage, batches: readonly BatchPlace[]): Map<number, number> {
  const last = batches[batches.length - 1];
  const end = last.lsn + last.length;
  const log = new Uint8Array(end + 8);
  for (const { path, offset, lsn, length } of batches)
    log.set(image.files.get(path)!.subarray(offset + 64, offset + 64 + length), lsn);
  const u32 = new Uint32Array(log.buffer, 0, log.length >>> 2);
  const records = new Map<number, number>();
  const checkpoint = checkpointOf(image);
  for (let lsn = FIRST_LSN; lsn < end; lsn += logRecordLength(u32, lsn)) {
    ok(logRecordLength(u32, lsn) >= 40, `a record of the sample at ${lsn} has a length`);
    if (lsn >= checkpoint && lsn + 40 <= last.syncedLsn && lsn < last.lsn) records.set(logRecordType(log, lsn), lsn);
  }
  return records;
}

const isDamagedLog = (finding: string): boolean => /^XX001/.test(finding) && /\/log\/\d+\.log/.test(finding);

test('SM-W2, W10: each header field of a record of every type, changed on the disk, stops recovery, and it says where', () => {
  const sample = makeSample(false);
  const batches = logBatches(sample.image);
  const records = recordsByType(sample.image, batches);
  ok(records.size >= 8, `records of types ${[...records.keys()].join(', ')}`);
  for (const [type, lsn] of records) {
    sweep(`record ${recordKind(type)?.name ?? type} at log position ${lsn}`, LOG_RECORD.fields, (offset, bit) => {
      const place = placeOfLsn(batches, lsn + offset)!;
      const vfs = diskOf(sample.image, SEED);
      flip(vfs, sample.image, place.path, place.offset, bit);
      const findings = findingsOn(vfs, sample);
      expect(findings.some(isDamagedLog), () => `found: ${findings.join('; ') || 'nothing'}`);
    });
  }
});

test('SM-W2: each header field of a batch in the middle is damage, of the last one a torn tail at most', () => {
  const sample = makeSample(false);
  const batches = logBatches(sample.image);
  const checkpoint = checkpointOf(sample.image);
  const last = batches[batches.length - 1];
  const read = batches.filter((batch) => batch.lsn > checkpoint && batch.lsn + batch.length <= last.syncedLsn);
  ok(read.length > 10, `${read.length} batches are read`);
  const middle = read[Math.floor(read.length / 2)];
  sweep('batch in the middle', LOG_BATCH.fields, (offset, bit) => {
    const vfs = diskOf(sample.image, SEED);
    flip(vfs, sample.image, middle.path, middle.offset + offset, bit);
    const findings = findingsOn(vfs, sample);
    expect(findings.some(isDamagedLog), () => `found: ${findings.join('; ') || 'nothing'}`);
  });
  const lenient: Sample = { image: sample.image, known: structuredClone(sample.known) };
  for (const session of lenient.known.sessions) Object.assign(session, { number: 0, rows: [], acknowledged: 0 });
  sweep('last batch', LOG_BATCH.fields, (offset, bit) => {
    const vfs = diskOf(sample.image, SEED);
    flip(vfs, sample.image, last.path, last.offset + offset, bit);
    const findings = findingsOn(vfs, lenient);
    expect(findings.every(isDamagedLog), () => `found: ${findings.join('; ')}`);
  });
});
