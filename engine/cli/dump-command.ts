/** `scratchbird dump`: a database as SQL text. */

import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, reportAside } from './commands.ts';
import { dumped, type DumpFigures, texts } from './dump.ts';
import { progressOf } from './progress.ts';
import { openTarget } from './target.ts';

const ON_SERVER = /^postgres(?:ql)?:\/\//;
const OTHER_DATABASES = 'select datname from pg_catalog.pg_database where datname <> pg_catalog.current_database() order by oid';

export const dumpCommand: Command = {
  help: `scratchbird dump [options] DATABASE

All of a database as SQL text, as it is at one moment: schemas, extensions, types, sequences, tables with their rows, views,
functions, constraints, indexes, policies, comments. ScratchBird and PostgreSQL take it:

  scratchbird new.sbd --file shop.sql --stop-on-error          psql -v ON_ERROR_STOP=1 -f shop.sql newdb

DATABASE is a directory, of whose databases the first is dumped, or the address of a database on a server.

  -o, --output FILE  to a file instead of the standard output
      --schema-only  no rows
      --data-only    nothing but rows and values of sequences
      --privileges   roles, owners and what was granted, too
      --json         a report as JSON on the error output: {"tables", "rows", "bytes", "seconds"}
  -q, --quiet        no progress, no report

Examples
  scratchbird dump shop.sbd -o shop.sql
  scratchbird dump --schema-only postgres://postgres@localhost/postgres | less`,
  options: {
    output: { type: 'string', short: 'o' },
    'schema-only': { type: 'boolean' },
    'data-only': { type: 'boolean' },
    privileges: { type: 'boolean' },
  },
  positionals: ['DATABASE'],
  async run(given) {
    const [place] = given.positionals;
    const { values } = given;
    const target = await openTarget(place, { create: false });
    const start = performance.now();
    const progress = progressOf(`dumping ${place}`, 'rows', given.isQuiet);
    const figures: DumpFigures = { tables: 0, rows: 0, bytes: 0 };
    const options = {
      hasSchema: values['data-only'] !== true,
      hasData: values['schema-only'] !== true,
      hasPrivileges: values.privileges === true,
    };
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const piece of dumped(target, options, figures)) {
        figures.bytes += piece.length;
        progress.tell(figures.bytes, 0, figures.rows);
        yield piece;
      }
    }
    try {
      const others = ON_SERVER.test(place) ? [] : await texts(target, OTHER_DATABASES);
      if (others.length > 0)
        given.output.aside.write(
          `not in it, for a server to be asked: the databases ${others.map(([name]) => name).join(', ')}\n`,
        );
      const pieces = Readable.from(counted());
      if (values.output === undefined) await pipeline(pieces, given.output.out, { end: false });
      else await pipeline(pieces, createWriteStream(values.output as string));
      progress.end();
      const seconds = (performance.now() - start) / 1000;
      const { tables, rows, bytes } = figures;
      const text = `${tables} tables, ${rows.toLocaleString('en')} rows, ${bytes.toLocaleString('en')} bytes in ${seconds.toFixed(1)} s`;
      reportAside(given, { ...figures, seconds: Number(seconds.toFixed(3)) }, text);
    } finally {
      progress.end();
      await target.close();
    }
    return 0;
  },
};
