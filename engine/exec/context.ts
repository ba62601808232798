/**
 * What statements ask of their session while they run (StatementContext): one object a session. Times are drawn when first asked for
 * and kept until the statement has ended, over its re-runs too (TX-T11).
 */

import type { StatementContext } from '../plan/program.ts';
import type { TypeDirectory } from '../values/user-types.ts';
import type { Session } from '../session/session.ts';
import { FunctionWaits } from './function-waits.ts';
import { blockersOf, signalProcess } from './signals.ts';
import type { Engine } from './engine.ts';

export class SessionContext implements StatementContext {
  readonly #engine: Engine;
  readonly #session: Session;
  #statementTime = 0;
  readonly waits: FunctionWaits;
  /** After setseed(). */
  #random: (() => number) | null = null;

  constructor(engine: Engine, session: Session) {
    this.#engine = engine;
    this.#session = session;
    this.waits = new FunctionWaits(session);
  }

  /** A statement begins: its time is not drawn yet. */
  begin(): void {
    this.#statementTime = 0;
    this.waits.begin();
  }

  get statementTime(): number {
    if (this.#statementTime === 0) this.#statementTime = this.#engine.now();
    return this.#statementTime;
  }

  get transactionTime(): number {
    return this.#session.transaction === null ? this.statementTime : this.#session.transactionTime;
  }

  get timeZone(): string {
    return this.#session.settings.get('timezone');
  }

  get user(): string {
    return this.#session.user;
  }

  get sessionUser(): string {
    return this.#session.sessionUser;
  }

  get database(): string {
    return this.#session.database;
  }

  /** The first schema of the search path that is not a stand-in. */
  get schema(): string {
    const there = this.#engine.catalog.currentSchemas?.(this.#session, false);
    return there === undefined ? (this.searchPath.find((name) => name !== '$user') ?? 'public') : (there[0] ?? '');
  }

  /** Those that there are. */
  get searchPath(): readonly string[] {
    return this.#engine.catalog.currentSchemas?.(this.#session, false) ?? this.#session.searchPath;
  }

  setting(name: string): string | null {
    return this.#session.settings.shownOrNull(name);
  }

  setSetting(name: string, value: string | null, local: boolean): string {
    this.#session.setSetting(name, value, local);
    return this.#session.settings.shownOrNull(name) ?? value ?? '';
  }

  random(): number {
    return this.#random === null ? this.#engine.random() : this.#random();
  }

  setRandom(source: () => number): void {
    this.#random = source;
  }

  clock(): number {
    return this.#engine.now();
  }

  mayDo(role: number, kind: string, object: number | string, column: string | number | null, right: string): boolean {
    return this.#engine.catalog.mayDo(this.#session, role, kind, object, column, right);
  }

  get processId(): number {
    return this.#session.processId;
  }

  /** 42501, 0A000 */
  signal(processId: number, what: 'cancel' | 'terminate'): boolean {
    return signalProcess(this.#engine, this.#session, processId, what);
  }

  blockedBy(processId: number): readonly number[] {
    return blockersOf(this.#engine, processId);
  }

  notify(channel: string, payload: string): void {
    this.#session.notify(channel, payload);
  }

  nextValue(sequence: number): number | bigint {
    return this.#engine.catalog.nextValue(this.#session, sequence);
  }

  currentValue(sequence: number): number | bigint {
    return this.#engine.catalog.currentValue(this.#session, sequence);
  }

  setValue(sequence: number, value: number | bigint, called: boolean): void {
    this.#engine.catalog.setValue(this.#session, sequence, value, called);
  }

  lastValue(): number | bigint {
    return this.#engine.catalog.lastValue(this.#session);
  }

  get types(): TypeDirectory {
    return this.#engine.catalog.types(this.#session);
  }

  sequenceByName(name: string): number {
    return this.#engine.catalog.sequenceByName(this.#session, name);
  }
}
