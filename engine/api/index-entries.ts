/**
 * Entries of an index that is built over rows: collected as they come, sorted in memory, written to a spill file in sorted runs where
 * they are many, merged.
 *
 *   record    | length u16, flags u16 | page i32 | slot i32 | key: words, or bytes padded to 4 |
 *
 * A key comes once for each version of a row that has it; such doubles are one entry.
 */

import { appendSpill, closeSpillFile, createSpillFile, readSpill, type SpillFile } from '../storage/space/spill-files.ts';
import type { Space } from '../storage/space/space.ts';
import type { SortedEntries } from '../storage/btree/build.ts';
import { createKeyScratch, type IndexKind, type KeyScratch } from '../storage/rows/runtime.ts';

/** Memory for entries before they become a run of the file. */
const RUN_BYTES = 32 << 20;
const HEAD_BYTES = 12;
/** The longest record: a key of 2,000 bytes. */
const RECORD_BYTES_MAX = 2064;
const READ_BYTES = 64 << 10;

/** The newest version of its row, whose key may not come twice. */
export const ENTRY_UNIQUE = 1;

interface Run {
  readonly start: number;
  readonly bytes: number;
}

export class IndexEntries {
  readonly #kind: IndexKind;
  readonly #space: Space;
  readonly #runBytes: number;
  #u8: Uint8Array;
  #i32: Int32Array;
  #used = 0;
  /** Byte offset of each record in memory. */
  readonly #offsets: number[] = [];
  #spill: SpillFile | null = null;
  readonly #runs: Run[] = [];

  constructor(kind: IndexKind, space: Space, runBytes = RUN_BYTES) {
    this.#kind = kind;
    this.#space = space;
    this.#runBytes = runBytes;
    const first = new ArrayBuffer(64 << 10);
    this.#u8 = new Uint8Array(first);
    this.#i32 = new Int32Array(first);
  }

  add(key: KeyScratch, page: number, slot: number, flags: number): void {
    const keyBytes = this.#kind === 'bytes' ? key.length : 8;
    const bytes = HEAD_BYTES + ((keyBytes + 3) & ~3);
    if (this.#used + bytes > this.#runBytes) this.#writeRun();
    this.#makeRoom(bytes);
    const at = this.#used;
    const word = at >> 2;
    this.#i32[word] = keyBytes | (flags << 16);
    this.#i32[word + 1] = page;
    this.#i32[word + 2] = slot;
    if (this.#kind === 'bytes') {
      for (let index = 0; index < keyBytes; index++) this.#u8[at + HEAD_BYTES + index] = key.u8[index];
    } else {
      this.#i32[word + 3] = key.i32[0];
      this.#i32[word + 4] = this.#kind === 'i64' ? key.i32[1] : 0;
    }
    this.#offsets.push(at);
    this.#used += bytes;
  }

  #makeRoom(bytes: number): void {
    if (this.#used + bytes <= this.#u8.length) return;
    const buffer = new ArrayBuffer(Math.min(this.#u8.length * 2, this.#runBytes + RECORD_BYTES_MAX) & ~7);
    const u8 = new Uint8Array(buffer);
    u8.set(this.#u8.subarray(0, this.#used));
    this.#u8 = u8;
    this.#i32 = new Int32Array(buffer);
  }

  #sorted(): number[] {
    const { words, bytes } = comparers(this.#u8, this.#i32);
    return this.#offsets.sort(this.#kind === 'bytes' ? bytes : words);
  }

  #writeRun(): void {
    this.#spill ??= createSpillFile(this.#space);
    const start = this.#spill.length;
    for (const at of this.#sorted()) appendSpill(this.#spill, this.#u8, at, recordBytes(this.#i32[at >> 2]));
    this.#runs.push({ start, bytes: this.#spill.length - start });
    this.#used = 0;
    this.#offsets.length = 0;
  }

  /** All entries in order, from the start; may be asked for again. No entry is added afterwards. */
  ordered(): OrderedEntries {
    const sources: RecordSource[] = this.#runs.map((run) => new RunSource(this.#spill as SpillFile, run));
    sources.push(new MemorySource(this.#u8, this.#i32, this.#sorted()));
    return new OrderedEntries(this.#kind, sources);
  }

  close(): void {
    if (this.#spill !== null) closeSpillFile(this.#spill);
    this.#spill = null;
  }
}

const recordBytes = (head: number): number => HEAD_BYTES + (((head & 0xffff) + 3) & ~3);

/** Where records come from, one after the other: the present one lies at `at`. */
interface RecordSource {
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly at: number;
  next(): boolean;
}

class MemorySource implements RecordSource {
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  at = 0;
  readonly #offsets: readonly number[];
  #next = 0;

  constructor(u8: Uint8Array, i32: Int32Array, offsets: readonly number[]) {
    this.u8 = u8;
    this.i32 = i32;
    this.#offsets = offsets;
  }

  next(): boolean {
    if (this.#next === this.#offsets.length) return false;
    this.at = this.#offsets[this.#next++];
    return true;
  }
}

class RunSource implements RecordSource {
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  at = 0;
  readonly #spill: SpillFile;
  #position: number;
  readonly #end: number;
  #filled = 0;
  #next = 0;

  constructor(spill: SpillFile, run: Run) {
    const buffer = new ArrayBuffer(READ_BYTES);
    this.u8 = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.#spill = spill;
    this.#position = run.start;
    this.#end = run.start + run.bytes;
  }

  next(): boolean {
    if (this.#filled - this.#next < RECORD_BYTES_MAX && this.#position < this.#end) this.#fill();
    if (this.#next === this.#filled) return false;
    this.at = this.#next;
    this.#next += recordBytes(this.i32[this.at >> 2]);
    return true;
  }

  #fill(): void {
    this.u8.copyWithin(0, this.#next, this.#filled);
    this.#filled -= this.#next;
    this.#next = 0;
    const bytes = Math.min(READ_BYTES - this.#filled, this.#end - this.#position);
    this.#filled += readSpill(this.#spill, this.#position, this.u8, this.#filled, bytes);
    this.#position += bytes;
  }
}

/** Order of (key, page, slot) for two records of one memory. */
function comparers(u8: Uint8Array, i32: Int32Array) {
  const one = { u8, i32 };
  return {
    words: (a: number, b: number): number => compareWords(one, a, one, b) || compareRows(one, a, one, b),
    bytes: (a: number, b: number): number => compareBytes(one, a, one, b) || compareRows(one, a, one, b),
  };
}

type Memory = Pick<RecordSource, 'u8' | 'i32'>;

function compareWords(a: Memory, aAt: number, b: Memory, bAt: number): number {
  const left = (aAt >> 2) + 3;
  const right = (bAt >> 2) + 3;
  if (a.i32[left] !== b.i32[right]) return a.i32[left] < b.i32[right] ? -1 : 1;
  return (a.i32[left + 1] >>> 0) - (b.i32[right + 1] >>> 0);
}

function compareBytes(a: Memory, aAt: number, b: Memory, bAt: number): number {
  const aBytes = a.i32[aAt >> 2] & 0xffff;
  const bBytes = b.i32[bAt >> 2] & 0xffff;
  const common = Math.min(aBytes, bBytes);
  for (let index = HEAD_BYTES; index < HEAD_BYTES + common; index++) {
    const difference = a.u8[aAt + index] - b.u8[bAt + index];
    if (difference !== 0) return difference;
  }
  return aBytes - bBytes;
}

const compareRows = (a: Memory, aAt: number, b: Memory, bAt: number): number =>
  a.i32[(aAt >> 2) + 1] - b.i32[(bAt >> 2) + 1] || a.i32[(aAt >> 2) + 2] - b.i32[(bAt >> 2) + 2];

/** The merged entries; equal ones are one, its flags all of theirs. */
export class OrderedEntries implements SortedEntries {
  readonly key: KeyScratch = createKeyScratch();
  flags = 0;
  readonly #isBytes: boolean;
  /** A heap by the present record: the least first. */
  readonly #sources: RecordSource[];

  constructor(kind: IndexKind, sources: readonly RecordSource[]) {
    this.#isBytes = kind === 'bytes';
    this.#sources = sources.filter((source) => source.next());
    for (let at = (this.#sources.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  next(): boolean {
    if (this.#sources.length === 0) return false;
    const { u8, i32, at } = this.#sources[0];
    const word = at >> 2;
    const { key } = this;
    key.length = i32[word] & 0xffff;
    this.flags = i32[word] >>> 16;
    if (this.#isBytes) for (let index = 0; index < key.length; index++) key.u8[index] = u8[at + HEAD_BYTES + index];
    else {
      key.i32[0] = i32[word + 3];
      key.i32[1] = i32[word + 4];
    }
    key.i32[2] = i32[word + 1];
    key.i32[3] = i32[word + 2];
    this.#advance();
    while (this.#sources.length > 0 && this.#isSame(this.#sources[0])) {
      this.flags |= this.#sources[0].i32[this.#sources[0].at >> 2] >>> 16;
      this.#advance();
    }
    return true;
  }

  /** The record is of the entry in `key`. */
  #isSame({ u8, i32, at }: RecordSource): boolean {
    const word = at >> 2;
    const { key } = this;
    if (i32[word + 1] !== key.i32[2] || i32[word + 2] !== key.i32[3] || (i32[word] & 0xffff) !== key.length) return false;
    if (!this.#isBytes) return i32[word + 3] === key.i32[0] && i32[word + 4] === key.i32[1];
    for (let index = 0; index < key.length; index++) if (u8[at + HEAD_BYTES + index] !== key.u8[index]) return false;
    return true;
  }

  #advance(): void {
    const sources = this.#sources;
    if (!sources[0].next()) {
      const last = sources.pop() as RecordSource;
      if (sources.length === 0) return;
      sources[0] = last;
    }
    this.#sink(0);
  }

  #sink(from: number): void {
    const sources = this.#sources;
    for (let at = from; ; ) {
      let least = at;
      for (let child = 2 * at + 1; child <= 2 * at + 2 && child < sources.length; child++) {
        if (this.#compare(sources[child], sources[least]) < 0) least = child;
      }
      if (least === at) return;
      [sources[at], sources[least]] = [sources[least], sources[at]];
      at = least;
    }
  }

  #compare(a: RecordSource, b: RecordSource): number {
    const order = this.#isBytes ? compareBytes(a, a.at, b, b.at) : compareWords(a, a.at, b, b.at);
    return order || compareRows(a, a.at, b, b.at);
  }
}
