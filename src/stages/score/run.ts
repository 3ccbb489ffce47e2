import { scoreFiles, writeScores } from '../../benchmarks/score-files.ts';
import { openJudge } from '../../judge/judge.ts';
import type { Run } from '../kind.ts';
import type { Params } from './kind.ts';

export const run: Run<Params, 'answers' | 'data', 'scores'> = async (job) => {
  const { benchmark, judge: stated, ...options } = job.params;
  const { answers, data } = job.input;
  if (answers === undefined || data === undefined) throw new Error('the ports answers and data must be connected');
  const { replies, signal, log, progress } = job;
  const judge =
    stated === undefined || typeof stated === 'string'
      ? stated
      : openJudge(stated, { replies, signal, log, progress, env: process.env });
  const scores = await scoreFiles(
    benchmark,
    { answers, data },
    { ...options, ...(judge === undefined ? {} : { judge }) },
  );
  await writeScores(job.output.scores, benchmark, scores);
  for (const notice of scores.notices) job.log(notice);
  return scores.metrics;
};
