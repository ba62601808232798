/** The server's log: a line of JSON for each event, on the standard error stream, from every thread. */

import { type Logger, pino } from 'pino';
import { toPlain } from '../../shm/errors.ts';

export function createLog(level: string, thread: string): Logger {
  const destination = pino.destination({ dest: 2, sync: true });
  const serializers = { error: (error: unknown) => toPlain(error) };
  return pino({ level, base: { pid: process.pid, thread }, serializers, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}
