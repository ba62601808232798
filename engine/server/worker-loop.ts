/** Where an engine worker's thread begins. */

import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { MessageChannel, parentPort, workerData } from 'node:worker_threads';
import { toPlain } from '../../shm/errors.ts';
import { ServerWorker } from './worker.ts';
import type { SentPlugin } from '../../plugins/host/worker-plugins.ts';
import type { Listening, ServerWorkerData, WorkerNews } from './worker-messages.ts';

if (parentPort === null) throw new Error('this is a thread of a server');
const port = parentPort;
const data = workerData as ServerWorkerData;
const control = new MessageChannel();
const tell = (news: WorkerNews): void => port.postMessage(news);
const worker = new ServerWorker(data, tell);
expose(
  {
    drain: (milliseconds: number) => worker.drain(milliseconds),
    figures: () => worker.figures(),
    leave: () => worker.leave(),
    usePlugin: (sent: SentPlugin) => worker.usePlugin(sent),
    removeDialect: (dialect: string) => worker.removeDialect(dialect),
    listenOn: (listening: readonly Listening[]) => worker.listenOn(listening),
  },
  nodeEndpoint(control.port1),
);
port.postMessage({ kind: 'control', port: control.port2 }, [control.port2]);
worker.listen(data.listening).catch((error: unknown) => tell({ kind: 'lost', error: toPlain(error) }));
