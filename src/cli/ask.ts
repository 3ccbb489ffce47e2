import { createInterface } from 'node:readline/promises';
import { type Problem, ProblemError } from '../problem.ts';
import { paint } from '../report/style.ts';
import type { Context } from './context.ts';
import { type ModelHost, startModelHost } from './model-host.ts';
import { findModel, type ModelSource } from './model-source.ts';
import { json } from './output.ts';
import { findPicture, type Picture } from './picture.ts';
import { printProblems } from './problems.ts';

type AskOptions = Readonly<{
  model: string;
  image?: string;
  data?: string;
  conversation?: Conversation;
  maxTokens: number;
  json?: boolean;
}>;

type Conversation = NonNullable<Parameters<ModelHost['open']>[0]['conversation']>;
type Turn = Readonly<{ question: string; answer?: string }>;

/** `sea ask`: an answer, streamed; without a question a small chat. */
export async function ask(words: readonly string[], options: AskOptions, context: Context): Promise<number> {
  const { file, question } = wordsOf(words);
  const chats = question === undefined && options.json !== true && context.output.live && process.stdin.isTTY === true;
  if (question === undefined && !chats) throw new ProblemError(noQuestion);
  const model = await findModel(options.model, file, context);
  const { image, data } = options;
  const picture =
    image === undefined
      ? undefined
      : await findPicture({ image, ...(data === undefined ? {} : { data }) }, [model], file, context);
  const host = startModelHost();
  try {
    await open(host, model, picture, options.conversation);
    if (question === undefined) return await chat(host, model, picture, options, context);
    return await answerOne(host, model, picture, question, options, context);
  } finally {
    host.close();
  }
}

const noQuestion: Problem = {
  code: 'no-question',
  message: 'there is no question, and this is no terminal to chat on',
  hint: 'sea ask --model STAGE --image FILE "what is it?"',
};

/** An experiment file goes first; what follows it is the question. */
function wordsOf(words: readonly string[]): Readonly<{ file?: string; question?: string }> {
  const [first, ...rest] = words;
  const isFile = first !== undefined && /\.ya?ml$/.test(first);
  const question = (isFile ? rest : words).join(' ').trim();
  return { ...(isFile ? { file: first } : {}), ...(question === '' ? {} : { question }) };
}

async function open(
  host: ModelHost,
  { title, whole }: ModelSource,
  picture: Picture | undefined,
  conversation: Conversation | undefined,
): Promise<void> {
  if (whole === undefined) {
    const message = `${title} left an adapter, and no model that was tuned to answer`;
    throw new ProblemError({ code: 'no-model', message, hint: 'name the finetune stage that goes on from it' });
  }
  await host.open({
    ...whole,
    ...(conversation === undefined ? {} : { conversation }),
    ...(picture === undefined ? {} : { picture: { name: picture.name, path: picture.path } }),
  });
}

async function answerOne(
  host: ModelHost,
  { title }: ModelSource,
  picture: Picture | undefined,
  question: string,
  { json: asJson, maxTokens }: AskOptions,
  { output }: Context,
): Promise<number> {
  if (asJson === true) {
    const { text, tokens } = await host.ask({ turns: [{ question }], maxNew: maxTokens }, () => undefined);
    const image = picture === undefined ? {} : { image: picture.name };
    output.out(json({ model: title, ...image, question, answer: text, tokens }));
    return 0;
  }
  await host.ask({ turns: [{ question }], maxNew: maxTokens }, (piece) => void process.stdout.write(piece));
  output.out('');
  return 0;
}

/** Question after question; what was said before is part of each prompt. Ctrl-D ends it. */
async function chat(
  host: ModelHost,
  { title }: ModelSource,
  picture: Picture | undefined,
  { maxTokens }: AskOptions,
  { output }: Context,
): Promise<number> {
  const about = [title, ...(picture === undefined ? [] : [picture.name]), 'Ctrl-D ends'].join(' · ');
  output.out(paint(output.style, 'dim', about));
  const reader = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' });
  let stopped = false;
  reader.on('SIGINT', () => {
    stopped = true;
    reader.close();
  });
  const turns: Turn[] = [];
  reader.prompt();
  for await (const line of reader) {
    const question = line.trim();
    if (question !== '') await turnOf(host, turns, question, maxTokens, output);
    reader.prompt();
  }
  output.out('');
  return stopped ? 130 : 0;
}

/** A question that cannot be asked is told and forgotten. */
async function turnOf(
  host: ModelHost,
  turns: Turn[],
  question: string,
  maxNew: number,
  output: Context['output'],
): Promise<void> {
  try {
    const say = (piece: string): void => void process.stdout.write(piece);
    const { text, forgotten } = await host.ask({ turns: [...turns, { question }], maxNew }, say);
    output.out('');
    turns.push({ question, answer: text });
    if (forgotten === 0) return;
    turns.splice(0, forgotten);
    output.out(paint(output.style, 'dim', 'there was no room for the beginning: it is forgotten'));
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    printProblems(error.problems, output);
  }
}
