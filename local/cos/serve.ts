import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Landing } from './disk/landing.ts';
import { altered, forgetUpload } from './fault-acts.ts';
import type { FaultQueue } from './fault-queue.ts';
import type { FaultAct } from './faults.ts';
import type { Context } from './operations/context.ts';
import { fileToDownload, sendFile } from './operations/download.ts';
import { landContent } from './operations/land-content.ts';
import { perform } from './operations/operations.ts';
import type { LogEntry, RequestLog } from './request-log.ts';
import { readAddress } from './wire/address.ts';
import type { Bandwidth } from './wire/bandwidth.ts';
import { type Call, offsetOf, readCall } from './wire/call.ts';
import { type Answer, answerOf, Refused } from './wire/codes.ts';
import { allowOrigin, isPreflight, sendPreflight } from './wire/cors.ts';
import { HungUp, readForm } from './wire/form.ts';
import { pause, reset, sendAnswer, sendHalf, sendPage, stampReply } from './wire/reply.ts';
import type { Credentials } from './wire/signature.ts';

/** What all requests to one endpoint share. */
export type CosServer = {
  readonly context: Context;
  readonly credentials: readonly Credentials[];
  readonly faults: FaultQueue;
  readonly latencyMs: number;
  readonly bandwidth: Bandwidth | undefined;
  readonly allowOrigins: readonly string[];
  readonly log: RequestLog;
  nextRequestId(): string;
};

type Serving = {
  readonly server: CosServer;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly entry: LogEntry;
  /** Of the request's content; released when it is over. */
  readonly landings: Landing[];
};

/** One request from its first byte to the last of its answer, with the fault that is due. */
export async function serve(
  server: CosServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const entry = server.log.open(server.nextRequestId());
  const at: Serving = { server, request, response, entry, landings: [] };
  try {
    allowOrigin(request, response, server.allowOrigins);
    if (isPreflight(request)) answerPreflight(at);
    else await answerRequest(at);
  } catch (error) {
    if (error instanceof HungUp) at.entry.aborted();
    else await send(at, troubled(at, error));
  } finally {
    await release(at);
    at.entry.close();
  }
}

function answerPreflight(at: Serving): void {
  at.entry.preflight();
  stampReply(at.response, stamp(at));
  sendPreflight(at.request, at.response);
}

async function answerRequest(at: Serving): Promise<void> {
  const { server, request, entry } = at;
  const form = await readForm(request, { bandwidth: server.bandwidth, land: (fields) => land(at, fields) });
  entry.enter();
  const call = readCall(request, form);
  const act = server.faults.take(call.op, offsetOf(call));
  entry.asks(call, act);
  if (!(await passes(at, call, act))) return;
  if (call.op === 'download') return answerDownload(at, call);
  if (act?.kind === 'duplicate') await decide(at, call, act);
  const answer = await decide(at, call, act);
  await release(at);
  await send(at, answer, act);
}

function land({ server, request, landings }: Serving, before: ReadonlyMap<string, string>): Landing {
  const landing = landContent(server.context, readAddress(request.url ?? '/', request.headers.host), before);
  landings.push(landing);
  return landing;
}

/** What nobody took of the content is gone before the client hears of it. */
async function release({ landings }: Serving): Promise<void> {
  await Promise.all(landings.splice(0).map((landing) => landing.release()));
}

async function answerDownload(at: Serving, call: Call): Promise<void> {
  const { server, request, response, entry } = at;
  const file = fileToDownload(server.context, call, server.credentials);
  entry.decided(0);
  if (server.latencyMs > 0) await pause(response, server.latencyMs);
  stampReply(response, stamp(at));
  await sendFile(server.context, file, { request, response, bandwidth: server.bandwidth });
}

/** What a fault does before anything is stored. False: the request ends here. */
async function passes(at: Serving, call: Call, act: FaultAct | undefined): Promise<boolean> {
  switch (act?.kind) {
    case 'reset-before':
      reset(at.response);
      return false;
    case 'status':
      at.entry.decided(act.code);
      sendAnswer(at.response, { ...answerOf(act.code), status: act.status }, stamp(at));
      return false;
    case 'html':
      sendPage(at.response, act.status);
      return false;
    case 'stall':
      return act.when === 'after' || (await pause(at.response, act.forMs));
    case 'forget-session':
      await forgetUpload(at.server.context, call);
      return true;
    default:
      return true;
  }
}

async function decide(at: Serving, call: Call, act: FaultAct | undefined): Promise<Answer> {
  try {
    const answer = await perform(at.server.context, at.server.credentials, call, act);
    at.entry.decided(answer.code);
    return answer;
  } catch (error) {
    return troubled(at, error);
  }
}

/** Sends the answer in the way the fault wants it. */
async function send(at: Serving, answer: Answer, act?: FaultAct): Promise<void> {
  const { server, response } = at;
  if (server.latencyMs > 0) await pause(response, server.latencyMs);
  if (act?.kind === 'stall' && act.when === 'after') await pause(response, act.forMs);
  if (response.destroyed || response.headersSent) return void response.destroy();
  if (act?.kind === 'reset-after') return reset(response);
  if (act?.kind === 'truncated') return sendHalf(response, answer, stamp(at));
  sendAnswer(response, altered(answer, act), stamp(at));
}

function troubled(at: Serving, error: unknown): Answer {
  const answer = error instanceof Refused ? error.answer : answerOf(-195, `storage is in trouble: ${error}`);
  at.entry.decided(answer.code);
  return answer;
}

const stamp = ({ server, entry }: Serving) => ({
  requestId: entry.requestId,
  now: server.context.behaviour.now(),
});
