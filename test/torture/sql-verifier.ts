/**
 * The process that looks at what is left of a database that SQL has driven: `node test/torture/sql-verifier.ts <orders.json>`. As
 * verifier.ts, through SQL.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { open } from '../../engine/api/api.ts';
import { describeError, TortureFailure } from './failure.ts';
import { verifySql } from './sql-verify.ts';
import type { VerifierOrders, VerifierResult } from './verifier.ts';

const orders = JSON.parse(readFileSync(process.argv[2], 'utf8')) as VerifierOrders;

function verify(): VerifierResult {
  const began = performance.now();
  const database = open(orders.directory, orders.options);
  const openMilliseconds = performance.now() - began;
  const { problems, pagesChecked } = database.check();
  if (problems.length > 0) {
    const listed = problems.slice(0, 20).map((problem) => `${problem.file} page ${problem.page}: ${problem.what}`);
    throw new TortureFailure(`check() says:\n  ${listed.join('\n  ')}`);
  }
  const verified = verifySql(database, orders.known);
  if (!orders.leave) database.close();
  return { ok: true, known: orders.known, verified, openMilliseconds, pages: pagesChecked };
}

let result: VerifierResult;
try {
  result = verify();
} catch (error) {
  result = { ok: false, message: describeError(error) };
}
writeFileSync(orders.resultPath, JSON.stringify(result));
if (!result.ok) console.error(result.message);
process.exit(result.ok ? 0 : 1);
