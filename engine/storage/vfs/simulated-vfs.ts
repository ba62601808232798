/**
 * A disk in memory, driven by one seed: what it loses, tears and reorders at a crash, and where it fails, is the same in
 * every run from that seed. One thread only.
 *
 *   const disk = new SimulatedVfs({ seed });
 *   disk.plan({ crashAfter: 100 });
 *   try { work(disk); } catch (error) { if (!(error instanceof SimulatedCrash)) throw error; }
 *   recover(disk.crash());           // a new disk with what survived; the old one, and its files, throw from now on
 *
 * What lasts and what does not: simulated-content.ts (bytes), simulated-names.ts (names); faults: simulated-faults.ts.
 * It is as hard as POSIX allows: a synced file is lost without a syncDirectory(), and a failed sync loses data silently.
 */

import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { assert } from '../../../shm/assert.ts';
import { databaseLocked, diskFull, ioError } from '../../../shm/errors.ts';
import { SeededRandom } from '../world.ts';
import { CHUNK_BYTES, type CrashStyle, SimulatedContent, type Space } from './simulated-content.ts';
import { type FaultPlan, SimulatedCrash, SimulatedFaults } from './simulated-faults.ts';
import { SimulatedFile, type SimulatedMachine } from './simulated-file.ts';
import { type FileNode, type Node, SimulatedNames } from './simulated-names.ts';
import type { OpenMode, Vfs, VfsFile, VfsLock } from './vfs.ts';

export interface SimulatedOptions {
  seed: number | string;
}

/** One file as snapshot() shows it. */
export interface SimulatedFileState {
  size: number;
  durableSize: number;
  pendingChanges: number;
  /** Of what reads see. */
  crc32: number;
}

export class SimulatedVfs implements Vfs {
  readonly #random: SeededRandom;
  readonly #faults = new SimulatedFaults();
  readonly #space: Space = { capacity: Number.POSITIVE_INFINITY, used: 0 };
  #names = new SimulatedNames();
  readonly #locks = new Map<string, string>();
  readonly #syncs: (() => void)[] = [];
  #nextId = 1;
  #operations = 0;
  #down = false;
  readonly #machine: SimulatedMachine;

  constructor({ seed }: SimulatedOptions) {
    this.#random = new SeededRandom(seed);
    this.#machine = {
      faults: this.#faults,
      random: this.#random,
      check: () => this.#check(),
      change: (make) => this.#change(make),
      later: (run) => this.#later(run),
      style: (label) => styleOf(this.#random.split(label)),
      closed: (node) => this.#releaseUnused(node),
    };
  }

  /** Changes so far: writes, syncs, truncates, and changes and syncs of names. Each is a place to crash in. */
  get operations(): number {
    return this.#operations;
  }

  /** True once the machine has gone down: every call throws SimulatedCrash. */
  get isDown(): boolean {
    return this.#down;
  }

  /** Sets what goes wrong from now on; what the plan does not name stays as it was. */
  plan(plan: FaultPlan): void {
    this.#faults.plan(plan);
    if (plan.freeBytes === undefined) return;
    this.#space.capacity = plan.freeBytes === null ? Number.POSITIVE_INFINITY : this.#space.used + plan.freeBytes;
  }

  /** Takes the machine down (if it is not already) and returns the disk that it finds when it comes up again. */
  crash(): SimulatedVfs {
    this.#down = true;
    const random = this.#random.split(`crash at ${this.#operations}`);
    const style = styleOf(random);
    const next = new SimulatedVfs({ seed: random.int32() });
    const nodes = this.#names.survivors(random.split('names'), style.keep);
    next.#space.capacity = this.#space.capacity;
    for (const [path, node] of nodes) {
      if (node.kind !== 'file') continue;
      const content = node.content.survivor(next.#space, random.split(`file ${node.id}`), style);
      nodes.set(path, { kind: 'file', id: node.id, content, handles: 0 });
    }
    next.#names = new SimulatedNames(nodes);
    next.#nextId = this.#nextId;
    return next;
  }

  /** Answers the syncLater() calls that are waiting, in their order. */
  completeSyncs(): void {
    this.#check();
    for (const run of this.#syncs.splice(0)) run();
  }

  /** Overwrites bytes that lie on the disk. Reads see them, but for chunks with changes that are not synced. */
  corrupt(path: string, offset: number, bytes: Uint8Array): void {
    const { content } = this.#file(path, 'corrupt');
    for (const [i, value] of bytes.entries()) content.corruptByte(offset + i, value);
  }

  /** Flips `count` different bits that lie on the disk, chosen by the seed; returns where: byte offsets and bits. */
  flipBits(path: string, count: number, from = 0, to = this.#file(path, 'corrupt').content.durableSize): [number, number][] {
    const { content, id } = this.#file(path, 'corrupt');
    assert(count <= (to - from) * 8, 'there are as many bits as are to be flipped');
    const random = this.#random.split(`flip ${id} ${this.#operations}`);
    const chosen = new Set<number>();
    while (chosen.size < count) chosen.add(from * 8 + random.below((to - from) * 8));
    return [...chosen].map((position) => {
      const offset = Math.floor(position / 8);
      content.corruptByte(offset, content.durableByte(offset) ^ (1 << (position % 8)));
      return [offset, position % 8];
    });
  }

  /** Every file by its path: for messages of failed tests, and for comparing two runs. */
  snapshot(): Record<string, SimulatedFileState> {
    const states: Record<string, SimulatedFileState> = {};
    const buffer = new Uint8Array(16 * CHUNK_BYTES);
    for (const [path, node] of this.#names.entries()) {
      if (node.kind !== 'file') continue;
      const { size, durableSize, pendingChanges } = node.content;
      let sum = 0;
      for (let at = 0; at < size; at += buffer.length) {
        sum = crc32(buffer.subarray(0, node.content.read(at, buffer, 0, buffer.length)), sum);
      }
      states[path] = { size, durableSize, pendingChanges, crc32: sum };
    }
    return states;
  }

  open(path: string, mode: OpenMode): VfsFile {
    this.#check();
    const node = this.#names.get(path);
    if (node?.kind === 'directory') throw systemError(path, 'open', 'EISDIR');
    if (node === undefined && mode === 'existing') throw systemError(path, 'open', 'ENOENT');
    if (node !== undefined && mode === 'createNew') throw systemError(path, 'open', 'EEXIST');
    return new SimulatedFile(path, node ?? this.#create(path), this.#machine);
  }

  #create(path: string): FileNode {
    this.#needDirectory(dirname(path), 'open');
    // A name needs a little room in its directory.
    if (this.#space.used >= this.#space.capacity) throw diskFull(path);
    const node: FileNode = { kind: 'file', id: this.#nextId++, content: new SimulatedContent(this.#space), handles: 0 };
    this.#change(() => this.#names.add(path, node));
    return node;
  }

  exists(path: string): boolean {
    this.#check();
    return this.#names.get(path) !== undefined;
  }

  list(directory: string): string[] {
    this.#check();
    this.#needDirectory(directory, 'list');
    return this.#names.list(directory);
  }

  remove(path: string): void {
    this.#check();
    const node = this.#file(path, 'remove');
    this.#change(() => this.#names.remove(path));
    this.#releaseUnused(node);
  }

  rename(from: string, to: string): void {
    this.#check();
    this.#file(from, 'rename');
    this.#needDirectory(dirname(to), 'rename');
    const replaced = this.#names.get(to);
    if (replaced?.kind === 'directory') throw systemError(to, 'rename', 'EISDIR');
    if (from === to) return;
    this.#change(() => this.#names.rename(from, to));
    if (replaced !== undefined) this.#releaseUnused(replaced);
  }

  makeDirectory(path: string): void {
    this.#check();
    const node = this.#names.get(path);
    if (node?.kind === 'file') throw systemError(path, 'make directory', 'EEXIST');
    if (node !== undefined) return;
    this.makeDirectory(dirname(path));
    this.#change(() => this.#names.add(path, { kind: 'directory' }));
  }

  syncDirectory(path: string): void {
    this.#check();
    this.#needDirectory(path, 'sync');
    this.#change(() => {});
    if (this.#faults.hits('failSync', path)) throw systemError(path, 'sync', 'EIO');
    this.#names.sync(path);
  }

  lock(directory: string): VfsLock {
    this.#check();
    this.#needDirectory(directory, 'take lock');
    if (this.#locks.has(directory)) throw databaseLocked(process.pid, directory);
    const token = `simulated-${this.#nextId++}`;
    this.#locks.set(directory, token);
    return this.#heldLock(directory, token);
  }

  adoptLock(directory: string, token: string): VfsLock {
    this.#check();
    if (this.#locks.get(directory) !== token) throw databaseLocked(process.pid, directory);
    return this.#heldLock(directory, token);
  }

  #heldLock(directory: string, token: string): VfsLock {
    const release = (): void => {
      if (this.#locks.get(directory) === token) this.#locks.delete(directory);
    };
    return { token, release };
  }

  #check(): void {
    if (this.#down) throw new SimulatedCrash('the simulated machine is down');
  }

  /** Counts a change and makes it (nothing of it is durable yet), and goes down in it when the plan says so. */
  #change(make: () => void): void {
    this.#operations++;
    make();
    if (!this.#faults.crashesNow()) return;
    this.#down = true;
    throw new SimulatedCrash(`the simulated machine went down in operation ${this.#operations}`);
  }

  #later(run: () => void): void {
    this.#syncs.push(run);
    if (this.#faults.holdSyncs) return;
    queueMicrotask(() => {
      // Answered by completeSyncs() already, or never: the machine is down.
      if (this.#down || this.#syncs[0] !== run) return;
      this.#syncs.shift();
      try {
        run();
      } catch (error) {
        // Who was called back went down with the machine, and nobody is left to tell: see isDown.
        if (!(error instanceof SimulatedCrash)) throw error;
      }
    });
  }

  *#files(): Generator<FileNode> {
    for (const [, node] of this.#names.entries()) if (node.kind === 'file') yield node;
  }

  #file(path: string, operation: string): FileNode {
    const node = this.#names.get(path);
    if (node === undefined) throw systemError(path, operation, 'ENOENT');
    if (node.kind === 'directory') throw systemError(path, operation, 'EISDIR');
    return node;
  }

  #needDirectory(path: string, operation: string): void {
    const node = this.#names.get(path);
    if (node === undefined) throw systemError(path, operation, 'ENOENT');
    if (node.kind === 'file') throw systemError(path, operation, 'ENOTDIR');
  }

  /** Gives the space of a file back that has neither a name nor a handle. */
  #releaseUnused(node: Node): void {
    if (node.kind !== 'file' || node.handles > 0) return;
    for (const named of this.#files()) if (named === node) return;
    node.content.release();
  }
}

/** How kind this crash is: often everything or nothing survives, which finds other bugs than a mixture does. */
function styleOf(random: SeededRandom): CrashStyle {
  const kind = random.next();
  if (kind < 0.15) return { keep: 1, tear: 0 };
  if (kind < 0.3) return { keep: 0, tear: 0 };
  const keep = random.next();
  return { keep, tear: (1 - keep) * random.next() };
}

const systemError = (path: string, operation: string, code: string) =>
  ioError(path, operation, Object.assign(new Error(`${code}, simulated`), { code }));
