/**
 * What a history shows (Adya): each transaction's reads and writes, in which every version has a value of its own, and the graph of
 * who depends on whom.
 *
 *   ww   it overwrote a version of the other        wr   it read one        rw   it read the version that the other overwrote
 *
 *   G1a  reads what was never committed             G1b  reads what its writer overwrote itself
 *   G0   a cycle of ww                              G1c  of ww and wr
 *   G-single   with one rw: reads skew, updates that are lost           G2   with any: writes skew
 *
 * A write says which version it found, so the order of a row's versions is known, not guessed.
 */

export interface Step {
  readonly key: number;
  /** The version that was read or written. */
  readonly version: number;
  /** Of a write: the version before it. */
  readonly before?: number;
}

export interface Recorded {
  readonly name: string;
  readonly committed: boolean;
  readonly steps: readonly Step[];
}

/** The version that every row has before the history begins. */
export const FIRST_VERSION = 0;

type Kind = 'ww' | 'wr' | 'rw';
type Edges = Map<number, Set<number>>;

export const LEVELS = {
  'read committed': ['G1a', 'G1b', 'G0', 'G1c'],
  'repeatable read': ['G1a', 'G1b', 'G0', 'G1c', 'G-single'],
  serializable: ['G1a', 'G1b', 'G0', 'G1c', 'G-single', 'G2'],
} as const;

export type Level = keyof typeof LEVELS;

const isWrite = (step: Step): boolean => step.before !== undefined;

/** What the level does not allow and the history shows, each with the transactions of it; empty: nothing. */
export function anomalies(history: readonly Recorded[], level: Level): string[] {
  const found = [...wrongReads(history), ...cycles(history)];
  return found.filter((one) => LEVELS[level].some((name) => one.startsWith(`${name}:`)));
}

/** Writer of each version, as an index into the history, by key and version. */
function writersOf(history: readonly Recorded[]): Map<string, number> {
  const writers = new Map<string, number>();
  history.forEach(({ steps }, at) => {
    for (const step of steps) if (isWrite(step)) writers.set(`${step.key} ${step.version}`, at);
  });
  return writers;
}

/** Versions that a transaction left behind, not those that it overwrote itself. */
const lastWrites = ({ steps }: Recorded): Map<number, number> =>
  new Map(steps.filter(isWrite).map(({ key, version }) => [key, version]));

function* wrongReads(history: readonly Recorded[]): Generator<string> {
  const writers = writersOf(history);
  for (const [at, reader] of history.entries()) {
    if (!reader.committed) continue;
    for (const { key, version, before } of reader.steps) {
      // What a write found is read, too.
      const seen = before ?? version;
      const writer = writers.get(`${key} ${seen}`);
      if (seen === FIRST_VERSION || writer === at) continue;
      if (writer === undefined || !history[writer].committed) {
        yield `G1a: ${reader.name} saw version ${seen} of row ${key}, which nobody committed`;
      } else if (lastWrites(history[writer]).get(key) !== seen) {
        yield `G1b: ${reader.name} saw version ${seen} of row ${key}, which ${history[writer].name} overwrote itself`;
      }
    }
  }
}

/** Dependencies between committed transactions: edges[kind].get(from) are those that come behind it. */
function dependencies(history: readonly Recorded[]): Record<Kind, Edges> {
  const edges: Record<Kind, Edges> = { ww: new Map(), wr: new Map(), rw: new Map() };
  const writers = writersOf(history);
  const overwriters = new Map<string, number>();
  history.forEach(({ committed, steps }, at) => {
    if (committed) for (const { key, before } of steps) if (before !== undefined) overwriters.set(`${key} ${before}`, at);
  });
  const add = (kind: Kind, from: number | undefined, to: number | undefined): void => {
    if (from === undefined || to === undefined || from === to || !history[from].committed || !history[to].committed) return;
    const set = edges[kind].get(from) ?? new Set();
    edges[kind].set(from, set.add(to));
  };
  history.forEach(({ committed, steps }, at) => {
    if (!committed) return;
    for (const { key, version, before } of steps) {
      if (before !== undefined) add('ww', writers.get(`${key} ${before}`), at);
      else {
        add('wr', writers.get(`${key} ${version}`), at);
        add('rw', at, overwriters.get(`${key} ${version}`));
      }
    }
  });
  return edges;
}

function* cycles(history: readonly Recorded[]): Generator<string> {
  const { ww, wr, rw } = dependencies(history);
  const told = (name: string, path: readonly number[] | null): string[] =>
    path === null ? [] : [`${name}: ${path.map((at) => history[at].name).join(' -> ')}`];
  yield* told('G0', anyCycle(history.length, [ww]));
  yield* told('G1c', anyCycle(history.length, [ww, wr]));
  for (const [from, targets] of rw) {
    for (const to of targets) {
      const path = pathBetween(to, from, [ww, wr]);
      if (path !== null) yield* told('G-single', [from, ...path]);
    }
  }
  yield* told('G2', anyCycle(history.length, [ww, wr, rw]));
}

const following = (graph: readonly Edges[], at: number): number[] => graph.flatMap((edges) => [...(edges.get(at) ?? [])]);

/** A way from one transaction to another, both named; null: there is none. */
function pathBetween(from: number, to: number, graph: readonly Edges[]): number[] | null {
  const cameFrom = new Map<number, number>([[from, -1]]);
  const queue = [from];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if (at === to) {
      const path: number[] = [];
      for (let step: number = at; step >= 0; step = cameFrom.get(step) ?? -1) path.unshift(step);
      return path;
    }
    for (const next of following(graph, at)) {
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, at);
      queue.push(next);
    }
  }
  return null;
}

/** Takes away, again and again, whoever nobody left comes before: what stays has a cycle. */
function anyCycle(count: number, graph: readonly Edges[]): number[] | null {
  const before = new Array<number>(count).fill(0);
  for (let at = 0; at < count; at++) for (const next of following(graph, at)) before[next]++;
  const free = before.flatMap((number, at) => (number === 0 ? [at] : []));
  let left = count;
  for (let at = free.pop(); at !== undefined; at = free.pop()) {
    left--;
    for (const next of following(graph, at)) if (--before[next] === 0) free.push(next);
  }
  if (left === 0) return null;
  for (let at = 0; at < count; at++) {
    if (before[at] === 0) continue;
    for (const next of following(graph, at)) {
      const back = pathBetween(next, at, graph);
      if (back !== null) return [at, ...back];
    }
  }
  return null;
}
