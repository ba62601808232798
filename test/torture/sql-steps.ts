/** Statements as the steps of a generator, which is told the answer of each; and running them on a thread's own connection. */

import type { Database, Statement } from '../../engine/api/api.ts';

export interface Request {
  readonly text: string;
  readonly values: readonly unknown[];
}

export interface Answer {
  readonly rows: Record<string, unknown>[];
  readonly changes: number;
}

export type Steps<Value = void> = Generator<Request, Value, Answer>;

export const one = (text: string, ...values: unknown[]): Request => ({ text, values });

function answerOf(database: Database, statements: Map<string, Statement>, { text, values }: Request): Answer {
  if (values.length === 0 && !/^select/.test(text)) {
    const result = database.execute(text);
    return { rows: (result?.rows ?? []) as Answer['rows'], changes: result?.changes ?? 0 };
  }
  const statement = statements.get(text) ?? database.prepare(text);
  statements.set(text, statement);
  const { rows, changes } = statement.run(...values);
  return { rows: (rows ?? []) as Answer['rows'], changes };
}

/** Runs one statement of a transaction and hands it the answer, or the error. */
export function passed(
  steps: Steps,
  request: Request,
  database: Database,
  statements: Map<string, Statement>,
): IteratorResult<Request, void> {
  let answer: Answer;
  try {
    answer = answerOf(database, statements, request);
  } catch (error) {
    return steps.throw(error);
  }
  return steps.next(answer);
}

/** The same statements; what they return goes to `take`. */
export function* withoutValue(steps: Steps<number>, take: (value: number) => void): Steps {
  take(yield* steps);
}
