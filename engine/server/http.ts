/**
 * What machines that watch a server ask: GET /metrics (Prometheus' text format), /healthz (the process answers), /readyz (clients are
 * taken). Made in the control plane's thread, of what all threads share.
 */

import { createServer, type Server as HttpServer } from 'node:http';
import type { Server } from './server.ts';

interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly value: number;
}

async function metricsOf(server: Server): Promise<Metric[]> {
  const counter = (name: string, help: string, value: number): Metric => ({ name, type: 'counter', help, value });
  const gauge = (name: string, help: string, value: number): Metric => ({ name, type: 'gauge', help, value });
  const workers = await server.figures();
  const sum = (of: (one: (typeof workers)[number]) => number): number => workers.reduce((total, one) => total + of(one), 0);
  const stats = server.database?.stats();
  const memory = process.memoryUsage();
  return [
    gauge('up', 'clients are taken', server.state === 'running' ? 1 : 0),
    gauge('workers', 'engine workers that answer', workers.length),
    gauge('connections', 'clients that are connected', server.sessions.count),
    counter(
      'batches_total',
      'batches of requests',
      sum(({ batches }) => batches),
    ),
    counter(
      'statements_total',
      'statements that have run',
      sum(({ statements }) => statements),
    ),
    counter(
      'errors_total',
      'errors that clients were told of',
      sum(({ errors }) => errors),
    ),
    counter(
      'refused_total',
      'connections that were refused',
      sum(({ refused }) => refused),
    ),
    counter('restarts_total', 'times that the database was opened again', server.restarts),
    gauge('cache_bytes', 'size of the page cache', stats?.cache.bytes ?? 0),
    gauge('cache_dirty_pages', 'pages that have changed since they were written', stats?.cache.dirtyPages ?? 0),
    counter('log_written_bytes_total', 'log that was written', stats?.log.written ?? 0),
    counter('log_durable_bytes_total', 'log that is on disk', stats?.log.durable ?? 0),
    gauge('heap_used_bytes', 'shared memory for undo lists, locks and statements', stats?.heap.used ?? 0),
    gauge('threads', 'threads that have the database open', stats?.threads ?? 0),
    gauge('process_resident_memory_bytes', 'memory of the process', memory.rss),
    gauge('uptime_seconds', 'since the server was started', (Date.now() - server.startedAt) / 1000),
  ];
}

const shown = ({ name, type, help, value }: Metric): string => {
  const full = name.startsWith('process_') ? name : `scratchbird_${name}`;
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${full} ${value}\n`;
};

/** Listens; resolves with the HTTP server and its port. */
export function serveHttp(server: Server, host: string, port: number): Promise<{ http: HttpServer; port: number }> {
  const http = createServer((request, response) => {
    const answer = (status: number, text: string): void => {
      response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(text);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(405, 'only GET\n');
    else if (request.url === '/healthz') answer(200, 'ok\n');
    else if (request.url === '/readyz') answer(server.state === 'running' ? 200 : 503, `${server.state}\n`);
    else if (request.url === '/metrics') {
      metricsOf(server).then(
        (metrics) => answer(200, metrics.map(shown).join('')),
        (error: unknown) => answer(500, `${String(error)}\n`),
      );
    } else answer(404, 'there are /metrics, /healthz and /readyz\n');
  });
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, host, () => {
      http.removeListener('error', reject);
      http.unref();
      resolve({ http, port: (http.address() as { port: number }).port });
    });
  });
}
