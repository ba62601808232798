/**
 * The bytes of one file on the simulated disk: what programs see, what is durable, and the changes in between.
 *
 *               chunk 0   1   2   3   4
 *   current       [ a ] [Z] [c'] [ ] [e]     what a read sees
 *   durable       [ a ] [Z] [c ] [ ]         what the last sync left on the disk
 *   dirty                    2        4      chunks of `current` that belong to it alone and may be written in place
 *   pending       write 8192+4096, write 16384+4096, ...: the changes since the sync, in order
 *
 * A chunk is 4 KiB, the page of an operating system. A hole has no chunk; Z is one shared chunk of zeros, so that
 * a preallocated log segment is an array of references. Chunks are shared between current, durable and the disks that
 * crashes leave; only those in `dirty` are written in place, all others are copied first.
 *
 * A crash decides for every change which of its 512-byte sectors reached the disk. A sector that did has the content it
 * had right after that change: earlier changes of the same sector are in it too, as they were in the page cache. Between
 * sectors, and so between changes and files, any order is possible. Cuts and growths of the file (truncate) survive in
 * order; a write that grew the file and was lost may leave the size, with zeros.
 */

import { assert } from '../../../shm/assert.ts';
import type { SeededRandom } from '../world.ts';
import { ZEROS } from './vfs.ts';

export const CHUNK_BYTES = 4096;
export const SECTOR_BYTES = 512;

const ZERO_CHUNK = new Uint8Array(CHUNK_BYTES);

type Chunk = Uint8Array | undefined;

interface Change {
  kind: 'write' | 'truncate';
  position: number;
  /** Behind the last byte changed: for a truncate the size before, if that is more. */
  end: number;
  /** What was written; null: zeros, or a hole for a truncate. */
  bytes: Uint8Array | null;
}

/** Room on the disk, shared by its files. */
export interface Space {
  capacity: number;
  /** Bytes that files have, in whole chunks. May be above the capacity when a crash has brought a removed file back. */
  used: number;
}

/** How much of what was not synced survives: everything, nothing, or each change kept, lost or torn by chance. */
export interface CrashStyle {
  keep: number;
  tear: number;
}

export class SimulatedContent {
  size = 0;
  durableSize = 0;
  readonly #space: Space;
  #current: Chunk[] = [];
  #durable: Chunk[] = [];
  readonly #dirty = new Set<number>();
  #pending: Change[] = [];
  #changes = 0;
  /** Fewest chunks the file had since the last sync: durable chunks from here on are gone. */
  #cutTo = Number.POSITIVE_INFINITY;

  constructor(space: Space) {
    this.#space = space;
  }

  get pendingChanges(): number {
    return this.#pending.length;
  }

  /** Number of changes of the file so far, pending or not. */
  get changes(): number {
    return this.#changes;
  }

  /** Copies what lies in the file to the target; returns the bytes copied. */
  read(position: number, target: Uint8Array, offset: number, length: number): number {
    const end = Math.min(position + length, this.size);
    for (let at = position; at < end; ) {
      const index = Math.floor(at / CHUNK_BYTES);
      const inside = at - index * CHUNK_BYTES;
      const bytes = Math.min(CHUNK_BYTES - inside, end - at);
      const to = offset + at - position;
      const chunk = this.#current[index];
      if (chunk === undefined || chunk === ZERO_CHUNK) target.fill(0, to, to + bytes);
      else target.set(chunk.subarray(inside, inside + bytes), to);
      at += bytes;
    }
    return Math.max(0, end - position);
  }

  /** Writes as many bytes as there is space for; returns how many. */
  write(position: number, source: Uint8Array, offset: number, length: number): number {
    const fits = this.#allocate(position, length);
    if (fits === 0) return 0;
    const bytes = isZero(source, offset, fits) ? null : copyOf(source, offset, fits);
    const change: Change = { kind: 'write', position, end: position + fits, bytes };
    this.#record(change);
    applyTo(this.#current, this.#dirty, change, position, change.end);
    this.size = Math.max(this.size, change.end);
    return fits;
  }

  #record(change: Change): void {
    this.#pending.push(change);
    this.#changes++;
  }

  /** Takes space for the chunks a write needs; returns how many of its bytes have a place. */
  #allocate(position: number, length: number): number {
    const end = position + length;
    for (let index = Math.floor(position / CHUNK_BYTES); index * CHUNK_BYTES < end; index++) {
      if (this.#current[index] !== undefined) continue;
      if (this.#space.used + CHUNK_BYTES > this.#space.capacity) return Math.max(0, index * CHUNK_BYTES - position);
      this.#space.used += CHUNK_BYTES;
      this.#current[index] = ZERO_CHUNK;
      this.#dirty.add(index);
    }
    return length;
  }

  truncate(size: number): void {
    const change: Change = { kind: 'truncate', position: size, end: Math.max(size, this.size), bytes: null };
    this.#record(change);
    this.#setCurrent(() => cut(this.#current, this.#dirty, size));
    this.#cutTo = Math.min(this.#cutTo, this.#current.length);
    this.size = size;
  }

  /** Gives its space back: the file has no name and no handle any more. */
  release(): void {
    this.#setCurrent(() => {
      this.#current = [];
    });
  }

  /** Bytes of space that the file takes. */
  get allocated(): number {
    let chunks = 0;
    for (const chunk of this.#current) if (chunk !== undefined) chunks++;
    return chunks * CHUNK_BYTES;
  }

  #setCurrent(change: () => void): void {
    const before = this.allocated;
    change();
    this.#space.used += this.allocated - before;
  }

  /** Makes durable what is pending of the first `until` changes, by default all. */
  sync(until = this.#changes): void {
    if (until < this.#changes) {
      this.#syncSome(Math.max(0, this.#pending.length - (this.#changes - until)));
      return;
    }
    this.#durable.length = Math.min(this.#durable.length, this.#cutTo, this.#current.length);
    for (const index of this.#dirty) if (index < this.#current.length) this.#durable[index] = this.#current[index];
    this.durableSize = this.size;
    this.#allClean();
  }

  /** A sync that began before the last changes: those stay pending, and their chunks stay dirty. */
  #syncSome(count: number): void {
    const owned = new Set<number>();
    for (const change of this.#pending.slice(0, count)) {
      if (change.kind === 'truncate') cut(this.#durable, owned, change.position);
      else applyTo(this.#durable, owned, change, change.position, change.end);
      this.durableSize = change.kind === 'truncate' ? change.position : Math.max(this.durableSize, change.end);
    }
    this.#pending = this.#pending.slice(count);
  }

  #allClean(): void {
    this.#dirty.clear();
    this.#pending = [];
    this.#cutTo = Number.POSITIVE_INFINITY;
  }

  /**
   * A sync that failed and after which the system takes all for written: chance decides what is on the disk, and no
   * later sync writes the rest. Reads see the data still, or (reverts) what is on the disk.
   */
  loseDirty(random: SeededRandom, style: CrashStyle, reverts: boolean): void {
    const left = this.#afterCrash(random, style);
    this.#durable = left.chunks;
    this.durableSize = left.size;
    this.#allClean();
    if (!reverts) return;
    this.#setCurrent(() => {
      this.#current = left.chunks.slice();
    });
    this.size = left.size;
  }

  /** The file that a crash leaves, on the new disk. */
  survivor(space: Space, random: SeededRandom, style: CrashStyle): SimulatedContent {
    const left = this.#afterCrash(random, style);
    const content = new SimulatedContent(space);
    content.#durable = left.chunks;
    content.#current = left.chunks.slice();
    content.size = content.durableSize = left.size;
    space.used += content.allocated;
    return content;
  }

  /** The byte that lies on the disk. */
  durableByte(position: number): number {
    return this.#durable[Math.floor(position / CHUNK_BYTES)]?.[position % CHUNK_BYTES] ?? 0;
  }

  /** Changes a byte on the disk behind everybody's back. Reads see it unless the chunk has changes that are not synced. */
  corruptByte(position: number, value: number): void {
    assert(position >= 0 && position < this.durableSize, 'what is corrupted lies on the disk');
    const index = Math.floor(position / CHUNK_BYTES);
    const old = this.#durable[index];
    const chunk = old?.slice() ?? new Uint8Array(CHUNK_BYTES);
    chunk[position % CHUNK_BYTES] = value;
    this.#durable[index] = chunk;
    if (old !== this.#current[index]) return;
    // It was one chunk and still is: nobody may write it in place.
    this.#current[index] = chunk;
    this.#dirty.delete(index);
    if (old === undefined) this.#space.used += CHUNK_BYTES;
  }

  #afterCrash(random: SeededRandom, style: CrashStyle): { chunks: Chunk[]; size: number } {
    const chunks = this.#durable.slice();
    if (this.#pending.length === 0) return { chunks, size: this.durableSize };
    const fates = decideFates(this.#pending, random, style);
    const owned = new Set<number>();
    for (const [index, change] of this.#pending.entries()) {
      forEachRun(fates, index, change, (from, to) => applyTo(chunks, owned, change, from, to));
    }
    const size = sizeAfterCrash(this.durableSize, this.#pending, fates, random);
    cut(chunks, owned, size);
    return { chunks, size };
  }
}

/** Which change each sector had last seen when it reached the disk, for the stretch of the file that changed. */
interface Fates {
  /** Number of the first sector of the stretch. */
  first: number;
  /** Index of the last change in the sector, -1: none. */
  last: Int32Array;
  /** For each change, behind the last of its bytes that survived; 0: none did. */
  survivedTo: number[];
}

const sectorsTo = (position: number): number => Math.ceil(position / SECTOR_BYTES);

function decideFates(pending: readonly Change[], random: SeededRandom, style: CrashStyle): Fates {
  let first = Number.POSITIVE_INFINITY;
  let end = 0;
  for (const change of pending) {
    first = Math.min(first, Math.floor(change.position / SECTOR_BYTES));
    end = Math.max(end, sectorsTo(change.end));
  }
  const last = new Int32Array(end - first).fill(-1);
  const survivedTo: number[] = [];
  let cutLost = false;
  for (const [index, change] of pending.entries()) {
    const from = Math.floor(change.position / SECTOR_BYTES) - first;
    const to = sectorsTo(change.end) - first;
    const chance = random.next();
    const torn = change.kind === 'write' && chance >= style.keep && chance < style.keep + style.tear;
    let survived = chance < style.keep;
    if (change.kind === 'truncate') survived = !(cutLost ||= !survived);
    let until = survived ? to : 0;
    if (survived) last.fill(index, from, to);
    if (torn) until = tear(last, index, from, to, random);
    // A cut to where nothing lay has no sector, yet it survived.
    survivedTo.push(survived ? change.end : Math.min(change.end, until === 0 ? 0 : (until + first) * SECTOR_BYTES));
  }
  return { first, last, survivedTo };
}

/** Lets some sectors survive, a random share of them; returns the sector behind the last one, 0: none. */
function tear(last: Int32Array, index: number, from: number, to: number, random: SeededRandom): number {
  const share = random.next();
  let until = 0;
  for (let sector = from; sector < to; sector++) {
    if (!random.chance(share)) continue;
    last[sector] = index;
    until = sector + 1;
  }
  return until;
}

/** Calls back for each stretch of the change that is on the disk, in bytes of the file. */
function forEachRun({ first, last }: Fates, index: number, change: Change, run: (from: number, to: number) => void): void {
  const to = sectorsTo(change.end) - first;
  for (let sector = Math.floor(change.position / SECTOR_BYTES) - first; sector < to; sector++) {
    if (last[sector]! < index) continue;
    const start = sector;
    while (sector + 1 < to && last[sector + 1]! >= index) sector++;
    const from = Math.max(change.position, (start + first) * SECTOR_BYTES);
    run(from, Math.min(change.end, (sector + 1 + first) * SECTOR_BYTES));
  }
}

/** Chance that the size of a write that grew the file, and lost (some of) its data, survives: zeros lie there then. */
const GROWTH_WITHOUT_DATA = 0.25;

function sizeAfterCrash(durableSize: number, pending: readonly Change[], fates: Fates, random: SeededRandom): number {
  let size = durableSize;
  for (const [index, change] of pending.entries()) {
    const survivedTo = fates.survivedTo[index]!;
    if (change.kind === 'truncate') {
      // survivedTo is 0 for a lost one; one of an empty file to size 0 changes nothing either way.
      if (survivedTo > 0) size = change.position;
      continue;
    }
    size = Math.max(size, survivedTo);
    if (change.end > size && random.chance(GROWTH_WITHOUT_DATA)) size = change.end;
  }
  return size;
}

/** Puts the bytes [from, to) of a change into chunks; those in `owned` are written in place, others are copied first. */
function applyTo(chunks: Chunk[], owned: Set<number>, change: Change, from: number, to: number): void {
  const hole = change.kind === 'truncate';
  for (let at = from; at < to; ) {
    const index = Math.floor(at / CHUNK_BYTES);
    const inside = at - index * CHUNK_BYTES;
    const bytes = Math.min(CHUNK_BYTES - inside, to - at);
    if (change.bytes !== null) {
      const source = at - change.position;
      ownChunk(chunks, owned, index).set(change.bytes.subarray(source, source + bytes), inside);
    } else if (bytes === CHUNK_BYTES) {
      chunks[index] = hole ? undefined : ZERO_CHUNK;
      owned.add(index);
    } else clear(chunks, owned, index, inside, bytes);
    at += bytes;
  }
}

/** Takes away what lies behind `size`. */
function cut(chunks: Chunk[], owned: Set<number>, size: number): void {
  const keep = Math.ceil(size / CHUNK_BYTES);
  if (chunks.length > keep) chunks.length = keep;
  const inside = size % CHUNK_BYTES;
  if (inside > 0) clear(chunks, owned, keep - 1, inside, CHUNK_BYTES - inside);
}

function clear(chunks: Chunk[], owned: Set<number>, index: number, inside: number, bytes: number): void {
  const chunk = chunks[index];
  if (chunk !== undefined && chunk !== ZERO_CHUNK) ownChunk(chunks, owned, index).fill(0, inside, inside + bytes);
}

/** The chunk, as one that may be written in place. */
function ownChunk(chunks: Chunk[], owned: Set<number>, index: number): Uint8Array {
  const chunk = chunks[index];
  if (chunk !== undefined && chunk !== ZERO_CHUNK && owned.has(index)) return chunk;
  const copy = chunk === undefined ? new Uint8Array(CHUNK_BYTES) : chunk.slice();
  chunks[index] = copy;
  owned.add(index);
  return copy;
}

// Not slice(): that of a Buffer is a view.
function copyOf(source: Uint8Array, offset: number, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  copy.set(source.subarray(offset, offset + length));
  return copy;
}

function isZero(source: Uint8Array, offset: number, length: number): boolean {
  if (source.buffer === ZEROS.buffer) return true;
  // Short writes are rarely zeros, and cost little.
  if (length < CHUNK_BYTES || source[offset] !== 0 || source[offset + length - 1] !== 0) return false;
  for (let done = 0; done < length; done += ZEROS.length) {
    const bytes = Math.min(ZEROS.length, length - done);
    if (Buffer.compare(source.subarray(offset + done, offset + done + bytes), ZEROS.subarray(0, bytes)) !== 0) return false;
  }
  return true;
}

assert(CHUNK_BYTES % SECTOR_BYTES === 0, 'a chunk is whole sectors');
