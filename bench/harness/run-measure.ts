/** Runs one measure: sets it up, lets ours and the peer take turns, and makes a row of the medians. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchContext, Better, Measure, Running } from './measure.ts';
import { areInstalled } from './peers.ts';

/** One line of the result. `ratio` above 1 means that we are better. */
export type Row = {
  readonly suite: string;
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly peerName: string;
  readonly ratio: number | null;
  readonly bar: number | null;
  readonly aim: number | null;
  readonly runs: number;
};

/** The row, and the hash over all that the measure took into its digest. */
export type Outcome = { readonly row: Row; readonly hash: string };

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >>> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

export const ratioOf = (better: Better, ours: number, peer: number): number => (better === 'higher' ? ours / peer : peer / ours);

type Figures = { readonly ours: number[]; readonly peer: number[]; readonly ratios: number[] };

function checked(who: string, figure: number): number {
  if (!Number.isFinite(figure) || figure <= 0) throw new Error(`${who} returned ${figure}, which is no measurement`);
  return figure;
}

/** Who goes first changes with every run, so that neither always meets the warmer machine. */
async function takeTurns(measure: Measure, running: Running, runs: number): Promise<Figures> {
  const figures: Figures = { ours: [], peer: [], ratios: [] };
  for (let run = 0; run < runs; run++) {
    let peer = run % 2 === 1 ? await running.peer?.() : undefined;
    const ours = checked('ours', await running.ours());
    if (run % 2 === 0) peer = await running.peer?.();
    figures.ours.push(ours);
    if (peer === undefined) continue;
    figures.peer.push(checked(measure.peerName, peer));
    figures.ratios.push(ratioOf(measure.better, ours, peer));
  }
  return figures;
}

const medianOrNull = (values: readonly number[]): number | null => (values.length === 0 ? null : median(values));

export async function runMeasure(suite: string, measure: Measure, options: { runs: number; small: boolean }): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-bench-'));
  const hash = createHash('sha256');
  const context: BenchContext = {
    small: options.small,
    hasPeer: areInstalled(measure.needs ?? []),
    directory,
    size: (full, small) => (options.small ? small : full),
    digest: (value) => void hash.update(`${value};`),
  };
  try {
    const running = await measure.setup(context);
    try {
      const figures = await takeTurns(measure, running, options.runs);
      const row: Row = {
        suite,
        name: measure.name,
        unit: measure.unit,
        ours: median(figures.ours),
        peer: medianOrNull(figures.peer),
        peerName: measure.peerName,
        ratio: medianOrNull(figures.ratios),
        bar: measure.bar ?? null,
        aim: measure.aim ?? null,
        runs: options.runs,
      };
      return { row, hash: hash.digest('hex').slice(0, 12) };
    } finally {
      await running.teardown?.();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
