/** COPY as a dialect's connection uses it, over engine/exec. */

import { DONE, type HostCopy, type Outcome, PENDING } from '../../plugins/contract/connection.ts';
import { copyStatement } from '../exec/copy-files.ts';
import { CopyIn } from '../exec/copy-in.ts';
import { CopyOut } from '../exec/copy-out.ts';
import type { OutputState } from '../exec/output-run.ts';
import type { Prepared } from '../exec/prepare.ts';
import type { ServedSession } from './session.ts';

export class ServedCopyIn implements HostCopy {
  readonly #session: ServedSession;
  readonly #copy: CopyIn;
  #isOpen = false;

  constructor(session: ServedSession, prepared: Prepared) {
    this.#session = session;
    this.#copy = new CopyIn(session.connection, prepared, copyStatement(session.connection, prepared, 'from'), true);
  }

  get columns(): number {
    return this.#copy.columns;
  }

  get isBinary(): boolean {
    return this.#copy.options.format === 'binary';
  }

  get rows(): number {
    return this.#copy.rows;
  }

  begin(): Outcome {
    this.#copy.begin();
    this.#isOpen = true;
    return DONE;
  }

  feed(bytes: Buffer): Outcome {
    return this.#outcome(this.#copy.feed(bytes));
  }

  finish(): Outcome {
    this.#isOpen = false;
    return this.#outcome(this.#copy.finish());
  }

  #outcome(waits: Promise<void> | undefined): Outcome {
    if (waits === undefined) return DONE;
    const { owner } = this.#session;
    owner.waits();
    waits.then(
      () => owner.settled(DONE, null),
      (error: unknown) => {
        this.#isOpen = false;
        owner.settled(DONE, error);
      },
    );
    return PENDING;
  }

  abort(why: string): unknown {
    this.#isOpen = false;
    return this.#copy.abort(why);
  }

  close(): void {
    if (this.#isOpen) this.abort('the connection ended');
  }
}

export class ServedCopyOut implements HostCopy {
  readonly #session: ServedSession;
  readonly #copy: CopyOut;

  constructor(session: ServedSession, prepared: Prepared) {
    this.#session = session;
    const { connection, owner } = session;
    this.#copy = new CopyOut(connection, prepared, copyStatement(connection, prepared, 'to'), owner.output, true);
  }

  get columns(): number {
    return this.#copy.columns;
  }

  get isBinary(): boolean {
    return this.#copy.options.format === 'binary';
  }

  get rows(): number {
    return this.#copy.rows;
  }

  begin(): Outcome {
    const state = this.#copy.beginAsync();
    if (state === 'done') return DONE;
    this.#session.owner.waits();
    this.#follow(state);
    return PENDING;
  }

  #follow(state: OutputState | Promise<OutputState>): void {
    const { owner } = this.#session;
    if (typeof state !== 'string')
      state.then(
        (later) => this.#follow(later),
        (error) => owner.settled(DONE, error),
      );
    else if (state === 'full') owner.drain(() => this.#goOn());
    else owner.settled(DONE, null);
  }

  #goOn(): void {
    try {
      this.#follow(this.#copy.resumeAsync());
    } catch (error) {
      this.#session.owner.settled(DONE, error);
    }
  }

  feed(): Outcome {
    return DONE;
  }

  finish(): Outcome {
    return DONE;
  }

  abort(): unknown {
    this.close();
    return null;
  }

  close(): void {
    this.#copy.close();
  }
}
