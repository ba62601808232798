/**
 * A helper: a thread of the pool that takes part in statements of others (gather-stage.ts). It compiles the same plan, reads by the
 * leader's snapshot, published in its own slot too, and by its transaction's number and limit (TX-T4), takes morsels until none is
 * left, and answers with what it has made of them.
 *
 * What it cannot do it says; the leader then does the stage alone. Its errors are the statement's.
 */

import type { CatalogTable } from '../../engine/catalog/objects.ts';
import type { CompileEnvironment, Helpers, KernelAccess, Run, StatementContext } from '../../engine/plan/program.ts';
import type { TableRuntime } from '../../engine/storage/rows/runtime.ts';
import { dropSnapshot, shareSnapshot } from '../../engine/txn/snapshot.ts';
import { DEPENDENCY, type Transaction } from '../../engine/txn/transactions.ts';
import { SQLSTATE, SqlError, withoutOverflow } from '../../shm/errors.ts';
import { nodeV8 } from '../../shm/node-modules.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { closeParts } from './close-parts.ts';
import { MORSELS_DONE, runMorsels, runShared } from './gather-morsels.ts';
import {
  errorParts,
  type GatherAnswer,
  type GatherPlan,
  type GatherTask,
  isStopped,
  isTaken,
  joinGather,
  leaveGather,
  type Progress,
} from './gather-task.ts';
import { type JoinImage, JoinStore } from './join-store.ts';
import { placedAt, type ProgramParts, stateOf } from './program-parts.ts';
import type { RowShare } from './row-share.ts';
import type { ScanReader } from './scan-source.ts';
import { SharedSpool } from './shared-spool.ts';
import type { State } from './state.ts';
import { compileWhole } from './statement.ts';
import { TableMoved } from './used-tables.ts';

const testing = TESTING;

/** What a helper needs of its thread. */
export interface HelperPorts {
  readonly helpers: Helpers;
  /** Of the kernel in this thread; its work memory is that of the task at hand. */
  readonly access: KernelAccess;
  runtime(table: CatalogTable): TableRuntime;
  /** Runs `body` inside the engine, with a transaction that writes nothing. */
  within(body: (tx: Transaction) => void): void;
}

/** Programs that a helper keeps. */
const KEPT = 32;

interface KeptProgram {
  readonly parts: ProgramParts;
  readonly state: State;
}

/** It cannot be done here. */
class Refused extends Error {}

const refuse = (): never => {
  throw new Refused('not in a thread that helps');
};

export class Helper {
  readonly #ports: HelperPorts;
  readonly #programs = new Map<string, KeptProgram>();

  constructor(ports: HelperPorts) {
    this.#ports = ports;
  }

  /**
   * Takes part in a task. False: it is too late, or it cannot. It joins when its code is there: a leader waits for nobody who is
   * compiling.
   */
  help(task: GatherTask): boolean {
    const { words, helpersMax, leader } = task;
    const { helpers } = this.#ports;
    let answer: GatherAnswer | null = null;
    try {
      this.#ports.within((tx) => {
        const kept = isOver(task) ? null : this.#programOrNone(task);
        if (kept === null || isOver(task)) return;
        const number = joinGather(words, helpersMax, helpers.thread, helpers.generation);
        if (number < 0) return;
        if (testing) yieldPoint('gather.joined');
        answer = answerOf(task, number, 'cannot');
        answer = this.#answer(task, number, kept, tx);
      });
    } finally {
      if (answer !== null) {
        helpers.answer(leader, answer);
        if (testing) yieldPoint('gather.answered');
        leaveGather(words);
      }
    }
    return answer !== null;
  }

  #answer(task: GatherTask, number: number, kept: KeptProgram, tx: Transaction): GatherAnswer {
    try {
      shareSnapshot(tx, task.times);
      return work(task, number, kept, tx);
    } catch (thrown) {
      if (thrown instanceof Refused) return answerOf(task, number, 'cannot');
      const error = withoutOverflow(thrown);
      // The handle is lost.
      if (error instanceof SqlError && error.code.startsWith('57P')) throw error;
      const placed = placedAt(kept.parts, runningState(task, kept).at, error);
      const said = placed instanceof SqlError ? placed : new SqlError(SQLSTATE.internal_error, String((placed as Error).stack));
      return { ...answerOf(task, number, 'failed'), error: errorParts(said) };
    } finally {
      release(kept.state);
      dropSnapshot(tx);
    }
  }

  /** Null: it cannot be compiled here, or not now. */
  #programOrNone(task: GatherTask): KeptProgram | null {
    try {
      return this.#program(task);
    } catch (error) {
      if (error instanceof Refused || error instanceof TableMoved) return null;
      if (error instanceof SqlError && !error.code.startsWith('57P')) return null;
      throw error;
    }
  }

  #program(task: GatherTask): KeptProgram {
    const { key, bytes } = task.program;
    const known = this.#programs.get(key);
    this.#programs.delete(key);
    const kept = known?.parts.isCurrent() === true ? known : this.#compile(bytes);
    this.#programs.set(key, kept);
    for (const [oldest] of this.#programs) {
      if (this.#programs.size <= KEPT) break;
      this.#programs.delete(oldest);
    }
    return kept;
  }

  #compile(bytes: SharedArrayBuffer): KeptProgram {
    // The reader takes no shared memory.
    const given = nodeV8().deserialize(Buffer.from(new Uint8Array(bytes).slice())) as GatherPlan;
    const tables = new Map(given.tables.map((table) => [table.id, table]));
    const { access, runtime } = this.#ports;
    const environment: CompileEnvironment = {
      table: (id) => tables.get(id) ?? refuse(),
      runtime,
      virtualRows: refuse,
      kernel: access,
    };
    const { parts } = compileWhole(given.plan, given.format, environment);
    return { parts, state: stateOf(parts) };
  }
}

/** Nothing is left to do. */
const isOver = ({ words, morsels }: GatherTask): boolean => isStopped(words) || isTaken(words, morsels);

/** The state that the stage runs in. */
function runningState({ stage }: GatherTask, { parts, state }: KeptProgram): State {
  const { within } = parts.gathers[stage].shape;
  return within < 0 ? state : (state.parts[within] as SharedSpool).inside;
}

function work(task: GatherTask, number: number, kept: KeptProgram, tx: Transaction): GatherAnswer {
  const { shape } = kept.parts.gathers[task.stage];
  const c = runningState(task, kept);
  const counts = task.counters === 0 ? null : new Float64Array(task.counters);
  c.open();
  c.bind(runOf(task, tx, counts));
  for (const { part, build } of task.builds) (c.parts[part] as JoinStore).adopt(build as JoinImage);
  shape.begin(c);
  shape.fill.begin?.(c);
  (c.parts[shape.scan.reader] as ScanReader).begin(c);
  const progress: Progress = { morsel: -1, marks: [] };
  const { shared } = shape;
  if (shared !== null) (c.parts[shared.part] as RowShare).begin(task.words, task.size, shape.fill, progress);
  const status =
    shared === null
      ? runMorsels(c, task.words, task.pages, task.size, shape, progress, () => {})
      : runShared(c, task.pages, shape, shared);
  if (status !== MORSELS_DONE || isStopped(task.words)) return answerOf(task, number, 'cannot');
  const fill = shape.fill.image(c);
  if (fill === null) return answerOf(task, number, 'cannot');
  if (counts !== null) for (const counter of shared?.counters ?? []) counts[counter] = 0;
  return {
    ...answerOf(task, number, 'done'),
    marks: Int32Array.from(progress.marks),
    fill,
    dependency: tx.times[DEPENDENCY],
    counts,
  };
}

function release(c: State): void {
  c.at = -1;
  closeParts(c.parts);
  for (const part of c.parts) {
    if (part instanceof JoinStore) part.forget();
    else if (part instanceof SharedSpool) release(part.inside);
  }
  c.shut();
}

const answerOf = ({ id }: GatherTask, number: number, kind: GatherAnswer['kind']): GatherAnswer => ({
  id,
  number,
  kind,
  error: null,
  marks: new Int32Array(0),
  fill: null,
  dependency: 0,
  counts: null,
});

function runOf({ words, parameters, context }: GatherTask, tx: Transaction, counts: Float64Array | null): Run {
  return {
    tx,
    parameters: parameters as Run['parameters'],
    context: contextOf(context),
    rows: [],
    rowsMax: Number.POSITIVE_INFINITY,
    changes: 0,
    canceled: () => isStopped(words),
    pause: null,
    counts,
  };
}

/** What asks the session itself is not known here. */
const contextOf = (values: GatherTask['context']): StatementContext => ({
  ...values,
  setting: refuse,
  setSetting: refuse,
  random: refuse,
  clock: refuse,
  nextValue: refuse,
  currentValue: refuse,
  setValue: refuse,
  lastValue: refuse,
  sequenceByName: refuse,
});
