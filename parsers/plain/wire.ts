/**
 * Lines in, lines out.
 *
 *   hello USER            . 0             may this user in? only where the rules say trust: a line carries no password
 *   statement             row ... . 3     the rows and how many there were; changed ones for add, set, remove
 *                         ! CODE message
 *   a statement waits     no line is taken until it has ended (resumed)
 */

import {
  type ConnectionHost,
  type HostPortal,
  type HostSession,
  type Outcome,
  PENDING,
  type WireConnection,
  type WireError,
  type WireNotice,
} from '../../plugins/contract/connection.ts';
import { EncodedValues } from '../../plugins/contract/encoded-values.ts';
import { rowFormat } from '../../plugins/contract/row-format.ts';

const TAB = 9;
const LINE_FEED = 10;
const NULL = [92, 78];
const NO_VALUES = new EncodedValues();
const DATABASE = 'postgres';

export class PlainConnection implements WireConnection {
  readonly #host: ConnectionHost;
  #session: HostSession | null = null;
  #portal: HostPortal | null = null;
  #isOver = false;
  readonly wanted = 0;

  constructor(host: ConnectionHost) {
    this.#host = host;
  }

  get isIdle(): boolean {
    return this.#portal === null && this.#session?.status === 'idle';
  }

  consume(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (!this.#isOver && this.#portal === null) {
      const found = bytes.subarray(at, end).indexOf(LINE_FEED);
      if (found < 0) break;
      this.#line(bytes.toString('utf8', at, at + found).trim());
      at += found + 1;
    }
    if (end - at > this.#host.messageBytes) this.fatal({ code: '08P01', message: 'the line is too long' });
    return this.#isOver ? end : at;
  }

  #line(line: string): void {
    if (line === '') return;
    try {
      if (this.#session === null) this.#hello(line);
      else this.#run(this.#session, line);
    } catch (error) {
      this.#failed(error);
    }
  }

  #hello(line: string): void {
    const user = /^hello (\w+)$/.exec(line)?.[1];
    if (user === undefined) {
      this.fatal({ code: '08P01', message: 'the first line is: hello USER' });
      return;
    }
    if (this.#host.authentication(user, DATABASE).method !== 'trust') {
      this.#host.authenticationFailed(user, 'plain has no passwords', () =>
        this.fatal({ code: '28000', message: `"${user}" may not come in this way` }),
      );
      return;
    }
    this.#session = this.#host.openSession(user, DATABASE, new Map());
    this.#write('. 0\n');
  }

  #run(session: HostSession, line: string): void {
    const { statement } = session.next(line, 0);
    if (statement === null) return;
    const format = rowFormat({
      nil: NULL,
      between: [TAB],
      end: [LINE_FEED],
      quoting: { kind: 'backslash', delimiter: TAB },
      columns: statement.columns.map(() => 'text' as const),
    });
    this.#portal = session.portal(statement, format);
    this.#ended(this.#portal.begin(NO_VALUES, 0));
  }

  #ended(outcome: Outcome): void {
    if (outcome === PENDING) return;
    const portal = this.#portal as HostPortal;
    this.#portal = null;
    this.#write(`. ${portal.rows === 0 ? portal.changes : portal.rows}\n`);
    portal.close();
    this.#session?.endBatch();
  }

  #failed(error: unknown): void {
    this.#portal?.close();
    this.#portal = null;
    const { code, message } = this.#host.told(error);
    this.#write(`! ${code} ${message}\n`);
    this.#session?.failBatch();
  }

  resumed(outcome: Outcome, error: WireError | null): void {
    if (error !== null) this.#failed(error);
    else this.#ended(outcome);
  }

  notice({ severity, message }: WireNotice): void {
    this.#write(`# ${severity} ${message}\n`);
  }

  notification(): void {}

  fatal({ code, message }: WireError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#write(`! ${code} ${message}\n`);
    this.#host.close();
  }

  closed(): void {
    this.#isOver = true;
    this.#portal?.close();
    this.#session?.close();
    this.#session = null;
  }

  #write(text: string): void {
    const { output } = this.#host;
    const bytes = Buffer.byteLength(text);
    output.need(bytes);
    output.at += output.bytes.write(text, output.at);
  }
}
