/** Parameters of the kinds that take in files from outside, in JSON Schema. None of them changes a result. */
export const origin = {
  type: 'string',
  description: 'What the files are and where they come from, in words: told where they are missing.',
} as const;

export function size(description: string) {
  return { type: 'number', exclusiveMinimum: 0, description } as const;
}

export const expected = {
  type: 'object',
  additionalProperties: false,
  description: 'Sizes to plan the cost with while the files are not here.',
} as const;

export const expectedQuestions = {
  ...expected,
  required: ['questions', 'images', 'tokens', 'answerTokens'],
  properties: {
    questions: size('Questions.'),
    images: size('Images.'),
    tokens: size('Mean tokens of a prompt, its image not counted.'),
    answerTokens: size('Mean tokens of an answer.'),
  },
} as const;
