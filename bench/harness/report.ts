/** Shows the rows: a table for people with the machine on top, or one JSON object a line for programs. */
import { availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import type { Outcome, Row } from './run-measure.ts';

/** The machine the figures hold for. */
export function machineLine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const gibibytes = (totalmem() / 2 ** 30).toFixed(1);
  return `${model}, ${availableParallelism()} cores, ${gibibytes} GiB, ${platform()} ${release()}, Node ${process.version}`;
}

/** 1234567 -> 1.23M: three digits are what a benchmark is good for. */
export function shortNumber(value: number): string {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const) {
    if (value >= size) return `${(value / size).toPrecision(3)}${unit}`;
  }
  return value.toPrecision(3);
}

/** What the bar and the aim say of a row. */
export function verdict(row: Row): string {
  if (row.bar === null) return '';
  if (row.ratio === null) return 'not compared';
  if (row.ratio < row.bar) return 'NOT MET';
  return row.aim !== null && row.ratio >= row.aim ? 'aim met' : 'met';
}

const HEAD = ['suite', 'name', 'ours', 'peer', 'unit', 'against', 'ratio', 'bar', 'aim', 'verdict', 'hash'];

const orDash = (value: number | null, show: (value: number) => string): string => (value === null ? '-' : show(value));

const ratioText = (value: number): string => `${value.toFixed(2)}x`;

function cells({ row, hash }: Outcome): string[] {
  return [
    row.suite,
    row.name,
    shortNumber(row.ours),
    orDash(row.peer, shortNumber),
    row.unit,
    row.peerName,
    orDash(row.ratio, ratioText),
    orDash(row.bar, ratioText),
    orDash(row.aim, ratioText),
    verdict(row),
    hash,
  ];
}

/** The aligned table. */
export function table(outcomes: readonly Outcome[]): string {
  const lines = [HEAD, ...outcomes.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
