import { ProblemError } from '../problem.ts';
import { type Chat, openChat } from './chat.ts';
import type { Reply, Request } from './messages.ts';
import { recallPictures } from './recalled.ts';

/** A process with a model: an engine prints to stderr as it likes, and may take its process down. Started by `sea recall` and `sea ask`. */
let chat: Chat | undefined;

const reply = (message: Reply): void => void process.send?.(message);

async function handle(request: Request): Promise<Reply> {
  switch (request.type) {
    case 'recall': {
      const { folders, words, pictures, top } = request;
      return { type: 'recalled', pictures: await recallPictures(folders, words, pictures, top) };
    }
    case 'open':
      chat = await openChat(request.chat);
      return { type: 'opened' };
    case 'ask': {
      if (chat === undefined) throw new Error('asked before it was opened');
      const say = (text: string): void => reply({ type: 'piece', text });
      return { type: 'answered', answer: await chat.answer(request.turns, request.maxNew, say) };
    }
  }
}

process.on('message', (request: Request) => {
  handle(request).then(reply, (error: unknown) => {
    if (error instanceof ProblemError) reply({ type: 'problems', problems: error.problems });
    else reply({ type: 'broken', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  });
});
process.on('disconnect', () => process.exit(0));
