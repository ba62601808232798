/** `npm run bench`: runs the measures of bench/suites and shows our figures beside the peers'. */
import { globSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSuites } from './harness/built.ts';
import type { Measure } from './harness/measure.ts';
import { type BenchOptions, HELP, parseOptions } from './harness/options.ts';
import { areInstalled } from './harness/peers.ts';
import { machineLine, table } from './harness/report.ts';
import { type Outcome, runMeasure } from './harness/run-measure.ts';

type Entry = { readonly suite: string; readonly measure: Measure };

const SUITES = join(import.meta.dirname, 'suites');

/** `files` are the suites, as sources or built. */
async function findMeasures(suites: readonly string[], files: readonly string[], options: BenchOptions): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const [at, suite] of suites.entries()) {
    const measures: readonly Measure[] = (await import(pathToFileURL(files[at]).href)).default;
    for (const measure of measures) entries.push({ suite, measure });
  }
  const wanted = entries.filter(({ suite, measure }) => `${suite} ${measure.name}`.includes(options.filter));
  return options.peers ? wanted.filter(({ measure }) => measure.needs !== undefined) : wanted;
}

function missingPeers(entries: readonly Entry[]): string[] {
  const needed = new Set(entries.flatMap(({ measure }) => measure.needs ?? []));
  return [...needed].filter((name) => !areInstalled([name]));
}

async function runAll(entries: readonly Entry[], options: BenchOptions): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { suite, measure } of entries) {
    try {
      const outcome = await runMeasure(suite, measure, options);
      outcomes.push(outcome);
      if (options.json) console.log(JSON.stringify(outcome.row));
    } catch (error) {
      process.exitCode = 1;
      console.error(`${suite} ${measure.name} failed:`, error);
    }
  }
  return outcomes;
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    console.log(HELP);
    return;
  }
  const suites = globSync('*.bench.ts', { cwd: SUITES })
    .sort()
    .map((file) => basename(file, '.bench.ts'));
  const sources = suites.map((suite) => join(SUITES, `${suite}.bench.ts`));
  // Small runs show that the measures work: they can do without the build.
  const { folder, built } = options.small ? { folder: null, built: sources } : await buildSuites(sources);
  try {
    await runSuites(suites, built, options);
  } finally {
    if (folder !== null) rmSync(folder, { recursive: true });
  }
}

async function runSuites(suites: readonly string[], files: readonly string[], options: BenchOptions): Promise<void> {
  const entries = await findMeasures(suites, files, options);
  if (entries.length === 0)
    throw new Error(`no measure${options.peers ? ' against another engine' : ''} matches ${JSON.stringify(options.filter)}`);
  const missing = missingPeers(entries);
  if (missing.length > 0 && options.peers) throw new Error(`${missing.join(', ')} not installed: npm run bench:setup`);
  if (missing.length > 0) console.error(`Without ${missing.join(', ')} there is no comparison with them: npm run bench:setup`);
  if (!options.json) console.log(machineLine());
  const outcomes = await runAll(entries, options);
  if (!options.json) console.log(table(outcomes));
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
