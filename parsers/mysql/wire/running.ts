/** A statement that runs, of a text or prepared: its portal, and how its answer begins and ends. One object for each way. */

import {
  type HostPortal,
  type HostSession,
  type HostStatement,
  type Outcome,
  PENDING,
} from '../../../plugins/contract/connection.ts';
import type { EncodedValues } from '../../../plugins/contract/encoded-values.ts';
import type { RowFormat } from '../../../plugins/contract/row-format.ts';
import { type Answer, changesOf } from './answer.ts';

export class Running {
  readonly #session: HostSession;
  readonly #answer: Answer;
  #portal: HostPortal | null = null;
  #hasColumns = false;

  constructor(session: HostSession, answer: Answer) {
    this.#session = session;
    this.#answer = answer;
  }

  /** `columns`: the statement's, which `format` was made for. */
  begin(statement: HostStatement, columns: HostStatement['columns'], format: RowFormat, values: EncodedValues): Outcome {
    this.#hasColumns = columns.length > 0;
    const portal = this.#session.portal(statement, format);
    this.#portal = portal;
    if (this.#hasColumns) this.#answer.columns(columns);
    return portal.begin(values, 0);
  }

  /** False: it waits. */
  ended(outcome: Outcome): boolean {
    if (outcome === PENDING) return false;
    const portal = this.#portal as HostPortal;
    this.#session.endBatch();
    if (this.#hasColumns) this.#answer.rowsEnd();
    else {
      this.#answer.lookAtSettings();
      this.#answer.ok(changesOf(portal), '');
    }
    this.fail();
    return true;
  }

  /** Nothing runs any more. */
  fail(): void {
    this.#portal?.close();
    this.#portal = null;
  }
}
