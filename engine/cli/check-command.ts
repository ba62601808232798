/** `scratchbird check`: every page, every row, every index entry. */

import type { DatabaseCheckProgress } from '../api/api.ts';
import { CommandError } from './command-error.ts';
import { type Command, report } from './commands.ts';
import { progressOf } from './progress.ts';
import { readServerFile } from '../server/server-file.ts';
import { openEmbedded } from './embedded-target.ts';
import { isAddress } from './target.ts';

const PROBLEMS_SHOWN = 100;

export const checkCommand: Command = {
  help: `scratchbird check [options] DIRECTORY

Verifies a database that nobody serves: each page against its checksum and against itself, each row against every index, each index
entry against its row, who owns each page. The exit code is 1 when something is wrong.

      --json         the report as JSON: {"sound", "pages", "rows", "entries", "problems": [{"file", "page", "what"}], ...}
  -q, --quiet        no progress

Examples
  scratchbird check shop.sbd
  scratchbird check shop.sbd --json | jq .problems`,
  options: {},
  positionals: ['DIRECTORY'],
  async run(given) {
    const [directory] = given.positionals;
    if (isAddress(directory))
      throw new CommandError(`${directory} is the address of a server`, 'name the directory of its database, and stop it first');
    const served = readServerFile(directory);
    if (served !== null)
      throw new CommandError(`process ${served.pid} serves ${directory}`, 'stop it first: scratchbird stop --data DIRECTORY');
    const target = openEmbedded(directory, { create: false });
    const start = performance.now();
    try {
      const progress = progressOf(`checking ${directory}`, 'steps', given.isQuiet);
      const { problems, unowned, pagesChecked, rows, entries, staleEntries } = target.api.check((told: DatabaseCheckProgress) =>
        progress.tell(told.done, told.of),
      );
      progress.end();
      const seconds = (performance.now() - start) / 1000;
      const figures = { pages: pagesChecked, rows, entries, staleEntries, unownedPages: unowned.length };
      const text = [
        ...problems.slice(0, PROBLEMS_SHOWN).map(({ file, page, what }) => `${file}${page < 0 ? '' : `, page ${page}`}: ${what}`),
        ...(problems.length > PROBLEMS_SHOWN ? [`... and ${problems.length - PROBLEMS_SHOWN} more`] : []),
        `${pagesChecked} pages, ${rows} rows and ${entries} index entries in ${seconds.toFixed(1)} s: ${
          problems.length === 0 ? 'sound' : `${problems.length} problems. Restore a backup, or dump what can still be read`
        }`,
      ].join('\n');
      report(given, { sound: problems.length === 0, ...figures, problems, seconds: Number(seconds.toFixed(3)) }, text);
      return problems.length === 0 ? 0 : 1;
    } finally {
      await target.close();
    }
  },
};
