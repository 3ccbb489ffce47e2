import { mkdtempSync, readdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openJudge } from '../../src/judge/judge.ts';
import type { StatedJudge } from '../../src/judge/settings.ts';
import { type Problem, ProblemError } from '../../src/problem.ts';
import { completion } from './server.ts';

/** Servers that do not keep to the protocol: each ends in a reply or in one message, soon, and never learns or tells the key. */

const SECRET = 'sk-do-not-show-me';
const request = { run: 0, content: 'what mark?', temperature: 0, maxTokens: 3 };

interface Hostile extends AsyncDisposable {
  readonly url: string;
  readonly asked: readonly IncomingMessage[];
}

async function listen(
  server: Server | ReturnType<typeof createSocketServer>,
  asked: IncomingMessage[],
): Promise<Hostile> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    [Symbol.asyncDispose]: async () => {
      if ('closeAllConnections' in server) server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function hostile(answer: (response: ServerResponse, index: number) => void): Promise<Hostile> {
  const asked: IncomingMessage[] = [];
  return listen(
    createServer((received, response) => {
      received.resume();
      response.on('error', () => {});
      answer(response, asked.push(received) - 1);
    }),
    asked,
  );
}

/** What came of one question: the reply or the problem, and all that was logged. */
async function ask(stated: StatedJudge, key = SECRET) {
  const log: string[] = [];
  const replies = mkdtempSync(join(tmpdir(), 'hostile-'));
  const signal = new AbortController().signal;
  const judge = openJudge(
    { retries: 1, ...stated },
    { replies, env: { OPENAI_API_KEY: key }, signal, log: (line) => log.push(line), firstWait: 0.01 },
  );
  const came = await judge.ask(request, signal).catch((error: unknown) => error);
  const problem = came instanceof ProblemError ? (came.problems[0] as Problem) : undefined;
  if (problem === undefined && typeof came !== 'string') throw came;
  const told = [...log, problem?.message ?? '', problem?.hint ?? ''].join('\n');
  expect(told).not.toContain(SECRET);
  return { came, problem, told, log, kept: readdirSync(replies).length };
}

it('a body without end is not read to its end', async () => {
  const filler = Buffer.alloc(2 ** 16, 'x');
  let sent = 0;
  await using server = await hostile((response) => {
    const pour = (): void => {
      while (!response.destroyed && response.write(filler)) sent += filler.length;
      if (!response.destroyed) response.once('drain', pour);
    };
    pour();
  });
  const { problem, kept } = await ask({ url: server.url });
  expect(problem?.message).toContain('the reply is longer than 1 MiB');
  expect([server.asked.length, kept]).toEqual([1, 0]);
  expect(sent).toBeLessThan(2 ** 26);
});

it('a body that drips is given up in time', async () => {
  await using server = await hostile((response) => {
    const drip = setInterval(() => response.write(' '), 10);
    response.on('close', () => clearInterval(drip));
  });
  const { problem } = await ask({ url: server.url, timeout: 0.0733 });
  expect(problem?.message).toContain('no reply within 0.0733 s');
  expect(server.asked).toHaveLength(2);
});

it('the key is not taken to where a server sends', async () => {
  await using other = await hostile((response) => void response.end(completion('1')));
  await using server = await hostile((response) => {
    response.writeHead(308, { location: `${other.url}/chat/completions?stolen=${SECRET}` }).end();
  });
  const { problem } = await ask({ url: server.url });
  expect(problem).toMatchObject({ hint: 'give the address that answers itself' });
  expect(problem?.message).toContain('308 Permanent Redirect: it sends elsewhere');
  expect([server.asked.length, other.asked.length]).toEqual([1, 0]);
});

it.each([400, 500, 200])(
  'the key that a %d repeats in other letters, and signs for the terminal, are not shown',
  async (status) => {
    const letters = Array.from(SECRET, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
    const body = `{"error": {"message": "wrong key ${letters} \\u001b[31m\\r\\nred"}}`;
    await using server = await hostile((response) => void response.writeHead(status).end(body));
    const { told, problem } = await ask({ url: server.url });
    expect(problem?.message).toContain('wrong key *** [31m red');
    expect(told.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  },
);

it('a connection that breaks in the middle of a reply is asked again', async () => {
  await using server = await hostile((response, index) => {
    if (index > 0) return void response.end(completion('0.4'));
    response.writeHead(200, { 'content-length': 500 }).write('{"choices": [');
    setTimeout(() => response.destroy(), 20);
  });
  const { came, log } = await ask({ url: server.url });
  expect(came).toBe('0.4');
  expect(log).toEqual([expect.stringContaining('no connection')]);
});

it('a server that speaks no HTTP is named', async () => {
  const server = createSocketServer((socket) => {
    socket.on('error', () => {});
    socket.resume().end('SSH-2.0-judge\r\n');
  });
  await using spoken = await listen(server, []);
  expect((await ask({ url: spoken.url })).problem?.message).toContain('gave no reply, 2 times: no connection (');
});

it('a connection that cannot be made safe is not tried again', async () => {
  await using server = await hostile((response) => void response.end(completion('1')));
  const { problem, log } = await ask({ url: server.url.replace('http:', 'https:') });
  expect(problem?.message).toContain('no safe connection (ERR_SSL_');
  expect(problem?.hint).toContain('check http or https');
  expect(log).toEqual([]);
});

it.each([404, 405])('an address that is none of the protocol (%d) stops at once', async (status) => {
  await using server = await hostile((response) => void response.writeHead(status).end('<html>'));
  expect((await ask({ url: server.url })).problem).toMatchObject({ hint: 'check url and model' });
  expect(server.asked).toHaveLength(1);
});

it.each([
  '{"choices": []}',
  '{"choices": {}}',
  '{"choices": [{}]}',
  'null',
  '',
  '{"choices": [{"message": {"content": 1}}]}',
])('a reply that is no completion is none: %s', async (body) => {
  await using server = await hostile((response) => void response.end(body));
  expect((await ask({ url: server.url })).problem?.message).toContain('2 times: the reply is no chat completion');
});

it('a date in Retry-After is waited for', async () => {
  await using server = await hostile((response, index) => {
    if (index > 0) return void response.end(completion('1'));
    response.writeHead(429, { 'retry-after': new Date(Date.now() + 2000).toUTCString() }).end();
  });
  const { came, log } = await ask({ url: server.url });
  expect(came).toBe('1');
  expect(log[0]).toMatch(/429 Too Many Requests; asking again in [12] s/);
});

it.each([`${SECRET}\nx`, `${SECRET} x`, `${SECRET}\u00e9`])(
  'a key that no header takes is refused unseen: %j',
  async (key) => {
    await using server = await hostile((response) => void response.end(completion('1')));
    expect((await ask({ url: server.url }, key)).problem).toMatchObject({ code: 'bad-key' });
    expect(server.asked).toHaveLength(0);
  },
);
