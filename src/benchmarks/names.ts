/** Every benchmark by name, in the order of the published schemas. Nothing is imported here: stage kinds stay light. */
export const benchmarkNames = [
  'vqav2',
  'textvqa',
  'gqa',
  'scienceqa',
  'mmbench',
  'pope',
  'vizwiz',
  'mmvet',
  'mmlu',
  'questions',
] as const;

export type BenchmarkName = (typeof benchmarkNames)[number];
