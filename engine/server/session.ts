/**
 * A session as a dialect's connection uses it (plugins/contract/connection.ts), over engine/exec. It never waits: what has to wait
 * goes on behind PENDING, and `barrier` says how far the log must have come before what was answered may leave.
 */

import {
  DONE,
  type HostCopy,
  type HostPortal,
  type HostSession,
  type HostStatement,
  type NextStatement,
  type Outcome,
  PENDING,
  SUSPENDED,
  type WireColumn,
} from '../../plugins/contract/connection.ts';
import type { EncodedValues } from '../../plugins/contract/encoded-values.ts';
import type { RowOutput } from '../../plugins/contract/output.ts';
import type { RowFormat } from '../../plugins/contract/row-format.ts';
import type { UsedPlugin } from '../../plugins/host/worker-plugins.ts';
import type { Connection } from '../exec/connection.ts';
import type { Notice } from '../exec/engine.ts';
import { OutputRun, type OutputState } from '../exec/output-run.ts';
import type { Prepared } from '../exec/prepare.ts';
import { entered } from '../exec/run.ts';
import type { NamedStatement } from '../exec/session-statements.ts';
import type { Shape } from '../exec/shape.ts';
import { ServedCopyIn, ServedCopyOut } from './copy.ts';
import type { HeavyListener, HeavyThreads } from './heavy.ts';
import type { StatementFigures } from './statement-figures.ts';
import { type SqlType, sqlType, type TypeName } from '../sblr/types.ts';
import { NO_CHARACTERISTICS } from '../session/session.ts';

/** What the session asks of its connection. */
export interface SessionOwner {
  readonly output: RowOutput;
  /** A statement that waits has come to an outcome; its promise has been looked at. */
  settled(outcome: Outcome, error: unknown): void;
  /** The output is past its mark: sends it; `then` when the client has read enough of it and others have had their turn. */
  drain(then: () => void): void;
  /** Sends rows that another thread has made; `then` when the client has read, never for one that has gone. */
  pass(bytes: Uint8Array, then: () => void): void;
  /** Where long statements run. */
  readonly heavy: HeavyThreads;
  /** The figures of a text; and a statement of it has run so long, milliseconds. */
  figuresOf(query: string): StatementFigures;
  ran(figures: StatementFigures, milliseconds: number, rows: number): void;
  /** A statement waits: settled() tells. */
  waits(): void;
  /** Settings that are not the engine's. Undefined: it is. */
  setting(name: string): string | undefined;
  /** Whose code calls: while the engine works, that is not running (C3). */
  readonly plugin: UsedPlugin;
}

export class ServedSession implements HostSession {
  readonly connection: Connection;
  readonly owner: SessionOwner;
  /** Text of what runs, or ran last. */
  query = '';
  /** Statements of simple query by their shapes: those that differ in their literals alone are one, and run in the same portal. */
  readonly #known = new Map<Shape, ServedStatement>();
  /** Statements by the names that the client or SQL has given them. */
  readonly #named = new Map<string, { readonly named: NamedStatement; readonly statement: ServedStatement }>();

  constructor(connection: Connection, owner: SessionOwner) {
    this.connection = connection;
    this.owner = owner;
  }

  get status(): 'idle' | 'active' | 'failed' {
    const { session } = this.connection;
    // A batch that is one transaction is none that the client knows of.
    return session.isImplicit ? 'idle' : session.status;
  }

  next(text: string, from: number): NextStatement {
    this.query = text;
    const { plugin } = this.owner;
    const before = plugin.leave();
    try {
      const { prepared, end } = this.connection.prepareNext(text, from);
      return { statement: prepared === null ? null : this.#statement(prepared), end };
    } finally {
      plugin.back(before);
    }
  }

  #statement(prepared: Prepared): ServedStatement {
    const { shape } = prepared;
    const known = this.#known.get(shape);
    if (known !== undefined) {
      known.prepared = prepared;
      return known;
    }
    const made = new ServedStatement(this, prepared);
    if (!shape.isCompiled) return made;
    made.isKept = true;
    if (this.#known.size === KNOWN_MAX) this.#known.clear();
    this.#known.set(shape, made);
    return made;
  }

  prepare(text: string, types: readonly (string | null)[]): HostStatement | null {
    this.query = text;
    const given = types.some((type) => type !== null);
    return this.#outside(() => {
      const prepared = this.connection.prepareTyped(text, given ? types.map(typeNamed) : undefined);
      return prepared === null ? null : new ServedStatement(this, prepared);
    });
  }

  named(name: string, statement: HostStatement | null): void {
    const { statements } = this.connection;
    this.#named.delete(name);
    if (statement === null) statements.forget(name);
    else {
      const { prepared } = statement as ServedStatement;
      const madeAt = this.connection.engine.now();
      const made: NamedStatement = { name, text: prepared.text, prepared, isOfSql: false, madeAt };
      statements.keep(made);
      this.#named.set(name, { named: made, statement: statement as ServedStatement });
    }
  }

  statementNamed(name: string): HostStatement | null {
    const named = this.connection.statements.statements.get(name);
    if (named === undefined) return null;
    let known = this.#named.get(name);
    if (known?.named !== named) {
      known = { named, statement: new ServedStatement(this, named.prepared) };
      this.#named.set(name, known);
    }
    return known.statement;
  }

  get namesVersion(): number {
    return this.connection.statements.version;
  }

  ask(text: string): readonly (readonly (string | null)[])[] {
    return this.#outside(() => {
      const { connection } = this;
      const { rows } = connection.run(connection.prepare(text), [], 'array');
      return (rows as unknown[][]).map((row) => row.map((value) => (value === null ? null : String(value))));
    });
  }

  portal(statement: HostStatement, format: RowFormat): HostPortal {
    return (statement as ServedStatement).portal(format);
  }

  copy(statement: HostStatement): HostCopy {
    const { prepared } = statement as ServedStatement;
    return statement.kind === 'copyIn' ? new ServedCopyIn(this, prepared) : new ServedCopyOut(this, prepared);
  }

  beginBatch(): void {
    const { session, engine } = this.connection;
    if (session.transaction !== null) return;
    entered(engine, () => session.begin(NO_CHARACTERISTICS, engine.now(), true));
  }

  endBatch(): void {
    const { session, engine } = this.connection;
    if (!session.isImplicit) return;
    this.#outside(() => entered(engine, () => session.commitBlock()));
  }

  failBatch(): void {
    const { session, engine } = this.connection;
    // A block that would go on without the statement has lost more than that: a deadlock, a change that it does not see.
    const isLost = session.rules.afterError === 'keep' && session.status === 'failed';
    if (session.isImplicit || isLost) this.#outside(() => entered(engine, () => session.rollbackBlock()));
    else session.failBlock();
  }

  /** The engine works for the plugin. */
  #outside<Answer>(body: () => Answer): Answer {
    const { plugin } = this.owner;
    const before = plugin.leave();
    try {
      return body();
    } finally {
      plugin.back(before);
    }
  }

  forgetCancel(): void {
    const { session } = this.connection;
    if (session.isCancelled()) session.clearCancel();
  }

  setting(name: string): string {
    return this.owner.setting(name) ?? this.connection.session.settings.shown(name);
  }

  get settingsVersion(): number {
    return this.connection.session.settings.version;
  }

  close(): void {
    this.connection.close();
  }
}

/** Statements of simple query that a session keeps. */
const KNOWN_MAX = 16;

const typeNamed = (name: string | null): SqlType | null => (name === null ? null : sqlType(name as TypeName));

const ENDS = /^\s*(rollback|commit|abort|end)\b/i;

class ServedStatement implements HostStatement {
  readonly session: ServedSession;
  prepared: Prepared;
  readonly kind: HostStatement['kind'];
  readonly endsBlock: boolean;
  figures: StatementFigures | null = null;
  /** Of simple query: others that differ in their literals come, one after the other. */
  isKept = false;
  /** The shape that was looked at, and whether it is a long one. */
  #looked: Shape | null = null;
  #isHeavy = false;
  /** Nobody runs it. */
  #idle: ServedPortal | null = null;

  constructor(session: ServedSession, prepared: Prepared) {
    this.session = session;
    this.prepared = prepared;
    const { parts } = prepared.shape;
    const copy = session.connection.copyOf(prepared);
    if (copy !== null && copy.file === null) this.kind = copy.direction === 'from' ? 'copyIn' : 'copyOut';
    else this.kind = this.columns.length > 0 ? 'rows' : parts.kind === 'utility' ? 'none' : 'count';
    this.endsBlock = parts.kind === 'utility' && ENDS.test(prepared.text.slice(prepared.start));
  }

  portal(format: RowFormat): ServedPortal {
    const idle = this.#idle;
    if (idle === null || idle.format !== format) return new ServedPortal(this.session, this, format);
    this.#idle = null;
    idle.renew();
    return idle;
  }

  /** It takes long, and another session can run it in place of this one: outside blocks, and without objects of the session's own. */
  get isHeavy(): boolean {
    const { shape } = this.prepared;
    const { connection, owner } = this.session;
    if (shape !== this.#looked) {
      this.#looked = shape;
      this.#isHeavy = owner.heavy.isHeavy(shape);
    }
    const { transaction, temporary } = connection.session;
    // Threads for long statements read texts as what comes with the server does.
    return this.#isHeavy && transaction === null && temporary === 0 && owner.plugin.isBuiltIn;
  }

  /** A portal of it has ended. */
  leave(portal: ServedPortal): void {
    if (this.isKept) this.#idle = portal;
  }

  get parameters(): readonly SqlType[] {
    const { parts } = this.prepared.shape;
    return parts.parameters.slice(0, parts.clientParameters);
  }

  get columns(): readonly WireColumn[] {
    const { connection } = this.session;
    const { shape } = this.prepared;
    return shape.plan === null ? connection.outputOf(this.prepared) : connection.refresh(this.prepared).output;
  }
}

class ServedPortal implements HostPortal, HeavyListener {
  readonly statement: ServedStatement;
  readonly format: RowFormat;
  readonly #session: ServedSession;
  readonly #run: OutputRun;
  #rowsMax = 0;
  /** When it began, by performance.now(). */
  #begun = 0;
  /** Rows that earlier calls have written. */
  #before = 0;
  /** What a thread for long statements has told; null: it runs here. */
  #elsewhere: { readonly rows: number; readonly tag: string } | null = null;

  constructor(session: ServedSession, statement: ServedStatement, format: RowFormat) {
    this.#session = session;
    this.statement = statement;
    this.format = format;
    this.#run = new OutputRun(session.connection, statement.prepared, format, session.owner.output);
  }

  /** The statement has other literals now. */
  renew(): void {
    this.#run.renew(this.statement.prepared);
  }

  begin(values: EncodedValues, rowsMax: number): Outcome {
    this.#session.query = this.statement.prepared.text;
    this.#rowsMax = rowsMax;
    this.#before = 0;
    this.#begun = performance.now();
    this.#elsewhere = null;
    if (rowsMax === 0 && this.statement.isHeavy && this.#runsElsewhere(values)) return PENDING;
    const { plugin } = this.#session.owner;
    const before = plugin.leave();
    try {
      const state = this.#run.beginAsync(values, rowsMax);
      // It may have to begin again when the message has gone.
      if (typeof state !== 'string') values.own();
      return this.#outcome(state);
    } finally {
      plugin.back(before);
    }
  }

  // ---- on a thread for long statements ----

  #runsElsewhere(values: EncodedValues): boolean {
    const { connection, owner } = this.#session;
    if (!owner.heavy.run(connection.session, this.statement.prepared, values, this.format, this)) return false;
    this.#elsewhere = { rows: 0, tag: '' };
    owner.waits();
    return true;
  }

  /** What was seen there may not leave before it is on disk (TX-T9). */
  #restsOn(barrier: number): void {
    const { session } = this.#session.connection;
    session.barrier = Math.max(session.barrier, barrier);
  }

  rowsCame(bytes: Uint8Array, barrier: number, then: () => void): void {
    this.#restsOn(barrier);
    this.#session.owner.pass(bytes, then);
  }

  notice(notice: Notice): void {
    this.#session.connection.onNotice?.(notice);
  }

  ended(rows: number, tag: string, barrier: number): void {
    this.#restsOn(barrier);
    this.#elsewhere = { rows, tag };
    this.#ended();
    this.#session.owner.settled(DONE, null);
  }

  failed(error: unknown, barrier: number): void {
    this.#restsOn(barrier);
    this.#session.owner.settled(DONE, error);
  }

  // ---- here ----

  resume(rowsMax: number): Outcome {
    this.#rowsMax = rowsMax;
    this.#before = this.#run.rows;
    const { plugin } = this.#session.owner;
    const before = plugin.leave();
    try {
      return this.#outcome(this.#run.resumeAsync(rowsMax));
    } finally {
      plugin.back(before);
    }
  }

  #outcome(state: OutputState | Promise<OutputState>): Outcome {
    if (typeof state !== 'string') {
      this.#session.owner.waits();
      state.then(
        (later) => this.#settle(later),
        (error) => this.#session.owner.settled(DONE, error),
      );
      return PENDING;
    }
    if (state === 'full') return this.#drain();
    if (state !== 'done') return SUSPENDED;
    this.#ended();
    return DONE;
  }

  /** The client reads first; then more is written. */
  #drain(): Outcome {
    this.#session.owner.waits();
    this.#session.owner.drain(() => this.#goOn());
    return PENDING;
  }

  #goOn(): void {
    const rest = this.#rowsMax === 0 ? 0 : this.#rowsMax - this.rows;
    try {
      const state = this.#run.resumeAsync(rest);
      if (typeof state === 'string') this.#settle(state);
      else
        state.then(
          (later) => this.#settle(later),
          (error) => this.#session.owner.settled(DONE, error),
        );
    } catch (error) {
      this.#session.owner.settled(DONE, error);
    }
  }

  #settle(state: OutputState): void {
    if (state === 'full') this.#session.owner.drain(() => this.#goOn());
    else {
      if (state === 'done') this.#ended();
      this.#session.owner.settled(state === 'done' ? DONE : SUSPENDED, null);
    }
  }

  #ended(): void {
    const { owner } = this.#session;
    this.statement.figures ??= owner.figuresOf(this.statement.prepared.own);
    owner.ran(this.statement.figures, performance.now() - this.#begun, this.rows + this.changes);
  }

  get rows(): number {
    return this.#elsewhere?.rows ?? this.#run.rows - this.#before;
  }

  get changes(): number {
    return this.#elsewhere === null ? this.#run.changes : 0;
  }

  get tag(): string {
    return this.#elsewhere?.tag ?? this.#run.tag;
  }

  close(): void {
    if (this.#run.isOpen) this.#run.close();
    this.statement.leave(this);
  }
}
