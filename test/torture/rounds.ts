/**
 * The rounds of the torture run, seen from the parent:
 *
 *   orders -> victim works, ledger grows -> its end (kill -9, close, ...) -> copy of the directory
 *          -> verifier recovers, checks, compares with model and ledger -> the next round goes on from there
 *
 * When something is wrong the directory of the run is kept, with the copy that the verifier began with and its orders.
 */

import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, endsWithin, killChild, stacksAndKill, startChild } from './child.ts';
import { TortureFailure } from './failure.ts';
import { LedgerReader } from './ledger.ts';
import {
  type DatabaseName,
  DATABASE_SIZES,
  DATABASES,
  isSql,
  planRound,
  type RoundPlan,
  sessionsAWorker,
  WORKERS,
} from './round-plan.ts';
import { type Known, nothingKnown } from './verify.ts';
import type { VerifierOrders, VerifierResult } from './verifier.ts';
import type { VictimMessage, VictimOrder, VictimOrders } from './victim.ts';

/** Longest times in milliseconds. The machine may be busy: they are for hangs, not for slowness. */
const OPEN_LIMIT = 60_000;
const IDLE_LIMIT = 30_000;
const CLOSE_LIMIT = 60_000;
const VERIFY_LIMIT = 120_000;
const LEDGER_EVERY = 5;

export interface Totals {
  rounds: number;
  commits: number;
  kills: number;
  /** Opens that had something to recover. */
  recoveries: number;
  lastOpen: number;
  longestOpen: number;
  /** Sessions found with a transaction that was on its way when the end came, and committed all the same. */
  inDoubt: number;
  poisoned: number;
  rows: number;
  readonly endings: Map<string, number>;
  readonly retries: Map<string, number>;
}

export interface RunSettings {
  readonly seed: number;
  readonly seconds: number;
  /** Rounds at most. */
  readonly rounds: number;
  /** Key of DATABASES: those take turns. */
  readonly part: string;
  /** Called as often as something has happened. */
  readonly progress: (totals: Totals, plan: RoundPlan, commitsOfRound: number, doing: string) => void;
}

export interface RunResult {
  readonly totals: Totals;
  /** What was wrong, with all that is needed to look at it; null when all is well. */
  readonly failure: string | null;
}

export const newTotals = (): Totals => ({
  rounds: 0,
  commits: 0,
  kills: 0,
  recoveries: 0,
  lastOpen: 0,
  longestOpen: 0,
  inDoubt: 0,
  poisoned: 0,
  rows: 0,
  endings: new Map(),
  retries: new Map(),
});

const count = (map: Map<string, number>, name: string, by = 1): void => void map.set(name, (map.get(name) ?? 0) + by);

/** Runs rounds until the time is up or something is wrong. */
export async function runRounds(settings: RunSettings): Promise<RunResult> {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-torture-'));
  const run = new TortureRun(directory, settings);
  const end = performance.now() + settings.seconds * 1000;
  const workMax = Math.min(2000, Math.max(300, (settings.seconds * 1000) / 8));
  for (
    let round = 1;
    round <= settings.rounds && (round <= DATABASES[settings.part].length || performance.now() < end);
    round++
  ) {
    const plan = planRound(settings.seed, round, workMax, DATABASES[settings.part]);
    try {
      await run.round(plan);
    } catch (error) {
      return { totals: run.totals, failure: run.describeFailure(plan, error) };
    }
  }
  rmSync(directory, { recursive: true, force: true });
  return { totals: run.totals, failure: null };
}

/** A child that is gone by itself is noticed elsewhere. */
function tell(child: Child, what: VictimOrder): void {
  if (child.isRunning() && child.process.connected) child.process.send(what, () => {});
}

class TortureRun {
  readonly totals: Totals = newTotals();
  readonly #directory: string;
  readonly #settings: RunSettings;
  readonly #known = new Map<DatabaseName, Known>();
  #phase = 'starting';

  constructor(directory: string, settings: RunSettings) {
    this.#directory = directory;
    this.#settings = settings;
  }

  async round(plan: RoundPlan): Promise<void> {
    const known = this.#knownOf(plan.database);
    await this.#victim(plan, known);
    await this.#verify(plan, known);
    this.totals.rounds++;
    count(this.totals.endings, plan.ending);
  }

  #knownOf(database: DatabaseName): Known {
    const known =
      this.#known.get(database) ??
      nothingKnown(this.#settings.seed, DATABASE_SIZES[database], WORKERS * sessionsAWorker(database));
    this.#known.set(database, known);
    return known;
  }

  #path = (name: string): string => join(this.#directory, name);

  async #victim(plan: RoundPlan, known: Known): Promise<void> {
    const orders: VictimOrders = { directory: this.#path(plan.database), plan, known };
    const ordersPath = this.#path(`${plan.database}.victim.json`);
    writeFileSync(ordersPath, JSON.stringify(orders));
    const ledgerPath = this.#path(`${plan.database}.ledger`);
    rmSync(ledgerPath, { force: true });
    const descriptor = openSync(ledgerPath, 'a+');
    const ledger = new LedgerReader(descriptor);
    try {
      await this.#watchVictim(plan, startChild('victim.ts', [ordersPath], this.#directory, descriptor), ledger);
    } finally {
      ledger.read();
      closeSync(descriptor);
      this.totals.commits += ledger.commits;
      for (const [code, times] of ledger.retries) count(this.totals.retries, code, times);
    }
    this.#takeLedger(plan, known, ledger);
  }

  #takeLedger(plan: RoundPlan, known: Known, ledger: LedgerReader): void {
    known.created ||= ledger.created && plan.options.durability === 'commit';
    // Whoever does not wait for the disk may lose the end of the log, but for an orderly close.
    const isKept = plan.options.durability === 'commit' || ledger.closed;
    if (isKept) known.value = Math.max(known.value, ledger.value);
    for (const [session, state] of known.sessions.entries()) {
      if (isKept) state.acknowledged = Math.max(state.acknowledged, ledger.acknowledged.get(session) ?? 0);
      state.begun = Math.max(state.begun, ledger.begun.get(session) ?? 0);
    }
  }

  async #watchVictim(plan: RoundPlan, child: Child, ledger: LedgerReader): Promise<void> {
    const said: VictimMessage[] = [];
    child.process.on('message', (message) => void said.push(message as VictimMessage));
    try {
      await this.#untilItsEnd(plan, child, ledger);
    } finally {
      await killChild(child);
    }
    for (const message of said) {
      if (message.kind === 'failed') throw new TortureFailure(`the victim failed by itself:\n${message.message}`);
      if (message.poisoned) this.totals.poisoned++;
    }
    const how = await child.ended;
    if (how !== 'SIGKILL' && said.length === 0) {
      throw new TortureFailure(`the victim ended by itself with ${how}, saying nothing:\n${child.output()}`);
    }
  }

  /** Follows the ledger until the planned end has come. */
  async #untilItsEnd(plan: RoundPlan, child: Child, ledger: LedgerReader): Promise<void> {
    if (plan.ending === 'killAtStart') {
      await this.#follow(plan, child, ledger, 'starting', plan.after, () => false);
      return this.#kill(child);
    }
    await this.#follow(plan, child, ledger, 'starting', OPEN_LIMIT, () => ledger.opening, true);
    if (plan.ending === 'killOpening') {
      await this.#follow(plan, child, ledger, 'opening', plan.after, () => false);
      return this.#kill(child);
    }
    await this.#follow(plan, child, ledger, 'opening', OPEN_LIMIT, () => ledger.created, true);
    this.#opened(ledger.openMilliseconds);
    await this.#follow(plan, child, ledger, 'starting threads', IDLE_LIMIT, () => ledger.commits > 0, true);
    await this.#follow(plan, child, ledger, 'working', plan.after, () => false);
    if (plan.ending === 'kill') return this.#kill(child);
    if (plan.ending === 'terminate') {
      tell(child, 'terminate');
      await this.#follow(plan, child, ledger, 'going on', 300, () => false);
    }
    tell(child, 'stop');
    this.#phase = 'closing';
    const stacks = await endsWithin(child, CLOSE_LIMIT);
    if (stacks !== null) throw new TortureFailure(`the victim hangs while it stops and closes:\n${stacks}`);
  }

  async #kill(child: Child): Promise<void> {
    if (child.isRunning()) this.totals.kills++;
    await killChild(child);
  }

  /** Reads the ledger until `done`, the child's end, or the time is over. */
  async #follow(
    plan: RoundPlan,
    child: Child,
    ledger: LedgerReader,
    phase: string,
    milliseconds: number,
    done: () => boolean,
    mustCome = false,
  ): Promise<void> {
    this.#phase = phase;
    const end = performance.now() + milliseconds;
    let commits = ledger.commits;
    let lastCommit = performance.now();
    while (!done() && child.isRunning() && performance.now() < end) {
      await sleep(LEDGER_EVERY);
      ledger.read();
      if (ledger.commits > commits) {
        commits = ledger.commits;
        lastCommit = performance.now();
      }
      this.#show(plan, ledger.commits);
      if (phase === 'working' && performance.now() - lastCommit > IDLE_LIMIT) {
        throw new TortureFailure(`no commit for ${IDLE_LIMIT / 1000} s: the victim hangs:\n${await stacksAndKill(child)}`);
      }
    }
    if (mustCome && !done() && child.isRunning()) {
      throw new TortureFailure(
        `${phase} takes longer than ${milliseconds / 1000} s: the victim hangs:\n${await stacksAndKill(child)}`,
      );
    }
  }

  #opened(milliseconds: number): void {
    this.totals.recoveries++;
    this.totals.lastOpen = milliseconds;
    this.totals.longestOpen = Math.max(this.totals.longestOpen, milliseconds);
  }

  #show(plan: RoundPlan, commits: number): void {
    this.#settings.progress(this.totals, plan, commits, this.#phase);
  }

  async #verify(plan: RoundPlan, known: Known): Promise<void> {
    this.#phase = 'verifying';
    this.#show(plan, 0);
    const directory = this.#path(plan.database);
    // killed before it had made the directory
    mkdirSync(directory, { recursive: true });
    this.#keepCopy(plan);
    const resultPath = this.#path(`${plan.database}.result.json`);
    rmSync(resultPath, { force: true });
    const orders: VerifierOrders = { directory, options: plan.options, known, leave: plan.verifierLeaves, resultPath };
    const ordersPath = this.#path(`${plan.database}.verify.json`);
    writeFileSync(ordersPath, JSON.stringify(orders));
    const child = startChild(isSql(plan.database) ? 'sql-verifier.ts' : 'verifier.ts', [ordersPath], this.#directory);
    const stacks = await endsWithin(child, VERIFY_LIMIT);
    if (stacks !== null) throw new TortureFailure(`recovery or check hangs:\n${stacks}`);
    const result = this.#readResult(resultPath);
    if (result === null) throw new TortureFailure(`the verifier ended with ${await child.ended}:\n${child.output()}`);
    if (!result.ok) throw new TortureFailure(result.message);
    this.#known.set(plan.database, result.known);
    this.#opened(Math.round(result.openMilliseconds));
    this.totals.inDoubt += result.verified.unacknowledged;
    this.totals.rows = result.verified.rows;
  }

  #readResult(path: string): VerifierResult | null {
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as VerifierResult;
    } catch {
      return null;
    }
  }

  /** The database as the victim left it, and orders that look at a copy of it again. */
  #keepCopy(plan: RoundPlan): void {
    const copy = this.#path(`${plan.database}.before`);
    rmSync(copy, { recursive: true, force: true });
    cpSync(this.#path(plan.database), copy, { recursive: true });
    const known = this.#known.get(plan.database) as Known;
    const orders: VerifierOrders = {
      directory: copy,
      options: plan.options,
      known,
      leave: true,
      resultPath: this.#path(`${plan.database}.again.json`),
    };
    writeFileSync(this.#path(`${plan.database}.before.json`), JSON.stringify(orders));
  }

  describeFailure(plan: RoundPlan, error: unknown): string {
    const message =
      error instanceof TortureFailure ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
    return [
      `round ${plan.round} of seed ${this.#settings.seed} failed while ${this.#phase}:`,
      message,
      '',
      `plan         ${JSON.stringify(plan)}`,
      `kept         ${this.#directory}`,
      `run again    node test/torture/main.ts --seed ${this.#settings.seed} --rounds ${plan.round} --seconds ${this.#settings.seconds}${this.#settings.part === 'all' ? '' : ` --only ${this.#settings.part}`}`,
      `look again   node test/torture/${isSql(plan.database) ? 'sql-verifier' : 'verifier'}.ts ${this.#path(`${plan.database}.before.json`)}   (what the victim left; copy it first)`,
    ].join('\n');
  }
}
