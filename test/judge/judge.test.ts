import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Judge } from '../../src/benchmarks/benchmark.ts';
import { openJudge } from '../../src/judge/judge.ts';
import { judgeIdentity, type StatedJudge } from '../../src/judge/settings.ts';
import { type Problem, ProblemError } from '../../src/problem.ts';
import { completion, NEVER, startServer } from './server.ts';

const SECRET = 'sk-do-not-show-me';
const request = { run: 0, content: 'what mark?', temperature: 0, maxTokens: 3 };
const never = new AbortController().signal;

type Opened = Readonly<{ judge: Judge; log: readonly string[]; replies: string }>;

function open(stated: StatedJudge, options: { replies?: string; env?: Record<string, string> } = {}): Opened {
  const log: string[] = [];
  const replies = options.replies ?? mkdtempSync(join(tmpdir(), 'replies-'));
  const env = options.env ?? { OPENAI_API_KEY: SECRET };
  const judge = openJudge(stated, { replies, env, signal: never, log: (line) => log.push(line), firstWait: 0.01 });
  return { judge, log, replies };
}

async function problemOf(stopped: Promise<unknown>): Promise<Problem> {
  const error = await stopped.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ProblemError)) throw new Error(`no problem but ${error}`);
  expect(JSON.stringify([error.problems, error.message, error.stack])).not.toContain(SECRET);
  return error.problems[0] as Problem;
}

/** Everything that lies in a folder, names and contents. */
function allOf(folder: string): string {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .map((entry) => entry.name + (entry.isFile() ? readFileSync(join(entry.parentPath, entry.name), 'utf8') : ''))
    .join('\n');
}

describe('a judge', () => {
  it('is asked as the chat-completions protocol says, with the key from the environment', async () => {
    await using server = await startServer(() => '0.5');
    const { judge } = open({ url: `${server.url}/`, model: 'm' });
    expect(await judge.ask(request, never)).toBe('0.5');
    expect(server.received).toMatchObject([
      {
        path: '/v1/chat/completions',
        authorization: `Bearer ${SECRET}`,
        body: {
          model: 'm',
          max_tokens: 3,
          temperature: 0,
          messages: [{ role: 'user', content: 'what mark?' }],
        },
      },
    ]);
  });

  it('without a key gets none', async () => {
    await using server = await startServer(() => '1');
    await open({ url: server.url, key: 'none' }).judge.ask(request, never);
    expect(server.received[0]?.authorization).toBeUndefined();
  });

  it('is not asked again for what it replied, by this process or the next', async () => {
    await using server = await startServer((_, index) => `0.${index}`);
    const { judge, replies } = open({ url: server.url });
    expect([await judge.ask(request, never), await judge.ask(request, never)]).toEqual(['0.0', '0.0']);
    const { judge: next } = open({ url: server.url, concurrency: 9, retries: 0 }, { replies, env: {} });
    expect(await next.ask(request, never)).toBe('0.0');
    expect(server.received).toHaveLength(1);
    const other = { ...request, temperature: 0.5 };
    expect([await judge.ask({ ...request, run: 1 }, never), await judge.ask(other, never)]).toEqual(['0.1', '0.2']);
    expect(await open({ url: server.url, model: 'another' }, { replies }).judge.ask(request, never)).toBe('0.3');
  });

  it.each([
    ['busy', { status: 429, body: '{"error": {"message": "slow down"}}' }, '429 Too Many Requests: slow down'],
    ['broken', { status: 500, body: '<html>' }, '500 Internal Server Error'],
    ['down', { status: 503 }, '503 Service Unavailable'],
    ['unreadable', { status: 200, body: '{"choices": [' }, 'the reply is no chat completion'],
    ['of another kind', { status: 200, body: '{"object": "list"}' }, 'the reply is no chat completion'],
  ] as const)('that is %s is asked again, with growing waits', async (_, failure, told) => {
    await using server = await startServer((__, index) => (index < 3 ? failure : '0.7'));
    const { judge, log } = open({ url: server.url });
    expect(await judge.ask(request, never)).toBe('0.7');
    expect(server.received).toHaveLength(4);
    expect(log).toHaveLength(3);
    for (const line of log) expect(line).toContain(told);
    const waits = log.map((line) => Number(/again in (\S+) s/.exec(line)?.[1]));
    expect(waits).toEqual([0.01, 0.02, 0.04]);
  });

  it('that says how long to wait is asked no sooner', async () => {
    const busy = { status: 429, headers: { 'retry-after': '0.3' } };
    await using server = await startServer((_, index) => (index === 0 ? busy : '1'));
    expect(await open({ url: server.url }).judge.ask(request, never)).toBe('1');
    const [first, second] = server.received;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(280);
  });

  it('that asks to wait longer than an hour is not waited for', async () => {
    const tomorrow = new Date(Date.now() + 86_400_000).toUTCString();
    await using server = await startServer(() => ({ status: 429, headers: { 'retry-after': tomorrow } }));
    const problem = await problemOf(open({ url: server.url }).judge.ask(request, never));
    expect(problem.message).toMatch(/429 Too Many Requests: it asks to wait 86\d\d\d s$/);
    expect(server.received).toHaveLength(1);
  });

  it('that never replies is asked again, and given up in the end', async () => {
    await using server = await startServer(() => NEVER);
    const { judge } = open({ url: server.url, timeout: 0.5, retries: 2 });
    const problem = await problemOf(judge.ask(request, never));
    expect(problem).toMatchObject({ code: 'judge-failed' });
    expect(problem.message).toBe(`the judge at ${server.url} gave no reply, 3 times: no reply within 0.5 s`);
    expect(server.received).toHaveLength(3);
  });

  it('that is not there is named', async () => {
    const gone = await startServer(() => '1');
    await gone[Symbol.asyncDispose]();
    const problem = await problemOf(open({ url: gone.url, retries: 1 }).judge.ask(request, never));
    expect(problem.message).toContain('no connection (ECONNREFUSED)');
  });

  it('stops at once when the run does', async () => {
    await using server = await startServer(() => NEVER);
    const stop = new AbortController();
    const asked = open({ url: server.url }).judge.ask(request, stop.signal);
    setTimeout(() => stop.abort(new Error('interrupted')), 20);
    await expect(asked).rejects.toThrow('interrupted');
  });

  it('without text in its message replied with no text', async () => {
    await using server = await startServer(() => ({ status: 200, body: completion(null) }));
    expect(await open({ url: server.url }).judge.ask(request, never)).toBe('');
  });
});

describe('a key', () => {
  it.each([401, 403])('that is wrong (%d) stops at once and is shown by name only', async (status) => {
    const body = JSON.stringify({ error: { message: `Incorrect API key provided: ${SECRET}` } });
    await using server = await startServer(() => ({ status, body }));
    const { judge, log, replies } = open({ url: server.url });
    const problem = await problemOf(judge.ask(request, never));
    expect(problem.hint).toBe('check the key in OPENAI_API_KEY');
    expect(server.received).toHaveLength(1);
    expect(JSON.stringify(log) + allOf(replies)).not.toContain(SECRET);
  });

  it('that the environment has not is asked for before anything is sent', async () => {
    await using server = await startServer(() => '1');
    const { judge } = open({ url: server.url, key: 'MY_KEY' }, { env: { OPENAI_API_KEY: SECRET } });
    expect(await problemOf(judge.ask(request, never))).toMatchObject({
      code: 'no-key',
      hint: expect.stringContaining('export MY_KEY='),
    });
    expect(server.received).toHaveLength(0);
  });

  it('that a server repeats is neither logged nor kept', async () => {
    const told = { status: 400, body: JSON.stringify({ error: `${'x'.repeat(190)}${SECRET}` }) };
    await using server = await startServer((_, index) => (index === 0 ? `0.5 ${SECRET}` : told));
    const { judge, log, replies } = open({ url: server.url });
    expect(await judge.ask(request, never)).toBe('0.5 ***');
    const problem = await problemOf(judge.ask({ ...request, run: 1 }, never));
    expect(problem.message).toContain('400 Bad Request: xxx');
    expect(problem.message).not.toContain(SECRET.slice(0, 6));
    expect(JSON.stringify(log) + allOf(replies)).not.toContain(SECRET.slice(0, 6));
  });

  it('in the place of its name is refused without being repeated', async () => {
    const error = await Promise.resolve()
      .then(() => open({ url: 'http://localhost/v1', key: SECRET }))
      .catch((reason: unknown) => reason);
    const problem = await problemOf(Promise.reject(error));
    expect(problem.hint).toContain('OPENAI_API_KEY');
  });

  it.each([`https://user:${SECRET}@host/v1`, `https://host/v1?key=${SECRET}`, `ftp://${SECRET}`, 'https://'])(
    'in an address is refused without being repeated: %s',
    async (url) => {
      expect((await problemOf((async () => open({ url }))())).code).toBe('bad-url');
    },
  );
});

it('a damaged reply is named, and asked for again once it is removed', async () => {
  await using server = await startServer(() => '1');
  const { judge, replies } = open({ url: server.url });
  await judge.ask(request, never);
  const file = readdirSync(replies, { recursive: true, withFileTypes: true }).find((entry) => entry.isFile());
  writeFileSync(join(file?.parentPath ?? '', file?.name ?? ''), '{"rep');
  expect(await problemOf(judge.ask(request, never))).toMatchObject({ code: 'damaged-reply' });
});

it('the marks of a judge depend on its server, model and runs alone', () => {
  const url = 'https://api.openai.com/v1';
  const bare = judgeIdentity({ url });
  expect(bare).toEqual({ url, model: 'gpt-4-0613', runs: 1 });
  expect(judgeIdentity({ url: `${url}/`, key: 'OTHER', retries: 1, timeout: 9, concurrency: 2 })).toEqual(bare);
  expect(judgeIdentity({ url, runs: 5 })).not.toEqual(bare);
});
