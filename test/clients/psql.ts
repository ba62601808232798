/** psql: -c and -f, variables, \copy, \gset, errors with their line and caret. */

import { equal, match } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Place, Step } from './place.ts';
import { PROGRAM_PATH } from './server.ts';

/** Runs a program of PostgreSQL's package against the server: what it wrote, errors behind. */
export function program(
  place: Place,
  name: string,
  args: readonly string[],
  input = '',
): { text: string; status: number | null } {
  const env = {
    PATH: PROGRAM_PATH,
    PGHOST: place.host,
    PGPORT: String(place.port),
    PGUSER: place.user,
    PGDATABASE: place.database,
    LC_ALL: 'C',
  };
  const { stdout, stderr, status } = spawnSync(name, args, { env, input, encoding: 'utf8', timeout: 20_000 });
  return { text: stdout + stderr, status };
}

const SCRIPT = `
create table writers (id int primary key, name text);
insert into writers values (1, 'Ada'), (2, 'Bob; or not');
begin; update writers set name = 'X' where id = 1; rollback;
select * from writers order by id;
`;

export async function suite(place: Place, step: Step): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-psql-'));
  const psql = (args: readonly string[], input = ''): string => program(place, 'psql', ['-X', ...args], input).text;
  try {
    await step('a file of many statements', async () => {
      writeFileSync(join(directory, 'script.sql'), SCRIPT);
      const text = psql(['-f', join(directory, 'script.sql')]);
      const table = ' id |    name     \n----+-------------\n  1 | Ada\n  2 | Bob; or not\n(2 rows)\n\n';
      equal(text, `CREATE TABLE\nINSERT 0 2\nBEGIN\nUPDATE 1\nROLLBACK\n${table}`);
    });
    await step('one text, unaligned, expanded, timed', async () => {
      equal(psql(['-Atc', 'select id, name from writers order by id']), '1|Ada\n2|Bob; or not\n');
      equal(psql(['-xc', `select 1 as a, null as b`]), '-[ RECORD 1 ]\na | 1\nb | \n\n');
      match(psql([], '\\timing on\nselect 1;\n'), /Timing is on\.\n[\s\S]*Time: \d+/);
    });
    await step('variables, \\gset, \\if, \\gexec, \\bind', async () => {
      const input = `\\set name Ada\nselect id as found from writers where name = :'name' \\gset\n\\echo :found\n
\\if :found\nselect format('select %s as n', n) from generate_series(1, 2) n \\gexec\n\\endif\n`;
      equal(psql(['-At'], input), '1\n1\n2\n');
    });
    await step('\\copy there and back', async () => {
      const file = join(directory, 'writers.csv');
      equal(psql(['-c', `\\copy writers to '${file}' with (format csv, header)`]), 'COPY 2\n');
      equal(readFileSync(file, 'utf8'), 'id,name\n1,Ada\n2,Bob; or not\n');
      psql(['-qc', 'truncate writers']);
      equal(psql(['-c', `\\copy writers from '${file}' csv header`]), 'COPY 2\n');
    });
    await step('errors with line and caret', async () => {
      const { text, status } = program(place, 'psql', [
        '-X',
        '-v',
        'ON_ERROR_STOP=1',
        '-c',
        'select 1,\n  nothing\nfrom writers',
      ]);
      equal(text, 'ERROR:  column "nothing" does not exist\nLINE 2:   nothing\n          ^\n');
      equal(status, 1);
      match(psql(['-v', 'VERBOSITY=verbose', '-c', 'select 1/0']), /^ERROR: {2}22012: division by zero\n/);
      match(psql(['-c', 'insert into writers values (1)']), /DETAIL: {2}Key \(id\)=\(1\) already exists\.\n/);
    });
    await step('\\d', async () => {
      match(
        psql(['-c', '\\d writers']),
        /Table "public\.writers"[\s\S]* id +\| integer \|[\s\S]*"writers_pkey" PRIMARY KEY, btree \(id\)/,
      );
      match(psql(['-c', '\\dt']), / public \| writers \| table \| postgres/);
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}
