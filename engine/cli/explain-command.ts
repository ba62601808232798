/** `scratchbird explain`: the plan of a statement. */

import { writeFileSync } from 'node:fs';
import { type Command, report } from './commands.ts';
import { CommandError } from './command-error.ts';
import { openTarget } from './target.ts';

const FORMATS = ['svg', 'dot', 'json'] as const;

export const explainCommand: Command = {
  help: `scratchbird explain [options] DATABASE STATEMENT

The plan of a statement: what it reads, in which order, and what the optimizer expects. DATABASE is a directory or the address of
a server (postgres://USER@HOST:PORT/DATABASE).

      --analyze      runs the statement, and tells what each step gave and took
      --svg          a picture, for a browser
      --dot          the picture for Graphviz
      --json         the plan as JSON
  -o, --output FILE  writes to a file

Examples
  scratchbird explain shop.sbd 'select * from item where price < 10 order by name'
  scratchbird explain shop.sbd --analyze --svg -o plan.svg "select status, count(*) from orders group by status"`,
  options: {
    analyze: { type: 'boolean' },
    svg: { type: 'boolean' },
    dot: { type: 'boolean' },
    output: { type: 'string', short: 'o' },
  },
  positionals: ['DATABASE', 'STATEMENT'],
  async run(given) {
    const [place, statement] = given.positionals;
    const { values } = given;
    const asked = FORMATS.filter((one) => values[one] === true);
    if (asked.length > 1) throw new CommandError(`--${asked.join(' and --')} at once`, 'one of them');
    const [format = 'text'] = asked;
    const words = [`format ${format}`, ...(values.analyze === true ? ['analyze'] : [])];
    const target = await openTarget(place, { create: false });
    try {
      const { rows } = await target.run(`explain (${words.join(', ')}) ${statement.replace(/;\s*$/, '')}`);
      const text = rows.map(([line]) => line ?? '').join('\n');
      if (values.output === undefined) given.output.out.write(`${text}\n`);
      else {
        writeFileSync(values.output as string, `${text}\n`);
        report({ ...given, isJson: false }, {}, `the plan is in ${values.output}`);
      }
    } finally {
      await target.close();
    }
    return 0;
  },
};
