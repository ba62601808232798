/** A handle on a file of the simulated disk: where planned faults of reads, writes and syncs come in. */

import { assert } from '../../../shm/assert.ts';
import { diskFull, ioError, type SqlError } from '../../../shm/errors.ts';
import type { SeededRandom } from '../world.ts';
import type { CrashStyle } from './simulated-content.ts';
import type { SimulatedFaults } from './simulated-faults.ts';
import type { FileNode } from './simulated-names.ts';
import { type VfsFile, writeZeros, ZEROS } from './vfs.ts';

/** What a file needs of its disk. */
export interface SimulatedMachine {
  faults: SimulatedFaults;
  random: SeededRandom;
  /** Throws SimulatedCrash if the machine is down. */
  check(): void;
  /** Counts a change, makes it, and throws SimulatedCrash if the machine goes down in it. */
  change(make: () => void): void;
  /** Runs something a little later, or when the test says so. */
  later(run: () => void): void;
  style(label: string): CrashStyle;
  /** A handle of the file is gone. */
  closed(node: FileNode): void;
}

export class SimulatedFile implements VfsFile {
  readonly path: string;
  readonly #node: FileNode;
  readonly #machine: SimulatedMachine;
  #closed = false;
  /** Syncs that failed: each is decided by chance on its own. */
  #failures = 0;

  constructor(path: string, node: FileNode, machine: SimulatedMachine) {
    this.path = path;
    this.#node = node;
    this.#machine = machine;
    node.handles++;
  }

  read(position: number, target: Uint8Array, offset: number, length: number): number {
    this.#check();
    assert(offset >= 0 && length >= 0 && offset + length <= target.byteLength, 'a read stays inside its target');
    const { faults, random } = this.#machine;
    if (faults.hits('failRead', this.path)) throw this.#failed('read');
    const bytes = faults.hits('shortRead', this.path) ? random.below(length) : length;
    return this.#node.content.read(position, target, offset, bytes);
  }

  allocate(position: number, bytes: number): void {
    writeZeros(this, position, bytes);
  }

  write(position: number, source: Uint8Array, offset: number, length: number): void {
    this.#check();
    assert(offset >= 0 && length >= 0 && offset + length <= source.byteLength, 'a write stays inside its source');
    if (length === 0) return;
    assert(Number.isSafeInteger(position) && position >= 0, 'a write begins inside the file or behind it');
    if (this.#machine.faults.hits('failWrite', this.path)) throw this.#failed('write');
    let written = 0;
    this.#machine.change(() => {
      written = this.#node.content.write(position, source, offset, length);
    });
    if (written < length) throw diskFull(this.path);
  }

  writeParts(position: number, parts: readonly Uint8Array[]): void {
    // One change, as it is one call to the system: a sector that two parts share is torn at its borders only.
    const whole = joined(parts);
    this.write(position, whole, 0, whole.length);
  }

  sync(): void {
    this.#check();
    // The machine may go down before the disk has done anything: what is pending then is for the crash to decide.
    this.#machine.change(() => {});
    const error = this.#syncNow(this.#node.content.changes);
    if (error !== null) throw error;
  }

  syncLater(done: (error: Error | null) => void): void {
    this.#check();
    this.#machine.change(() => {});
    const { changes } = this.#node.content;
    this.#node.handles++;
    this.#machine.later(() => {
      const error = this.#syncNow(changes);
      this.#dropHandle();
      done(error);
    });
  }

  /** Makes the first `until` changes of the file durable; returns the planned failure, if it is this one's turn. */
  #syncNow(until: number): SqlError | null {
    const { faults, random, style } = this.#machine;
    const { content, id } = this.#node;
    if (!faults.hits('failSync', this.path)) {
      content.sync(until);
      return null;
    }
    const label = `failed sync of ${id} at ${content.changes}, ${this.#failures++}`;
    if (faults.failedSync !== 'keepsDirty') {
      content.loseDirty(random.split(label), style(label), faults.failedSync === 'revertsToDisk');
    }
    return this.#failed('sync');
  }

  size(): number {
    this.#check();
    return this.#node.content.size;
  }

  truncate(size: number): void {
    this.#check();
    assert(Number.isSafeInteger(size) && size >= 0, 'a size is a whole number of bytes');
    this.#machine.change(() => this.#node.content.truncate(size));
  }

  close(): void {
    if (this.#closed) return;
    this.#machine.check();
    this.#closed = true;
    this.#dropHandle();
  }

  #dropHandle(): void {
    this.#node.handles--;
    this.#machine.closed(this.#node);
  }

  #check(): void {
    this.#machine.check();
    assert(!this.#closed, 'a file that is used is open');
  }

  #failed(operation: string): SqlError {
    return ioError(this.path, operation, Object.assign(new Error('EIO, simulated'), { code: 'EIO' }));
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0);
  // Kept as what it is, so that the disk knows it.
  if (length <= ZEROS.length && parts.every((part) => part.buffer === ZEROS.buffer)) return ZEROS.subarray(0, length);
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
