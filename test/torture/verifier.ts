/**
 * The process that looks at what is left: `node test/torture/verifier.ts <orders.json>`. Opens the database (which recovers
 * it), checks every structure, compares it with the model, and writes what it found beside the orders. It is a process of its
 * own so that a hang or a crash in it is found, and so that it begins with nothing in memory.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { openKernel } from '../../engine/api/kernel.ts';
import type { KernelOptions } from '../../engine/api/kernel-options.ts';
import { describeError, TortureFailure } from './failure.ts';
import { type Known, verifyModel, type Verified } from './verify.ts';

export interface VerifierOrders {
  readonly directory: string;
  readonly options: KernelOptions;
  readonly known: Known;
  /** Leave without closing: the next open recovers once more. */
  readonly leave: boolean;
  /** Where the result goes. */
  readonly resultPath: string;
}

export type VerifierResult =
  | {
      readonly ok: true;
      readonly known: Known;
      readonly verified: Verified;
      readonly openMilliseconds: number;
      readonly pages: number;
    }
  | { readonly ok: false; readonly message: string };

const path = process.argv[2];
const orders = JSON.parse(readFileSync(path, 'utf8')) as VerifierOrders;

function verify(): VerifierResult {
  const began = performance.now();
  const kernel = openKernel(orders.directory, orders.options);
  const openMilliseconds = performance.now() - began;
  const report = kernel.check();
  if (report.problems.length > 0) {
    throw new TortureFailure(
      `check() says:\n  ${report.problems
        .slice(0, 20)
        .map((problem) => `${problem.file} page ${problem.page}: ${problem.what}`)
        .join('\n  ')}`,
    );
  }
  const verified = verifyModel(kernel, orders.known);
  if (!orders.leave) kernel.close();
  return { ok: true, known: orders.known, verified, openMilliseconds, pages: report.pagesChecked };
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
