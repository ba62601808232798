/** The generator of struct accessors: what it reads, refuses and writes, and that what it writes works. */
import { deepStrictEqual, match, ok, strictEqual, throws } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { defineStruct } from '../../shm/struct.ts';
import { findStale, generate } from './generate.ts';

const SAMPLE = `/**
 * A head with a drawing.
 *
 *   +---+---+
 */
import { defineStruct } from './struct.ts';
import { PAYLOAD } from './sizes.ts';

export const FRAME = defineStruct({
  name: 'frame',
  doc: 'A sample frame.',
  bytes: 32 * 4,
  fields: {
    kind: { type: 'u8', doc: 'kind | sort' },
    slotCount: { at: 2, type: 'u16', doc: 'slots in use', unit: 'slots' },
    version: { type: 'atomic32', doc: 'version word' },
    signed: { type: 'i32', doc: 'a signed number' },
    unsigned: { type: 'u32', doc: 'an unsigned number' },
    lsn: { type: 'lsn', doc: 'last change', unit: 'bytes' },
    horizon: { type: 'shared53', doc: 'shared horizon' },
    payload: { type: 'bytes', length: PAYLOAD, doc: 'the ' + 'rest' },
  },
});
`;

/** A small project of its own, so that the real layouts may change. It uses the real shared53. */
function sampleProject(): string {
  const root = mkdtempSync(join(tmpdir(), 'structs-'));
  mkdirSync(join(root, 'shm'));
  mkdirSync(join(root, 'engine'));
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'shm/sizes.ts'), 'const WORD = 8;\nexport const PAYLOAD = WORD * 2;\n');
  const real = (file: string): string => pathToFileURL(join(import.meta.dirname, '../../shm', file)).href;
  for (const file of ['shared53.ts', 'struct.ts']) writeFileSync(join(root, 'shm', file), `export * from '${real(file)}';\n`);
  writeFileSync(join(root, 'shm/sample.layout.ts'), SAMPLE);
  return root;
}

test('structs: generated accessors write each field where it was declared and nowhere else', async (t) => {
  const root = sampleProject();
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of generate(root)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const frame = await import(pathToFileURL(join(root, 'shm/sample.layout.gen.ts')).href);
  const buffer = new SharedArrayBuffer(512);
  const u8 = new Uint8Array(buffer);
  const u16 = new Uint16Array(buffer);
  const i32 = new Int32Array(buffer);
  const u32 = new Uint32Array(buffer);
  const f64 = new Float64Array(buffer);
  const base = 128;
  frame.setFrameKind(u8, base, 200);
  frame.setFrameSlotCount(u16, base, 40000);
  frame.storeFrameVersion(i32, base, -7);
  strictEqual(frame.addFrameVersion(i32, base, 2), -7);
  strictEqual(frame.compareExchangeFrameVersion(i32, base, -5, -4), -5);
  strictEqual(frame.exchangeFrameVersion(i32, base, -3), -4);
  frame.setFrameSigned(i32, base, -1);
  frame.setFrameUnsigned(u32, base, 4294967295);
  frame.setFrameLsn(f64, base, 2 ** 53);
  frame.storeFrameHorizon(i32, base, 2 ** 52 + 3);
  deepStrictEqual(
    [
      frame.frameKind(u8, base),
      frame.frameSlotCount(u16, base),
      frame.loadFrameVersion(i32, base),
      frame.frameSigned(i32, base),
      frame.frameUnsigned(u32, base),
      frame.frameLsn(f64, base),
      frame.loadFrameHorizon(i32, base),
    ],
    [200, 40000, -3, -1, 4294967295, 2 ** 53, 2 ** 52 + 3],
  );
  strictEqual(frame.FRAME_BYTES, 128);
  strictEqual(frame.FRAME_PAYLOAD_LENGTH, 16);
  strictEqual(frame.frameVersionWord(base), (base + frame.FRAME_VERSION) / 4);
  ok(
    u8.subarray(0, base).every((byte) => byte === 0),
    'nothing before the structure',
  );
  ok(
    u8.subarray(base + frame.FRAME_PAYLOAD).every((byte) => byte === 0),
    'nothing behind the last field written',
  );
});

test('structs: a stale file, a missing one and one whose layout is gone are found', (t) => {
  const root = sampleProject();
  t.after(() => rmSync(root, { recursive: true }));
  const files = generate(root);
  deepStrictEqual(findStale(root, files).differing, ['shm/sample.layout.gen.ts', 'docs/formats.md']);
  writeFileSync(join(root, 'shm/gone.layout.gen.ts'), '');
  deepStrictEqual(findStale(root, files).orphaned, ['shm/gone.layout.gen.ts']);
  match(files.get('docs/formats.md') ?? '', /\| 0 \| 1 \| kind \| u8 \| {2}\| kind \\\| sort \|/);
  match(files.get('docs/formats.md') ?? '', /\+---\+---\+/);
});

test('structs: what needs the program to run is refused with its place', (t) => {
  const root = sampleProject();
  t.after(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'shm/sample.layout.ts'), SAMPLE.replace('32 * 4', 'Math.random()'));
  throws(() => generate(root), /sample\.layout\.ts:12: cannot be worked out at build time: Math\.random\(\)/);
});

test('structs: overlap, misalignment, overflow and a wrong length do not load', () => {
  const field = (at: number, type: 'u8' | 'u32' | 'bytes') => ({ at, type, doc: 'x' });
  throws(() => defineStruct({ name: 'a', doc: '', fields: { x: field(0, 'u32'), y: field(2, 'u8') } }), /y overlaps x at byte 2/);
  throws(() => defineStruct({ name: 'a', doc: '', fields: { x: field(2, 'u32') } }), /must be a multiple of 4/);
  throws(() => defineStruct({ name: 'a', doc: '', bytes: 4, fields: { x: field(4, 'u32') } }), /end at byte 8, beyond its 4/);
  throws(() => defineStruct({ name: 'a', doc: '', fields: { x: field(0, 'bytes') } }), /a length belongs to type bytes/);
  throws(() => defineStruct({ name: 'A', doc: '', fields: { x: field(0, 'u8') } }), /camelCase/);
  strictEqual(defineStruct({ name: 'a', doc: '', fields: { x: field(0, 'u8'), y: { type: 'u32', doc: '' } } }).fields.y.at, 4);
});
