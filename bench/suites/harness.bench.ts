/** One measure for the harness itself: the checksum of a page, in C (what the engine uses) and in JavaScript. */
import { crc32 } from 'node:zlib';
import type { BenchContext, Measure, Running } from '../harness/measure.ts';
import { operationsPerSecond } from '../harness/rate.ts';

const PAGE_BYTES = 8192;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function tableCrc32(page: Uint8Array): number {
  let crc = -1;
  for (let at = 0; at < page.length; at++) crc = (crc >>> 8) ^ TABLE[(crc ^ page[at]) & 255];
  return ~crc >>> 0;
}

function pageChecksum(context: BenchContext): Running {
  const pages = context.size(64, 1);
  const page = new Uint8Array(new SharedArrayBuffer(PAGE_BYTES)).map((_, at) => (at * 31) & 255);
  const turn = (checksum: (page: Uint8Array) => number) => async (): Promise<number> => {
    let sum = 0;
    const rate = await operationsPerSecond(context, pages, () => {
      for (let n = 0; n < pages; n++) sum = checksum(page);
    });
    context.digest(sum);
    return rate;
  };
  return { ours: turn(crc32), peer: turn(tableCrc32) };
}

const measures: readonly Measure[] = [
  { name: 'page checksum', unit: 'pages/s', better: 'higher', peerName: 'table in JavaScript', bar: 2, setup: pageChecksum },
];
export default measures;
