import { scoreFiles, writeScores } from '../../benchmarks/score-files.ts';
import type { Run } from '../kind.ts';
import type { Params } from './kind.ts';

export const run: Run<Params, 'answers' | 'data', 'scores'> = async (job) => {
  const { benchmark, ...options } = job.params;
  const { answers, data } = job.input;
  if (answers === undefined || data === undefined) throw new Error('the ports answers and data must be connected');
  const scores = await scoreFiles(benchmark, { answers, data }, options);
  await writeScores(job.output.scores, benchmark, scores);
  for (const notice of scores.notices) job.log(notice);
  return scores.metrics;
};
