/**
 * What a run has counted of a node, in words (EXPLAIN ANALYZE). Rows are of one loop, as PostgreSQL shows them. Time and pages are
 * those of the node's pipeline and of all that had to run before it: nodes of one pipeline have them in common.
 */

import {
  COUNT_FETCHES,
  COUNT_LOOPS,
  COUNT_MEMORY,
  COUNT_PAGES,
  COUNT_PIPELINE,
  COUNT_READS,
  COUNT_ROWS,
  COUNT_SPILL,
  COUNT_TIME,
} from './counted.ts';

interface Pipeline {
  readonly time: number;
  readonly pages: number;
  readonly reads: number;
}

export interface ActualNode {
  /** Of all loops. */
  readonly rows: number;
  /** 0: it has not run. */
  readonly loops: number;
  /** Milliseconds of a loop until its own pipeline began, and in all. */
  readonly startup: number;
  readonly time: number;
  /** Pages looked into, and those of them that were read from the disk. */
  readonly pages: number;
  readonly reads: number;
  /** Bytes; 0: it collects nothing. */
  readonly memory: number;
  readonly spill: number;
  /** Of an index-only read: rows that were read all the same; of others -1. */
  readonly fetches: number;
  /** Pipelines that end in it: its own, and those before. */
  readonly pipelines: ReadonlyMap<number, Pipeline>;
}

/** Of the node whose counters begin at `at`; `inputs`: what is known of those below it that run before or with it. */
export function actualOf(counts: Float64Array, at: number, inputs: readonly (ActualNode | null)[]): ActualNode {
  const own = counts[at + COUNT_PIPELINE];
  const pipelines = new Map<number, Pipeline>();
  for (const input of inputs) for (const [number, pipeline] of input?.pipelines ?? []) pipelines.set(number, pipeline);
  if (own > 0) {
    pipelines.set(own, {
      time: counts[at + COUNT_TIME],
      pages: counts[at + COUNT_PAGES],
      reads: counts[at + COUNT_READS],
    });
  }
  const sum = (of: (one: Pipeline) => number): number => [...pipelines.values()].reduce((total, one) => total + of(one), 0);
  const loops = counts[at + COUNT_LOOPS];
  const each = Math.max(1, loops);
  const time = sum((one) => one.time);
  return {
    rows: counts[at + COUNT_ROWS],
    loops,
    startup: (time - (pipelines.get(own)?.time ?? 0)) / each,
    time: time / each,
    pages: sum((one) => one.pages),
    reads: sum((one) => one.reads),
    memory: counts[at + COUNT_MEMORY],
    spill: counts[at + COUNT_SPILL],
    fetches: counts[at + COUNT_FETCHES] - 1,
    pipelines,
  };
}

const rowsOfLoop = ({ rows, loops }: ActualNode): number => Math.round(rows / Math.max(1, loops));

/** ' (actual time=0.020..1.250 rows=100 loops=1)', '' where nothing was counted. */
export function actualText(actual: ActualNode | null): string {
  if (actual === null) return '';
  if (actual.loops === 0 && actual.rows === 0) return ' (never executed)';
  const { startup, time, loops } = actual;
  return ` (actual time=${startup.toFixed(3)}..${time.toFixed(3)} rows=${rowsOfLoop(actual)} loops=${Math.max(1, loops)})`;
}

const kilobytes = (bytes: number): number => Math.ceil(bytes / 1024);

/** Lines besides: what there is. */
export function actualDetails(actual: ActualNode | null): string[] {
  if (actual === null) return [];
  const { pages, reads, memory, spill, fetches } = actual;
  const lines: string[] = fetches < 0 ? [] : [`Heap Fetches: ${fetches}`];
  if (pages + reads > 0) {
    const parts = [...(pages > reads ? [`hit=${pages - reads}`] : []), ...(reads > 0 ? [`read=${reads}`] : [])];
    lines.push(`Buffers: shared ${parts.join(' ')}`);
  }
  if (memory > 0 || spill > 0) lines.push(`Memory: ${kilobytes(memory)}kB${spill > 0 ? `  Disk: ${kilobytes(spill)}kB` : ''}`);
  return lines;
}

const rounded = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000;

/** Members of the node in JSON. */
export function actualMembers(actual: ActualNode | null): { readonly [name: string]: number } {
  if (actual === null) return {};
  const { startup, time, loops, pages, reads, memory, spill, fetches } = actual;
  return {
    'Actual Startup Time': rounded(startup),
    'Actual Total Time': rounded(time),
    'Actual Rows': rowsOfLoop(actual),
    'Actual Loops': loops,
    ...(fetches < 0 ? {} : { 'Heap Fetches': fetches }),
    'Shared Hit Blocks': Math.max(0, pages - reads),
    'Shared Read Blocks': reads,
    ...(memory > 0 || spill > 0 ? { 'Peak Memory Usage': kilobytes(memory), 'Disk Usage': kilobytes(spill) } : {}),
  };
}
