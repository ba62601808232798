/** A server tells where it is to be found in a file beside its database: for `scratchbird status` and `stop`. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'server.json';

export interface ServerPlace {
  readonly pid: number;
  readonly addresses: readonly string[];
  readonly port: number;
  readonly socket: string | null;
  readonly metricsPort: number;
  readonly started: string;
}

export function writeServerFile(data: string, place: ServerPlace): void {
  writeFileSync(join(data, FILE), `${JSON.stringify(place, null, 2)}\n`);
}

export const removeServerFile = (data: string): void => rmSync(join(data, FILE), { force: true });

/** Null: no server that runs has written one. */
export function readServerFile(data: string): ServerPlace | null {
  let place: ServerPlace;
  try {
    place = JSON.parse(readFileSync(join(data, FILE), 'utf8')) as ServerPlace;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return isRunning(place.pid) ? place : null;
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
