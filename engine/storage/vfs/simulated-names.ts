/**
 * The names on the simulated disk: which path leads to which file or directory, now and after a crash.
 *
 *   current   what programs see
 *   durable   what is on the disk for certain
 *   pending   the changes in between, in order, each with the directories whose syncDirectory() makes it durable
 *
 * At a crash the pending changes of a directory survive up to some point, chosen by chance. A rename from one directory
 * to another belongs to both, is atomic, and survives only if all before it in both does. A file whose name does not
 * survive is gone, synced or not.
 */

import { dirname } from 'node:path';
import { assert } from '../../../shm/assert.ts';
import type { SeededRandom } from '../world.ts';
import type { SimulatedContent } from './simulated-content.ts';

export interface FileNode {
  kind: 'file';
  /** Numbers files in order of creation: names a file in the generator's labels. */
  id: number;
  content: SimulatedContent;
  handles: number;
}

export type Node = FileNode | { kind: 'directory' };

type NameChange =
  | { kind: 'add'; path: string; node: Node; directories: string[] }
  | { kind: 'remove'; path: string; directories: string[] }
  | { kind: 'rename'; path: string; to: string; directories: string[] };

type NodeMap = Map<string, Node>;

export class SimulatedNames {
  readonly #current: NodeMap;
  readonly #durable: NodeMap;
  #pending: NameChange[] = [];

  constructor(durable: NodeMap = new Map([['/', { kind: 'directory' }]])) {
    this.#durable = durable;
    this.#current = new Map(durable);
  }

  get(path: string): Node | undefined {
    return this.#current.get(path);
  }

  /** All paths with their nodes, sorted. */
  entries(): [string, Node][] {
    return sorted(this.#current);
  }

  /** Names in a directory, sorted. */
  list(directory: string): string[] {
    const prefix = directory === '/' ? '/' : `${directory}/`;
    const names: string[] = [];
    for (const path of this.#current.keys()) {
      if (path !== '/' && dirname(path) === directory) names.push(path.slice(prefix.length));
    }
    return names.sort();
  }

  add(path: string, node: Node): void {
    this.#change({ kind: 'add', path, node, directories: [dirname(path)] });
  }

  remove(path: string): void {
    this.#change({ kind: 'remove', path, directories: [dirname(path)] });
  }

  rename(path: string, to: string): void {
    this.#change({ kind: 'rename', path, to, directories: [...new Set([dirname(path), dirname(to)])] });
  }

  #change(change: NameChange): void {
    this.#pending.push(change);
    apply(this.#current, change);
  }

  /** Makes the changes of a directory durable, and those of others that they build on. */
  sync(directory: string): void {
    const needed = new Set([directory]);
    const chosen = new Set<NameChange>();
    for (const change of this.#pending.toReversed()) {
      if (!change.directories.some((path) => needed.has(path))) continue;
      chosen.add(change);
      for (const path of change.directories) needed.add(path);
    }
    for (const change of this.#pending) if (chosen.has(change)) apply(this.#durable, change);
    this.#pending = this.#pending.filter((change) => !chosen.has(change));
  }

  /** The names that a crash leaves; `keep` is the chance of each change to survive if all before it did. */
  survivors(random: SeededRandom, keep: number): NodeMap {
    const left = new Map(this.#durable);
    const stopped = new Set<string>();
    for (const change of this.#pending) {
      const survives = random.chance(keep) && !change.directories.some((path) => stopped.has(path));
      if (survives) apply(left, change);
      else for (const path of change.directories) stopped.add(path);
    }
    // What is in a directory whose own name did not survive cannot be reached.
    return new Map([...left].filter(([path]) => hasParents(left, path)));
  }
}

/** Makes one change. What it builds on is there: changes of a directory are made, and lost, in order. */
function apply(nodes: NodeMap, change: NameChange): void {
  if (change.kind === 'add') {
    nodes.set(change.path, change.node);
    return;
  }
  const node = nodes.get(change.path);
  assert(node !== undefined, 'a name that is changed exists');
  nodes.delete(change.path);
  if (change.kind === 'rename') nodes.set(change.to, node);
}

function hasParents(nodes: NodeMap, path: string): boolean {
  return path === '/' || (nodes.get(dirname(path))?.kind === 'directory' && hasParents(nodes, dirname(path)));
}

function sorted(nodes: NodeMap): [string, Node][] {
  return [...nodes].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
