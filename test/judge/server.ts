import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the server got it. */
export type Received = Readonly<{
  path: string;
  authorization: string | undefined;
  body: Readonly<{
    model: string;
    max_tokens: number;
    temperature: number;
    messages: readonly Readonly<{ role: string; content: string }>[];
  }>;
  /** milliseconds */
  at: number;
}>;

/** What it answers: a reply of the model or an answer of its own. */
export type Answer = string | Readonly<{ status: number; body?: string; headers?: Record<string, string> }>;

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  /** requests that were under way at the same time, at most */
  readonly busiest: () => number;
}

/** As an answer: leaves the request open. */
export const NEVER = { status: 0 } as const;

/** An HTTP server on this machine that speaks the chat-completions protocol. It answers nobody before `together` requests are open. */
export async function startServer(
  answer: (request: Received, index: number) => Answer,
  { port = 0, together = 1 }: { port?: number; together?: number } = {},
): Promise<TestServer> {
  const received: Received[] = [];
  let open = 0;
  let most = 0;
  let meet = (): void => {};
  const met = new Promise<void>((resolve) => (meet = resolve));
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    most = Math.max(most, ++open);
    if (open >= together) meet();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Received['body'];
    const one: Received = {
      path: request.url ?? '',
      authorization: request.headers.authorization,
      body,
      at: performance.now(),
    };
    const given = answer(one, received.push(one) - 1);
    await met;
    if (given === NEVER) return;
    open--; // before the client can know of the answer
    if (typeof given === 'string') response.end(completion(given));
    else response.writeHead(given.status, given.headers).end(given.body);
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    received,
    busiest: () => most,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function completion(content: string | null): string {
  return JSON.stringify({ choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'length' }] });
}
