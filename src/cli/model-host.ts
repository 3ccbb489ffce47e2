import { fork } from 'node:child_process';
import type { PictureLabels } from '../labels/picture.ts';
import type { Answered, ChatRequest } from '../model/chat.ts';
import type { Reply, Request } from '../model/messages.ts';
import { ProblemError } from '../problem.ts';

type Ask = Extract<Request, { type: 'ask' }>;
type Recall = Extract<Request, { type: 'recall' }>;

/** A process with a model in it. What its engine prints is shown only where it fails. */
export type ModelHost = Readonly<{
  recall(request: Omit<Recall, 'type'>): Promise<readonly PictureLabels[]>;
  open(chat: ChatRequest): Promise<void>;
  ask(request: Omit<Ask, 'type'>, say: (piece: string) => void): Promise<Answered>;
  close(): void;
}>;

/** Lines of what the process printed that are told when it ends by itself. */
const TOLD = 5;

export function startModelHost(): ModelHost {
  const child = fork(new URL('../model/serve.js', import.meta.url), { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let printed = '';
  child.stderr?.on('data', (data: Buffer) => {
    printed = (printed + data.toString()).slice(-4000);
  });
  const request = (message: Request, say?: (piece: string) => void): Promise<Reply> =>
    new Promise((done, failed) => {
      const leave = (): void => {
        child.off('message', heard);
        child.off('exit', ended);
      };
      const heard = (reply: Reply): void => {
        if (reply.type === 'piece') {
          say?.(reply.text);
          return;
        }
        leave();
        if (reply.type === 'problems') failed(new ProblemError(...reply.problems));
        else if (reply.type === 'broken') failed(new Error(reply.message));
        else done(reply);
      };
      const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
        leave();
        const tail = printed.trim().split('\n').slice(-TOLD).join('\n');
        const why = signal === null ? `with code ${code}` : `by ${signal}`;
        failed(new ProblemError({ code: 'model-ended', message: `the process of the model ended ${why}\n${tail}` }));
      };
      child.on('message', heard);
      child.on('exit', ended);
      child.send(message);
    });
  return {
    recall: async (asked) => {
      const reply = await request({ type: 'recall', ...asked });
      return reply.type === 'recalled' ? reply.pictures : unexpected(reply);
    },
    open: async (chat) => {
      await request({ type: 'open', chat });
    },
    ask: async (asked, say) => {
      const reply = await request({ type: 'ask', ...asked }, say);
      return reply.type === 'answered' ? reply.answer : unexpected(reply);
    },
    close: () => {
      if (child.connected) child.disconnect();
    },
  };
}

function unexpected(reply: Reply): never {
  throw new Error(`the process of the model replied ${reply.type}`);
}
