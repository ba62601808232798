/**
 * Runs many stories (story.ts) in child processes, one for each core: a story that hangs is found, and the memory of a few
 * hundred databases goes back to the system. A story hangs that takes no step for so long, in time that this process had, too: a busy
 * machine, or one that stopped everybody for a while, makes it slow, no more.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, killChild, stacksAndKill, startChild } from './child.ts';
import type { SimulatedMessage } from './simulated-child.ts';
import { newOutcome, type StoryOutcome } from './story.ts';

export interface SeedsResult extends StoryOutcome {
  seeds: number;
  failure: string | null;
}

/** Seeds of one child. */
const SEEDS_A_CHILD = 50;
/** Between two looks at a child. */
const LOOK_EVERY = 250;
/** So many looks without a step of the story: it hangs. */
const LOOKS_MAX = 480;

/** Who tells the stories: the kernel's interface (story.ts) or SQL (sql-story.ts). */
export type Teller = 'kernel' | 'sql';

/** Runs the seeds from `first` on. Stops at the first failure, and after `milliseconds`. */
export async function runSeeds(
  first: number,
  count: number,
  progress: (done: number, crashes: number) => void,
  milliseconds = Number.POSITIVE_INFINITY,
  teller: Teller = 'kernel',
): Promise<SeedsResult> {
  const result: SeedsResult = { ...newOutcome(), seeds: 0, failure: null };
  const scratch = mkdtempSync(join(tmpdir(), 'scratchbird-simulated-'));
  let next = first;
  const end = first + count;
  const deadline = performance.now() + milliseconds;
  // The first one is told to its end, however busy the machine is.
  const stopped = (): boolean => result.failure !== null || (result.seeds > 0 && performance.now() > deadline);
  const take = (outcome: StoryOutcome): void => {
    result.seeds++;
    for (const name of Object.keys(outcome) as (keyof StoryOutcome)[]) result[name] += outcome[name];
    progress(result.seeds, result.crashes);
  };
  const worker = async (): Promise<void> => {
    while (next < end && !stopped()) {
      const from = next;
      next = Math.min(end, from + SEEDS_A_CHILD);
      const failure = await runInChild(teller, from, next - from, scratch, take, stopped);
      result.failure ??= failure;
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, worker));
  rmSync(scratch, { recursive: true, force: true });
  return result;
}

async function runInChild(
  teller: Teller,
  from: number,
  count: number,
  scratch: string,
  take: (outcome: StoryOutcome) => void,
  stopped: () => boolean,
): Promise<string | null> {
  const child = startChild('simulated-child.ts', [String(from), String(count), teller], scratch);
  let seed = from;
  let looks = 0;
  let failure: string | null = null;
  child.process.on('message', (message) => {
    const said = message as SimulatedMessage;
    looks = 0;
    if (said === null) return;
    if (said.failure !== null) failure = said.failure;
    else take(said.outcome);
    seed = said.seed + 1;
  });
  return watch(
    teller,
    child,
    () => looks++ >= LOOKS_MAX,
    () => seed,
    () => failure,
    stopped,
  );
}

async function watch(
  teller: Teller,
  child: Child,
  isLate: () => boolean,
  seed: () => number,
  failure: () => string | null,
  stopped: () => boolean,
): Promise<string | null> {
  while (child.isRunning()) {
    await Promise.race([child.ended, new Promise((resolve) => setTimeout(resolve, LOOK_EVERY).unref())]);
    if (stopped()) await killChild(child);
    if (child.isRunning() && isLate()) {
      return `seed ${seed()} hangs:\n${await stacksAndKill(child)}`;
    }
  }
  const how = await child.ended;
  if (failure() !== null)
    return `${failure()}\n\nrun again    node test/torture/main.ts --simulated --seed ${seed() - 1} --seeds 1${teller === 'sql' ? ' --only sql' : ''}`;
  if (how === 0 || stopped()) return null;
  return `seed ${seed()}: the process ended with ${how}:\n${child.output()}`;
}
