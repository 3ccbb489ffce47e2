import type { FromSchema } from 'json-schema-to-ts';
import type { StageKind } from '../kind.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    listed: {
      type: 'integer',
      minimum: 0,
      default: 20,
      description: 'How many of the most and of the least used words statistics.json names.',
    },
  },
} as const;

export type Params = FromSchema<typeof params>;

export const labelStatistics: StageKind<Params, 'labels' | 'truth', 'statistics'> = {
  kind: 'label-statistics',
  summary: 'Says how the scores and words of patch labels are distributed (Figure 6).',
  version: 1,
  params,
  inputs: {
    labels: { type: 'labels', description: 'labels of any encoder and word list' },
    truth: {
      type: 'truth',
      optional: true,
      description: 'what the mini world knows of every patch: adds how many labels are right. Nothing trains with it.',
    },
  },
  outputs: {
    statistics: {
      type: 'statistics',
      description: 'statistics.json (all figures, histograms in bins of 0.02) and words.jsonl (use of every word)',
    },
  },
  headline: 'utilisation',
  metrics: () => [
    'images',
    'labelsPerPatch',
    'belowZero',
    'allBelowZero',
    'meanScore',
    'peak',
    'utilisation',
    'cluster',
    'wordsBelowZero',
    ...['patches', 'top1', 'anyOfTop', 'precision', 'thingPatches', 'thingTop1', 'thingAnyOfTop'].map(
      (name) => `truth.${name}`,
    ),
  ],
  needs: () => ({ engine: false, heavy: true, memory: 200e6 }),
  loadCost: async () => {
    const { readingCost } = await import('../source-cost.ts');
    return (_, inputs) => readingCost(inputs['labels']);
  },
  load: () => import('./run.ts'),
};
