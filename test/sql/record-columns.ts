/** Writes recorded-columns.txt from a PostgreSQL 15: `node test/sql/record-columns.ts PORT`. */

import { writeFileSync } from 'node:fs';
import { COLUMNS_FILE, FILES } from './recorded.ts';
import { answersOverTheWire } from './recorded-wire.ts';

const port = Number(process.argv[2] ?? 5432);
const parts: string[] = [];
for (const file of FILES) {
  const answers = await answersOverTheWire(port, file);
  parts.push(`== ${file}`, ...answers.map((one) => (one.startsWith('! ') ? one.slice(0, 7) : one)));
}
writeFileSync(COLUMNS_FILE, `${parts.join('\n')}\n`);
