import { benchmark } from './benchmark/kind.ts';
import { benchmarkFiles } from './benchmark-files/kind.ts';
import { checkpoint } from './checkpoint/kind.ts';
import { command } from './command/kind.ts';
import { dataset } from './dataset/kind.ts';
import { extractLabels } from './extract-labels/kind.ts';
import { features } from './features/kind.ts';
import { finetune } from './finetune/kind.ts';
import type { AnyKind } from './kind.ts';
import { labelStatistics } from './label-statistics/kind.ts';
import { pretrain } from './pretrain/kind.ts';
import { questionSet } from './question-set/kind.ts';
import { recall } from './recall/kind.ts';
import { score } from './score/kind.ts';
import { trainEncoder } from './train-encoder/kind.ts';
import { trainLanguageModel } from './train-language-model/kind.ts';
import { words } from './words/kind.ts';
import { world } from './world/kind.ts';

/** Every stage kind: one import and one entry each. */
export const kinds: readonly AnyKind[] = [
  dataset,
  questionSet,
  benchmarkFiles,
  words,
  world,
  checkpoint,
  trainEncoder,
  trainLanguageModel,
  extractLabels,
  labelStatistics,
  features,
  pretrain,
  finetune,
  recall,
  benchmark,
  score,
  command,
];

export const kindsByName: ReadonlyMap<string, AnyKind> = new Map(kinds.map((kind) => [kind.kind, kind]));
