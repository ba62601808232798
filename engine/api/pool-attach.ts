/** How a thread of the pool attaches (engine/jobs/pool-worker.ts imports this by its address). */

import { Helper } from '../../codegen/jit/gather-worker.ts';
import type { GatherTask } from '../../codegen/jit/gather-task.ts';
import type { Helpers } from '../plan/program.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { AccessedKernel, helpersOf } from './accessed-kernel.ts';
import { registerAutoAnalyze } from './auto-analyze.ts';
import { attachPoolKernel, type Kernel, type KernelHandle } from './kernel.ts';

export function attachPoolThread(handle: unknown): { jobs: Jobs; detach: () => void } {
  const kernel = attachPoolKernel(handle as KernelHandle);
  const leave = helpStatements(kernel);
  registerAutoAnalyze(kernel);
  return {
    jobs: kernel.jobs,
    detach: () => {
      leave();
      kernel.close();
    },
  };
}

/** What takes part in statements of others here. `workMemory`: bytes, of the statement that it works on. */
export function helperOn(kernel: Kernel, helpers: Helpers, workMemory: () => number): Helper {
  return new Helper({
    helpers,
    access: new AccessedKernel(kernel, workMemory, null),
    runtime: (table) => kernel.tableById(table.kernelTable).runtime,
    within(body) {
      kernel.enter(() => {
        const tx = kernel.begin({ readOnly: true });
        try {
          body(tx);
        } finally {
          kernel.rollback(tx);
        }
      });
    },
  });
}

/** The thread takes part in statements that are spread. Returns what ends that. */
function helpStatements(kernel: Kernel): () => void {
  const helpers = helpersOf(kernel);
  if (helpers === null) return () => {};
  let task: GatherTask | null = null;
  const helper = helperOn(kernel, helpers, () => task?.workMemory ?? 0);
  const next = helpers.listen();
  kernel.jobs.help = () => {
    let helped = false;
    for (let message = next(); message !== undefined; message = next()) {
      task = message as GatherTask;
      if (helper.help(task)) helped = true;
      task = null;
    }
    return helped;
  };
  return () => helpers.close();
}
