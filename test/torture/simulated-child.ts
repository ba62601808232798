/** Runs stories one after the other: `node test/torture/simulated-child.ts <first seed> <count> [sql]`, for simulated-run.ts. */

import { TortureFailure } from './failure.ts';
import { whenSteppingOn } from './progress.ts';
import { runSqlStory } from './sql-story.ts';
import { newOutcome, runStory, type StoryOutcome } from './story.ts';

/** How a story ended; null while it goes on. */
export type SimulatedMessage = {
  readonly seed: number;
  readonly outcome: StoryOutcome;
  readonly failure: string | null;
} | null;

const first = Number(process.argv[2]);
const count = Number(process.argv[3]);
const tell = process.argv[4] === 'sql' ? runSqlStory : runStory;

/** Resolves when the parent has it. */
const say = (message: SimulatedMessage): Promise<void> =>
  new Promise((resolve) => {
    if (process.send === undefined) {
      console.log(JSON.stringify(message));
      resolve();
    } else process.send(message, () => resolve());
  });

whenSteppingOn(() => void process.send?.(null satisfies SimulatedMessage));
process.on('disconnect', () => process.exit(1));
for (let seed = first; seed < first + count; seed++) {
  try {
    await say({ seed, outcome: await tell(seed), failure: null });
  } catch (error) {
    if (!(error instanceof TortureFailure)) throw error;
    await say({ seed, outcome: newOutcome(), failure: error.message });
    process.exit(1);
  }
}
process.exit(0);
