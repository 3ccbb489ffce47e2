import { type Random, stream } from '../../data/random.ts';
import { type Shot, type Staging, shoot } from '../shot.ts';

/** What all benchmarks of one split share. */
export type Exam = Readonly<{
  seed: number;
  split: 'test' | 'dev';
  /** side of a picture in pixels */
  side: number;
  /** multiplies the number of pictures and questions */
  scale: number;
}>;

/** One benchmark's folder before it is written: texts by path, pictures by path under images/. */
export type Folder = Readonly<{
  files: Readonly<Record<string, string>>;
  images: readonly Readonly<{ name: string; shot: Shot }>[];
}>;

/** A picture of an exam and the stream that its questions are drawn from. */
export type Sheet = Readonly<{ index: number; shot: Shot; random: Random }>;

export const STAGING: Staging = { signProbability: 0.35, degradeProbability: 0 };

export function scaledCount(exam: Exam, count: number): number {
  return Math.max(1, Math.round(count * exam.scale));
}

/** The pictures of one benchmark; test and dev have none in common. */
export function sheets(exam: Exam, benchmark: string, count: number, staging: Staging = STAGING): Sheet[] {
  const set = `${exam.split} ${benchmark}`;
  return Array.from({ length: scaledCount(exam, count) }, (_, index) => ({
    index,
    shot: shoot(exam.seed, set, index, exam.side, staging),
    random: stream(exam.seed, 'world', set, 'questions', index),
  }));
}
