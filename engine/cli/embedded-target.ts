/** A database directory that this process opens: statements run on this thread, in slices, so that the terminal stays awake. */

import { existsSync } from 'node:fs';
import { completion } from '../../parsers/postgresql/wire/describe.ts';
import { dataRows } from '../../parsers/postgresql/row-formats.ts';
import { typeModifier } from '../sblr/type-modifier.ts';
import { Output } from '../../plugins/contract/output.ts';
import { type Database, open } from '../api/api.ts';
import { copyStatement } from '../exec/copy-files.ts';
import { CopyOut } from '../exec/copy-out.ts';
import { OutputRun, type OutputState } from '../exec/output-run.ts';
import type { Connection } from '../exec/connection.ts';
import { CommandError } from './command-error.ts';
import type { Answer, Pieces, Target, TargetOptions, TextRow } from './target.ts';

const COPY_BYTES = 1 << 18;

export function openEmbedded(place: string, options: TargetOptions): EmbeddedTarget {
  if (!options.create && place !== ':memory:' && !existsSync(place))
    throw new CommandError(`there is no database in ${place}`, 'name the directory of one; scratchbird DIRECTORY makes one');
  const database = open(place, {
    create: options.create,
    ...(options.cacheSize !== undefined && { cacheSize: options.cacheSize }),
    ...(options.durability !== undefined && { durability: options.durability }),
  });
  return new EmbeddedTarget(database, place);
}

export class EmbeddedTarget implements Target {
  readonly isServer = false;
  readonly shown: string;
  readonly api: Database;
  readonly #session: ReturnType<Database['session']>;
  onNotice: ((severity: string, message: string) => void) | null = null;
  /** What the engine waits for does not keep a process alive: this does. */
  readonly #alive = setInterval(() => undefined, 1 << 30);

  constructor(api: Database, shown: string) {
    this.api = api;
    this.shown = shown;
    this.#session = api.session();
    this.connection.onNotice = ({ severity, message }) => this.onNotice?.(severity, message);
  }

  get connection(): Connection {
    return this.#session.connection;
  }

  get database(): string {
    return this.connection.session.database;
  }

  get user(): string {
    return this.connection.session.user;
  }

  get status(): 'idle' | 'active' | 'failed' {
    return this.connection.session.status;
  }

  async run(text: string): Promise<Answer> {
    const { connection } = this;
    const prepared = connection.prepareTyped(text, undefined);
    if (prepared === null) return { columns: [], rows: [], tag: '' };
    const columns = prepared.shape.plan === null ? connection.outputOf(prepared) : connection.refresh(prepared).output;
    const output = new Output();
    const run = new OutputRun(connection, prepared, dataRows(columns.map(() => 'text' as const)), output);
    const rows: TextRow[] = [];
    try {
      for (let state = await run.beginAsync([]); ; state = await run.resumeAsync()) {
        takeRows(output, rows);
        if (state === 'done') break;
      }
    } finally {
      connection.session.clearCancel();
    }
    return {
      columns: columns.map(({ name, type }) => ({ name, type: type.name, modifier: typeModifier(type) })),
      rows,
      tag: completion(run),
    };
  }

  copyIn(text: string, pieces: Pieces): Promise<number> {
    return this.#session.copyFrom(text, pieces);
  }

  async *copyOut(text: string): AsyncGenerator<Uint8Array> {
    const { connection } = this;
    const prepared = connection.prepare(text);
    const output = new Output(COPY_BYTES);
    const copy = new CopyOut(connection, prepared, copyStatement(connection, prepared, 'to'), output, false);
    try {
      let state: OutputState | Promise<OutputState> = copy.beginAsync();
      for (; ; state = copy.resumeAsync()) {
        const now = await state;
        if (output.at > 0) yield output.take();
        if (now === 'done') return;
      }
    } finally {
      copy.close();
    }
  }

  cancel(): void {
    this.connection.session.cancel();
  }

  async close(): Promise<void> {
    await this.#session.close();
    clearInterval(this.#alive);
    this.api.close();
  }
}

/** Rows out of DataRow messages: type, length, columns; of each value its length and its text. */
function takeRows(output: Output, rows: TextRow[]): void {
  const { bytes, at: end } = output;
  for (let at = 0; at < end; ) {
    const count = bytes.readUInt16BE(at + 5);
    at += 7;
    const row: TextRow = [];
    for (let column = 0; column < count; column++) {
      const length = bytes.readInt32BE(at);
      at += 4;
      row.push(length < 0 ? null : bytes.utf8Slice(at, at + length));
      at += Math.max(0, length);
    }
    rows.push(row);
  }
  output.clear();
}
