/**
 * Query: all statements of a text, one after the other; several are one transaction unless they say otherwise. An error ends the text.
 *
 *   'Q' --> [RowDescription, DataRow ..., CommandComplete | EmptyQueryResponse] ... ErrorResponse? ReadyForQuery
 */

import {
  DONE,
  type ConnectionHost,
  type HostPortal,
  type HostSession,
  type HostStatement,
  type Outcome,
  PENDING,
} from '../../../plugins/contract/connection.ts';
import { EncodedValues } from '../../../plugins/contract/encoded-values.ts';
import { COPYING, CopyPortal } from './copy.ts';
import { completion, described } from './describe.ts';
import { putBytes, putComplete, putEmptyQuery } from './write.ts';

const NO_VALUES = new EncodedValues();

const BLANK = /^[\s;]*$/;

export class SimpleQuery {
  readonly #host: ConnectionHost;
  readonly #session: HostSession;
  #text = '';
  #from = 0;
  #portal: HostPortal | CopyPortal | null = null;
  #hasRun = false;

  constructor(host: ConnectionHost, session: HostSession) {
    this.#host = host;
    this.#session = session;
  }

  /** Runs the statements. False: it waits, goOn() will be called. Throws what a statement throws; fail() is called then. */
  begin(text: string): boolean {
    this.#text = text;
    this.#from = 0;
    this.#hasRun = false;
    return this.#run();
  }

  /** The statement that waited has an outcome. */
  goOn(outcome: Outcome): boolean {
    return this.#ended(outcome) && this.#run();
  }

  #run(): boolean {
    const text = this.#text;
    const session = this.#session;
    while (this.#from < text.length) {
      const { statement, end } = session.next(text, this.#from);
      this.#from = end;
      if (statement === null) continue;
      if (this.#hasRun || !(end >= text.length || BLANK.test(text.slice(end)))) session.beginBatch();
      this.#hasRun = true;
      if (!this.#ended(this.#start(statement))) return false;
    }
    if (!this.#hasRun) putEmptyQuery(this.#host.output);
    session.endBatch();
    return true;
  }

  #start(statement: HostStatement): Outcome | typeof COPYING {
    const session = this.#session;
    const { kind } = statement;
    if (kind === 'copyIn' || kind === 'copyOut') {
      const copy = new CopyPortal(this.#host, session.copy(statement), kind === 'copyIn');
      this.#portal = copy;
      return copy.begin();
    }
    const { format, message, columns } = described(statement, 'T');
    const portal = session.portal(statement, format);
    this.#portal = portal;
    if (columns.length > 0) putBytes(this.#host.output, message);
    return portal.begin(NO_VALUES, 0);
  }

  /** The COPY that waits for rows; null: there is none. */
  get copying(): CopyPortal | null {
    return this.#portal instanceof CopyPortal && this.#portal.isIn ? this.#portal : null;
  }

  #ended(outcome: Outcome | typeof COPYING): boolean {
    if (outcome === PENDING || outcome === COPYING) return false;
    const portal = this.#portal as HostPortal | CopyPortal;
    if (portal instanceof CopyPortal) portal.ended();
    else if (outcome !== DONE) throw new Error('a statement without a limit of rows was suspended');
    this.#portal = null;
    putComplete(this.#host.output, completion(portal));
    portal.close();
    return true;
  }

  /** An error: the rest of the text is not run. */
  fail(): void {
    this.#portal?.close();
    this.#portal = null;
    this.#text = '';
    this.#session.failBatch();
  }
}
