/**
 * `npm run torture`: kills the database, with kill -9, and looks whether it kept its word. `--simulated` does so on a disk in
 * memory that tears, loses and reorders writes, runs full, fails and rots, from one seed a time.
 */

import { parseArgs } from 'node:util';
import { type RunResult, runRounds, type Totals } from './rounds.ts';
import { DATABASES, type RoundPlan } from './round-plan.ts';
import { runSeeds, type SeedsResult } from './simulated-run.ts';
import { grouped, StatusLine } from './status-line.ts';
import { runWireRounds } from './wire-rounds.ts';
import { runSoak } from './wire-soak.ts';

const HELP = `npm run torture -- [options]

Runs a database under load from two threads, ends it with kill -9 again and again, and compares what it recovers
with a model that knows every transaction whose commit was acknowledged.

  --seconds N    how long (60; with --demo 30; with --simulated as long as it takes)
  --seed S       the load and the kind of each round follow from it (drawn, and printed)
  --rounds N     stop after so many rounds
  --only PART    sql or kernel: the load comes through that interface alone (both take turns;
                 with --simulated: sql, or else the kernel)
  --wire         instead: a server is killed under clients over the wire
  --soak         instead: clients of every kind use a server for that time (600 s), whose memory must not grow
  --simulated    instead: on a simulated disk, one crash story for each seed from S on
  --seeds N      with --simulated: how many seeds (1000)
  --demo         explains itself
  --json         prints one object at the end and nothing else
  --help         this

Exit code 0: nothing lost, nothing wrong. 1: a failure, with what is needed to repeat it. 2: wrong options.`;

interface Options {
  readonly seconds: number;
  readonly seed: number;
  readonly rounds: number;
  readonly only: string;
  readonly simulated: boolean;
  readonly wire: boolean;
  readonly soak: boolean;
  readonly seeds: number;
  readonly demo: boolean;
  readonly json: boolean;
}

function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      seed: { type: 'string' },
      rounds: { type: 'string' },
      only: { type: 'string', default: 'all' },
      seeds: { type: 'string' },
      simulated: { type: 'boolean', default: false },
      wire: { type: 'boolean', default: false },
      soak: { type: 'boolean', default: false },
      demo: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  if (!(values.only in DATABASES)) throw new TypeError(`--only ${values.only} is neither sql nor kernel`);
  return {
    seconds: whole(
      'seconds',
      values.seconds,
      values.demo ? 30 : values.soak ? 600 : values.rounds === undefined && !values.simulated ? 60 : 86_400,
    ),
    seed: whole('seed', values.seed, 1 + Math.floor(Math.random() * 1e6)),
    rounds: whole('rounds', values.rounds, Number.MAX_SAFE_INTEGER),
    only: values.only,
    seeds: whole('seeds', values.seeds, 1000),
    simulated: values.simulated,
    wire: values.wire,
    soak: values.soak,
    demo: values.demo,
    json: values.json,
  };
}

function whole(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`--${name} ${text} is not a whole number`);
  return value;
}

const DEMO = `ScratchBird works under full load from two threads and is killed with kill -9, again and again, for %s seconds.
After each kill it recovers, and every row is compared with a model that knows each commit it acknowledged: none may be lost.
`;

function statusOf(options: Options, totals: Totals, plan: RoundPlan, commits: number, doing: string, began: number): string {
  const left = Math.max(0, options.seconds - (performance.now() - began) / 1000);
  return [
    `round ${plan.round} (${plan.database}, ${plan.ending}) ${doing}`.padEnd(44),
    `${grouped(totals.commits + commits)} commits`,
    `${totals.kills} kills`,
    `${totals.recoveries} recoveries`,
    `replay ${totals.lastOpen} ms`,
    `${left.toFixed(0)} s left`,
  ].join('  ');
}

const listed = (map: ReadonlyMap<string, number>): string =>
  [...map].map(([name, times]) => `${name} ${grouped(times)}`).join(', ') || 'none';

function summary({ totals }: RunResult, options: Options, seconds: number): string {
  return [
    `${totals.rounds} rounds in ${seconds.toFixed(0)} s, seed ${options.seed}: ${listed(totals.endings)}`,
    `${grouped(totals.commits)} commits acknowledged, none lost; ${grouped(totals.inDoubt)} were on their way to the client and had been kept`,
    `${totals.kills} kills, ${totals.recoveries} recoveries, the longest ${totals.longestOpen} ms`,
    `run again after a conflict: ${listed(totals.retries)}`,
  ].join('\n');
}

async function torture(options: Options): Promise<boolean> {
  const status = new StatusLine(!options.json);
  const began = performance.now();
  if (options.demo && !options.json) console.log(DEMO.replace('%s', String(options.seconds)));
  else if (!options.json) console.log(`torture: seed ${options.seed}, ${options.seconds} s`);
  const result = await runRounds({
    seed: options.seed,
    seconds: options.seconds,
    rounds: options.rounds,
    part: options.only,
    progress: (totals, plan, commits, doing) => status.show(() => statusOf(options, totals, plan, commits, doing, began)),
  });
  status.clear();
  const seconds = (performance.now() - began) / 1000;
  if (options.json) {
    const { endings, retries, ...counts } = result.totals;
    const plain = { ...counts, endings: Object.fromEntries(endings), retries: Object.fromEntries(retries) };
    console.log(JSON.stringify({ ok: result.failure === null, seed: options.seed, seconds, ...plain, failure: result.failure }));
  } else {
    console.log(result.failure ?? summary(result, options, seconds));
  }
  return result.failure === null;
}

function simulatedSummary(result: SeedsResult, options: Options): string {
  return [
    `${grouped(result.seeds)} seeds from ${options.seed} on: ${grouped(result.commits)} commits, ${grouped(result.crashes)} crashes`,
    `full disks ${result.fullDisks}, failed operations ${result.failedOperations}, rotten disks ${result.rotten} (${result.damageFound} reported, the rest harmless)`,
    'no acknowledged commit lost, no wrong read',
  ].join('\n');
}

async function simulated(options: Options): Promise<boolean> {
  const status = new StatusLine(!options.json);
  const progress = (done: number, crashes: number): void =>
    status.show(() => `${grouped(done)} of ${grouped(options.seeds)} seeds, ${grouped(crashes)} crashes`);
  const teller = options.only === 'sql' ? 'sql' : 'kernel';
  const result = await runSeeds(options.seed, options.seeds, progress, options.seconds * 1000, teller);
  status.clear();
  if (options.json) console.log(JSON.stringify({ ok: result.failure === null, seed: options.seed, ...result }));
  else console.log(result.failure ?? simulatedSummary(result, options));
  return result.failure === null;
}

async function wire({ seed, rounds, seconds, json }: Options): Promise<boolean> {
  const status = new StatusLine(!json);
  const { totals, failure } = await runWireRounds(seed, rounds, seconds, (now) =>
    status.show(
      () => `round ${now.rounds}  ${grouped(now.transfers)} transfers  longest restart ${now.longestRestart.toFixed(0)} ms`,
    ),
  );
  status.clear();
  const told = `${totals.rounds} kills, ${grouped(totals.transfers)} transfers acknowledged over the wire, none lost; longest restart ${totals.longestRestart.toFixed(0)} ms, seed ${seed}`;
  console.log(json ? JSON.stringify({ ok: failure === null, seed, ...totals, failure }) : (failure ?? told));
  return failure === null;
}

async function soak({ seed, seconds, json }: Options): Promise<boolean> {
  if (!json) console.log(`soak: seed ${seed}, ${seconds} s`);
  const { done, memory, failure } = await runSoak(seconds, seed);
  const [before, after] = memory.map((one) => one.toFixed(0));
  if (json) console.log(JSON.stringify({ ok: failure === null, seed, done: Object.fromEntries(done), memory, failure }));
  else
    console.log(`${listed(done)}\nmemory ${before} MiB in the second third, ${after} MiB in the last\n${failure ?? 'verified'}`);
  return failure === null;
}

/** What the options ask for. True: nothing was lost. */
function run(options: Options): Promise<boolean> {
  if (options.wire) return wire(options);
  if (options.soak) return soak(options);
  return options.simulated ? simulated(options) : torture(options);
}

async function main(): Promise<number> {
  let options: Options | null;
  try {
    options = readOptions();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  if (options === null) {
    console.log(HELP);
    return 0;
  }
  return (await run(options)) ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main();
