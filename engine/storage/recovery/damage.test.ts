import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SqlError } from '../../../shm/errors.ts';
import { takeCredit } from '../log/credit.ts';
import { flushAll, flushTo } from '../log/flush.ts';
import { LOG_BATCH } from '../log/log-batch.layout.ts';
import { publish, reserve, startRecord } from '../log/log.ts';
import { END, START } from '../log/log-context.ts';
import { fixtureLog, placeOf, readBack, writeNumbered } from '../log/log-fixture.ts';
import { LOG_RECORD } from '../log/log-record.layout.ts';
import { FIRST_LSN } from '../log/open.ts';
import { RECORD } from '../log/records.ts';
import { segmentPath } from '../log/segments.ts';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { SeededRandom } from '../world.ts';
import { inspectLog } from './inspect.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`damage tests: SCRATCHBIRD_SEED=${SEED}`);

const KNOWN = { lsn: FIRST_LSN, segment: 1, durableLsn: FIRST_LSN };
const PATH = segmentPath(placeOf({}).directory, 1);

/** A disk with three batches of one record each, at bytes 0, 512 and 1024; their ends. */
function threeBatches(): { vfs: SimulatedVfs; ends: number[] } {
  const vfs = new SimulatedVfs({ seed: 1 });
  const log = fixtureLog(vfs);
  const ends = [1, 2, 3].map((number) => {
    const end = writeNumbered(log, 7, number, 20);
    flushTo(log, end);
    return end;
  });
  return { vfs, ends };
}

function byteAt(vfs: SimulatedVfs, path: string, offset: number): number {
  const byte = new Uint8Array(1);
  const file = vfs.open(path, 'existing');
  file.read(offset, byte, 0, 1);
  file.close();
  return byte[0];
}

const flip = (vfs: SimulatedVfs, path: string, offset: number, bit: number): void =>
  vfs.corrupt(path, offset, Uint8Array.of(byteAt(vfs, path, offset) ^ (1 << bit)));

function damageOf(run: () => void): SqlError {
  try {
    run();
  } catch (error) {
    if (error instanceof SqlError && error.code === 'XX001') return error;
    throw error;
  }
  return assert.fail('damage was not found');
}

for (const [name, field] of Object.entries(LOG_BATCH.fields)) {
  test(`SM-W2, W10: a changed ${name} of a batch that later ones know to be on disk is damage, with file and place`, () => {
    for (let byte = 0; byte < field.bytes; byte++) {
      for (const batch of [0, 1]) {
        const { vfs } = threeBatches();
        flip(vfs, PATH, batch * 512 + field.at + byte, byte % 8);
        const error = damageOf(() => readBack(vfs, {}, KNOWN));
        assert.match(
          error.message,
          new RegExp(`log batch at log position.*000000000001\\.log at byte ${batch * 512}: expected the next batch`),
        );
      }
    }
  });

  test(`SM-W2: a changed ${name} of the last batch is a torn tail, unless the meta page knows better`, () => {
    for (let byte = 0; byte < field.bytes; byte++) {
      const { vfs, ends } = threeBatches();
      flip(vfs, PATH, 1024 + field.at + byte, byte % 8);
      const read = readBack(vfs, {}, KNOWN);
      assert.deepEqual(read.numbers, [1, 2]);
      assert.equal(read.end, ends[1]);
      damageOf(() => readBack(vfs, {}, { ...KNOWN, durableLsn: ends[2] }));
    }
  });
}

for (const [name, type] of Object.entries(RECORD)) {
  test(`SM-W10: each header field of a ${name} record, changed on the disk, is found`, () => {
    for (const [, field] of Object.entries(LOG_RECORD.fields)) {
      const vfs = new SimulatedVfs({ seed: 1 });
      const log = fixtureLog(vfs);
      takeCredit(log, 64);
      const at = reserve(log, 64);
      startRecord(log, at, 64, type, 0, 7, 5, 9, 1);
      publish(log, at, 64);
      flushAll(log);
      flushTo(log, writeNumbered(log, 7, 2, 20));
      flip(vfs, PATH, 64 + field.at, 0);
      assert.match(damageOf(() => readBack(vfs, {}, KNOWN)).message, /checksum is/);
    }
  });
}

test('a batch of another database, of another segment, or moved to another place is not taken', () => {
  for (const [from, to, reason] of [
    [512, 1024, /it was written to byte 512, not 1024/],
    [0, 512, /it was written to byte 0, not 512/],
  ] as const) {
    const { vfs, ends } = threeBatches();
    const bytes = new Uint8Array(512);
    const file = vfs.open(PATH, 'existing');
    file.read(from, bytes, 0, 512);
    file.close();
    vfs.corrupt(PATH, to, bytes);
    assert.match(damageOf(() => readBack(vfs, {}, { ...KNOWN, durableLsn: ends[2] })).message, reason);
  }
});

test('a record that can not be, in a sound batch, stops recovery with its position', () => {
  for (const [word, value] of [
    [0, 12],
    [0, 41],
    [0, 0xfffffff8],
    [1, 0],
    [1, 0x7fff00ff],
  ]) {
    const vfs = new SimulatedVfs({ seed: 1 });
    const log = fixtureLog(vfs);
    writeNumbered(log, 7, 1, 20);
    takeCredit(log, 120);
    const at = reserve(log, 120);
    startRecord(log, at, 120, RECORD.catalog, 0, 7, 5, 9, 1);
    log.u32[at / 4 + word] = value;
    publish(log, at, 120);
    const start = log.scratch[START];
    flushAll(log);
    assert.match(damageOf(() => readBack(vfs, {}, KNOWN)).message, new RegExp(`log record at log position ${start} is damaged`));
  }
});

test('a missing segment file is damage', () => {
  const vfs = new SimulatedVfs({ seed: 1 });
  const log = fixtureLog(vfs);
  for (let number = 0; number < 600; number++) flushTo(log, writeNumbered(log, 7, number, 100));
  for (const segment of [1, 2, 3]) {
    const gone = segmentPath(placeOf({}).directory, segment);
    vfs.rename(gone, `${gone}.kept`);
    assert.match(damageOf(() => readBack(vfs, {}, KNOWN)).message, new RegExp(`${String(segment).padStart(12, '0')}\\.log`));
    vfs.rename(`${gone}.kept`, gone);
  }
  assert.equal(readBack(vfs, {}, KNOWN).numbers.length, 600);
});

test('SM-W2: a database that was closed ends where it says; what is missing before that is damage', () => {
  const { vfs, ends } = threeBatches();
  const closed = { ...KNOWN, durableLsn: ends[2], closed: true };
  assert.deepEqual(readBack(vfs, {}, closed).numbers, [1, 2, 3]);
  flip(vfs, PATH, 512 + 100, 1);
  damageOf(() => readBack(vfs, {}, closed));
  // Behind the close nothing was promised until the next boot has taken its first checkpoint.
  assert.deepEqual(readBack(vfs, {}, { ...closed, durableLsn: ends[0] }).numbers, [1]);
  damageOf(() => readBack(vfs, {}, { ...KNOWN, durableLsn: ends[0] }));
});

test('random damage: what comes back is a prefix of what was written, or an error; nothing hangs', () => {
  for (let turn = 0; turn < 150; turn++) {
    const random = new SeededRandom(`damage ${SEED + turn}`);
    const vfs = new SimulatedVfs({ seed: SEED + turn });
    const log = fixtureLog(vfs);
    const numbers: number[] = [];
    for (let number = 0; number < 200; number++) {
      const end = writeNumbered(log, 7, number, random.below(200));
      numbers.push(number);
      if (random.chance(0.3)) flushTo(log, end);
    }
    const durable = flushAll(log);
    const path = segmentPath(placeOf({}).directory, 1 + random.below(2));
    vfs.flipBits(path, 1 + random.below(4));
    for (const known of [KNOWN, { ...KNOWN, durableLsn: durable }]) {
      try {
        const read = readBack(vfs, {}, known);
        assert.deepEqual(read.numbers, numbers.slice(0, read.numbers.length));
        assert.ok(read.end >= known.durableLsn);
      } catch (error) {
        assert.ok(error instanceof SqlError && error.code === 'XX001', String(error));
      }
    }
  }
});

test('the inspector prints each record in a line, and why the log ends', () => {
  const { vfs, ends } = threeBatches();
  const lines: string[] = [];
  inspectLog(vfs, placeOf({}), KNOWN, (line) => lines.push(line));
  assert.equal(lines.length, 4);
  assert.match(lines[0], /^ +64 {2}type 81 .*120 B {2}transaction 7 {2}table 5/);
  assert.match(lines[3], new RegExp(`^${ends[2]} {2}end of the log in segment 1 at byte 1536: no batch begins here`));
  flip(vfs, PATH, 100, 1);
  lines.length = 0;
  inspectLog(vfs, placeOf({}), KNOWN, (line) => lines.push(line));
  assert.match(lines[0], /^error XX001: log batch/);
});

test('END of a record is START of the next', () => {
  const log = fixtureLog(new SimulatedVfs({ seed: 1 }));
  const end = writeNumbered(log, 7, 1, 3);
  writeNumbered(log, 7, 2, 3);
  assert.equal(log.scratch[START], end);
  assert.equal(log.scratch[END], end + 56);
});
