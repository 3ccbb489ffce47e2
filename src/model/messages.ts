import type { QuestionImage } from '../benchmarks/images.ts';
import type { Turn } from '../data/template.ts';
import type { PictureLabels } from '../labels/picture.ts';
import type { Problem } from '../problem.ts';
import type { Answered, ChatRequest } from './chat.ts';
import type { ModelFolders } from './eyes.ts';

/** What a process with a model is asked for, one after another. */
export type Request =
  | Readonly<{ type: 'recall'; folders: ModelFolders; words: string; pictures: readonly QuestionImage[]; top: number }>
  | Readonly<{ type: 'open'; chat: ChatRequest }>
  | Readonly<{ type: 'ask'; turns: readonly Turn[]; maxNew: number }>;

/** What it replies: pieces of an answer, then one of the others. */
export type Reply =
  | Readonly<{ type: 'piece'; text: string }>
  | Readonly<{ type: 'recalled'; pictures: readonly PictureLabels[] }>
  | Readonly<{ type: 'opened' }>
  | Readonly<{ type: 'answered'; answer: Answered }>
  | Readonly<{ type: 'problems'; problems: readonly Problem[] }>
  | Readonly<{ type: 'broken'; message: string }>;
